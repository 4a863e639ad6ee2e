// Time as code sees it that waits and backs off: handed in, so that tests hold it in their hands.

/** Time, to be handed in: a test holds it. */
export interface Clock {
  /** Milliseconds since the epoch. May be set forward and back at any time. */
  now(): number
  /** Runs `task` once after `ms` have passed, however the clock is set; the returned function cancels it. A waiting task does not keep the process alive. */
  after(ms: number, task: () => void): () => void
}

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
