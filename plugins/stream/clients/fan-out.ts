// Hands events to subscribers: the events of one turn of the loop become one buffer per audience, and each subscriber gets one
// write with everything that concerns it, in the order of emission.
import type { Position, StreamEvent } from '../event.ts'
import { StreamGroups, type Audience, type PendingFrame, type StreamGroup, type Subscriber } from './audience.ts'
import { textFrames } from './text-frames.ts'

/** So much is written without waiting for the end of the turn. It bounds what a turn gathers. */
const EAGER_BYTES = 256 * 1024

export class FanOut {
  readonly groups = new StreamGroups()
  readonly #onHistoryReplaced: () => void
  #dirty: Audience[] = []
  #order = 0
  #bytes = 0
  #scheduled = false
  #told: Position | undefined
  #beforeFirst: Position | undefined
  #lastTimestamp = 0

  /** @param onHistoryReplaced an event is of another epoch than the one before. */
  constructor(onHistoryReplaced: () => void) {
    this.#onHistoryReplaced = onHistoryReplaced
  }

  /** Of the last event that was told; undefined while nothing is known of a history. */
  get told(): Position | undefined {
    return this.#told
  }

  /** Nothing with a position up to here was told. */
  get beforeFirst(): Position | undefined {
    return this.#beforeFirst
  }

  /** Of the last event; the clock may be behind it. */
  get lastTimestamp(): number {
    return this.#lastTimestamp
  }

  /** The history up to here is gone: writes what was told, and begins anew. */
  forget(): void {
    this.flush()
    this.#told = undefined
    this.#beforeFirst = undefined
  }

  /** Before anything was told: the history is known to have come so far. */
  assume(position: Position): void {
    this.#told ??= position
    this.#beforeFirst ??= position
  }

  tell(event: StreamEvent): void {
    this.#note(event)
    const group = this.groups.find(event.stream, event.group)
    if (group === undefined) return
    const item = event.item === null ? undefined : group.item(event.item)
    if (event.position === undefined) this.#tellPulling(event, group, item)
    this.#add(group.whole, event)
    if (item !== undefined) this.#add(item, event)
    this.#order++
    if (this.#bytes >= EAGER_BYTES) this.flush()
  }

  /**
   * Writes what was told. To be called before anything else is written to a subscriber, and before anybody is put into an audience
   * or taken out of it: who is told is decided by the audiences as they are when an event comes.
   */
  readonly flush = (): void => {
    this.#scheduled = false
    const dirty = this.#dirty
    if (dirty.length === 0) return
    const pending = dirty.map((audience, index) => {
      const frames = audience.pending
      audience.pending = []
      audience.turnIndex = index
      return frames
    })
    this.#dirty = []
    this.#order = 0
    this.#bytes = 0
    if (dirty.length > 1) return writeMerged(dirty, pending)
    const frames = framesOf(pending[0]!)
    for (const subscriber of dirty[0]!.live) subscriber.write(frames, pending[0]!.length)
  }

  #note({ position, timestamp }: StreamEvent): void {
    this.#lastTimestamp = Math.max(this.#lastTimestamp, timestamp)
    if (position === undefined) return
    if (this.#told !== undefined && this.#told.epoch !== position.epoch) this.#onHistoryReplaced()
    this.#beforeFirst ??= { epoch: position.epoch, offset: position.offset - 1 }
    this.#told = position
  }

  #add(audience: Audience, { frame }: StreamEvent): void {
    if (audience.live.size === 0) return
    if (audience.pending.length === 0) this.#dirty.push(audience)
    audience.pending.push({ order: this.#order, payload: frame })
    this.#bytes += frame.length
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.flush)
  }

  /** What stands in no history can't be pulled from there. */
  #tellPulling({ frame }: StreamEvent, { whole }: StreamGroup, item: Audience | undefined): void {
    if (whole.pulling.size + (item?.pulling.size ?? 0) === 0) return
    this.flush()
    const frames = textFrames([frame])
    for (const subscriber of whole.pulling) {
      if (!item?.live.has(subscriber)) subscriber.write(frames, 1)
    }
    for (const subscriber of item?.pulling ?? []) subscriber.write(frames, 1)
  }
}

/** A subscriber in several audiences gets their frames in the order of emission; those in the same ones share the bytes. */
function writeMerged(dirty: readonly Audience[], pending: readonly (readonly PendingFrame[])[]): void {
  const batches = new Map<number | string, { readonly frames: Buffer; readonly count: number }>()
  for (const subscriber of hitSubscribers(dirty)) {
    const hit = subscriber.hit!
    subscriber.hit = undefined
    const key = Array.isArray(hit) ? hit.map(({ turnIndex }) => turnIndex).join() : hit.turnIndex
    let batch = batches.get(key)
    if (batch === undefined) {
      const all = Array.isArray(hit)
        ? inOrder(hit.map(({ turnIndex }) => pending[turnIndex]!))
        : pending[hit.turnIndex]!
      batches.set(key, (batch = { frames: framesOf(all), count: all.length }))
    }
    subscriber.write(batch.frames, batch.count)
  }
}

function hitSubscribers(dirty: readonly Audience[]): Subscriber[] {
  const subscribers: Subscriber[] = []
  for (const audience of dirty) {
    for (const subscriber of audience.live) {
      if (subscriber.hit === undefined) {
        subscriber.hit = audience
        subscribers.push(subscriber)
      } else if (Array.isArray(subscriber.hit)) {
        subscriber.hit.push(audience)
      } else {
        subscriber.hit = [subscriber.hit, audience]
      }
    }
  }
  return subscribers
}

function inOrder(lists: readonly (readonly PendingFrame[])[]): PendingFrame[] {
  return lists.flat().sort((one, other) => one.order - other.order)
}

function framesOf(pending: readonly PendingFrame[]): Buffer {
  return textFrames(pending.map(({ payload }) => payload))
}
