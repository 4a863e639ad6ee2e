// Time as the plugin host sees it: handed in, so that tests of back-offs and deadlines hold it in their hands.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `task` once after `ms`; the returned function cancels it. A waiting task does not keep the process alive. */
  after(ms: number, task: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Settles like `promise`, or rejects with what `onTimeout` makes when `ms` have passed first. */
export function withDeadline<Value>(
  clock: Clock,
  promise: Promise<Value>,
  ms: number,
  onTimeout: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(onTimeout()))
    promise.then(resolve, reject).finally(cancel)
  })
}
