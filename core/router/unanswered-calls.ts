// Calls that a worker has been given and never answers: bounded in number, and in time where that is asked for (spec 01 §9.6, 09 §5).
import { errorBytes } from '../../protocol/error-bytes.ts'
import type { Worker } from '../model/worker.ts'
import type { EngineOptions } from '../model/options.ts'
import { isVoid } from '../model/call.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { WorkerTable } from './ports.ts'
import type { Settlement } from './settlement.ts'

/** Void calls, for which nobody waits, are forgotten after this time. */
const VOID_MS = 600_000
const SWEEP_MS = 30_000

export interface UnansweredCallsDeps {
  readonly workers: WorkerTable['workers']
  readonly settlement: Settlement
  readonly warnings: ThrottledWarnings
}

export class UnansweredCalls {
  readonly #cap: number
  readonly #deps: UnansweredCallsDeps
  readonly #sweep: NodeJS.Timeout

  constructor({ max_invocation_ms: cap }: EngineOptions, deps: UnansweredCallsDeps) {
    this.#cap = cap
    this.#deps = deps
    this.#sweep = setInterval(() => this.sweep(), cap > 0 ? Math.min(1000, Math.max(10, cap / 4)) : SWEEP_MS)
    this.#sweep.unref()
  }

  /** The worker has more of them than its limit. */
  giveUpOldest(worker: Worker): void {
    const { warnings, settlement } = this.#deps
    warnings.count(
      `unanswered ${worker.id}`,
      `worker '${worker.name ?? worker.id}' leaves calls unanswered; the oldest are given up`,
      {},
    )
    // Those that nobody waits for go first.
    if (worker.voids !== undefined && worker.voids.open > 0) return worker.voids.forgetOldest()
    const oldest = worker.calls.oldest()
    if (oldest === undefined) return
    const message = `The worker has more than ${worker.maxUnanswered} unanswered calls; this one was the oldest`
    settlement.settle(worker, oldest.callId, undefined, errorBytes({ code: 'timeout', message }))
  }

  /** Gives up what is too old. Runs by itself every so often. */
  sweep(now = performance.now()): void {
    const { workers, settlement } = this.#deps
    const cap = this.#cap
    const least = cap > 0 ? Math.min(cap, VOID_MS) : VOID_MS
    for (const worker of workers.values()) {
      worker.voids?.sweep(now, cap > 0 ? cap : VOID_MS)
      const oldest = worker.calls.oldest()
      if (oldest === undefined || now - oldest.deliveredAt <= least) continue
      for (const call of worker.calls) {
        const { callId } = call
        const age = now - call.deliveredAt
        if (cap > 0 && age > cap) {
          const message = `Invocation timed out after ${cap}ms`
          settlement.settle(worker, callId, undefined, errorBytes({ code: 'timeout', message }))
        } else if (isVoid(call) && age > VOID_MS) {
          settlement.settle(worker, callId, undefined, undefined)
        }
      }
    }
  }

  close(): void {
    clearInterval(this.#sweep)
  }
}
