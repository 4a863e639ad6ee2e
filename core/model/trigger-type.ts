// A trigger type and the workers that provide it (spec 01 §11.1). One of them receives the bindings: the current provider.
// Which bindings there are and what is sent to whom is the trigger registry's business.
import { isTrusted } from './policy.ts'
import type { BindingContent, LogicalBinding } from './binding.ts'
import type { Worker } from './worker.ts'

export interface TypeDescription {
  readonly description: string
  /** Schema of a binding's `config`. */
  readonly triggerRequestFormat: unknown
  /** Schema of the payload that a fire delivers. */
  readonly callRequestFormat: unknown
  /** The id that the worker sent, where a hook renamed it; messages to and from the worker use it (spec 04 B.6). */
  readonly sentId?: string | undefined
}

/** A trigger type of the engine itself: bound by calls instead of messages. */
export interface LocalTriggerType extends TypeDescription {
  readonly id: string
  /** A new binding, or the same id again with other content. Throwing refuses it. */
  onBind(binding: LogicalBinding): void
  /** Another connection has made a binding that is equal to this one: a replica, or the next generation of a plugin. */
  onJoined?(binding: LogicalBinding): void
  onUnbind(id: string): void
}

/** What a provider was told, kept over its repeated registrations of the type. */
export interface ProviderView {
  /** Ids that it was told to bind and not told to unbind since. */
  readonly held: Set<string>
  /** Deliveries that it has not answered, oldest first, by id. Kept for plugins: they answer each, in order. */
  readonly unanswered: Map<string, Delivery[]>
}

export interface Delivery {
  readonly logical: LogicalBinding
  readonly content: BindingContent
  /** Not new: the binding was there before this provider. */
  readonly replay: boolean
}

let registrations = 0

/** One worker's registration of one trigger type. */
export class TypeProvider implements TypeDescription {
  readonly type: TriggerType
  readonly worker: Worker
  readonly local: LocalTriggerType | undefined
  readonly description: string
  readonly triggerRequestFormat: unknown
  readonly callRequestFormat: unknown
  readonly sentId: string
  /** Larger = registered later. */
  readonly order = ++registrations
  readonly view: ProviderView

  constructor(
    type: TriggerType,
    worker: Worker,
    about: TypeDescription,
    local: LocalTriggerType | undefined,
    view: ProviderView,
  ) {
    this.type = type
    this.worker = worker
    this.local = local
    this.description = about.description
    this.triggerRequestFormat = about.triggerRequestFormat
    this.callRequestFormat = about.callRequestFormat
    this.sentId = about.sentId ?? type.id
    this.view = view
  }

  /** Its refusal of a new binding is final (spec 01 §11.2.3); an external provider's is retried (§11.3). */
  get isBuiltIn(): boolean {
    return this.local !== undefined || this.worker.slot !== undefined
  }

  /** The engine's own types and those of plugins are shadowed by nobody, trusted workers' not by sessions: as with functions. */
  get rank(): number {
    if (this.local !== undefined) return 3
    if (this.worker.slot !== undefined) return 2
    return isTrusted(this.worker.policy) ? 1 : 0
  }

  expectAnswer(delivery: Delivery): void {
    const { unanswered } = this.view
    const waiting = unanswered.get(delivery.logical.id)
    if (waiting === undefined) unanswered.set(delivery.logical.id, [delivery])
    else waiting.push(delivery)
  }

  /** The delivery that an answer about this id is for. */
  takeDelivery(id: string): Delivery | undefined {
    const { unanswered } = this.view
    const waiting = unanswered.get(id)
    const delivery = waiting?.shift()
    if (waiting?.length === 0) unanswered.delete(id)
    return delivery
  }

  /** Whether the answer to a later delivery of the binding is still to come. */
  owesAnswer(logical: LogicalBinding): boolean {
    return this.view.unanswered.get(logical.id)?.some((delivery) => delivery.logical === logical) ?? false
  }

  /** Generations and replicas of one plugin that are alive at the same time: all but the last lose their bindings. */
  overlaps(other: TypeProvider): boolean {
    const { slot } = this.worker
    return slot !== undefined && slot === other.worker.slot && this.worker !== other.worker
  }
}

export class TriggerType {
  readonly namespace: string
  readonly id: string
  /** All live providers. When the current one goes the next best takes over. */
  readonly providers: TypeProvider[] = []

  constructor(namespace: string, id: string) {
    this.namespace = namespace
    this.id = id
  }

  get current(): TypeProvider | undefined {
    let best: TypeProvider | undefined
    for (const provider of this.providers) {
      if (
        best === undefined ||
        provider.rank > best.rank ||
        (provider.rank === best.rank && provider.order > best.order)
      ) {
        best = provider
      }
    }
    return best
  }

  providerOf(worker: Worker): TypeProvider | undefined {
    return this.providers.find((provider) => provider.worker === worker)
  }

  /** Adds a registration; an earlier one of the same worker is replaced. */
  add(worker: Worker, about: TypeDescription, local?: LocalTriggerType): TypeProvider {
    const known = this.providerOf(worker)
    const view = known?.view ?? { held: new Set(), unanswered: new Map() }
    const provider = new TypeProvider(this, worker, about, local, view)
    if (known === undefined) this.providers.push(provider)
    else this.providers[this.providers.indexOf(known)] = provider
    return provider
  }

  remove(provider: TypeProvider): void {
    const position = this.providers.indexOf(provider)
    if (position !== -1) this.providers.splice(position, 1)
  }
}
