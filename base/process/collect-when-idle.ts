// What a start leaves behind, such as sources that have been compiled, stays in the heap until it grows again, which in a program at rest
// it never does. It is collected once, when nothing is being done.
import { availableParallelism } from 'node:os'
import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import { systemClock, type Clock } from '../time/clock.ts'
import { collector } from './collector.ts'

const LOOK_MS = 1_000
/** The part of the time since the last look in which the loop was not idle. */
const IDLE_UTILIZATION = 0.05
/** Who is busy for so long has a heap that is collected anyway. */
const LOOKS = 10
/** On one core a thread that has nothing to do waits for the others, too. */
const LOOKS_ON_ONE_CORE = 60

const ATTEMPTS = 3

export interface CollectOptions {
  readonly clock?: Clock
  /** How the loop has spent its time so far. Default: that of this thread. */
  readonly loop?: () => EventLoopUtilization
  /** The same of the core that all threads share; undefined = they have several. Default: as it is. */
  readonly core?: (() => EventLoopUtilization) | undefined
  readonly collect?: () => void
}

/**
 * Collects once, in the first second in which this thread has next to nothing to do, and on one core the others neither: whichever is busy
 * would wait for it. The returned function calls it off.
 */
export function collectWhenIdle({
  clock = systemClock,
  loop = () => performance.eventLoopUtilization(),
  core = availableParallelism() === 1 ? useOfCore : undefined,
  collect = collectGarbage,
}: CollectOptions = {}): () => void {
  let cancel = (): void => {}
  const look = (left: number, before: EventLoopUtilization, coreBefore: EventLoopUtilization | undefined): void => {
    cancel = clock.after(LOOK_MS, () => {
      const now = loop()
      const coreNow = core?.()
      // In the end others wait once: a heap that nobody uses would keep what it has for ever.
      const isFree = left === 1 || coreNow === undefined || isIdle(coreNow, coreBefore)
      if (isFree && isIdle(now, before)) collect()
      else if (left > 1) look(left - 1, now, coreNow)
    })
  }
  look(core === undefined ? LOOKS : LOOKS_ON_ONE_CORE, loop(), core?.())
  return () => cancel()
}

function isIdle(now: EventLoopUtilization, before: EventLoopUtilization | undefined): boolean {
  return performance.eventLoopUtilization(now, before).utilization < IDLE_UTILIZATION
}

/** Of all threads of the process. */
function useOfCore(): EventLoopUtilization {
  const { user, system } = process.cpuUsage()
  const active = (user + system) / 1000
  return { active, idle: performance.now() - active, utilization: 0 }
}

/**
 * Two full collections of the heap of this thread, whose free pages go back to the system. For four heaps of 10 to 18 MB these are some 90 ms
 * in their own threads and 120 in those of V8, whether they happen at once or one after the other.
 */
export function collectGarbage(): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const gc = collector()
    // One of the usual kind keeps the pages for what comes next.
    if (gc !== undefined) return gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }
}
