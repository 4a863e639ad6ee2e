// Events that are published to a topic; the subscribers are functions of workers, bound by the type `subscribe` (spec 03 §8).
import type { Audience } from './audience.ts'
import type { EventSink } from './event-order.ts'
import { EventSender } from './event-sender.ts'
import type { FanOutJob } from './load-job.ts'
import { BoundFunctions } from './subscriber.ts'
import { publishes } from './workload.ts'

const TOPIC = 'bench-ticks'

export class TopicAudience implements Audience {
  readonly #job: FanOutJob
  readonly #sink: EventSink
  readonly #onEnd: (reason: Error) => void
  readonly #subscribers: BoundFunctions
  #publisher: EventSender | undefined

  constructor(job: FanOutJob, first: number, sink: EventSink, onEnd: (reason: Error) => void) {
    this.#job = job
    this.#sink = sink
    this.#onEnd = onEnd
    this.#subscribers = new BoundFunctions(job, { type: 'subscribe', config: { topic: TOPIC } }, first, sink, onEnd)
  }

  get unanswered(): number {
    return this.#publisher?.unanswered ?? 0
  }

  get missed(): number {
    return this.#subscribers.missed
  }

  async open(): Promise<void> {
    await this.#subscribers.open()
    const { url, payloadBytes } = this.#job
    this.#publisher = await EventSender.open(url, publishes(TOPIC, payloadBytes), this.#sink, this.#onEnd)
  }

  fire(event: number): void {
    this.#publisher?.fire(event, 0)
  }

  flush(): void {
    this.#publisher?.flush()
  }

  async settled(): Promise<void> {
    await this.#publisher?.settled()
  }

  close(): void {
    this.#publisher?.close()
    this.#subscribers.close()
  }
}
