// Trigger types and bindings: what workers and the engine ask for, who may, and what listings show (spec 01 §11, §12.4, §13).
// Policy checks, hooks and prefixes come before this (registrations); firing is the providers' business.
import { CodedError, type ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { RegisterTriggerType, WorkerMessage } from '../../protocol/messages.ts'
import type { Log } from '../log.ts'
import { isTrusted, type Policy } from '../model/policy.ts'
import type { Suggestions } from '../../base/values/suggestions.ts'
import type { Call } from '../model/call.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { FunctionRegistry } from './functions.ts'
import { AnswerWaiters } from './answer-waiters.ts'
import { isBlank, readRequest, type BindRequest } from './bind-request.ts'
import { checkOwners } from './binding-policy.ts'
import type { Binding, BindingContent, LogicalBinding } from '../model/binding.ts'
import { Bindings, isLost } from './bindings.ts'
import { NO_KNOWN_WORKERS, type KnownWorkers } from '../model/known-workers.ts'
import { Placement } from './placement.ts'
import { tellOwner } from './trigger-notices.ts'
import type { LocalTriggerType, TriggerType, TypeProvider } from '../model/trigger-type.ts'
import { TriggerTypes } from './trigger-types.ts'
import type { Worker } from '../model/worker.ts'

export type { BindRequest } from './bind-request.ts'

export interface TriggerRegistryDeps {
  readonly functions: FunctionRegistry
  /** Provides the engine's own types. */
  readonly engineWorker: Worker
  readonly warnings: ThrottledWarnings
  /** Whether equal bindings of different connections are one (`engine.coalesce_replica_triggers`). */
  readonly coalesce: boolean
  readonly log: Log
  /** Who would provide a type that nobody has registered. Default: nobody is known. */
  readonly known?: KnownWorkers
  readonly suggestions: Suggestions
  /** How long `bindAndWait` waits for the provider's answer (spec 01 §11.4). Default 10,000. */
  readonly answerMs?: number
  /** How many ownerless bindings there may be; beyond it `overloaded`. Default 100,000. */
  readonly maxOwnerless?: number
}

export class TriggerRegistry {
  readonly #functions: FunctionRegistry
  readonly #engineWorker: Worker
  readonly #log: Log
  readonly #maxOwnerless: number
  readonly #types = new TriggerTypes()
  readonly #bindings = new Bindings()
  readonly #waiters: AnswerWaiters
  readonly #placement: Placement

  constructor({
    functions,
    engineWorker,
    warnings,
    coalesce,
    log,
    known = NO_KNOWN_WORKERS,
    suggestions,
    answerMs = 10_000,
    maxOwnerless = 100_000,
  }: TriggerRegistryDeps) {
    this.#functions = functions
    this.#engineWorker = engineWorker
    this.#log = log
    this.#maxOwnerless = maxOwnerless
    this.#waiters = new AnswerWaiters(answerMs)
    this.#placement = new Placement({
      types: this.#types,
      bindings: this.#bindings,
      waiters: this.#waiters,
      coalesce,
      warnings,
      known,
      suggestions,
    })
  }

  // ── messages of workers ──────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a message about triggers; others are ignored. `sentId`: the id of trigger or type that the worker sent, when a hook renamed it.
   */
  handle(worker: Worker, message: WorkerMessage, sentId?: string): void {
    if (worker.phase !== 'open') return
    switch (message.type) {
      case 'registertriggertype':
        return this.#registerType(worker, message, sentId)
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
        if (refusal !== undefined)
          tellOwner(worker, sentId ?? message.id, message.trigger_type, message.function_id, refusal)
        return
      }
      case 'unregistertrigger':
        this.unbind(message.id, worker)
        return
      case 'triggerregistrationresult':
        return this.#placement.takeAnswer(worker, message)
      default:
        return
    }
  }

  /** A type that the engine itself provides, in the namespace `default`. */
  registerLocalType(type: LocalTriggerType): void {
    const provider = this.#types.add(this.#engineWorker, DEFAULT_NAMESPACE, type.id, type, type)
    this.#placement.reconsider(type.id, provider)
  }

  /**
   * Adds or replaces a binding. Returns why it was not taken; a provider's refusal comes later, to the owner.
   * An id that another worker has changes hands (spec 01 §12.4), unless a session would take it from somebody (09 §4 e).
   */
  bind(request: BindRequest): ErrorBody | undefined {
    const read = readRequest(request)
    if ('refusal' in read) return read.refusal
    const refusal = this.#ownerRefusal(request)
    if (refusal !== undefined) return refusal
    const { id, sentId = id, owner, madeUnder } = request
    this.#dropEarlier(id, sentId, owner)
    this.#placement.place({ id, sentId, owner, madeUnder }, read.content)
    return undefined
  }

  /** What the same worker made under the id that it sends again is replaced, also where a hook has renamed it to another one. */
  #dropEarlier(id: string, sentId: string, owner: Worker | null): void {
    if (owner === null) return
    const earlier = this.#bindings.findSent(owner, sentId) ?? this.#bindings.find(sentId)
    if (earlier === undefined || earlier.owner !== owner || earlier.sentId !== sentId || earlier.id === id) return
    this.#placement.drop(earlier, { deliberate: true })
  }

  /**
   * As `bind`, and waits for the provider: rejects with `trigger_registration_failed` when it refuses (nothing stays bound then).
   * Resolves when the type has no provider, when the provider goes, and when it does not answer in time (spec 01 §11.4).
   */
  bindAndWait(request: BindRequest): Promise<void> {
    const { id } = request
    const answered = this.#waiters.wait(id)
    const refusal = this.bind(request)
    if (refusal !== undefined) this.#waiters.end(id, new CodedError(refusal.code, refusal.message))
    else if (!this.#placement.awaitsAnswer(id)) this.#waiters.end(id)
    return answered
  }

  /**
   * Removes a binding. Only its owner may; an ownerless one anyone but a session that did not make it (spec 09 §4 e); and the engine
   * (`by` null) any (spec 01 §6).
   */
  unbind(id: string, by: Worker | null): boolean {
    const binding = (by === null ? undefined : this.#bindings.findSent(by, id)) ?? this.#bindings.find(id)
    if (binding === undefined) return false
    if (by !== null && binding.owner !== by) {
      if (binding.owner !== null) return false
      if (!isTrusted(by.policy) && binding.madeUnder !== by.policy) return false
    }
    this.#placement.drop(binding, { deliberate: true })
    return true
  }

  /** Removes the ownerless bindings that were made under a policy: it does not count any more. */
  dropMadeUnder(policy: Policy): void {
    this.dropMadeUnderAny({ has: (other) => other === policy })
  }

  /** As `dropMadeUnder`, for many. */
  dropMadeUnderAny(policies: { has(policy: Policy): boolean }): void {
    this.inOneStep(() => {
      for (const binding of [...this.#bindings.ownedBy(null)])
        if (binding.madeUnder !== undefined && policies.has(binding.madeUnder))
          this.#placement.drop(binding, { deliberate: true })
    })
  }

  hasMadeUnder(policy: Policy): boolean {
    return Iterator.from(this.#bindings.ownedBy(null)).some(({ madeUnder }) => madeUnder === policy)
  }

  /**
   * Removes what still belongs to the worker: its bindings go, and its types pass to the next best provider or their
   * bindings are parked. What a newer connection has taken over stays (spec 01 §12.4). Harmless when repeated.
   * @param graceMs for how long bindings stay whose functions wait for the return of a provider (spec 01 §8.10). Default 0.
   */
  dropWorker(worker: Worker, graceMs = 0): void {
    let awaitsReturn = false
    this.inOneStep(() => {
      for (const binding of [...this.#bindings.ownedBy(worker)]) {
        if (graceMs > 0 && this.#awaitsProvider(binding.logical)) awaitsReturn = true
        else this.#placement.drop(binding, { deliberate: false })
      }
      for (const provider of [...this.#types.providedBy(worker)]) this.#placement.removeProvider(provider)
    })
    if (awaitsReturn) setTimeout(() => this.dropWorker(worker), graceMs).unref()
  }

  /** Calls of the binding's function are held until somebody registers it again. */
  #awaitsProvider({ namespace, functionId }: LogicalBinding): boolean {
    const entry = this.#functions.find(namespace, functionId)
    return entry?.grace !== undefined && entry.providers.length === 0
  }

  /**
   * Runs `work` and tells providers the net result afterwards, removals first. For a change of generation: what the new one
   * binds meets nothing of the old one's as a conflict, and what both bind is not touched.
   */
  inOneStep(work: () => void): void {
    this.#placement.inOneStep(work)
  }

  /** May the caller make this call for the binding that it names? Undefined = yes (spec 09 §4 b). */
  checkBindingCall(call: Call): ErrorBody | undefined {
    const logical = this.#bindings.findLogical(call.binding ?? '')
    if (logical === undefined || !this.#provides(call.caller, logical)) {
      return {
        code: 'FORBIDDEN',
        message: `'${call.binding}' is not a binding of a trigger type that the caller provides`,
      }
    }
    return checkOwners(logical, call, this.#functions)
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
    return this.#placement.typeOf(content)
  }

  /** Why nobody fires a binding, with the type that was probably meant if `may` allows to name it; undefined when it is not parked. */
  whyParked(id: string, may?: (type: string) => boolean): string | undefined {
    const { logical } = this.#bindings.find(id) ?? {}
    return logical?.state === 'parked' ? this.#placement.whyParked(logical.content.triggerType, may) : undefined
  }

  /** ` Did you mean 'x'?` of the types with a provider that `may` be named, or nothing. */
  suggestType(triggerType: string, may?: (type: string) => boolean): string {
    return this.#placement.suggestType(triggerType, may)
  }

  /** How many bindings a type has; a binding that replicas share counts once per owner. */
  countBindings(type: TriggerType): number {
    let count = 0
    for (const logical of this.#bindings.ofType(type.id))
      if (this.typeOf(logical.content) === type) count += logical.members.size
    return count
  }

  // ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #registerType(worker: Worker, message: RegisterTriggerType, sentId: string | undefined): void {
    const namespace = message.namespace ?? worker.namespace
    if (isBlank(namespace)) {
      this.#log.error(`trigger type '${message.id}' not registered: its namespace is empty`, { worker: worker.id })
      return
    }
    const provider = this.#types.add(worker, namespace, message.id, {
      description: message.description,
      triggerRequestFormat: message.trigger_request_format ?? undefined,
      callRequestFormat: message.call_request_format ?? undefined,
      sentId,
    })
    const { current } = provider.type
    if (current === provider) return this.#placement.reconsider(message.id, provider)
    this.#log.warn(
      `trigger type '${message.id}' is provided by '${current?.worker.name ?? 'the engine'}'; this registration waits behind it`,
      {
        worker: worker.name ?? worker.id,
      },
    )
  }

  #unregisterType(worker: Worker, id: string): void {
    for (const provider of [...this.#types.providedBy(worker)])
      if (provider.sentId === id) this.#placement.removeProvider(provider)
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

  #ownerRefusal({ id, owner }: BindRequest): ErrorBody | undefined {
    const known = this.#bindings.find(id)
    if (owner === null) {
      if (known !== undefined || this.#bindings.countOwnedBy(null) < this.#maxOwnerless) return undefined
      return {
        code: 'overloaded',
        message: `There are ${this.#maxOwnerless} bindings without owner already; remove some by engine::unregister_trigger`,
      }
    }
    if (known === undefined || known.owner === owner || isTrusted(owner.policy)) return undefined
    const { owner: holder } = known
    const isLive = holder === null || (holder.phase === 'open' && holder.link.open)
    // What waits for the return of a trusted worker is not there for the taking either.
    const taken = isLive || (isLost(holder) && isTrusted(holder.policy))
    return taken ? { code: 'FORBIDDEN', message: `trigger id '${id}' belongs to another worker` } : undefined
  }
}
