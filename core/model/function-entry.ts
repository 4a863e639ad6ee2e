// A function id and the ordered set of workers that provide it (spec 01 §8).
import type { Worker } from './worker.ts'
import type { PluginSlot } from './plugin-slot.ts'
import type { Gate } from './gate.ts'
import { Tier, tierOf } from './tier.ts'

/** Function of the engine itself, run in the router thread with parsed values (link kind `local`). */
export type LocalHandler = (input: unknown, context: LocalContext) => unknown

export interface LocalContext {
  /** The worker that called, or the engine's own. */
  readonly caller: Worker
  readonly functionId: string
  readonly metadata: unknown
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
}

export interface FunctionRegistration {
  /** As the worker sent it; what deliveries to it carry (spec 04 B.7). */
  readonly rawId: string
  readonly description?: string | undefined
  readonly requestFormat?: unknown
  readonly responseFormat?: unknown
  readonly metadata?: unknown
  /** HTTP-invoked (spec 01 §10). */
  readonly invocation?: unknown
  /** Function index on a ring or pipe link. */
  readonly index?: number | undefined
  /** Engine functions only. */
  readonly handler?: LocalHandler
  /** Engine functions only: numbers of the input that a double would round are `ExactNumber`. */
  readonly exact?: boolean
}

let registrations = 0

/** One worker's registration of one function. */
export class Provider {
  readonly worker: Worker
  readonly entry: FunctionEntry
  registration: FunctionRegistration
  /** The function is at another place, and this worker stands in for it (see tier.ts). */
  readonly isRemote: boolean
  /** Larger = registered later; the latest one's description is presented (spec 01 §8.5). */
  readonly order = ++registrations
  #rawJsonId: string | undefined
  #invokeMiddle: Buffer | undefined

  constructor(worker: Worker, entry: FunctionEntry, registration: FunctionRegistration) {
    this.worker = worker
    this.entry = entry
    this.registration = registration
    this.isRemote = worker.policy.kind === 'peer'
  }

  /** What stands between call id and payload in a delivery over a socket. Made with the first: most functions of many are never called. */
  get invokeMiddle(): Buffer {
    return (this.#invokeMiddle ??= Buffer.from(`","function_id":${this.rawJsonId},"data":`))
  }

  get rawJsonId(): string {
    return (this.#rawJsonId ??= JSON.stringify(this.registration.rawId))
  }
}

/** While the last external provider of an id may come back: it was lost abnormally, or it was there when the engine ended (spec 01 §8.10). */
export interface Grace {
  /** Holds calls meanwhile. */
  readonly gate: Gate
  /** It was a trusted worker's: no session takes the id meanwhile (spec 09 §4 a). */
  readonly isTrusted: boolean
  /** Ends it. */
  readonly timer: NodeJS.Timeout
}

export class FunctionEntry {
  readonly namespace: string
  readonly id: string
  #providers: Provider[] = []
  /** Round-robin position among equally loaded providers. */
  cursor = 0
  /** The plugin that owns the id: its providers win over others, and its gate holds the calls while it is replaced. */
  slot: PluginSlot | undefined
  /** Set while the return of its provider is awaited. */
  grace: Grace | undefined

  constructor(namespace: string, id: string) {
    this.namespace = namespace
    this.id = id
  }

  /** In order of registration. */
  get providers(): readonly Provider[] {
    return this.#providers
  }

  /** In the place of the one that its worker has there, else behind all others. */
  add(provider: Provider): void {
    const providers = this.#providers
    // Nearly all have one: an array that grows takes room for sixteen more.
    if (providers.length === 0) {
      this.#providers = [provider]
      return
    }
    const position = providers.findIndex(({ worker }) => worker === provider.worker)
    if (position === -1) providers.push(provider)
    else providers[position] = provider
  }

  /** False: it was not there. */
  remove(provider: Provider): boolean {
    const position = this.#providers.indexOf(provider)
    if (position !== -1) this.#providers.splice(position, 1)
    return position !== -1
  }

  /** The registration that listings show: the most recent live one of the nearest tier. */
  get presented(): Provider | undefined {
    let best: Provider | undefined
    let bestTier: Tier = Tier.Remote
    for (const provider of this.providers) {
      const tier = tierOf(this, provider)
      if (best !== undefined && (tier > bestTier || (tier === bestTier && provider.order < best.order))) continue
      best = provider
      bestTier = tier
    }
    return best
  }
}
