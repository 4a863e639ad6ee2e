// A store of streams for tests of its clients: what a test emits is told, kept in a bounded history, and read by `sync`.
import { changeText, StreamEvent, type Position } from '../../plugins/stream/event.ts'
import type { Feed, FeedListener, Missed, Snapshot } from '../../plugins/stream/feed.ts'

export interface EmitOptions {
  /** `none`: the event stands in no history. */
  readonly history?: 'none'
  readonly timestamp?: number
}

export class TestFeed implements Feed {
  epoch = 'e1'
  /** False: nothing has a position. */
  keepsHistory = true
  /** Events kept; older ones are gone. */
  maxEvents = Infinity
  /** Awaited by each read of the history. */
  beforeMissed: () => Promise<void> = async () => {}
  /** Awaited by each read of the data. */
  beforeSnapshot: () => Promise<void> = async () => {}
  missedReads = 0
  snapshotReads = 0
  readonly listeners = new Set<FeedListener>()
  readonly #values = new Map<string, Map<string, unknown>>()
  #history: StreamEvent[] = []
  #offset = 0
  #timestamp = 0

  get position(): Position {
    return { epoch: this.epoch, offset: this.#offset }
  }

  listen(listener: FeedListener): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  set(stream: string, group: string, item: string, value: unknown, options?: EmitOptions): StreamEvent {
    const values = this.#valuesOf(stream, group)
    const change = values.has(item) ? 'update' : 'create'
    values.set(item, value)
    return this.#emit(stream, group, item, changeText(change, JSON.stringify(value)), options)
  }

  delete(stream: string, group: string, item: string): StreamEvent {
    const values = this.#valuesOf(stream, group)
    const old = values.get(item)
    values.delete(item)
    return this.#emit(stream, group, item, changeText('delete', JSON.stringify(old ?? null)))
  }

  send(stream: string, group: string, item: string | null, data: unknown, options?: EmitOptions): StreamEvent {
    const event = JSON.stringify({ type: 'event', event: { type: 'note', data } })
    return this.#emit(stream, group, item, event, options)
  }

  /** A write that is not told to anybody here. */
  setSilently(stream: string, group: string, item: string, value: unknown): void {
    this.#valuesOf(stream, group).set(item, value)
  }

  /** The history is replaced by another one, without a word to the listeners. */
  replaceHistory(epoch: string): void {
    this.epoch = epoch
    this.#history = []
    this.#offset = 0
  }

  lose(): void {
    for (const listener of this.listeners) listener.lost()
  }

  async missedSince(position: Position, stream: string, group: string, item: string | null): Promise<Missed> {
    this.missedReads++
    await this.beforeMissed()
    const floor = this.#offset - this.#history.length
    if (position.epoch !== this.epoch || position.offset < floor || position.offset > this.#offset)
      return { recovered: false }
    const events = this.#history.filter(
      (event) =>
        event.position!.offset > position.offset &&
        event.stream === stream &&
        event.group === group &&
        (item === null || event.item === item),
    )
    return { recovered: true, events, position: this.position }
  }

  readonly readSnapshot = async (stream: string, group: string, item: string | null): Promise<Snapshot> => {
    this.snapshotReads++
    await this.beforeSnapshot()
    const values = this.#valuesOf(stream, group)
    const data = item === null ? [...values.values()] : (values.get(item) ?? null)
    return { data: JSON.stringify(data), position: this.keepsHistory ? this.position : undefined }
  }

  #valuesOf(stream: string, group: string): Map<string, unknown> {
    const key = JSON.stringify([stream, group])
    let values = this.#values.get(key)
    if (values === undefined) this.#values.set(key, (values = new Map()))
    return values
  }

  #emit(stream: string, group: string, item: string | null, event: string, options: EmitOptions = {}): StreamEvent {
    this.#timestamp = options.timestamp ?? Math.max(Date.now(), this.#timestamp + 1)
    const isKept = this.keepsHistory && options.history !== 'none'
    const position = !isKept ? undefined : { epoch: this.epoch, offset: ++this.#offset }
    const emitted = new StreamEvent({ stream, group, item, timestamp: this.#timestamp, event, position })
    if (position !== undefined) this.#history.push(emitted)
    if (this.#history.length > this.maxEvents) this.#history = this.#history.slice(-this.maxEvents)
    for (const listener of this.listeners) listener.event(emitted)
    return emitted
  }
}
