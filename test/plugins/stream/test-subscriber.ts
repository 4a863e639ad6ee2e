// A subscriber as simple as the contract of the feed allows: it takes what it has missed, then every event that it is told of.
// It drops and sorts nothing, so whatever is doubled, missing or out of order shows.
import { expect } from 'vitest'
import type { StreamStore } from '../../../plugins/stream/adapters/store.ts'
import type { Position, StreamEvent } from '../../../plugins/stream/event.ts'
import { Collector } from '../../support/deadline.ts'

export class TestSubscriber {
  /** Offsets after which it had to start anew; the first join is one. */
  readonly fresh: number[] = []
  readonly #stream: string
  readonly #group: string
  readonly #item: string | null
  /** Frames and offsets, one list per start. */
  #seen: Collector<StreamEvent>[] = []
  #starts: Position[] = []
  #position: Position | undefined
  #leave: (() => void) | undefined

  constructor(stream: string, group: string, item: string | null) {
    this.#stream = stream
    this.#group = group
    this.#item = item
  }

  async join(store: StreamStore): Promise<void> {
    if (this.#leave !== undefined) return
    let live = false
    this.#leave = store.feed.listen({
      event: (event) => {
        if (live) this.#take(event)
      },
      lost: () => expect.unreachable('events were lost'),
    })
    if (this.#position !== undefined) {
      const missed = await store.feed.missedSince(this.#position, this.#stream, this.#group, this.#item)
      live = missed.recovered
      if (missed.recovered) {
        for (const event of missed.events) this.#take(event)
        this.#position = missed.position
        return
      }
    }
    // Starts anew: everything after the position of the snapshot.
    const { position } = await store.snapshot(this.#stream, this.#group, this.#item)
    const missed = await store.feed.missedSince(position!, this.#stream, this.#group, this.#item)
    live = true
    this.#seen.push(new Collector())
    this.#starts.push(position!)
    this.fresh.push(this.#starts.length)
    this.#position = position
    if (!missed.recovered) return
    for (const event of missed.events) this.#take(event)
    this.#position = missed.position
  }

  leave(): void {
    this.#leave?.()
    this.#leave = undefined
  }

  /** The frames since the last start. */
  async take(count: number): Promise<string[]> {
    return (await this.#seen.at(-1)!.take(count)).map(({ frame }) => frame.toString())
  }

  /** Holds what it has seen against all events that there were, oldest first. */
  async check(all: readonly StreamEvent[]): Promise<void> {
    for (const [index, seen] of this.#seen.entries()) {
      const from = this.#starts[index]!.offset
      const wanted = all.filter((event) => this.#concerns(event) && event.position!.offset > from)
      const isLast = index === this.#seen.length - 1
      const got = isLast ? await seen.take(wanted.length) : seen.items
      expect(frames(got)).toEqual(frames(wanted.slice(0, got.length)))
      if (isLast) expect(seen.items).toHaveLength(wanted.length)
    }
  }

  #concerns({ stream, group, item }: StreamEvent): boolean {
    return stream === this.#stream && group === this.#group && (this.#item === null || item === this.#item)
  }

  #take(event: StreamEvent): void {
    if (event.position !== undefined) this.#position = event.position
    if (this.#concerns(event)) this.#seen.at(-1)!.add(event)
  }
}

function frames(events: readonly StreamEvent[]): string[] {
  return events.map(({ frame }) => frame.toString())
}
