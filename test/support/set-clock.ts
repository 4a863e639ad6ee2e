// Holds the clock of `performance.now()` in its hands.
import { onTestFinished, vi } from 'vitest'

export interface HeldClock {
  /** Resolves when code that reads the time once per turn sees the new one. */
  set(ms: number): Promise<void>
}

export async function setClock(ms: number): Promise<HeldClock> {
  let time = ms
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => time)
  onTestFinished(() => spy.mockRestore())
  const clock = {
    async set(to: number): Promise<void> {
      time = to
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  await clock.set(ms)
  return clock
}
