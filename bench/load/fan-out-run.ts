// One fan-out run: every event must reach every subscriber once and in order; latency counts to the last of them.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import type { Audience } from './audience.ts'
import type { CallHistory } from './call-run.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { withinDeadline } from './deadline.ts'
import type { EventSink } from './event-order.ts'
import type { FanOutJob, LoadResult } from './load-job.ts'
import { StateAudience } from './state-audience.ts'
import { StreamAudience } from './stream-audience.ts'
import { TopicAudience } from './topic-audience.ts'
import { TriggerAudience } from './trigger-audience.ts'
import { MeasuredWindow } from './window.ts'

const DRAIN_MS = 10_000
/** Bursts of a fixed rate that may be under way; a target that needs more does not keep up with the rate. */
const MAX_BURSTS = 16
/** How much may prove wrong before the run is given up. */
const MAX_WRONG = 10_000

/** `onStarted`: everybody is connected, and the warm-up begins. */
export async function runFanOut(
  job: FanOutJob,
  history: CallHistory,
  onStarted: () => void = () => {},
): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const run = new FanOutRun(job, history.nextSequence, failed.reject)
  const audience = createAudience(job, history.nextSequence, run, failed.reject)
  try {
    await Promise.race([audience.open(), failed.promise])
    onStarted()
    return await Promise.race([run.measure(audience), failed.promise])
  } finally {
    history.nextSequence = run.nextEvent
    run.stop()
    audience.close()
  }
}

function createAudience(job: FanOutJob, first: number, sink: EventSink, onEnd: (reason: Error) => void): Audience {
  if (job.way === 'trigger') return new TriggerAudience(job, first, sink, onEnd)
  if (job.way === 'topic') return new TopicAudience(job, first, sink, onEnd)
  if (job.way === 'state') return new StateAudience(job, first, sink, onEnd)
  return new StreamAudience(job, first, sink, onEnd)
}

class FanOutRun implements EventSink {
  readonly #job: FanOutJob
  readonly #onFailed: (reason: Error) => void
  #audience: Audience | undefined
  readonly #latency = new Histogram()
  /** Deliveries still missing and time of firing, by event modulo the places. */
  readonly #missing: Uint32Array
  readonly #firedAt: Float64Array
  readonly #places: number
  #openEvents = 0
  #deliveries = 0
  #running = false
  #nextDue = 0
  #timer: NodeJS.Timeout | undefined
  readonly #idle = Promise.withResolvers<void>()
  readonly #wrong: Record<string, number> = {}
  #wrongTotal = 0
  /** Number of the next event: the value in it differs from all others that the target has seen. */
  nextEvent: number

  constructor(job: FanOutJob, first: number, onFailed: (reason: Error) => void) {
    this.#job = job
    this.#onFailed = onFailed
    this.nextEvent = first
    this.#places = job.burstsPerSecond === undefined ? job.inFlight : job.inFlight * MAX_BURSTS
    this.#missing = new Uint32Array(this.#places)
    this.#firedAt = new Float64Array(this.#places)
  }

  async measure(audience: Audience): Promise<LoadResult> {
    this.#audience = audience
    this.#running = true
    if (this.#job.burstsPerSecond === undefined) this.#fireBurst(performance.now())
    else this.#pace(this.#job.burstsPerSecond, performance.now())
    await elapse(this.#job.warmupMs)
    this.#latency.reset()
    const window = new MeasuredWindow(this.#job.targetPid)
    const before = this.#deliveries
    await elapse(this.#job.durationMs)
    const verified = this.#deliveries - before
    const figures = window.end(this.#latency)
    this.stop()
    if (this.#openEvents > 0) await withinDeadline(this.#idle.promise, DRAIN_MS)
    await withinDeadline(audience.settled(), DRAIN_MS)
    const missed = this.#missing.reduce((sum, missing) => sum + missing, 0) + audience.missed
    if (missed > 0) this.#wrong['event_missed'] = missed
    return { ...figures, verified, wrong: this.#wrong, unanswered: audience.unanswered, parsedShare: 0 }
  }

  /** Fires no more. */
  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
  }

  onDelivery(event: number): void {
    this.#deliveries++
    this.#arrived(event)
  }

  onSkipped(event: number): void {
    this.#arrived(event)
  }

  onWrong(reason: string): void {
    this.#wrong[reason] = (this.#wrong[reason] ?? 0) + 1
    if (++this.#wrongTotal < MAX_WRONG) return
    const reasons = Object.keys(this.#wrong).join(', ')
    this.#onFailed(new Error(`Events arrive wrongly, ${MAX_WRONG} so far: ${reasons}.`))
  }

  #arrived(event: number): void {
    const place = event % this.#places
    const missing = --this.#missing[place]!
    if (missing > 0) return
    this.#openEvents--
    this.#latency.record((performance.now() - this.#firedAt[place]!) * LATENCY_UNITS_PER_MS)
    if (this.#openEvents > 0) return
    if (!this.#running) this.#idle.resolve()
    else if (this.#job.burstsPerSecond === undefined) this.#fireBurst(performance.now())
  }

  /** Bursts fall due by the clock, whatever the target does: its work is the same however fast it is. */
  #pace(perSecond: number, startedAt: number): void {
    const interval = 1000 / perSecond
    this.#nextDue = startedAt
    const fireDue = (): void => {
      while (this.#nextDue <= performance.now()) {
        if (this.#openEvents + this.#job.inFlight > this.#places) return this.#onFailed(this.#behind(perSecond))
        this.#fireBurst(this.#nextDue)
        this.#nextDue += interval
      }
      this.#timer = setTimeout(fireDue, Math.max(0, this.#nextDue - performance.now()))
    }
    fireDue()
  }

  #behind(perSecond: number): Error {
    const { inFlight, subscribers } = this.#job
    return new Error(
      `The target does not keep up with ${perSecond} bursts/s of ${inFlight} events to ${subscribers} subscribers: ` +
        `${MAX_BURSTS} bursts are under way.`,
    )
  }

  #fireBurst(since: number): void {
    for (let count = 0; count < this.#job.inFlight; count++) {
      const event = this.nextEvent++
      const place = event % this.#places
      this.#missing[place] = this.#job.subscribers
      this.#firedAt[place] = since
      this.#openEvents++
      this.#audience?.fire(event)
    }
    this.#audience?.flush()
  }
}
