// One run of registration churn: register a function, call it over the same connection, unregister it.
// The call proves that the registration took effect; cycles on their way overlap, each with an id of its own.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { appendAnnouncement, isAnnounceAnswer } from './announcement.ts'
import { Connection } from './connection.ts'
import { withinDeadline } from './deadline.ts'
import type { ControlJob, LoadResult } from './load-job.ts'
import { MeasuredWindow } from './window.ts'

const DRAIN_MS = 10_000

export async function runControl(job: ControlJob): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const run = new ControlRun()
  try {
    await Promise.race([run.open(job.url, failed.reject), failed.promise])
    return await Promise.race([run.measure(job), failed.promise])
  } finally {
    run.close()
  }
}

interface Cycle {
  readonly functionId: string
  readonly startedAt: number
}

class ControlRun {
  #connection: Connection | undefined
  /** By invocation id. */
  readonly #cycles = new Map<string, Cycle>()
  readonly #latency = new Histogram()
  readonly #announced = Promise.withResolvers<void>()
  readonly #idle = Promise.withResolvers<void>()
  readonly #wrong: Record<string, number> = {}
  #running = false
  #started = 0
  #done = 0

  async open(url: string, onEnd: (reason: Error) => void): Promise<void> {
    this.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => this.#onFrame(buffer.utf8Slice(start, end)),
      onEnd,
    })
    appendAnnouncement(this.#connection, 'bench-churn')
    this.#connection.flush()
    await this.#announced.promise
  }

  async measure(job: ControlJob): Promise<LoadResult> {
    this.#running = true
    for (let cycle = 0; cycle < job.inFlight; cycle++) this.#startCycle()
    this.#connection?.flush()
    await elapse(job.warmupMs)
    this.#latency.reset()
    const window = new MeasuredWindow(job.targetPid)
    const before = this.#done
    await elapse(job.durationMs)
    const verified = this.#done - before
    const figures = window.end(this.#latency)
    this.#running = false
    await withinDeadline(this.#idle.promise, DRAIN_MS)
    return { ...figures, verified, wrong: this.#wrong, unanswered: this.#cycles.size, parsedShare: 1 }
  }

  close(): void {
    this.#running = false
    this.#connection?.close()
  }

  #startCycle(): void {
    const id = crypto.randomUUID()
    const functionId = `bench::churn::${this.#started++}`
    this.#cycles.set(id, { functionId, startedAt: performance.now() })
    this.#connection?.appendMessage({ type: 'registerfunction', id: functionId, description: 'Comes and goes' })
    this.#connection?.appendMessage({
      type: 'invokefunction',
      invocation_id: id,
      function_id: functionId,
      data: { of: functionId },
    })
  }

  #onFrame(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (message['type'] === 'invokefunction') this.#onCall(message)
    else if (isAnnounceAnswer(message)) this.#announced.resolve()
    else if (message['type'] === 'invocationresult') this.#onAnswer(message)
  }

  #onCall(message: Readonly<Record<string, unknown>>): void {
    this.#connection?.appendMessage({
      type: 'invocationresult',
      invocation_id: message['invocation_id'],
      function_id: message['function_id'],
      result: message['data'],
    })
  }

  #onAnswer(message: Readonly<Record<string, unknown>>): void {
    const id = String(message['invocation_id'])
    const cycle = this.#cycles.get(id)
    if (cycle === undefined) return this.#onWrong('unexpected_answer')
    this.#cycles.delete(id)
    const result = message['result'] as { of?: unknown } | undefined
    if (result?.of === cycle.functionId) {
      this.#done++
      this.#latency.record((performance.now() - cycle.startedAt) * LATENCY_UNITS_PER_MS)
    } else {
      this.#onWrong((message['error'] as { code?: string } | undefined)?.code ?? 'wrong_value')
    }
    this.#connection?.appendMessage({ type: 'unregisterfunction', id: cycle.functionId })
    if (this.#running) this.#startCycle()
    else if (this.#cycles.size === 0) this.#idle.resolve()
  }

  #onWrong(reason: string): void {
    this.#wrong[reason] = (this.#wrong[reason] ?? 0) + 1
  }
}
