// Where each binding is: with the current provider of its type, or parked; and what happens when a provider refuses one
// (spec 01 §11.2–11.5, §13). Who may bind and unbind is decided before.
import { CodedError, messageUnder, toErrorBody, type ErrorBody } from '../../protocol/errors.ts'
import type { TriggerRegistrationResult } from '../../protocol/messages.ts'
import { surplusMember } from '../../base/values/closed-object.ts'
import type { Suggestions } from '../../base/values/suggestions.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { AnswerWaiters } from './answer-waiters.ts'
import type { Binder } from './bind-request.ts'
import { registerTriggerMessage } from '../model/binding.ts'
import type { Binding, BindingContent, LogicalBinding } from '../model/binding.ts'
import { isLost, type Bindings } from './bindings.ts'
import { isTrusted } from '../model/policy.ts'
import { howToProvide, type KnownWorkers } from '../model/known-workers.ts'
import { ProviderOutbox } from './provider-outbox.ts'
import { hears, tellOwner, tellUnbind } from './trigger-notices.ts'
import type { LocalTriggerType, TriggerType, TypeProvider } from '../model/trigger-type.ts'
import type { TriggerTypes } from './trigger-types.ts'
import type { Worker } from '../model/worker.ts'

/** Code of a refusal, whatever code the provider gave (spec 01 §11.4). */
const REFUSED = 'trigger_registration_failed'

export interface PlacementDeps {
  readonly types: TriggerTypes
  readonly bindings: Bindings
  readonly waiters: AnswerWaiters
  /** Whether equal bindings of different connections are one. */
  readonly coalesce: boolean
  readonly warnings: ThrottledWarnings
  readonly known: KnownWorkers
  readonly suggestions: Suggestions
}

export class Placement {
  readonly #types: TriggerTypes
  readonly #bindings: Bindings
  readonly #waiters: AnswerWaiters
  readonly #coalesce: boolean
  readonly #warnings: ThrottledWarnings
  readonly #known: KnownWorkers
  readonly #suggestions: Suggestions
  readonly #outbox: ProviderOutbox

  constructor({ types, bindings, waiters, coalesce, warnings, known, suggestions }: PlacementDeps) {
    this.#types = types
    this.#bindings = bindings
    this.#waiters = waiters
    this.#coalesce = coalesce
    this.#warnings = warnings
    this.#known = known
    this.#suggestions = suggestions
    this.#outbox = new ProviderOutbox({
      bind: (provider, binding, replay) => this.#tellBind(provider, binding, replay),
      unbind: tellUnbind,
    })
  }

  /** What `work` changes reaches providers when it is done, as the net result. */
  inOneStep(work: () => void): void {
    this.#outbox.inOneStep(work)
  }

  /** Adds a binding, or replaces the one with its id, whoever owned that. */
  place(binder: Binder, content: BindingContent): void {
    const known = this.#bindings.find(binder.id)
    if (known === undefined) return this.#add(binder, content, undefined)
    const { logical } = known
    const { owner, sentId } = binder
    const { key } = content
    const mine = logical.members.get(owner) ?? known
    if (logical.key === key && mine === known) {
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
    this.drop(known, { deliberate: true })
    this.#add(binder, content, previous)
  }

  /**
   * Removes a binding. `deliberate`: somebody wants it gone, as against an owner that has left.
   * `error`: for whoever waits for the provider's answer.
   */
  drop(binding: Binding, { deliberate, error }: { deliberate: boolean; error?: CodedError }): void {
    const { logical } = binding
    if (!this.#bindings.remove(binding)) return
    this.#withdraw(logical, undefined, deliberate)
    this.#waiters.end(logical.id, error)
  }

  /** Brings every binding of a type to the provider that it belongs to now; to `registered` also when it was there already. */
  reconsider(triggerType: string, registered?: TypeProvider): void {
    for (const logical of [...this.#bindings.ofType(triggerType)]) {
      const next = this.#resolve(logical.content)
      const old = logical.provider
      if (next === undefined) this.#park(logical)
      else if (next === registered || next !== logical.lastProvider) {
        // Upstream tells a replaced provider nothing; only one in another namespace, or a replica beside the new one, would fire twice.
        if (old !== undefined && (old.type !== next.type || next.overlaps(old)))
          this.#outbox.unbind(old, { id: logical.id, deliberate: false, moved: true })
        this.#deliver(logical, next, true)
      }
    }
  }

  /** The worker does not provide the type any more. */
  removeProvider(provider: TypeProvider): void {
    const { worker } = provider
    this.#types.remove(provider)
    // A generation that was replaced may still drain: it must not go on firing.
    if (worker.phase === 'leaving')
      for (const id of [...provider.view.held]) this.#outbox.unbind(provider, { id, deliberate: false, moved: true })
    else this.#outbox.forget(provider)
    this.reconsider(provider.type.id)
  }

  /** Only the current provider's word counts (spec 01 §11.3). */
  takeAnswer(worker: Worker, { id, trigger_type, error }: TriggerRegistrationResult): void {
    const asked = this.#askedProvider(worker, id, trigger_type)
    const delivery = asked?.takeDelivery(id)
    const logical = this.#bindings.findLogical(id)
    if (logical === undefined) return
    const provider = logical.lastProvider
    if (provider?.worker !== worker) {
      if (error != null) {
        const message = `answer about trigger '${id}' ignored: its type is provided by another worker`
        this.#warnings.count(`answer ${worker.id}`, message, { worker: worker.id })
      }
      return
    }
    // A plugin answers each delivery: this one may be about a binding that was removed or went to another type since.
    if (delivery !== undefined && (delivery.logical !== logical || asked?.view !== provider.view)) return
    const replay = delivery?.replay ?? false
    // It may be in the way of itself: what its worker bound before it was lost.
    if (error != null && !replay && this.#dropLost(logical)) return this.#deliver(logical, provider, false)
    if (error != null) return this.#refuse(logical, toErrorBody(error), replay)
    this.#accept(logical, provider, delivery?.content ?? logical.content)
  }

  /** Whether a provider was told of the binding and may still refuse it. */
  awaitsAnswer(id: string): boolean {
    const provider = this.#bindings.findLogical(id)?.provider
    return provider !== undefined && provider.local === undefined && hears(provider.worker)
  }

  /** The type that a binding is bound to: the first in its namespaces. Undefined = it is parked. */
  typeOf(content: BindingContent): TriggerType | undefined {
    for (const namespace of content.lookup) {
      const type = this.#types.find(namespace, content.triggerType)
      if (type !== undefined) return type
    }
    return undefined
  }

  /** @param may whether a type may be named. Default: any. */
  whyParked(triggerType: string, may?: (type: string) => boolean): string {
    const worker = this.#known.ofTriggerType(triggerType)
    const hint = worker === undefined ? this.suggestType(triggerType, may) : ''
    const remedy = `${howToProvide('it', worker, this.#known)}${hint && `.${hint}`}`
    return `trigger type '${triggerType}' has no provider: ${remedy}`
  }

  suggestType(triggerType: string, may?: (type: string) => boolean): string {
    return this.#suggestions.for(triggerType, this.#types.ids(), may)
  }

  #resolve(content: BindingContent): TypeProvider | undefined {
    return this.typeOf(content)?.current
  }

  #add(binder: Binder, content: BindingContent, previous: BindingContent | undefined): void {
    const shared = this.#joinable(content.key, binder.owner)
    const logical = shared ?? this.#bindings.create(binder.id, content)
    const { id, sentId, owner, madeUnder } = binder
    this.#bindings.add({ id, sentId, owner, madeUnder, logical, previous })
    // Whoever has come back takes the place of what was kept for it.
    for (const member of [...logical.members.values()])
      if (isLost(member.owner) && logical.members.size > 1) this.#bindings.remove(member)
    const provider = this.#resolve(content)
    if (shared !== undefined && shared.state !== 'refused') return provider?.local?.onJoined?.(shared)
    if (provider !== undefined) this.#deliver(logical, provider, false)
    else this.#warnParked(binder.id, content)
  }

  #joinable(key: string, owner: Worker | null): LogicalBinding | undefined {
    // Generations and replicas of one plugin are one plugin, whatever the option says.
    // Nor does a session share what trusted workers bound: providers ask them for other things (spec 09 §4 e).
    const isReplica = (other: Worker | null): boolean =>
      other !== null &&
      isTrusted(other.policy) === (owner === null || isTrusted(owner.policy)) &&
      (isLost(other) || this.#coalesce || (other.slot !== undefined && other.slot === owner?.slot))
    return this.#bindings.joinable(key, owner, isReplica)
  }

  /** Replaces the content of a binding under the id that its provider knows (spec 01 §11.2.5). */
  #change(logical: LogicalBinding, content: BindingContent): void {
    const old = logical.provider
    const next = this.#resolve(content)
    if (next !== old || next?.isBuiltIn !== true) logical.accepted = inForce(logical)
    this.#withdraw(logical, next, true)
    this.#bindings.change(logical, content)
    if (next !== undefined) return this.#deliver(logical, next, false)
    this.#park(logical)
    this.#warnParked(logical.id, content)
  }

  /** Tells every provider that knows the binding, replaced ones too, to forget it; they would go on firing it. */
  #withdraw(logical: LogicalBinding, except: TypeProvider | undefined, deliberate: boolean): void {
    const { lookup, triggerType } = logical.content
    for (const namespace of lookup) {
      for (const provider of this.#types.find(namespace, triggerType)?.providers ?? []) {
        if (provider !== except) this.#outbox.unbind(provider, { id: logical.id, deliberate })
      }
    }
  }

  #deliver(logical: LogicalBinding, provider: TypeProvider, replay: boolean): void {
    const last = logical.lastProvider
    if (last !== undefined && last.worker !== provider.worker) this.#waiters.end(logical.id)
    logical.place = { state: 'pending', provider }
    this.#outbox.bind(provider, logical, replay)
  }

  #park(logical: LogicalBinding): void {
    logical.park()
    this.#waiters.end(logical.id)
  }

  #warnParked(id: string, { triggerType, functionId }: BindingContent): void {
    this.#warnings.count(`parked ${triggerType}`, this.whyParked(triggerType), { trigger: id, function_id: functionId })
  }

  #tellBind(provider: TypeProvider, logical: LogicalBinding, replay: boolean): void {
    if (provider.local !== undefined) return this.#bindLocal(provider, provider.local, logical, replay)
    if (!hears(provider.worker)) return
    if (provider.isBuiltIn) provider.expectAnswer({ logical, content: logical.content, replay })
    else logical.place = { state: 'bound', provider }
    if (provider.worker.link.send(registerTriggerMessage(logical, provider))) return
    const { triggerType } = logical.content
    const message = `the binding is larger than the provider of '${triggerType}' can take in one frame; make its config smaller`
    this.#refuse(logical, { code: 'payload_too_large', message }, replay)
  }

  #bindLocal(provider: TypeProvider, type: LocalTriggerType, logical: LogicalBinding, replay: boolean): void {
    try {
      const surplus = surplusMember(type.triggerRequestFormat, logical.config)
      if (surplus !== undefined) throw new TypeError(`config: ${surplus}`)
      type.onBind(logical)
      logical.accepted = logical.content
      logical.place = { state: 'bound', provider }
    } catch (thrown) {
      const { message } = toErrorBody(thrown)
      this.#refuse(logical, { code: REFUSED, message }, replay)
    }
  }

  /** Removes what is kept of lost workers of the same type, for the sake of a trusted worker's binding. @returns whether there was any. */
  #dropLost({ members, content }: LogicalBinding): boolean {
    if (![...members.keys()].some((owner) => owner !== null && isTrusted(owner.policy))) return false
    let some = false
    for (const other of [...this.#bindings.ofType(content.triggerType)]) {
      if (![...other.members.keys()].every(isLost)) continue
      for (const member of [...other.members.values()]) this.drop(member, { deliberate: false })
      some = true
    }
    return some
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
    // It may have refused an earlier version of the binding and taken the latest.
    if (logical.state === 'refused') provider.view.held.add(logical.id)
    const isLast = !provider.owesAnswer(logical)
    logical.place = { state: isLast ? 'bound' : 'pending', provider }
    if (isLast) for (const member of logical.members.values()) member.previous = undefined
    this.#waiters.end(logical.id)
  }

  #refuse(logical: LogicalBinding, error: ErrorBody, replay: boolean): void {
    const { provider } = logical
    if (provider === undefined) return
    if (this.#waiters.has(logical.id)) {
      provider.view.held.delete(logical.id)
      const failure = new CodedError(REFUSED, messageUnder(REFUSED, error))
      for (const member of [...logical.members.values()]) this.drop(member, { deliberate: true, error: failure })
      return
    }
    const { triggerType, functionId } = logical.content
    for (const { owner, sentId } of logical.members.values()) {
      if (owner !== null) tellOwner(owner, sentId, triggerType, functionId, error)
      // A plugin's handle says so in the same log. Old SDKs keep it to themselves, and some bindings have no owner.
      if (owner?.slot !== undefined) continue
      this.#warnings.count(`refused ${owner?.id}`, `trigger of type '${triggerType}' refused: ${error.message}`, {
        trigger: sentId,
        function_id: functionId,
        code: error.code,
        ...(owner !== null && { worker: owner.name ?? owner.id }),
      })
    }
    // The answer to a later version is still to come and decides.
    if (provider.owesAnswer(logical)) return
    if (provider.isBuiltIn && !replay) return this.#takeBack(logical, provider)
    // A plugin that refuses what it has already keeps it (§11.2.3): it is to hear when the binding goes.
    if (!provider.isBuiltIn) provider.view.held.delete(logical.id)
    logical.place = { state: 'refused', provider }
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
      else logical.place = { state: 'bound', provider }
      return
    }
    provider.view.held.delete(logical.id)
    for (const member of [...logical.members.values()]) {
      this.drop(member, { deliberate: true })
      if (member.previous !== undefined) this.#add(member, member.previous, undefined)
    }
  }
}

/** What a binding goes back to when a change of it is refused. */
function inForce(logical: LogicalBinding): BindingContent | undefined {
  if (logical.provider === undefined) return undefined
  return logical.provider.isBuiltIn ? (logical.accepted ?? logical.content) : logical.content
}
