// Gives the room that deleted values have left back to the file system, in small steps between the batches: a whole VACUUM would stop the
// store for seconds. Some free pages stay, since what is written next would only have to grow the file again.
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export interface ShrinkLimits {
  /** Pages of 4 KiB given back in one step. Measured: 3 ms for 256 of them, without the copying of the write-ahead log. Default 256. */
  readonly stepPages: number
  /** Between two steps the store has this long for its work. Default 10. */
  readonly pauseMs: number
  /** Free pages that stay in the file. Default 1,024. */
  readonly keepPages: number
  /** As many stay as are this part of the pages in use, where those are more. Default 1/8. */
  readonly keepShare: number
  /** How long after a write it is looked whether there is something to give back. Default 1,000. */
  readonly lookAfterMs: number
}

export const SHRINK_DEFAULTS: ShrinkLimits = {
  stepPages: 256,
  pauseMs: 10,
  keepPages: 1_024,
  keepShare: 1 / 8,
  lookAfterMs: 1_000,
}

export interface ShrinkingOptions {
  readonly limits?: Partial<ShrinkLimits> | undefined
  /** Told when a step fails; the next write has it tried again. */
  readonly onError: (error: unknown) => void
}

/** Of a file without incremental vacuum nothing can be given back: then it does nothing. */
export class Shrinking {
  readonly #database: DatabaseSync
  readonly #limits: ShrinkLimits
  readonly #onError: (error: unknown) => void
  readonly #freePages: StatementSync
  readonly #allPages: StatementSync
  readonly #isPossible: boolean
  #timer: NodeJS.Timeout | undefined
  #gaveBack = false
  #held = 0

  constructor(database: DatabaseSync, { limits, onError }: ShrinkingOptions) {
    this.#database = database
    this.#limits = { ...SHRINK_DEFAULTS, ...limits }
    this.#onError = onError
    this.#freePages = database.prepare('PRAGMA freelist_count')
    this.#allPages = database.prepare('PRAGMA page_count')
    this.#isPossible = database.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum'] === 2
    this.wrote()
  }

  /** Something may have become free. */
  wrote(): void {
    if (this.#isPossible && this.#timer === undefined && this.#held === 0) this.#later(this.#limits.lookAfterMs)
  }

  /** No step until the returned function is called. */
  hold(): () => void {
    this.stop()
    this.#held++
    return () => {
      this.#held--
      this.wrote()
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #later(ms: number): void {
    this.#timer = setTimeout(this.#step, ms)
    this.#timer.unref()
  }

  readonly #step = (): void => {
    this.#timer = undefined
    try {
      const pages = Math.min(this.#limits.stepPages, this.#excess())
      if (pages > 0) {
        // `exec` runs it to its end; a single step of the statement would give back one page.
        this.#database.exec(`PRAGMA incremental_vacuum(${pages})`)
        this.#gaveBack = true
        this.#later(this.#limits.pauseMs)
      } else if (this.#gaveBack) {
        this.#gaveBack = false
        // The file itself becomes shorter when the write-ahead log is copied into it.
        this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)')
      }
    } catch (error) {
      this.#onError(error)
    }
  }

  #excess(): number {
    const free = Number(this.#freePages.get()?.['freelist_count'])
    const used = Number(this.#allPages.get()?.['page_count']) - free
    const { keepPages, keepShare } = this.#limits
    return free - Math.max(keepPages, Math.floor(used * keepShare))
  }
}
