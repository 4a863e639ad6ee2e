// Calls that a worker has been given and never answers: bounded in number, and in time where that is asked for (spec 01 §9.6, 09 §5).
import { errorBytes } from '../../protocol/errors.ts'
import type { Worker } from '../model/worker.ts'
import type { Router } from './router.ts'

/** Void calls, for which nobody waits, are forgotten after this time. */
const VOID_MS = 600_000
const SWEEP_MS = 30_000

export class UnansweredCalls {
  readonly #router: Router
  readonly #sweep: NodeJS.Timeout

  constructor(router: Router) {
    this.#router = router
    const { max_invocation_ms: cap } = router.options
    this.#sweep = setInterval(() => this.#giveUpOld(), cap > 0 ? Math.min(1000, Math.max(10, cap / 4)) : SWEEP_MS)
    this.#sweep.unref()
  }

  /** The worker has more of them than its limit. */
  giveUpOldest(worker: Worker): void {
    const oldest = worker.calls.keys().next()
    if (oldest.done === true) return
    const { warnings } = this.#router
    warnings.count(
      `unanswered ${worker.id}`,
      `worker '${worker.name ?? worker.id}' leaves calls unanswered; the oldest are given up`,
      {},
    )
    const message = `The worker has more than ${worker.maxUnanswered} unanswered calls; this one was the oldest`
    this.#router.settle(worker, oldest.value, undefined, errorBytes({ code: 'timeout', message }))
  }

  close(): void {
    clearInterval(this.#sweep)
  }

  #giveUpOld(): void {
    const now = performance.now()
    const { max_invocation_ms: cap } = this.#router.options
    for (const worker of this.#router.workers.values()) {
      for (const [callId, call] of worker.calls) {
        const age = now - call.deliveredAt
        const isVoid = call.invocationId === undefined && call.onSettled === undefined
        if (cap > 0 && age > cap) {
          const message = `Invocation timed out after ${cap}ms`
          this.#router.settle(worker, callId, undefined, errorBytes({ code: 'timeout', message }))
        } else if (isVoid && age > VOID_MS) {
          this.#router.settle(worker, callId, undefined, undefined)
        }
      }
    }
  }
}
