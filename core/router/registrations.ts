// What workers register and unregister: policy, hooks, prefix, limits, then the registries (spec 01 §6, 04 B.6–B.7).
// Works alike for sockets, rings and pipes; what a starting plugin generation registers goes to its stage.
import { CodedError, type ErrorBody } from '../../protocol/errors.ts'
import type {
  Reattach,
  RegisterFunction,
  RegisterTrigger,
  RegisterTriggerType,
  WorkerMessage,
} from '../../protocol/messages.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import {
  checkFunctionRegistration,
  checkTriggerRegistration,
  checkTriggerTypeRegistration,
  checkCall,
  type SessionRights,
} from '../model/policy.ts'
import type { TriggerProposal } from '../model/binding.ts'
import type { FunctionRegistration } from '../model/function-entry.ts'
import type { Worker } from '../model/worker.ts'
import { askHook, isObject, type HookAnswer } from './hooks.ts'
import type { Router } from './router.ts'

export class Registrations {
  readonly #router: Router

  constructor(router: Router) {
    this.#router = router
  }

  /** Lets a message take effect. A promise means: nothing more of this worker may be looked at until it settles; it never rejects. */
  handle(worker: Worker, message: WorkerMessage): Promise<void> | undefined {
    switch (message.type) {
      case 'registerfunction':
        return this.#registerFunction(worker, message)
      case 'unregisterfunction':
        this.#unregisterFunction(worker, message.id)
        return undefined
      case 'registertriggertype':
        return this.#registerTriggerType(worker, message)
      case 'registertrigger':
        return this.#registerTrigger(worker, message)
      case 'unregistertriggertype':
        worker.triggerTypeIds.delete(message.id)
        this.#toTriggers(worker, message)
        return undefined
      case 'unregistertrigger':
        worker.triggerIds.delete(message.id)
        this.#toTriggers(worker, message)
        return undefined
      case 'triggerregistrationresult':
        this.#toTriggers(worker, message)
        return undefined
      case 'reattach':
        this.#reattach(worker, message)
        return undefined
      case 'registerservice':
      case 'ping':
      case 'pong':
        // Services are a grouping of old SDKs without effect on routing (spec 01 §6).
        return undefined
    }
  }

  #toTriggers(worker: Worker, message: WorkerMessage): void {
    if (worker.stage !== undefined) worker.stage.defer(worker, message)
    else this.#router.triggers.handle(worker, message)
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
      return this.#denied(worker, `function '${message.id}'`, refusal)
    }
    if (this.#tooMany(worker, worker.providers, message.id, 'functions')) return undefined
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
    return this.#ask(hook, { ...input, namespace: worker.namespace }, worker, `function '${message.id}'`, (answer) => {
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
      await this.#router.httpInvoker.check(worker, id, message.invocation)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#router.log.error(`HTTP-invoked function '${id}' not registered: ${reason}`, {
        worker: worker.name ?? worker.id,
      })
      return
    }
    if (worker.phase !== 'open') return
    const hook = rights?.onFunctionRegistration
    if (rights === undefined || hook === undefined) this.#addFunction(worker, message, id)
    else await this.#askForFunction(worker, message, rights, hook)
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
      const owner = this.#router.functions.find(worker.namespace, id)
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
      this.#denied(worker, `function '${id}'`, refusal)
      return
    }
    const conflict = this.#router.functions.register(worker, id, registration)
    if (conflict === undefined) return
    this.#reject(worker, id, conflict.ownerWorkerId)
    this.#router.log.warn(`registration refused: ${conflict.reason}`, { worker: worker.name ?? worker.id })
  }

  #reject(worker: Worker, id: string, ownerWorkerId: string): void {
    worker.link.send({
      type: 'registrationrejected',
      code: 'FUNCTION_NAMESPACE_CONFLICT',
      namespace: worker.namespace,
      function_id: id,
      owner_worker_id: ownerWorkerId,
    })
  }

  #unregisterFunction(worker: Worker, rawId: string): void {
    if (worker.stage !== undefined) worker.stage.unregister(worker, rawId)
    else this.#router.functions.unregister(worker, rawId)
  }

  #registerTriggerType(worker: Worker, message: RegisterTriggerType): Promise<void> | undefined {
    const subject = `trigger type '${message.id}'`
    if (isBlank(message.namespace)) {
      this.#router.log.error(`${subject} not registered: its namespace is blank`, { worker: worker.name ?? worker.id })
      return undefined
    }
    const refusal = checkTriggerTypeRegistration(worker.policy, message.id)
    if (refusal !== undefined) return this.#denied(worker, subject, refusal)
    if (this.#tooMany(worker, worker.triggerTypeIds, message.id, 'trigger types')) return undefined
    const rights = rightsOf(worker)
    const hook = rights?.onTriggerTypeRegistration
    const add = (accepted: RegisterTriggerType): void => {
      worker.triggerTypeIds.add(accepted.id)
      this.#toTriggers(worker, accepted)
    }
    if (rights === undefined || hook === undefined) {
      add(message)
      return undefined
    }
    const input = { trigger_type_id: message.id, description: message.description, context: rights.context }
    return this.#ask(hook, input, worker, subject, (answer) => {
      add({
        ...message,
        id: stringOr(answer['trigger_type_id'], message.id),
        description: stringOr(answer['description'], message.description),
      })
    })
  }

  #registerTrigger(worker: Worker, message: RegisterTrigger): Promise<void> | undefined {
    const deny = (error: ErrorBody): undefined => {
      const { id, trigger_type, function_id } = message
      worker.link.send({ type: 'triggerregistrationresult', id, trigger_type, function_id, error })
      return undefined
    }
    if (isBlank(message.namespace) || isBlank(message.trigger_namespace)) {
      const member = isBlank(message.namespace) ? 'namespace' : 'trigger_namespace'
      return deny({ code: 'INVALID_NAMESPACE', message: `'${member}' is empty: omit it or give a name` })
    }
    const refusal = checkTriggerRegistration(worker.policy, message.trigger_type)
    if (refusal !== undefined) return deny(refusal)
    if (this.#tooMany(worker, worker.triggerIds, message.id, 'triggers')) return undefined
    const rights = rightsOf(worker)
    const add = (accepted: RegisterTrigger): undefined => {
      const targeted = { ...accepted, function_id: prefixed(rights, accepted.function_id) }
      const error = rights === undefined ? undefined : this.#checkTarget(worker, targeted)
      if (error !== undefined) return deny(error)
      const foreign = rights === undefined ? undefined : this.#router.triggers.ownerOf(targeted.id)
      if (foreign !== undefined && foreign !== worker) {
        return deny({ code: 'FORBIDDEN', message: `trigger id '${targeted.id}' belongs to another connection` })
      }
      worker.triggerIds.add(message.id)
      if (targeted.id === message.id) this.#toTriggers(worker, targeted)
      // Renamed by a hook, which only sessions have: their connection goes on using the id that it sent.
      else this.#router.triggers.handle(worker, targeted, message.id)
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
    return this.#ask(
      hook,
      input,
      worker,
      subject,
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
  async askTriggerHook(worker: Worker, proposal: TriggerProposal): Promise<TriggerProposal> {
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
    await this.#ask(
      hook,
      { ...input, namespace: DEFAULT_NAMESPACE },
      worker,
      `trigger '${triggerId}'`,
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
    const entry = this.#router.functions.find(namespace, message.function_id)
    if (entry?.providers.some((provider) => provider.worker === worker) === true) return undefined
    const refusal = checkCall(worker.policy, namespace, message.function_id, entry?.presented?.registration.metadata)
    if (refusal === undefined) return undefined
    return { code: 'FORBIDDEN', message: `function '${message.function_id}' not allowed in namespace '${namespace}'` }
  }

  /** A reconnect: the old connection goes before anything of the new one is looked at (spec 01 §12.3). */
  #reattach(worker: Worker, message: Reattach): void {
    const old = this.#router.workers.get(message.previous_worker_id)
    const valid =
      old !== undefined &&
      old !== worker &&
      old.reattachToken !== undefined &&
      old.reattachToken === message.reattach_token &&
      old.policy.kind === worker.policy.kind
    if (!valid) {
      this.#router.log.debug('reattach ignored', { worker: worker.id })
      return
    }
    old.successor = worker
    this.#router.endWorker(old, { abnormal: true })
    old.link.terminate()
  }

  #ask(
    hook: string,
    input: Record<string, unknown>,
    worker: Worker,
    subject: string,
    accept: (answer: HookAnswer) => void,
    deny: (error: ErrorBody) => void = (error) => void this.#denied(worker, subject, error),
  ): Promise<void> {
    return askHook(this.#router, { hook, input, worker, subject }, accept, deny)
  }

  #denied(worker: Worker, subject: string, refusal: ErrorBody): undefined {
    this.#router.log.warn(`registration of ${subject} refused: ${refusal.message}`, {
      worker: worker.name ?? worker.id,
    })
    return undefined
  }

  #tooMany(
    worker: Worker,
    known: { readonly size: number; has(id: string): boolean },
    id: string,
    what: string,
  ): boolean {
    if (known.size < worker.maxRegistrations || known.has(id)) return false
    this.#router.warnings.count(
      `registrations ${worker.id}`,
      `registration of '${id}' ignored: more than ${worker.maxRegistrations} ${what}`,
      {
        worker: worker.name ?? worker.id,
      },
    )
    return true
  }
}

function rightsOf(worker: Worker): SessionRights | undefined {
  return worker.policy.kind === 'session' ? worker.policy.rights : undefined
}

function prefixed(rights: SessionRights | undefined, id: string): string {
  return rights?.prefix === undefined ? id : `${rights.prefix}::${id}`
}

function isBlank(namespace: string | undefined): boolean {
  return namespace !== undefined && namespace.trim() === ''
}

function stringOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' && value !== '' ? value : fallback
}
