// The feed of a store that this engine alone writes: tells listeners of each event in order, and what they have missed.
import type { OnEmitted } from '../adapters/store.ts'
import type { Position, StreamEvent } from '../event.ts'
import type { Feed, FeedListener, Missed } from '../feed.ts'
import type { RecentEvents } from './recent-events.ts'

/**
 * Events told without anybody asking for missed ones until they are no longer kept in memory, where they can be read again: keeping
 * them was a fifth of the price of a write.
 */
const KEEP_UNASKED = 20_000

export interface LocalFeedOptions {
  readonly epoch: string
  readonly recent: RecentEvents
  /**
   * Reads the events up to an offset, oldest first and without a gap, from where they are kept; throwing = there are none. Absent:
   * they are kept in memory alone.
   */
  readonly readHistory?: ((newest: number) => readonly StreamEvent[]) | undefined
  /** Default 20,000. */
  readonly keepUnasked?: number | undefined
  readonly onError: (message: string, error: unknown) => void
}

export class LocalFeed implements Feed {
  readonly #options: LocalFeedOptions
  readonly #listeners = new Set<FeedListener>()
  /** Whether the recent events are kept in memory. */
  #isKept: boolean
  #unasked = 0
  #isClosed = false
  /** Emitted and not told yet. No more than is emitted in one turn of the loop, which the store bounds. */
  #waiting: StreamEvent[] = []
  #telling = false
  /** Settled when telling goes on. */
  #held: Promise<void> | undefined

  constructor(options: LocalFeedOptions) {
    this.#options = options
    this.#isKept = options.readHistory === undefined
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** To be called once per event, in order, when it is safe: bound functions first, then subscribers. */
  emitted(event: StreamEvent, onEmitted: OnEmitted): void {
    try {
      onEmitted(event)
    } catch (error) {
      this.#failed(error)
    }
    if (this.#telling || this.#held !== undefined) {
      this.#waiting.push(event)
      return
    }
    // Nothing waits: what is held is told when the hold ends, and what a listener causes before its event has been told to all.
    this.#telling = true
    this.#tellOne(event)
    this.#telling = false
    if (this.#waiting.length > 0) this.#tellWaiting()
  }

  async missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed> {
    const { epoch, recent } = this.#options
    if (position.epoch !== epoch || !recent.keeps || this.#isClosed) return { recovered: false }
    // Of a snapshot that is ahead of what has been told.
    while (position.offset > recent.newest && this.#held !== undefined) await this.#held
    this.#unasked = 0
    if (position.offset < recent.floor) this.#keep()
    const events = recent.after(position.offset, stream, group, item)
    if (events === undefined) return { recovered: false }
    this.hold()
    return { recovered: true, events, position: { epoch, offset: recent.newest } }
  }

  /**
   * Tells nothing more in this turn of the loop, so that whoever awaits an answer of this moment has got it before the next event.
   * setImmediate comes after all promises that are settled now; a tick or a microtask would not.
   */
  hold(): void {
    this.#held ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#held = undefined
        this.#tellWaiting()
        resolve()
      })
    })
  }

  /** Tells what is held, without waiting for the turn to end. */
  close(): void {
    this.#isClosed = true
    this.#held = undefined
    this.#tellWaiting()
  }

  #tellWaiting(): void {
    // A listener may cause the next event: that one waits until everybody has been told of this one.
    if (this.#telling) return
    this.#telling = true
    let told = 0
    while (told < this.#waiting.length && this.#held === undefined) this.#tellOne(this.#waiting[told++]!)
    if (told === this.#waiting.length) this.#waiting = []
    else this.#waiting.splice(0, told)
    this.#telling = false
  }

  #tellOne(event: StreamEvent): void {
    if (event.position !== undefined) this.#remember(event)
    for (const listener of this.#listeners) {
      try {
        listener.event(event)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  /** The write has happened: what others make of it cannot fail it. */
  #failed(error: unknown): void {
    this.#options.onError('A listener of the streams failed.', error)
  }

  #remember(event: StreamEvent): void {
    const { recent, readHistory, keepUnasked = KEEP_UNASKED } = this.#options
    if (readHistory !== undefined && this.#isKept && ++this.#unasked > keepUnasked) this.#isKept = false
    if (this.#isKept) recent.add(event)
    else recent.skip()
  }

  /** All of the history is read at once: many subscribers come back at the same time. It is bounded as the recent events are. */
  #keep(): void {
    const { recent, readHistory, onError } = this.#options
    if (this.#isKept || readHistory === undefined) return
    this.#isKept = true
    try {
      recent.addBefore(readHistory(recent.newest))
    } catch (error) {
      onError('The history of the streams cannot be read; subscribers that come back start anew.', error)
    }
  }
}
