// Who waits until a worker has answered all its calls.
import type { Worker } from '../model/worker.ts'

export class IdleWaiters {
  readonly #waiting = new Map<Worker, Set<() => void>>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Resolves with true when `became` is called for the worker, with false after `ms`. */
  wait(worker: Worker, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(worker) ?? new Set()
      this.#waiting.set(worker, waiters)
      const done = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        waiters.delete(done)
        if (waiters.size === 0) this.#waiting.delete(worker)
        resolve(false)
      }, ms)
      waiters.add(done)
    })
  }

  became(worker: Worker): void {
    const waiters = this.#waiting.get(worker)
    if (waiters === undefined) return
    this.#waiting.delete(worker)
    for (const done of waiters) done()
  }
}
