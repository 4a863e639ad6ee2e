// Trigger types and triggers that workers register: policy, hooks, prefix and limits before the trigger registry (spec 01 §6, 04 B.6).
import { CodedError, type ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { RegisterTrigger, RegisterTriggerType, WorkerMessage } from '../../protocol/messages.ts'
import type { Log } from '../log.ts'
import type { TriggerProposal } from '../model/binding.ts'
import { checkCall, checkNamespace, checkTriggerRegistration, checkTriggerTypeRegistration } from '../model/policy.ts'
import type { Worker } from '../model/worker.ts'
import { isBlank, namespaceRefusal } from '../registry/bind-request.ts'
import { isOwnFunction } from '../registry/binding-policy.ts'
import type { Hooks } from './hooks.ts'
import { tellOwner } from '../registry/trigger-notices.ts'
import type { Registries } from './ports.ts'
import type { KnownIds, RegistrationRefusals } from './registration-refusals.ts'
import { prefixed, rightsOf, stringOr } from './session-rights.ts'

export interface TriggerRegistrationsDeps {
  readonly registries: Registries
  readonly hooks: Hooks
  readonly refusals: RegistrationRefusals
  readonly log: Log
}

export class TriggerRegistrations {
  readonly #registries: Registries
  readonly #hooks: Hooks
  readonly #refusals: RegistrationRefusals
  readonly #log: Log

  constructor({ registries, hooks, refusals, log }: TriggerRegistrationsDeps) {
    this.#registries = registries
    this.#hooks = hooks
    this.#refusals = refusals
    this.#log = log
  }

  /** Lets a message take effect that needs no check, at once or when the generation that sends it starts to serve. */
  pass(worker: Worker, message: WorkerMessage): void {
    if (worker.stage !== undefined) worker.stage.defer(worker, message)
    else this.#registries.triggers.handle(worker, message)
  }

  registerType(worker: Worker, message: RegisterTriggerType): Promise<void> | undefined {
    const subject = `trigger type '${message.id}'`
    if (message.namespace !== undefined && isBlank(message.namespace)) {
      this.#log.error(`${subject} not registered: its namespace is blank`, { worker: worker.name ?? worker.id })
      return undefined
    }
    const refusal =
      checkTriggerTypeRegistration(worker.policy, message.id) ??
      checkNamespaces(worker, message.namespace ?? worker.namespace)
    if (refusal !== undefined) return this.#refusals.denied(worker, subject, refusal)
    if (this.#refusals.tooMany(worker, this.#typesOf(worker, message), message.id, 'trigger types')) return undefined
    const rights = rightsOf(worker)
    const hook = rights?.onTriggerTypeRegistration
    const add = (accepted: RegisterTriggerType): void => {
      worker.triggerTypeIds.add(message.id)
      if (accepted.id === message.id) this.pass(worker, accepted)
      // As with triggers below.
      else this.#registries.triggers.handle(worker, accepted, message.id)
    }
    if (rights === undefined || hook === undefined) {
      add(message)
      return undefined
    }
    const input = { trigger_type_id: message.id, description: message.description, context: rights.context }
    return this.#hooks.ask({ hook, input, worker, subject }, (answer) => {
      add({
        ...message,
        id: stringOr(answer['trigger_type_id'], message.id),
        description: stringOr(answer['description'], message.description),
      })
    })
  }

  /** One id in many namespaces is as many types. */
  #typesOf(worker: Worker, { namespace = worker.namespace }: RegisterTriggerType): KnownIds {
    const provided = this.#registries.triggers.typesProvidedBy(worker)
    return {
      size: Math.max(provided.size, worker.triggerTypeIds.size),
      has: (id) => provided.values().some(({ type, sentId }) => sentId === id && type.namespace === namespace),
    }
  }

  /** Tells the worker that its trigger does not come to be. */
  deny(worker: Worker, { id, trigger_type, function_id }: RegisterTrigger, error: ErrorBody): undefined {
    tellOwner(worker, id, trigger_type, function_id, error)
    return this.#refusals.denied(worker, `trigger '${id}'`, error)
  }

  register(worker: Worker, message: RegisterTrigger): Promise<void> | undefined {
    const deny = (error: ErrorBody): undefined => this.deny(worker, message, error)
    const invalid = namespaceRefusal(message.namespace, message.trigger_namespace)
    if (invalid !== undefined) return deny(invalid)
    const { namespace, trigger_namespace } = message
    const refusal =
      checkTriggerRegistration(worker.policy, message.trigger_type) ??
      checkNamespaces(worker, worker.namespace, namespace, trigger_namespace)
    if (refusal !== undefined) return deny(refusal)
    if (this.#refusals.tooMany(worker, worker.triggerIds, message.id, 'triggers')) return undefined
    const rights = rightsOf(worker)
    const add = (accepted: RegisterTrigger): undefined => {
      const targeted = { ...accepted, function_id: prefixed(rights, accepted.function_id) }
      const error = rights === undefined ? undefined : this.#checkTarget(worker, targeted)
      if (error !== undefined) return deny(error)
      const foreign = rights === undefined ? undefined : this.#registries.triggers.ownerOf(targeted.id)
      if (foreign !== undefined && foreign !== worker) {
        return deny({ code: 'FORBIDDEN', message: `trigger id '${targeted.id}' belongs to another connection` })
      }
      worker.triggerIds.add(message.id)
      if (targeted.id === message.id) this.pass(worker, targeted)
      // Renamed by a hook, which only sessions have: their connection goes on using the id that it sent.
      else this.#registries.triggers.handle(worker, targeted, message.id)
      return undefined
    }
    const hook = rights?.onTriggerRegistration
    if (rights === undefined || hook === undefined) return add(message)
    const input = {
      trigger_id: message.id,
      trigger_type: message.trigger_type,
      function_id: message.function_id,
      config: message.config,
      metadata: message.metadata,
      context: rights.context,
      namespace: message.namespace ?? DEFAULT_NAMESPACE,
    }
    const subject = `trigger '${message.id}'`
    return this.#hooks.ask(
      { hook, input, worker, subject },
      (answer) => {
        add({
          ...message,
          id: stringOr(answer['trigger_id'], message.id),
          trigger_type: stringOr(answer['trigger_type'], message.trigger_type),
          function_id: stringOr(answer['function_id'], message.function_id),
          config: answer['config'] ?? message.config,
        })
      },
      deny,
    )
  }

  /** The hook for a binding that a session makes by a call (`engine::register_trigger`). Rejects when the hook refuses. */
  async askHook(worker: Worker, proposal: TriggerProposal): Promise<TriggerProposal> {
    const rights = rightsOf(worker)
    const hook = rights?.onTriggerRegistration
    if (rights === undefined || hook === undefined) return proposal
    const { triggerId, triggerType, functionId, config, metadata } = proposal
    const input = {
      trigger_id: triggerId,
      trigger_type: triggerType,
      function_id: functionId,
      config,
      metadata,
      context: rights.context,
    }
    let accepted: TriggerProposal | undefined
    let refusal: ErrorBody = { code: 'FORBIDDEN', message: `the connection of trigger '${triggerId}' has ended` }
    await this.#hooks.ask(
      { hook, input: { ...input, namespace: DEFAULT_NAMESPACE }, worker, subject: `trigger '${triggerId}'` },
      (answer) => {
        accepted = {
          triggerId,
          triggerType: stringOr(answer['trigger_type'], triggerType),
          functionId: stringOr(answer['function_id'], functionId),
          config: answer['config'] ?? config,
          metadata,
        }
      },
      (error) => (refusal = error),
    )
    if (accepted === undefined) throw new CodedError(refusal.code, refusal.message)
    return accepted
  }

  /** A session may bind its own functions, and others that it could call (spec 04 B.6). */
  #checkTarget(worker: Worker, message: RegisterTrigger): ErrorBody | undefined {
    const namespace = message.namespace ?? DEFAULT_NAMESPACE
    const { functions } = this.#registries
    if (isOwnFunction(worker, { namespace, functionId: message.function_id }, functions)) return undefined
    const home = functions.homeOf(namespace, message.function_id)
    const registered = functions.find(home, message.function_id)?.presented?.registration.metadata
    const refusal = checkCall(worker.policy, home, message.function_id, registered)
    if (refusal === undefined) return undefined
    return { code: 'FORBIDDEN', message: `function '${message.function_id}' not allowed in namespace '${namespace}'` }
  }
}

/** A session that is scoped to namespaces registers nothing outside of them (spec 04 B.4). */
function checkNamespaces({ policy }: Worker, ...namespaces: readonly (string | undefined)[]): ErrorBody | undefined {
  for (const namespace of namespaces) {
    const refusal = namespace === undefined ? undefined : checkNamespace(policy, namespace)
    if (refusal !== undefined) return refusal
  }
  return undefined
}
