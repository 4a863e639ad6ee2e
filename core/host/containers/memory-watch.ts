// The soft memory limit of a plugin (`memory_mb`): polled, because a thread's hard limit aborts the whole process (design, "Plugins").
import type { Clock } from '../../../base/time/clock.ts'

export interface MemoryWatchOptions {
  readonly clock: Clock
  readonly limitBytes: number
  /** Bytes in use now; undefined when it can't be told, for instance because the thread has just ended. */
  readonly measure: () => Promise<number | undefined>
  readonly onExceeded: (usedBytes: number) => void
  /** Default 25. */
  readonly everyMs?: number
}

/** Polls until the limit is exceeded once, or until the returned function is called. */
export function watchMemory({ clock, limitBytes, measure, onExceeded, everyMs = 25 }: MemoryWatchOptions): () => void {
  let ended = false
  let cancel = (): void => {}
  const poll = (): void => {
    cancel = clock.after(everyMs, () => {
      void measure().then((used) => {
        if (ended) return
        if (used === undefined || used <= limitBytes) return poll()
        ended = true
        onExceeded(used)
      })
    })
  }
  poll()
  return () => {
    ended = true
    cancel()
  }
}
