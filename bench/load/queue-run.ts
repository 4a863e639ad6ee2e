// One run of a queue: jobs are stored and must reach a worker, each once.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import type { CallHistory } from './call-run.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { withinDeadline } from './deadline.ts'
import { EventSender } from './event-sender.ts'
import { JobConsumer, type JobSink } from './job-consumer.ts'
import type { LoadResult, QueueJob } from './load-job.ts'
import { nOf } from './payload.ts'
import { MeasuredWindow } from './window.ts'
import { enqueues, OPEN_QUEUE } from './workload.ts'

/** How long the jobs of a drain may take to be stored, and to be handled. */
const DRAIN_MS = 60_000
/** Jobs on their way into the queue before a drain. */
const FILL_IN_FLIGHT = 512

/** A function per run: its workers come after its jobs. */
let runs = 0

export async function runQueue(job: QueueJob, history: CallHistory): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const run = new QueueRun(job, history)
  const functionId = `bench::job-${process.pid}-${++runs}`
  try {
    const opened = run.open(functionId, failed.reject)
    await Promise.race([opened, failed.promise])
    const measured = job.way === 'drain' ? run.drain() : run.latency()
    return await Promise.race([measured, failed.promise])
  } finally {
    run.close()
  }
}

class QueueRun implements JobSink {
  readonly #job: QueueJob
  readonly #history: CallHistory
  readonly #latency = new Histogram()
  readonly #consumers: JobConsumer[] = []
  /** Jobs that are still to come, with the time at which they were sent. */
  readonly #missing = new Map<number, number>()
  readonly #wrong: Record<string, number> = {}
  #sender!: EventSender
  #handled = 0
  #onHandled = (): void => {}

  constructor(job: QueueJob, history: CallHistory) {
    this.#job = job
    this.#history = history
  }

  async open(functionId: string, onEnd: (reason: Error) => void): Promise<void> {
    const { url, consumers, payloadBytes } = this.#job
    for (let count = 0; count < consumers; count++) {
      this.#consumers.push(await JobConsumer.start(url, functionId, payloadBytes, this, onEnd))
    }
    this.#sender = await EventSender.open(url, enqueues(OPEN_QUEUE, functionId, payloadBytes), this, onEnd)
  }

  async drain(): Promise<LoadResult> {
    const { jobs, targetPid } = this.#job
    for (let left = jobs; left > 0; left -= FILL_IN_FLIGHT) {
      for (let count = Math.min(left, FILL_IN_FLIGHT); count > 0; count--) this.#send()
      this.#sender.flush()
      if (!(await withinDeadline(this.#sender.settled(), DRAIN_MS))) break
    }
    const all = Promise.withResolvers<void>()
    this.#onHandled = () => void (this.#missing.size === 0 && all.resolve())
    const window = new MeasuredWindow(targetPid)
    const startedAt = performance.now()
    for (const n of this.#missing.keys()) this.#missing.set(n, startedAt)
    for (const consumer of this.#consumers) consumer.provide()
    await withinDeadline(all.promise, DRAIN_MS)
    return this.#result(window, this.#handled)
  }

  async latency(): Promise<LoadResult> {
    const { warmupMs, durationMs, targetPid } = this.#job
    for (const consumer of this.#consumers) consumer.provide()
    let running = true
    this.#onHandled = () => {
      if (!running) return
      // Not at once: the queue is to be idle.
      setTimeout(() => {
        if (!running) return
        this.#send()
        this.#sender.flush()
      }, 1)
    }
    this.#onHandled()
    await elapse(warmupMs)
    this.#latency.reset()
    const before = this.#handled
    const window = new MeasuredWindow(targetPid)
    await elapse(durationMs)
    const result = this.#result(window, this.#handled - before)
    running = false
    await withinDeadline(this.#sender.settled(), DRAIN_MS)
    return result
  }

  close(): void {
    this.#sender?.close()
    for (const consumer of this.#consumers) consumer.close()
  }

  onJob(n: number): void {
    const sentAt = this.#missing.get(n)
    if (sentAt === undefined) return this.onWrong('delivered_again')
    this.#missing.delete(n)
    this.#handled++
    this.#latency.record((performance.now() - sentAt) * LATENCY_UNITS_PER_MS)
    this.#onHandled()
  }

  onWrong(reason: string): void {
    this.#wrong[reason] = (this.#wrong[reason] ?? 0) + 1
  }

  #send(): void {
    const sequence = this.#history.nextSequence++
    this.#missing.set(nOf(sequence), performance.now())
    this.#sender.fire(sequence, 0)
  }

  #result(window: MeasuredWindow, verified: number): LoadResult {
    const figures = window.end(this.#latency)
    const unanswered = this.#job.way === 'drain' ? this.#missing.size : 0
    return { ...figures, verified, wrong: this.#wrong, unanswered, parsedShare: 1 }
  }
}
