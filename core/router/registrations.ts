// What workers register and unregister; of functions: policy, hooks, prefix, limits, then the registry (spec 01 §6, 04 B.6–B.7).
// Works alike for sockets, rings and pipes; what a starting plugin generation registers goes to its stage.
import { toErrorBody, type ErrorBody } from '../../protocol/errors.ts'
import type { RegisterFunction, WorkerMessage } from '../../protocol/messages.ts'
import { checkFunctionRegistration, isTrusted, type SessionRights } from '../model/policy.ts'
import type { TriggerProposal } from '../model/binding.ts'
import type { FunctionRegistration } from '../model/function-entry.ts'
import type { HttpInvoker } from '../model/http-invoker.ts'
import type { Worker } from '../model/worker.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { Log } from '../log.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import type { RefusedFunctions } from '../registry/refused-functions.ts'
import type { CallCounts } from '../telemetry/metrics.ts'
import { Hooks, isObject } from './hooks.ts'
import type { Caller, Registries, WorkerTable } from './ports.ts'
import { reattach } from './reattach.ts'
import { RegistrationRefusals } from './registration-refusals.ts'
import { prefixed, rightsOf, stringOr } from './session-rights.ts'
import { TriggerRegistrations } from './trigger-registrations.ts'

const TOO_MANY_BYTES: ErrorBody = {
  code: 'overloaded',
  message: 'its connection has registered max_registered_bytes already; unregister something, or raise that limit',
}

export interface RegistrationsDeps {
  readonly registries: Registries
  readonly caller: Caller
  readonly table: WorkerTable
  readonly httpInvoker: HttpInvoker
  readonly counts: CallCounts
  readonly warnings: ThrottledWarnings
  readonly log: Log
}

export class Registrations {
  readonly #functions: FunctionRegistry
  readonly #hooks: Hooks
  readonly #refused: RefusedFunctions
  readonly #table: WorkerTable
  readonly #httpInvoker: HttpInvoker
  readonly #log: Log
  readonly #counts: CallCounts
  readonly #refusals: RegistrationRefusals
  readonly #triggers: TriggerRegistrations

  constructor({ registries, caller, table, httpInvoker, counts, warnings, log }: RegistrationsDeps) {
    this.#functions = registries.functions
    this.#refused = registries.refused
    this.#table = table
    this.#httpInvoker = httpInvoker
    this.#log = log
    this.#counts = counts
    const refusals = (this.#refusals = new RegistrationRefusals({ counts, warnings }))
    this.#hooks = new Hooks(caller, refusals)
    this.#triggers = new TriggerRegistrations({ registries, hooks: this.#hooks, refusals, log })
  }

  /**
   * Lets a message take effect. A promise means: nothing more of this worker may be looked at until it settles; it never rejects.
   * @param bytes size of its frame; 0 where that is nobody's concern
   */
  handle(worker: Worker, message: WorkerMessage, bytes = 0): Promise<void> | undefined {
    if (bytes > 0 && 'id' in message && !worker.registeredBytes.take(message, bytes)) {
      this.refuse(worker, message, TOO_MANY_BYTES)
      return undefined
    }
    switch (message.type) {
      case 'registerfunction':
        return this.#registerFunction(worker, message)
      case 'unregisterfunction':
        this.#unregisterFunction(worker, message.id)
        return undefined
      case 'registertriggertype':
        return this.#triggers.registerType(worker, message)
      case 'registertrigger':
        return this.#triggers.register(worker, message)
      case 'unregistertriggertype':
        worker.triggerTypeIds.delete(message.id)
        this.#triggers.pass(worker, message)
        return undefined
      case 'unregistertrigger':
        worker.triggerIds.delete(message.id)
        this.#triggers.pass(worker, message)
        return undefined
      case 'triggerregistrationresult':
        this.#triggers.pass(worker, message)
        return undefined
      case 'reattach':
        reattach(this.#table, this.#log, worker, message)
        return undefined
      case 'registerservice':
      case 'ping':
      case 'pong':
        // Services are a grouping of old SDKs without effect on routing (spec 01 §6).
        return undefined
    }
  }

  /** A registration that comes to nothing whatever it says: the connection may not register at the moment. */
  refuse(worker: Worker, message: WorkerMessage, refusal: ErrorBody): void {
    if (message.type === 'registertrigger') this.#triggers.deny(worker, message, refusal)
    else if ('id' in message) this.#refusals.denied(worker, `'${message.id}'`, refusal)
  }

  /** The hook for a binding that a session makes by a call (`engine::register_trigger`). Rejects when the hook refuses. */
  askTriggerHook(worker: Worker, proposal: TriggerProposal): Promise<TriggerProposal> {
    return this.#triggers.askHook(worker, proposal)
  }

  #registerFunction(worker: Worker, message: RegisterFunction): Promise<void> | undefined {
    const rights = rightsOf(worker)
    const refusal = checkFunctionRegistration(worker.policy, worker.namespace, message.id)
    if (refusal !== undefined) {
      if (worker.stage !== undefined) {
        // A plugin that starts without a function of its own would look as if all were well.
        worker.stage.conflicts.push(refusal.message)
        return undefined
      }
      if (message.id.startsWith('engine::')) this.#reject(worker, message.id, '')
      return this.#refusals.denied(worker, `function '${message.id}'`, refusal)
    }
    if (this.#refusals.tooMany(worker, worker.providers, message.id, 'functions')) return undefined
    const hook = rights?.onFunctionRegistration
    if (message.invocation !== undefined) return this.#registerInvoked(worker, message)
    if (rights === undefined || hook === undefined) {
      this.#addFunction(worker, message, prefixed(rights, message.id))
      return undefined
    }
    return this.#askForFunction(worker, message, rights, hook)
  }

  #askForFunction(worker: Worker, message: RegisterFunction, rights: SessionRights, hook: string): Promise<void> {
    const input = {
      function_id: message.id,
      description: message.description,
      metadata: message.metadata,
      context: rights.context,
    }
    const question = {
      hook,
      input: { ...input, namespace: worker.namespace },
      worker,
      subject: `function '${message.id}'`,
    }
    return this.#hooks.ask(question, (answer) => {
      const id = stringOr(answer['function_id'], message.id)
      const description = stringOr(answer['description'], message.description)
      const metadata = isObject(answer['metadata']) ? answer['metadata'] : message.metadata
      this.#addFunction(
        worker,
        { ...message, metadata, ...(description === undefined ? {} : { description }) },
        prefixed(rights, id),
      )
    })
  }

  /** An HTTP-invoked function: its target is checked first, and only a good one is registered (spec 01 §10). */
  async #registerInvoked(worker: Worker, message: RegisterFunction): Promise<void> {
    const rights = rightsOf(worker)
    const id = prefixed(rights, message.id)
    try {
      await this.#httpInvoker.check(worker, id, message.invocation)
    } catch (error) {
      this.#refuseInvoked(worker, id, toErrorBody(error))
      return
    }
    if (worker.phase !== 'open') return
    const hook = rights?.onFunctionRegistration
    if (rights === undefined || hook === undefined) this.#addFunction(worker, message, id)
    else await this.#askForFunction(worker, message, rights, hook)
  }

  /** Said in the log and to the worker, whose calls of the function would come to nothing otherwise (the seeds' promise C13; spec 06 B.1 lets it be). */
  #refuseInvoked(worker: Worker, id: string, { code, message }: ErrorBody): void {
    const subject = `HTTP-invoked function '${id}'`
    if (worker.stage !== undefined) worker.stage.conflicts.push(`${subject} refused: ${code}: ${message}`)
    else this.#reject(worker, id, '', { code, message })
    if (!isTrusted(worker.policy)) return this.#refusals.denied(worker, subject, { code, message })
    this.#refusals.count()
    this.#refused.add(worker.namespace, id, { code, message })
    this.#log.error(`${subject} not registered: ${code}: ${message}`, { code, worker: worker.name ?? worker.id })
  }

  #addFunction(worker: Worker, message: RegisterFunction, id: string): void {
    const registration: FunctionRegistration = {
      rawId: message.id,
      description: message.description,
      requestFormat: message.request_format,
      responseFormat: message.response_format,
      metadata: message.metadata,
      invocation: message.invocation,
      index: message.index,
    }
    if (worker.stage !== undefined) {
      const owner = this.#functions.find(worker.namespace, id)
      const rival = owner?.slot !== undefined && owner.slot !== worker.slot ? owner.slot : undefined
      const local = owner?.providers.some((provider) => provider.registration.handler !== undefined) === true
      if (local) worker.stage.conflicts.push(`function '${id}' of plugin '${worker.slot?.name}' belongs to the engine`)
      else if (rival !== undefined && !worker.stage.replaces(rival)) {
        worker.stage.conflicts.push(
          `function '${id}' of plugin '${worker.slot?.name}' belongs to plugin '${rival.name}'`,
        )
      } else worker.stage.register(worker, worker.namespace, id, registration)
      return
    }
    // A prefix or a hook may have made a reserved id of it.
    const refusal = checkFunctionRegistration(worker.policy, worker.namespace, id)
    if (refusal !== undefined) {
      this.#refusals.denied(worker, `function '${id}'`, refusal)
      return
    }
    const conflict = this.#functions.register(worker, id, registration)
    if (conflict === undefined) {
      this.#counts.accepted++
      return
    }
    this.#reject(worker, id, conflict.ownerWorkerId)
    this.#refusals.denied(worker, `function '${id}'`, { code: 'FORBIDDEN', message: conflict.reason })
  }

  #reject(worker: Worker, id: string, ownerWorkerId: string, reason?: ErrorBody): void {
    worker.link.send({
      type: 'registrationrejected',
      code: 'FUNCTION_NAMESPACE_CONFLICT',
      namespace: worker.namespace,
      function_id: id,
      owner_worker_id: ownerWorkerId,
      ...(reason !== undefined && { reason }),
    })
  }

  #unregisterFunction(worker: Worker, rawId: string): void {
    if (worker.stage !== undefined) worker.stage.unregister(worker, rawId)
    else this.#functions.unregister(worker, rawId)
  }
}
