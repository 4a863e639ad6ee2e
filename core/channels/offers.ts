// Channels that plugins have offered and that nobody has opened yet: the engine knows no single one of them, only by what its id begins
// with whose it is. Whoever opens one waits here until that plugin has said what comes of it.
import { isOfferPrefix, offerPrefixOf } from '../../protocol/offer-id.ts'
import type { ChannelRef } from '../model/channel-ref.ts'
import type { Worker } from '../model/worker.ts'
import type { Channel } from './channel.ts'

/** Openers that wait for the answers of all plugins together. */
export const MAX_ASKS = 10_000
/** How long one waits. */
export const ASK_MS = 10_000
/** How long it is remembered that a plugin which is gone has offered channels, and of how many plugins. */
const GONE_MS = 60_000
export const MAX_GONE = 1_000

/** What came of a question: the plugin has opened its end of the channel, or there is none. */
export type OfferAnswer = 'opened' | 'unknown' | 'over' | 'gone' | 'late'

interface Ask {
  readonly owner: Worker
  readonly channel: Channel
  readonly onAnswer: (answer: OfferAnswer) => void
  readonly timer: NodeJS.Timeout
}

/** The part of a plugin's link that is needed. */
export interface AskLink {
  channelAsk(ask: number, ref: ChannelRef): void
}

export interface OffersOptions {
  readonly now: () => number
  /** Milliseconds that an opener waits for the plugin. Default 10,000. */
  readonly askMs?: number
}

export class Offers {
  readonly #now: () => number
  readonly #askMs: number
  readonly #owners = new Map<string, Worker>()
  readonly #prefixes = new Map<Worker, string>()
  /** Prefixes of plugins that are gone, with the time at which they are forgotten; oldest first. */
  readonly #gone = new Map<string, number>()
  readonly #asks = new Map<number, Ask>()
  #lastAsk = 0

  constructor({ now, askMs = ASK_MS }: OffersOptions) {
    this.#now = now
    this.#askMs = askMs
  }

  /** Openers that wait. */
  get waiting(): number {
    return this.#asks.size
  }

  /** A plugin has one prefix. One that another has, or had, is not given away. */
  announced(worker: Worker, prefix: string): void {
    const isTaken = this.#owners.has(prefix) || this.#gone.has(prefix)
    if (!isOfferPrefix(prefix) || isTaken || this.#prefixes.has(worker)) return
    this.#owners.set(prefix, worker)
    this.#prefixes.set(worker, prefix)
  }

  /** Whose channel this would be. `gone`: of a plugin that has ended a moment ago. */
  ownerOf(id: string): Worker | 'gone' | undefined {
    const prefix = offerPrefixOf(id)
    return this.#owners.get(prefix) ?? (this.#gone.has(prefix) ? 'gone' : undefined)
  }

  /**
   * Asks the plugin. `onAnswer` is called once, unless the returned function is called before; with `opened` after the plugin's end has
   * been attached to `channel`.
   */
  ask(owner: Worker, ref: ChannelRef, channel: Channel, onAnswer: (answer: OfferAnswer) => void): () => void {
    do this.#lastAsk = (this.#lastAsk + 1) >>> 0 || 1
    while (this.#asks.has(this.#lastAsk))
    const number = this.#lastAsk
    const timer = setTimeout(() => this.#take(owner, number)?.onAnswer('late'), this.#askMs)
    timer.unref()
    this.#asks.set(number, { owner, channel, onAnswer, timer })
    const link = owner.link as unknown as AskLink
    link.channelAsk(number, ref)
    return () => void this.#take(owner, number)
  }

  /** The plugin opens the channel; undefined when nobody waits for it any more. `answered` is to be called when its end is attached. */
  opened(owner: Worker, number: number): { readonly channel: Channel; readonly answered: () => void } | undefined {
    const ask = this.#take(owner, number)
    return ask && { channel: ask.channel, answered: () => ask.onAnswer('opened') }
  }

  refused(owner: Worker, number: number, isOver: boolean): void {
    this.#take(owner, number)?.onAnswer(isOver ? 'over' : 'unknown')
  }

  workerEnded(worker: Worker): void {
    const prefix = this.#prefixes.get(worker)
    if (prefix === undefined) return
    this.#prefixes.delete(worker)
    this.#owners.delete(prefix)
    this.#gone.set(prefix, this.#now() + GONE_MS)
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= MAX_GONE) break
      this.#gone.delete(oldest)
    }
    for (const [number, { owner }] of [...this.#asks]) {
      if (owner === worker) this.#take(owner, number)?.onAnswer('gone')
    }
  }

  sweep(now: number): void {
    for (const [prefix, until] of this.#gone) if (now >= until) this.#gone.delete(prefix)
  }

  close(): void {
    for (const [number, { owner }] of [...this.#asks]) this.#take(owner, number)?.onAnswer('gone')
  }

  #take(owner: Worker, number: number): Ask | undefined {
    const ask = this.#asks.get(number)
    if (ask?.owner !== owner) return undefined
    this.#asks.delete(number)
    clearTimeout(ask.timer)
    return ask
  }
}
