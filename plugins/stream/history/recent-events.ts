// The latest events in memory, bounded, found by their offset. What was told and may be asked for again.
import type { HistoryLimits } from '../adapters/store.ts'
import type { StreamEvent } from '../event.ts'

/** Members of a frame around its names and its `event`. */
const FRAME_BYTES = 150

/** About the bytes of an event's frame. */
export function frameBytes({ stream, group, item, data }: StreamEvent): number {
  return FRAME_BYTES + stream.length + group.length + (item?.length ?? 0) + data.length
}

export class RecentEvents {
  readonly #limits: HistoryLimits
  /** From `#first` on: events without a gap in their offsets. The empty places before it are removed in larger steps. */
  #events: (StreamEvent | undefined)[] = []
  #first = 0
  /** Offset of the newest event, the same when it is not kept. */
  #newest: number
  #bytes = 0

  /** @param newest offset of the newest event so far; none is kept yet */
  constructor(limits: HistoryLimits, newest: number) {
    this.#limits = limits
    this.#newest = newest
  }

  /** False when nothing is ever kept. */
  get keeps(): boolean {
    return this.#limits.maxEvents > 0
  }

  get newest(): number {
    return this.#newest
  }

  /** Offset after which every event is there. */
  get floor(): number {
    return this.#newest - this.length
  }

  get length(): number {
    return this.#events.length - this.#first
  }

  /** The newest event is one further, and nothing is kept. */
  skip(): void {
    this.#newest++
    if (this.#events.length === 0) return
    this.#events = []
    this.#first = 0
    this.#bytes = 0
  }

  /** Takes the event that follows the newest. */
  add(event: StreamEvent): void {
    this.#newest++
    this.#events.push(event)
    this.#bytes += frameBytes(event)
    this.#trim()
  }

  /** Takes the events that end at `floor`, oldest first. */
  addBefore(events: readonly StreamEvent[]): void {
    this.#events = [...events, ...this.#events.slice(this.#first)]
    this.#first = 0
    for (const event of events) this.#bytes += frameBytes(event)
    this.#trim()
  }

  /** All events after an offset that concern the group, or one item of it; undefined when not all of them are kept. */
  after(offset: number, stream: string, group: string, item: string | null): StreamEvent[] | undefined {
    if (offset < this.floor || offset > this.#newest) return undefined
    const events: StreamEvent[] = []
    for (let index = this.#events.length - (this.#newest - offset); index < this.#events.length; index++) {
      const event = this.#events[index]!
      if (event.group === group && event.stream === stream && (item === null || event.item === item)) events.push(event)
    }
    return events
  }

  #trim(): void {
    const { maxEvents, maxBytes } = this.#limits
    while (this.length > 0 && (this.length > maxEvents || this.#bytes > maxBytes)) {
      this.#bytes -= frameBytes(this.#events[this.#first]!)
      this.#events[this.#first++] = undefined
    }
    // Moving the rest costs its length, so it waits until there are as many empty places.
    if (this.#first > 0 && this.#first >= this.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
  }
}
