// The feed of a store that this engine alone writes: tells listeners of each event in order, and what they have missed.
import type { OnEmitted } from '../adapters/store.ts'
import type { Position, StreamEvent } from '../event.ts'
import type { Feed, FeedListener, Missed } from '../feed.ts'
import type { RecentEvents } from './recent-events.ts'

export interface LocalFeedOptions {
  readonly epoch: string
  readonly recent: RecentEvents
  /** Reads events that are older than the recent ones, ending where those begin; asked at most once. Throwing = there are none. */
  readonly readOlder?: (() => readonly StreamEvent[]) | undefined
  readonly onError: (message: string, error: unknown) => void
}

export class LocalFeed implements Feed {
  readonly #options: LocalFeedOptions
  readonly #listeners = new Set<FeedListener>()
  /** Where this run began: only what is older may have to be read. */
  readonly #start: number
  #olderRead = false
  /** Emitted and not told yet. No more than is emitted in one turn of the loop, which the store bounds. */
  #waiting: StreamEvent[] = []
  #telling = false
  /** Settled when telling goes on. */
  #held: Promise<void> | undefined

  constructor(options: LocalFeedOptions) {
    this.#options = options
    this.#start = options.recent.newest
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** To be called once per event, in order, when it is safe: bound functions first, then subscribers. */
  emitted(event: StreamEvent, onEmitted: OnEmitted): void {
    this.#guarded(() => onEmitted(event))
    this.#waiting.push(event)
    this.#tellWaiting()
  }

  async missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed> {
    const { epoch, recent } = this.#options
    if (position.epoch !== epoch) return { recovered: false }
    // Of a snapshot that is ahead of what has been told.
    while (position.offset > recent.newest && this.#held !== undefined) await this.#held
    if (position.offset < recent.floor) this.#readOlder()
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
    if (event.position !== undefined) this.#options.recent.add(event)
    for (const listener of this.#listeners) this.#guarded(() => listener.event(event))
  }

  /** The write has happened: what others make of it cannot fail it. */
  #guarded(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#options.onError('A listener of the streams failed.', error)
    }
  }

  /** All that is there is read at once: many subscribers come back at the same time, and it is bounded as the recent events are. */
  #readOlder(): void {
    const { recent, readOlder, onError } = this.#options
    // What has been dropped since the start cannot be bridged by what is older still.
    if (readOlder === undefined || this.#olderRead || recent.floor !== this.#start) return
    this.#olderRead = true
    try {
      recent.addBefore(readOlder())
    } catch (error) {
      onError('The history of the streams cannot be read; subscribers that come back start anew.', error)
    }
  }
}
