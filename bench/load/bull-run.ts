// One run of BullMQ on a Redis server, with its publisher and its workers in this process: what queues on Redis are compared with. It is no dependency: whoever compares
// installs it.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import type { CallHistory } from './call-run.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { withinDeadline } from './deadline.ts'
import type { BullJob, LoadResult } from './load-job.ts'
import { nOf, payloadJson } from './payload.ts'
import { MeasuredWindow } from './window.ts'

/** Of the package, what is used here. */
interface BullMq {
  readonly Queue: new (name: string, options: object) => BullQueue
  readonly Worker: new (
    name: string,
    handle: (job: { readonly data: { readonly n: number } }) => Promise<null>,
    options: object,
  ) => BullWorker
}

interface BullQueue {
  add(name: string, data: unknown, options: object): Promise<unknown>
  obliterate(options: object): Promise<void>
  close(): Promise<void>
}

interface BullWorker {
  waitUntilReady(): Promise<unknown>
  on(event: 'error', listener: () => void): void
  close(force: boolean): Promise<void>
}

const PACKAGE: string = 'bullmq'
const DRAIN_MS = 60_000
const FILL_IN_FLIGHT = 512
/** Of all workers together, as the queue of the engine has it. */
const CONCURRENCY = 256
const OPTIONS = { removeOnComplete: true, removeOnFail: true }

let runs = 0

export async function bullMq(): Promise<BullMq> {
  return (await import(PACKAGE)) as BullMq
}

export async function runBull(job: BullJob, history: CallHistory): Promise<LoadResult> {
  const run = new BullRun(job, history, await bullMq())
  try {
    if (job.way === 'enqueue') return await run.enqueue()
    return job.way === 'drain' ? await run.drain() : await run.latency()
  } finally {
    await run.close()
  }
}

class BullRun {
  readonly #job: BullJob
  readonly #history: CallHistory
  readonly #package: BullMq
  readonly #name = `bench-${process.pid}-${++runs}`
  readonly #connection: object
  readonly #queue: BullQueue
  readonly #payload: object
  readonly #latency = new Histogram()
  readonly #missing = new Map<number, number>()
  readonly #wrong: Record<string, number> = {}
  #workers: BullWorker[] = []
  #handled = 0
  #onHandled = (): void => {}

  constructor(job: BullJob, history: CallHistory, bull: BullMq) {
    this.#job = job
    this.#history = history
    this.#package = bull
    const { hostname, port } = new URL(job.url)
    this.#connection = { connection: { host: hostname, port: Number(port) } }
    this.#queue = new bull.Queue(this.#name, this.#connection)
    this.#payload = JSON.parse(payloadJson(job.payloadBytes)) as object
  }

  /** A closed loop without workers. */
  async enqueue(): Promise<LoadResult> {
    const { warmupMs, durationMs, inFlight, targetPid } = this.#job
    const over = new AbortController()
    let stored = 0
    const loop = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const startedAt = performance.now()
        await this.#add()
        stored++
        this.#latency.record((performance.now() - startedAt) * LATENCY_UNITS_PER_MS)
      }
    }
    const loops = Array.from({ length: inFlight }, loop)
    await elapse(warmupMs)
    this.#latency.reset()
    const before = stored
    const window = new MeasuredWindow(targetPid)
    await elapse(durationMs)
    const result = this.#result(window, stored - before)
    over.abort()
    await Promise.all(loops)
    return { ...result, unanswered: 0 }
  }

  async drain(): Promise<LoadResult> {
    const { jobs, targetPid, consumers } = this.#job
    for (let left = jobs; left > 0; left -= FILL_IN_FLIGHT) {
      await Promise.all(Array.from({ length: Math.min(left, FILL_IN_FLIGHT) }, () => this.#add()))
    }
    const all = Promise.withResolvers<void>()
    this.#onHandled = () => void (this.#missing.size === 0 && all.resolve())
    const window = new MeasuredWindow(targetPid)
    await this.#start(consumers)
    await withinDeadline(all.promise, DRAIN_MS)
    return this.#result(window, this.#handled)
  }

  async latency(): Promise<LoadResult> {
    const { warmupMs, durationMs, targetPid } = this.#job
    await this.#start(1)
    let running = true
    const next = (): void => {
      // Not at once: the queue is to be idle.
      setTimeout(() => void (running && this.#add()), 1)
    }
    this.#onHandled = next
    next()
    await elapse(warmupMs)
    this.#latency.reset()
    const before = this.#handled
    const window = new MeasuredWindow(targetPid)
    await elapse(durationMs)
    const result = this.#result(window, this.#handled - before)
    running = false
    return { ...result, unanswered: 0 }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close(true)))
    await this.#queue.obliterate({ force: true })
    await this.#queue.close()
  }

  async #start(consumers: number): Promise<void> {
    const options = { ...this.#connection, concurrency: Math.ceil(CONCURRENCY / consumers) }
    const handle = async ({ data: { n } }: { readonly data: { readonly n: number } }): Promise<null> => {
      this.#onJob(n)
      return null
    }
    this.#workers = Array.from({ length: consumers }, () => new this.#package.Worker(this.#name, handle, options))
    for (const worker of this.#workers) worker.on('error', () => this.#onWrong('error'))
    await Promise.all(this.#workers.map((worker) => worker.waitUntilReady()))
  }

  async #add(): Promise<void> {
    const n = nOf(this.#history.nextSequence++)
    if (this.#job.way !== 'enqueue') this.#missing.set(n, performance.now())
    await this.#queue.add('job', { ...this.#payload, n }, OPTIONS)
  }

  #onJob(n: number): void {
    const sentAt = this.#missing.get(n)
    if (sentAt === undefined) return this.#onWrong('delivered_again')
    this.#missing.delete(n)
    this.#handled++
    this.#latency.record((performance.now() - sentAt) * LATENCY_UNITS_PER_MS)
    this.#onHandled()
  }

  #onWrong(reason: string): void {
    this.#wrong[reason] = (this.#wrong[reason] ?? 0) + 1
  }

  #result(window: MeasuredWindow, verified: number): LoadResult {
    const figures = window.end(this.#latency)
    return { ...figures, verified, wrong: this.#wrong, unanswered: this.#missing.size, parsedShare: 1 }
  }
}
