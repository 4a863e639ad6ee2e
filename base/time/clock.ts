// Time as code sees it that waits and backs off: handed in, so that tests hold it in their hands.

/** Time, to be handed in: a test holds it. */
export interface Clock {
  /** Milliseconds since the epoch. May be set forward and back at any time. */
  now(): number
  /** Milliseconds since any moment, for durations: nobody sets it. */
  passed(): number
  /** Runs `task` once after `ms` (any number of them) have passed, however the clock is set; the returned function cancels it. A waiting task does not keep the process alive. */
  after(ms: number, task: () => void): () => void
}

/** Node's timers run at once when they are to wait for longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  passed: () => performance.now(),
  after(ms, task) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER_MS)
      timer = setTimeout(() => (left > step ? wait(left - step) : task()), step)
      timer.unref()
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}
