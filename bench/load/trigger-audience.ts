// Events of a trigger type that a worker of the load process provides; the subscribers are functions of workers.
import { type Audience } from './audience.ts'
import { withinDeadline } from './deadline.ts'
import type { EventSink } from './event-order.ts'
import type { FanOutJob } from './load-job.ts'
import { BoundFunctions } from './subscriber.ts'
import { TICK_TYPE, TickProvider } from './tick-provider.ts'

const BIND_MS = 15_000

export class TriggerAudience implements Audience {
  readonly #job: FanOutJob
  readonly #subscribers: BoundFunctions
  readonly #onEnd: (reason: Error) => void
  #provider: TickProvider | undefined
  readonly unanswered = 0

  constructor(job: FanOutJob, first: number, sink: EventSink, onEnd: (reason: Error) => void) {
    this.#job = job
    this.#onEnd = onEnd
    this.#subscribers = new BoundFunctions(job, { type: TICK_TYPE, config: {} }, first, sink, onEnd)
  }

  get missed(): number {
    return this.#subscribers.missed
  }

  async open(): Promise<void> {
    const { url, payloadBytes, subscribers } = this.#job
    this.#provider = await TickProvider.start(url, payloadBytes, subscribers, this.#onEnd)
    await this.#subscribers.open()
    if (await withinDeadline(this.#provider.bound, BIND_MS)) return
    throw new Error(`The provider did not learn of all ${subscribers} bindings within ${BIND_MS / 1000} s.`)
  }

  fire(event: number): void {
    this.#provider?.fire(event)
  }

  flush(): void {
    this.#provider?.flush()
  }

  /** Events are void calls. */
  async settled(): Promise<void> {}

  close(): void {
    this.#provider?.close()
    this.#subscribers.close()
  }
}
