// One subscriber of a stream: a client of the stream listener that joined a group by its URL (spec 02 §6.3).
import { Connection } from './connection.ts'
import { EventOrder, type EventSink } from './event-order.ts'
import type { StreamFrames } from './stream-frames.ts'

export class StreamSubscriber {
  readonly #frames: StreamFrames
  readonly #sink: EventSink
  readonly #order: EventOrder
  readonly #joined = Promise.withResolvers<void>()
  #connection: Connection | undefined

  /** Resolves when the listener has sent what the group holds: from then on every event counts. */
  static async open(
    url: string,
    frames: StreamFrames,
    first: number,
    sink: EventSink,
    onEnd: (reason: Error) => void,
  ): Promise<StreamSubscriber> {
    const subscriber = new StreamSubscriber(frames, first, sink)
    subscriber.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => subscriber.#onFrame(buffer, start, end),
      onEnd: (reason) => {
        subscriber.#joined.reject(reason)
        onEnd(reason)
      },
    })
    await subscriber.#joined.promise
    return subscriber
  }

  private constructor(frames: StreamFrames, first: number, sink: EventSink) {
    this.#frames = frames
    this.#sink = sink
    this.#order = new EventOrder(first, sink)
  }

  get missed(): number {
    return this.#order.missed
  }

  close(): void {
    this.#connection?.close()
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    const { next } = this.#order
    if (this.#frames.isKnown(next, buffer, start, end)) return this.#order.take(next)
    const read = this.#frames.read(buffer, start, end)
    if (read === undefined) this.#joined.resolve()
    else if (typeof read === 'string') this.#sink.onWrong(read)
    else this.#order.take(read)
  }
}
