// One fan-out run: every event must reach every subscriber once and in order; latency counts to the last of them.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { withinDeadline } from './deadline.ts'
import type { FanOutJob, LoadResult } from './load-job.ts'
import { Subscriber, type SubscriberEvents } from './subscriber.ts'
import { TickProvider } from './tick-provider.ts'
import { MeasuredWindow } from './window.ts'

const OPENED_AT_ONCE = 50
const BIND_MS = 15_000
const DRAIN_MS = 10_000

export async function runFanOut(job: FanOutJob): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const run = new FanOutRun(job, failed.reject)
  try {
    return await Promise.race([run.measure(), failed.promise])
  } finally {
    run.close()
  }
}

class FanOutRun implements SubscriberEvents {
  readonly #job: FanOutJob
  readonly #subscribers: Subscriber[] = []
  #provider: TickProvider | undefined
  readonly #latency = new Histogram()
  /** Deliveries still missing and time of firing, by event modulo the events on their way. */
  readonly #missing: Uint32Array
  readonly #firedAt: Float64Array
  #nextEvent = 0
  #openEvents = 0
  #deliveries = 0
  #running = false
  readonly #idle = Promise.withResolvers<void>()
  readonly #wrong: Record<string, number> = {}
  form: SubscriberEvents['form']

  readonly onEnd: (reason: Error) => void

  constructor(job: FanOutJob, onEnd: (reason: Error) => void) {
    this.#job = job
    this.onEnd = onEnd
    this.#missing = new Uint32Array(job.inFlight)
    this.#firedAt = new Float64Array(job.inFlight)
  }

  async measure(): Promise<LoadResult> {
    await this.#connect()
    this.#running = true
    this.#fireBurst()
    await elapse(this.#job.warmupMs)
    this.#latency.reset()
    const window = new MeasuredWindow(this.#job.targetPid)
    const before = this.#deliveries
    await elapse(this.#job.durationMs)
    const verified = this.#deliveries - before
    const figures = window.end(this.#latency)
    this.#running = false
    await withinDeadline(this.#idle.promise, DRAIN_MS)
    const unanswered = this.#missing.reduce((sum, missing) => sum + missing, 0)
    return { ...figures, verified, wrong: this.#wrong, unanswered, parsedShare: 0 }
  }

  close(): void {
    this.#running = false
    this.#provider?.close()
    for (const subscriber of this.#subscribers) subscriber.close()
  }

  onDelivery(event: number): void {
    this.#deliveries++
    const place = event % this.#job.inFlight
    const missing = --this.#missing[place]!
    if (missing > 0) return
    this.#openEvents--
    this.#latency.record((performance.now() - this.#firedAt[place]!) * LATENCY_UNITS_PER_MS)
    // In bursts: the next one starts when all events of the last one have arrived everywhere.
    if (this.#openEvents > 0) return
    if (this.#running) this.#fireBurst()
    else this.#idle.resolve()
  }

  onWrong(reason: string): void {
    this.#wrong[reason] = (this.#wrong[reason] ?? 0) + 1
  }

  async #connect(): Promise<void> {
    const { url, payloadBytes, subscribers } = this.#job
    const provider = await TickProvider.start(url, payloadBytes, subscribers, this.onEnd)
    this.#provider = provider
    for (let first = 0; first < subscribers; first += OPENED_AT_ONCE) {
      const count = Math.min(OPENED_AT_ONCE, subscribers - first)
      const opened = Array.from({ length: count }, (_, index) => Subscriber.start(url, first + index, this))
      this.#subscribers.push(...(await Promise.all(opened)))
    }
    if (!(await withinDeadline(provider.bound, BIND_MS))) {
      throw new Error(`The provider did not learn of all ${subscribers} bindings within ${BIND_MS / 1000} s.`)
    }
  }

  #fireBurst(): void {
    for (let event = 0; event < this.#job.inFlight; event++) this.#fire()
  }

  #fire(): void {
    const event = this.#nextEvent++
    const place = event % this.#job.inFlight
    this.#missing[place] = this.#job.subscribers
    this.#firedAt[place] = performance.now()
    this.#openEvents++
    this.#provider?.fire(event)
  }
}
