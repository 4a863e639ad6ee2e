// Events of a stream: each is one `stream::set`, and the subscribers are clients of the stream listener (spec 02 §6).
import { openAll, type Audience } from './audience.ts'
import type { EventSink } from './event-order.ts'
import { EventSender } from './event-sender.ts'
import type { FanOutJob } from './load-job.ts'
import { StreamFrames } from './stream-frames.ts'
import { StreamSubscriber } from './stream-subscriber.ts'
import { streamSets } from './workload.ts'

const STREAM = 'bench'
const GROUP = 'g'
/** Few, so that what a subscriber gets when it joins is small; several, so that the events of a burst are of different items. */
const ITEMS = 64

export class StreamAudience implements Audience {
  readonly #job: FanOutJob
  readonly #first: number
  readonly #sink: EventSink
  readonly #onEnd: (reason: Error) => void
  #subscribers: readonly StreamSubscriber[] = []
  #sender: EventSender | undefined

  constructor(job: FanOutJob, first: number, sink: EventSink, onEnd: (reason: Error) => void) {
    this.#job = job
    this.#first = first
    this.#sink = sink
    this.#onEnd = onEnd
  }

  get unanswered(): number {
    return this.#sender?.unanswered ?? 0
  }

  get missed(): number {
    return this.#subscribers.reduce((sum, { missed }) => sum + missed, 0)
  }

  async open(): Promise<void> {
    const { url, streamUrl, subscribers, payloadBytes } = this.#job
    if (streamUrl === undefined) throw new Error('The target has no stream listener.')
    const frames = new StreamFrames({ stream: STREAM, group: GROUP, items: ITEMS, payloadBytes })
    const group = `${streamUrl}/stream/${STREAM}/${GROUP}`
    this.#subscribers = await openAll(subscribers, () =>
      StreamSubscriber.open(group, frames, this.#first, this.#sink, this.#onEnd),
    )
    this.#sender = await EventSender.open(url, streamSets(STREAM, GROUP, payloadBytes), this.#sink, this.#onEnd)
  }

  fire(event: number): void {
    this.#sender?.fire(event, event % ITEMS)
  }

  flush(): void {
    this.#sender?.flush()
  }

  async settled(): Promise<void> {
    await this.#sender?.settled()
  }

  close(): void {
    this.#sender?.close()
    for (const subscriber of this.#subscribers) subscriber.close()
  }
}
