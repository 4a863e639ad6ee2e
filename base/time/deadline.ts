// Bounds for waits whose end is in somebody else's hand. What is waited for goes on; only the wait ends.
import { systemClock, type Clock } from './clock.ts'

/** Settles as `work` does, or rejects with what `late` makes when `ms` have passed first. */
export function withDeadline<Value>(
  work: Promise<Value>,
  ms: number,
  late: () => Error,
  clock: Clock = systemClock,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()))
    work.then(resolve, reject).finally(cancel)
  })
}

/** Whether `work` settles within `ms`, in either way. */
export function settlesWithin(work: Promise<unknown>, ms: number, clock: Clock = systemClock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false))
    const settled = (): void => {
      cancel()
      resolve(true)
    }
    work.then(settled, settled)
  })
}
