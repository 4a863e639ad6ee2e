// Trigger types, bindings, and what their providers are told (spec 01 §11, §8.11, §12.4, §13).
// Policy checks, hooks and prefixes come before this (registrations); firing is the providers' business.
import { CodedError, toErrorBody, type ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { RegisterTriggerType, TriggerRegistrationResult, WorkerMessage } from '../../protocol/messages.ts'
import type { Log } from '../log.ts'
import { isTrusted } from '../policy.ts'
import type { Policy } from '../policy.ts'
import type { Call } from '../router/call.ts'
import type { Router } from '../router/router.ts'
import { checkOwners } from './binding-policy.ts'
import { coalescingKey, registerTriggerMessage } from './binding.ts'
import type { Binding, BindingContent, LogicalBinding } from './binding.ts'
import { Bindings } from './bindings.ts'
import { ProviderOutbox } from './provider-outbox.ts'
import type { Delivery, LocalTriggerType, TriggerType, TypeProvider } from './trigger-type.ts'
import { TriggerTypes } from './trigger-types.ts'
import { wellKnownProvider } from './well-known-types.ts'
import type { Worker } from './worker.ts'

export interface TriggerRegistryOptions {
  readonly router: Router
  /** Whether equal bindings of different connections are one (`engine.coalesce_replica_triggers`). */
  readonly coalesce: boolean
  readonly log: Log
  /** How long `bindAndWait` waits for the provider's answer (spec 01 §11.4). Default 10,000. */
  readonly answerMs?: number
  /** How many ownerless bindings there may be; beyond it `overloaded`. Default 100,000. */
  readonly maxOwnerless?: number
}

export interface BindRequest {
  /** Null = ownerless: stays until it is unbound. */
  readonly owner: Worker | null
  readonly id: string
  /** The id that the owner sent, when a hook renamed it; messages to and from the owner use it. */
  readonly sentId?: string | undefined
  readonly triggerType: string
  readonly functionId: string
  /** Absent: `{}`. */
  readonly config?: unknown
  readonly metadata?: unknown
  /** Where the target resolves. Default: `default`. */
  readonly namespace?: string | undefined
  /** Where the provider is looked up. Absent: in the owner's namespace, then in `default`. */
  readonly triggerNamespace?: string | undefined
  /** Of an ownerless binding: whose rights its fires have. Absent: the engine's. */
  readonly madeUnder?: Policy | undefined
}

/** A binder and the id it uses. */
interface Binder {
  readonly id: string
  readonly sentId: string
  readonly owner: Worker | null
  readonly madeUnder: Policy | undefined
}

interface Waiter {
  readonly settle: (error?: CodedError) => void
}

export class TriggerRegistry {
  readonly #router: Router
  readonly #coalesce: boolean
  readonly #log: Log
  readonly #answerMs: number
  readonly #maxOwnerless: number
  readonly #types = new TriggerTypes()
  readonly #bindings = new Bindings()
  readonly #outbox: ProviderOutbox
  /** `bindAndWait` in progress, by binding id. */
  readonly #waiters = new Map<string, Waiter>()

  constructor(options: TriggerRegistryOptions) {
    this.#router = options.router
    this.#coalesce = options.coalesce
    this.#log = options.log
    this.#answerMs = options.answerMs ?? 10_000
    this.#maxOwnerless = options.maxOwnerless ?? 100_000
    this.#outbox = new ProviderOutbox({
      bind: (provider, binding, replay) => this.#tellBind(provider, binding, replay),
      unbind: (provider, id, triggerType) => this.#tellUnbind(provider, id, triggerType),
    })
  }

  // ── messages of workers ──────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a message about triggers; others are ignored. `sentId`: the trigger id that the worker sent, when a hook renamed it.
   */
  handle(worker: Worker, message: WorkerMessage, sentId?: string): void {
    if (worker.phase !== 'open') return
    switch (message.type) {
      case 'registertriggertype':
        return this.#registerType(worker, message)
      case 'unregistertriggertype':
        return this.#unregisterType(worker, message.id)
      case 'registertrigger': {
        const refusal = this.bind({
          owner: worker,
          id: message.id,
          sentId,
          triggerType: message.trigger_type,
          functionId: message.function_id,
          config: message.config,
          metadata: message.metadata,
          namespace: message.namespace,
          triggerNamespace: message.trigger_namespace,
        })
        if (refusal !== undefined) tellOwner(worker, sentId ?? message.id, message.trigger_type, message.function_id, refusal)
        return
      }
      case 'unregistertrigger':
        this.unbind(message.id, worker)
        return
      case 'triggerregistrationresult':
        return this.#takeAnswer(worker, message)
      default:
        return
    }
  }

  /** A type that the engine itself provides, in the namespace `default`. */
  registerLocalType(type: LocalTriggerType): void {
    const provider = this.#types.add(this.#router.engineWorker, DEFAULT_NAMESPACE, type.id, type, type)
    this.#reconsider(type.id, provider)
  }

  /**
   * Adds or replaces a binding. Returns why it was not taken; a provider's refusal comes later, to the owner.
   * An id that another worker has changes hands (spec 01 §12.4), unless a session would take it from somebody (09 §4 e).
   */
  bind(request: BindRequest): ErrorBody | undefined {
    const content = contentOf(request)
    const refusal = namespaceRefusal(request) ?? this.#ownerRefusal(request) ?? depthRefusal(content)
    if (refusal !== undefined) return refusal
    const { id, sentId = id, owner, madeUnder } = request
    this.#place({ id, sentId, owner, madeUnder }, content)
    return undefined
  }

  /**
   * As `bind`, and waits for the provider: rejects with `trigger_registration_failed` when it refuses (nothing stays bound then).
   * Resolves when the type has no provider, when the provider goes, and when it does not answer in time (spec 01 §11.4).
   */
  bindAndWait(request: BindRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#waiters.get(request.id)?.settle(), this.#answerMs)
      this.#waiters.set(request.id, {
        settle: (error) => {
          clearTimeout(timer)
          this.#waiters.delete(request.id)
          if (error === undefined) resolve()
          else reject(error)
        },
      })
      const refusal = this.bind(request)
      const waiter = this.#waiters.get(request.id)
      if (refusal !== undefined) waiter?.settle(new CodedError(refusal.code, refusal.message))
      else if (!this.#awaitsAnswer(request.id)) waiter?.settle()
    })
  }

  /** Removes a binding. Only its owner may, anyone an ownerless one, and the engine (`by` null) any (spec 01 §6). */
  unbind(id: string, by: Worker | null): boolean {
    const binding = (by === null ? undefined : this.#bindings.findSent(by, id)) ?? this.#bindings.find(id)
    if (binding === undefined) return false
    if (by !== null && binding.owner !== null && binding.owner !== by) return false
    this.#drop(binding)
    return true
  }

  /**
   * Removes what still belongs to the worker: its bindings go, and its types pass to the next best provider or their
   * bindings are parked. What a newer connection has taken over stays (spec 01 §12.4). Harmless when repeated.
   */
  dropWorker(worker: Worker): void {
    this.inOneStep(() => {
      for (const binding of [...this.#bindings.ownedBy(worker)]) this.#drop(binding)
      for (const provider of [...this.#types.providedBy(worker)]) this.#removeProvider(provider)
    })
  }

  /**
   * Runs `work` and tells providers the net result afterwards, removals first. For a change of generation: what the new one
   * binds meets nothing of the old one's as a conflict, and what both bind is not touched.
   */
  inOneStep(work: () => void): void {
    this.#outbox.inOneStep(work)
  }

  /**
   * May the caller make this call for the binding that it names? Undefined = yes (spec 09 §4 b).
   * @param registered metadata that the function was registered with
   */
  checkBindingCall(call: Call, registered: unknown): ErrorBody | undefined {
    const logical = this.#bindings.findLogical(call.binding ?? '')
    if (logical === undefined || !this.#provides(call.caller, logical)) {
      return { code: 'FORBIDDEN', message: `'${call.binding}' is not a binding of a trigger type that the caller provides` }
    }
    const target = { namespace: call.namespace, functionId: call.functionId, registered }
    return checkOwners(logical, target, this.#router.functions)
  }

  // ── for listings ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Every trigger type that has a provider. */
  types(): Iterable<TriggerType> {
    return this.#types.all()
  }

  findType(namespace: string, id: string): TriggerType | undefined {
    return this.#types.find(namespace, id)
  }

  /** What a worker provides, whether or not another provider of the type is preferred at the moment. */
  typesProvidedBy(worker: Worker): ReadonlySet<TypeProvider> {
    return this.#types.providedBy(worker)
  }

  /** Every binding, live and parked, each under its own id. */
  bindings(): Iterable<Binding> {
    return this.#bindings.all
  }

  findBinding(id: string): Binding | undefined {
    return this.#bindings.find(id)
  }

  /** Who owns the binding: null = nobody, undefined = there is no such binding. */
  ownerOf(id: string): Worker | null | undefined {
    return this.#bindings.find(id)?.owner
  }

  bindingsOwnedBy(worker: Worker | null): Iterable<Binding> {
    return this.#bindings.ownedBy(worker)
  }

  countBindingsOwnedBy(worker: Worker | null): number {
    return this.#bindings.countOwnedBy(worker)
  }

  /** The type that a binding is bound to, or parked for: the first of its namespaces that has one. */
  typeOf(content: BindingContent): TriggerType | undefined {
    for (const namespace of content.lookup) {
      const type = this.#types.find(namespace, content.triggerType)
      if (type !== undefined) return type
    }
    return undefined
  }

  /** How many bindings a type has; a binding that replicas share counts once per owner. */
  countBindings(type: TriggerType): number {
    let count = 0
    for (const logical of this.#bindings.ofType(type.id)) if (this.typeOf(logical.content) === type) count += logical.members.size
    return count
  }

  // ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #registerType(worker: Worker, message: RegisterTriggerType): void {
    const namespace = message.namespace ?? worker.namespace
    if (isBlank(namespace)) {
      this.#log.error(`trigger type '${message.id}' not registered: its namespace is empty`, { worker: worker.id })
      return
    }
    const provider = this.#types.add(worker, namespace, message.id, {
      description: message.description,
      triggerRequestFormat: message.trigger_request_format ?? undefined,
      callRequestFormat: message.call_request_format ?? undefined,
    })
    const { current } = provider.type
    if (current === provider) return this.#reconsider(message.id, provider)
    this.#log.warn(`trigger type '${message.id}' is provided by '${current?.worker.name ?? 'the engine'}'; this registration waits behind it`, {
      worker: worker.name ?? worker.id,
    })
  }

  #unregisterType(worker: Worker, id: string): void {
    for (const provider of [...this.#types.providedBy(worker)]) if (provider.type.id === id) this.#removeProvider(provider)
  }

  #removeProvider(provider: TypeProvider): void {
    const { worker } = provider
    this.#types.remove(provider)
    const drains = worker.phase === 'leaving' && worker.slot?.options.overlap === true
    if (drains) for (const id of [...provider.view.held]) this.#outbox.unbind(provider, id, provider.type.id)
    else this.#outbox.forget(provider)
    this.#reconsider(provider.type.id)
  }

  /** Brings every binding of a type to the provider that it belongs to now; to `registered` also when it was there already. */
  #reconsider(triggerType: string, registered?: TypeProvider): void {
    for (const logical of [...this.#bindings.ofType(triggerType)]) {
      const next = this.#resolve(logical.content)
      const old = logical.provider
      if (next === undefined) this.#park(logical)
      else if (next === registered || (next !== old && next !== logical.refusedBy)) {
        // Upstream tells a replaced provider nothing; only one in another namespace, or a replica beside the new one, would fire twice.
        if (old !== undefined && (old.type !== next.type || next.overlaps(old))) this.#outbox.unbind(old, logical.id, triggerType)
        this.#deliver(logical, next, true)
      }
    }
  }

  #resolve(content: BindingContent): TypeProvider | undefined {
    return this.typeOf(content)?.current
  }

  /** A provider of the type that was told of the binding; of a plugin, any generation: the old one may still finish an event. */
  #provides(worker: Worker, logical: LogicalBinding): boolean {
    const { provider } = logical
    if (provider?.worker === worker) return true
    if (provider?.worker.slot !== undefined && provider.worker.slot === worker.slot) return true
    for (const { type, view } of this.#types.providedBy(worker)) {
      if (type.id === logical.content.triggerType && view.held.has(logical.id)) return true
    }
    return false
  }

  // ── bindings ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #ownerRefusal({ id, owner }: BindRequest): ErrorBody | undefined {
    const known = this.#bindings.find(id)
    if (owner === null) {
      if (known !== undefined || this.#bindings.countOwnedBy(null) < this.#maxOwnerless) return undefined
      return { code: 'overloaded', message: `There are ${this.#maxOwnerless} bindings without owner already; remove some by engine::unregister_trigger` }
    }
    if (known === undefined || known.owner === owner || isTrusted(owner.policy)) return undefined
    const taken = known.owner === null || (known.owner.phase === 'open' && known.owner.link.open)
    return taken ? { code: 'FORBIDDEN', message: `trigger id '${id}' belongs to another worker` } : undefined
  }

  #place(binder: Binder, content: BindingContent): void {
    const known = this.#bindings.find(binder.id)
    if (known === undefined) return this.#add(binder, content, undefined)
    const { logical } = known
    const { owner, sentId } = binder
    const key = coalescingKey(content)
    const double = logical.members.get(owner) ?? known
    if (logical.key === key && double === known) {
      this.#bindings.transfer(known, owner, sentId)
      const provider = this.#resolve(content)
      if (provider !== undefined) this.#deliver(logical, provider, false)
      return
    }
    if (logical.members.size === 1 && this.#joinable(key, owner) === undefined) {
      this.#bindings.transfer(known, owner, sentId)
      return this.#change(logical, content)
    }
    const previous = inForce(logical)
    this.#drop(known)
    this.#add(binder, content, previous)
  }

  #add(binder: Binder, content: BindingContent, previous: BindingContent | undefined): void {
    const shared = this.#joinable(coalescingKey(content), binder.owner)
    const logical = shared ?? this.#bindings.create(binder.id, content)
    const { id, sentId, owner, madeUnder } = binder
    this.#bindings.add({ id, sentId, owner, madeUnder, logical, previous })
    if (shared !== undefined && shared.refusedBy === undefined) return
    const provider = this.#resolve(content)
    if (provider !== undefined) this.#deliver(logical, provider, false)
    else this.#warnParked(binder.id, content)
  }

  #joinable(key: string, owner: Worker | null): LogicalBinding | undefined {
    // Generations and replicas of one plugin are one plugin, whatever the option says.
    const isReplica = (other: Worker | null): boolean =>
      other !== null && (this.#coalesce || (other.slot !== undefined && other.slot === owner?.slot))
    return this.#bindings.joinable(key, owner, isReplica)
  }

  /** Replaces the content of a binding under the id that its provider knows (spec 01 §11.2.5). */
  #change(logical: LogicalBinding, content: BindingContent): void {
    const old = logical.provider
    const next = this.#resolve(content)
    if (next !== old || next?.isBuiltIn !== true) logical.accepted = inForce(logical)
    this.#withdraw(logical, next)
    this.#bindings.change(logical, content)
    if (next !== undefined) return this.#deliver(logical, next, false)
    this.#park(logical)
    this.#warnParked(logical.id, content)
  }

  #drop(binding: Binding, error?: CodedError): void {
    const { logical } = binding
    if (!this.#bindings.remove(binding)) return
    this.#withdraw(logical, undefined)
    this.#waiters.get(logical.id)?.settle(error)
  }

  /** Tells every provider that knows the binding, replaced ones too, to forget it; they would go on firing it. */
  #withdraw(logical: LogicalBinding, except: TypeProvider | undefined): void {
    const { lookup, triggerType } = logical.content
    for (const namespace of lookup) {
      for (const provider of this.#types.find(namespace, triggerType)?.providers ?? []) {
        if (provider !== except) this.#outbox.unbind(provider, logical.id, triggerType)
      }
    }
  }

  #deliver(logical: LogicalBinding, provider: TypeProvider, replay: boolean): void {
    const last = logical.provider ?? logical.refusedBy
    if (last !== undefined && last.worker !== provider.worker) this.#waiters.get(logical.id)?.settle()
    logical.provider = provider
    logical.refusedBy = undefined
    this.#outbox.bind(provider, logical, replay)
  }

  #park(logical: LogicalBinding): void {
    logical.provider = undefined
    logical.refusedBy = undefined
    this.#waiters.get(logical.id)?.settle()
  }

  #warnParked(id: string, { triggerType, functionId }: BindingContent): void {
    const provider = wellKnownProvider(triggerType)
    const remedy = provider === undefined ? 'waiting for a worker that registers it' : `add '${provider}' to the configuration`
    this.#log.warn(`trigger type '${triggerType}' has no provider: ${remedy}`, { trigger: id, function_id: functionId })
  }

  // ── providers ────────────────────────────────────────────────────────────────────────────────────────────────────

  #tellBind(provider: TypeProvider, logical: LogicalBinding, replay: boolean): void {
    if (provider.local !== undefined) return this.#bindLocal(provider.local, logical, replay)
    if (!hears(provider.worker)) return
    if (provider.isBuiltIn) {
      const { unanswered } = provider.view
      const delivery = { logical, content: logical.content, replay }
      const waiting = unanswered.get(logical.id)
      if (waiting === undefined) unanswered.set(logical.id, [delivery])
      else waiting.push(delivery)
    }
    provider.worker.link.send(registerTriggerMessage(logical, provider))
  }

  #bindLocal(type: LocalTriggerType, logical: LogicalBinding, replay: boolean): void {
    try {
      type.onBind(logical)
      logical.accepted = logical.content
    } catch (thrown) {
      const { message } = toErrorBody(thrown)
      this.#refuse(logical, { code: 'trigger_registration_failed', message }, replay)
    }
  }

  #tellUnbind(provider: TypeProvider, id: string, triggerType: string): void {
    if (provider.local !== undefined) return provider.local.onUnbind(id)
    if (hears(provider.worker)) provider.worker.link.send({ type: 'unregistertrigger', id, trigger_type: triggerType })
  }

  #awaitsAnswer(id: string): boolean {
    const provider = this.#bindings.findLogical(id)?.provider
    return provider !== undefined && provider.local === undefined && hears(provider.worker)
  }

  /** Only the current provider's word counts (spec 01 §11.3). */
  #takeAnswer(worker: Worker, { id, trigger_type, error }: TriggerRegistrationResult): void {
    const asked = this.#askedProvider(worker, id, trigger_type)
    const delivery = asked === undefined ? undefined : takeDelivery(asked, id)
    const logical = this.#bindings.findLogical(id)
    if (logical === undefined) return
    const provider = logical.provider ?? logical.refusedBy
    if (provider?.worker !== worker) {
      if (error != null) this.#log.warn(`answer about trigger '${id}' ignored: its type is provided by another worker`, { worker: worker.id })
      return
    }
    // A plugin answers each delivery: this one may be about a binding that was removed or went to another type since.
    if (delivery !== undefined && (delivery.logical !== logical || asked?.view !== provider.view)) return
    if (error != null) return this.#refuse(logical, toErrorBody(error), delivery?.replay ?? false)
    this.#accept(logical, provider, delivery?.content ?? logical.content)
  }

  /** The provider that owes an answer about an id, if it answers each delivery. */
  #askedProvider(worker: Worker, id: string, triggerType: string): TypeProvider | undefined {
    for (const provider of this.#types.providedBy(worker)) {
      if (provider.type.id === triggerType && provider.view.unanswered.has(id)) return provider
    }
    return undefined
  }

  #accept(logical: LogicalBinding, provider: TypeProvider, content: BindingContent): void {
    logical.accepted = content
    if (!owesAnswer(provider, logical)) for (const member of logical.members.values()) member.previous = undefined
    if (logical.provider === undefined) {
      // It refused an earlier version of the binding and took the latest.
      logical.provider = provider
      logical.refusedBy = undefined
      provider.view.held.add(logical.id)
    }
    this.#waiters.get(logical.id)?.settle()
  }

  #refuse(logical: LogicalBinding, error: ErrorBody, replay: boolean): void {
    const { provider } = logical
    if (provider === undefined) return
    const waiter = this.#waiters.get(logical.id)
    if (waiter !== undefined) {
      provider.view.held.delete(logical.id)
      const failure = new CodedError('trigger_registration_failed', `${error.code}: ${error.message}`)
      for (const member of [...logical.members.values()]) this.#drop(member, failure)
      return
    }
    const { triggerType, functionId } = logical.content
    for (const { owner, sentId } of logical.members.values()) {
      if (owner === null) this.#log.warn(`trigger '${sentId}' of type '${triggerType}' refused: ${error.message}`, { code: error.code })
      else tellOwner(owner, sentId, triggerType, functionId, error)
    }
    // The answer to a later version is still to come and decides.
    if (owesAnswer(provider, logical)) return
    if (provider.isBuiltIn && !replay) return this.#takeBack(logical, provider)
    // A plugin that refuses what it has already keeps it (§11.2.3): it is to hear when the binding goes.
    if (!provider.isBuiltIn) provider.view.held.delete(logical.id)
    logical.provider = undefined
    logical.refusedBy = provider
  }

  /** A built-in refused something new: what was in force before stays, else nothing does (spec 01 §11.2.3). */
  #takeBack(logical: LogicalBinding, provider: TypeProvider): void {
    const { accepted } = logical
    if (accepted !== undefined) {
      const next = this.#resolve(accepted)
      if (next !== provider) provider.view.held.delete(logical.id)
      this.#bindings.change(logical, accepted)
      if (next === undefined) this.#park(logical)
      else if (next !== provider) this.#deliver(logical, next, true)
      return
    }
    provider.view.held.delete(logical.id)
    for (const member of [...logical.members.values()]) {
      this.#drop(member)
      if (member.previous !== undefined) this.#add(member, member.previous, undefined)
    }
  }
}

function contentOf(request: BindRequest): BindingContent {
  const { owner, triggerNamespace, config, metadata } = request
  const own = owner?.namespace ?? DEFAULT_NAMESPACE
  const lookup = own === DEFAULT_NAMESPACE ? [own] : [own, DEFAULT_NAMESPACE]
  return {
    triggerType: request.triggerType,
    functionId: request.functionId,
    config: config === undefined ? {} : config,
    metadata: metadata ?? undefined,
    namespace: request.namespace ?? DEFAULT_NAMESPACE,
    lookup: triggerNamespace == null ? lookup : [triggerNamespace],
  }
}

function namespaceRefusal({ namespace, triggerNamespace }: BindRequest): ErrorBody | undefined {
  if (namespace != null && isBlank(namespace)) return invalidNamespace('namespace')
  if (triggerNamespace != null && isBlank(triggerNamespace)) return invalidNamespace('trigger_namespace')
  return undefined
}

function invalidNamespace(member: string): ErrorBody {
  return { code: 'INVALID_NAMESPACE', message: `'${member}' is empty: omit it or give a name` }
}

/** What cannot be written as JSON cannot be handed to a provider: JSON.parse reads deeper nesting than JSON.stringify writes. */
function depthRefusal(content: BindingContent): ErrorBody | undefined {
  try {
    coalescingKey(content)
    return undefined
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    return { code: 'trigger_registration_failed', message: 'config or metadata is nested too deeply' }
  }
}

/** What a binding goes back to when a change of it is refused. */
function inForce(logical: LogicalBinding): BindingContent | undefined {
  if (logical.provider === undefined) return undefined
  return logical.provider.isBuiltIn ? (logical.accepted ?? logical.content) : logical.content
}

function takeDelivery(provider: TypeProvider, id: string): Delivery | undefined {
  const { unanswered } = provider.view
  const waiting = unanswered.get(id)
  const delivery = waiting?.shift()
  if (waiting?.length === 0) unanswered.delete(id)
  return delivery
}

/** Whether the answer to a later delivery of the binding is still to come. */
function owesAnswer(provider: TypeProvider, logical: LogicalBinding): boolean {
  return provider.view.unanswered.get(logical.id)?.some((delivery) => delivery.logical === logical) ?? false
}

function isBlank(namespace: string): boolean {
  return namespace.trim() === ''
}

/** Whether a worker is told anything: an old generation that still drains is, one that has stopped or a lost connection is not. */
function hears(worker: Worker): boolean {
  const drains = worker.phase === 'leaving' && worker.slot?.options.overlap === true
  return (worker.phase === 'open' || drains) && worker.link.open
}

function tellOwner(owner: Worker, id: string, triggerType: string, functionId: string, error: ErrorBody): void {
  if (owner.phase !== 'open' || !owner.link.open) return
  owner.link.send({ type: 'triggerregistrationresult', id, trigger_type: triggerType, function_id: functionId, error })
}
