// Events of `state::set`; the subscribers are functions of workers, bound by the type `state` (spec 02 §5).
import type { Audience } from './audience.ts'
import type { EventSink } from './event-order.ts'
import { EventSender } from './event-sender.ts'
import type { FanOutJob } from './load-job.ts'
import { BoundFunctions } from './subscriber.ts'
import { describeWorkload, stateScope } from './workload.ts'

export class StateAudience implements Audience {
  readonly #job: FanOutJob
  readonly #sink: EventSink
  readonly #onEnd: (reason: Error) => void
  readonly #subscribers: BoundFunctions
  #setter: EventSender | undefined

  constructor(job: FanOutJob, first: number, sink: EventSink, onEnd: (reason: Error) => void) {
    this.#job = job
    this.#sink = sink
    this.#onEnd = onEnd
    const source = { type: 'state', config: { scope: stateScope(job.payloadBytes) }, member: 'new_value' }
    this.#subscribers = new BoundFunctions(job, source, first, sink, onEnd)
  }

  get unanswered(): number {
    return this.#setter?.unanswered ?? 0
  }

  get missed(): number {
    return this.#subscribers.missed
  }

  async open(): Promise<void> {
    await this.#subscribers.open()
    const { url, payloadBytes } = this.#job
    const sets = describeWorkload('state-set', 'state::set', payloadBytes)
    this.#setter = await EventSender.open(url, sets, this.#sink, this.#onEnd)
  }

  fire(event: number): void {
    this.#setter?.fire(event, 0)
  }

  flush(): void {
    this.#setter?.flush()
  }

  async settled(): Promise<void> {
    await this.#setter?.settled()
  }

  close(): void {
    this.#setter?.close()
    this.#subscribers.close()
  }
}
