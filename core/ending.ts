// Ends parts of the engine one after the other, each with a deadline: one that hangs holds up neither the others nor the end of the
// process.
import { settlesWithin } from '../base/time/deadline.ts'
import { systemClock, type Clock } from '../base/time/clock.ts'
import type { Log } from './log.ts'

export interface EndingPart {
  /** In words: `the plugins`. */
  readonly name: string
  /** How long it may take. */
  readonly ms: number
  end(): Promise<unknown> | undefined
}

/** @returns the names of those that did not end in time. */
export async function endInOrder(
  parts: readonly EndingPart[],
  log: Log,
  clock: Clock = systemClock,
): Promise<readonly string[]> {
  const abandoned: string[] = []
  for (const { name, ms, end } of parts) {
    const ended = end()
    if (ended === undefined) continue
    ended.catch((error: unknown) => log.error(`${name} could not be ended`, error))
    if (await settlesWithin(ended, ms, clock)) continue
    log.error(`${name} did not end within ${ms} ms; the engine ends without`)
    abandoned.push(name)
  }
  return abandoned
}
