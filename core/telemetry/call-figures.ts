// Calls, errors and latency per function and per worker. Costs a look-up on each call: kept only while somebody wants to know.
import { LatencyHistogram } from '../../base/values/latency-histogram.ts'
import type { Call } from '../model/call.ts'

/** Distinct function ids, and distinct workers, that have figures of their own; the rest share one (spec 07 G.1). */
const MAX_SUBJECTS = 5_000
export const OTHER = '__other'

export class CallFigure {
  calls = 0
  errors = 0
  readonly latency = new LatencyHistogram()
}

export class CallFigures {
  readonly #maxSubjects: number
  /** By function id. */
  readonly functions = new Map<string, CallFigure>()
  /** By id of the worker that was called. */
  readonly workers = new Map<string, CallFigure>()
  readonly duration = new LatencyHistogram()

  constructor(maxSubjects = MAX_SUBJECTS) {
    this.#maxSubjects = maxSubjects
  }

  record({ functionId, callee, deliveredAt }: Call, failed: boolean): void {
    const ms = callee === undefined ? undefined : performance.now() - deliveredAt
    if (ms !== undefined) this.duration.record(ms)
    count(this.#figure(this.functions, functionId), failed, ms)
    if (callee !== undefined) count(this.#figure(this.workers, callee.id), failed, ms)
  }

  forgetWorker(id: string): void {
    this.workers.delete(id)
  }

  #figure(figures: Map<string, CallFigure>, key: string): CallFigure {
    const known = figures.get(key)
    if (known !== undefined) return known
    const name = figures.size < this.#maxSubjects ? key : OTHER
    const figure = figures.get(name) ?? new CallFigure()
    figures.set(name, figure)
    return figure
  }
}

function count(figure: CallFigure, failed: boolean, ms: number | undefined): void {
  figure.calls++
  if (failed) figure.errors++
  if (ms !== undefined) figure.latency.record(ms)
}
