// One run of HTTP requests: connect, warm up, measure, let the last ones be answered.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import type { CallHistory } from './call-run.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { countWrong, newCounts, sumWrong, type LoadCounts } from './counts.ts'
import { withinDeadline } from './deadline.ts'
import { HttpCallee } from './http-callee.ts'
import { HttpConnection, type HttpConversation } from './http-connection.ts'
import { requestOf, routeOf, type HttpRoute } from './http-route.ts'
import type { HttpJob, LoadResult } from './load-job.ts'
import type { LearnedBytes } from './learned-bytes.ts'
import { MeasuredWindow } from './window.ts'

/** How long the last answers of a run are waited for. */
const DRAIN_MS = 10_000
/** How long a route may take to be served. */
const ROUTE_MS = 10_000
const ROUTE_POLL_MS = 20
/** How many answers may prove wrong before the run is given up. */
const MAX_WRONG = 10_000

export async function runHttp(job: HttpJob, history: CallHistory): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const route = routeOf(job.method, job.path, job.functionId, job.payloadBytes)
  const callee = job.providesFunction ? await HttpCallee.start(job.url, route, failed.reject) : undefined
  const run = new HttpRun(job, route, history, failed.reject)
  try {
    await Promise.race([served(job.httpUrl ?? job.url, route), failed.promise])
    const result = await Promise.race([run.measure(), failed.promise])
    if (callee !== undefined && callee.answered < result.verified) {
      throw new Error(`Only ${callee.answered} of ${result.verified} requests reached the worker of this run.`)
    }
    return result
  } finally {
    run.close()
    callee?.close()
  }
}

class HttpRun implements HttpConversation {
  readonly #job: HttpJob
  readonly #route: HttpRoute
  readonly #history: CallHistory
  readonly #onFail: (reason: Error) => void
  readonly #latency = new Histogram()
  #connections: HttpConnection[] = []
  #counts: LoadCounts = newCounts()
  #wrongTotal = 0
  #inFlight = 0
  #isRunning = false
  #idle = Promise.withResolvers<void>()
  form: LearnedBytes | undefined
  sequence: number

  constructor(job: HttpJob, route: HttpRoute, history: CallHistory, onFail: (reason: Error) => void) {
    this.#job = job
    this.#route = route
    this.#history = history
    this.#onFail = onFail
    this.sequence = history.nextSequence
  }

  async measure(): Promise<LoadResult> {
    const { url, httpUrl = url, inFlight, warmupMs, durationMs, targetPid } = this.#job
    const opening = Array.from({ length: inFlight }, () => HttpConnection.open(httpUrl, this.#route, this))
    this.#connections = await Promise.all(opening)
    this.#isRunning = true
    for (const connection of this.#connections) this.#ask(connection, performance.now())
    await elapse(warmupMs)
    const warmup = this.#takeCounts()
    this.#latency.reset()
    const window = new MeasuredWindow(targetPid)
    await elapse(durationMs)
    const figures = window.end(this.#latency)
    const counts = this.#takeCounts()
    this.#isRunning = false
    await withinDeadline(this.#idle.promise, DRAIN_MS)
    return {
      ...figures,
      verified: counts.verified,
      wrong: sumWrong([warmup, counts, this.#takeCounts()]),
      unanswered: this.#inFlight,
      parsedShare: counts.verified === 0 ? 0 : counts.parsed / counts.verified,
    }
  }

  close(): void {
    this.#history.nextSequence = this.sequence
    for (const connection of this.#connections) connection.close()
  }

  onAnswer(connection: HttpConnection, wrong: string | undefined, parsed: boolean): void {
    const now = performance.now()
    this.#inFlight--
    if (wrong === undefined) {
      this.#counts.verified++
      if (parsed) this.#counts.parsed++
      this.#latency.record((now - connection.since) * LATENCY_UNITS_PER_MS)
    } else {
      countWrong(this.#counts, wrong)
      this.#wrongTotal++
      if (this.#wrongTotal === MAX_WRONG) {
        this.#onFail(new Error(`${this.#route.pattern} gives wrong answers, ${MAX_WRONG} so far: ${wrong}.`))
      }
    }
    if (this.#isRunning) return this.#ask(connection, now)
    if (this.#inFlight === 0) this.#idle.resolve()
  }

  onEnd(reason: Error): void {
    this.#onFail(reason)
  }

  #ask(connection: HttpConnection, now: number): void {
    this.#inFlight++
    connection.ask(now)
  }

  #takeCounts(): LoadCounts {
    const counts = this.#counts
    this.#counts = newCounts()
    return counts
  }
}

/** Resolves when the route is there: a target answers that it has taken a function before a route to it is served. */
async function served(url: string, route: HttpRoute): Promise<void> {
  const { bytes, nAt } = requestOf(route, new URL(url).host)
  const target = bytes.latin1Slice(bytes.indexOf(' ') + 1, bytes.indexOf(' HTTP/1.1'))
  const body = nAt < bytes.indexOf('\r\n\r\n') ? undefined : bytes.latin1Slice(bytes.indexOf('\r\n\r\n') + 4)
  const headers = { 'content-type': 'application/json' }
  const deadline = performance.now() + ROUTE_MS
  for (;;) {
    const answer = await fetch(url + target, { method: route.method, ...(body !== undefined && { body, headers }) })
    await answer.arrayBuffer()
    if (answer.status === 200) return
    if (performance.now() > deadline) throw new Error(`${route.method} ${target} was answered with ${answer.status}.`)
    await elapse(ROUTE_POLL_MS)
  }
}
