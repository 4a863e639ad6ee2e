// Tells when the configuration file has changed. Watches its directory, since editors save by renaming over the file,
// and reads nothing: what to do is the caller's matter.
import { lstatSync, realpathSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

export interface ConfigWatchOptions {
  /** Absolute path of the file; it need not exist. */
  readonly file: string
  /** Called once per burst of events, while the file exists and is not empty. */
  readonly onChange: () => void
  /** The file is gone, once each time. What was read from it stays. */
  readonly onGone?: () => void
  /** The directory can't be watched any longer. */
  readonly onError?: (error: Error) => void
  /** Silence that ends a burst. Default 500. */
  readonly debounceMs?: number
  /** For tests: a clock of their own. */
  readonly timers?: WatchTimers
}

export interface WatchTimers {
  set(callback: () => void, ms: number): unknown
  clear(timer: unknown): void
}

const DEFAULT_DEBOUNCE_MS = 500
/** A file that is written without pause is read after so many debounce times all the same. */
const MAX_POSTPONEMENTS = 10

const realTimers: WatchTimers = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** @throws when the directory can't be watched. */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions
  readonly #file: string
  readonly #name: string
  readonly #debounceMs: number
  readonly #timers: WatchTimers
  readonly #watcher: FSWatcher
  #seen: string | undefined
  #timer: unknown
  #postponements = 0
  #gone = false
  #closed = false

  constructor(options: ConfigWatchOptions) {
    this.#options = options
    this.#file = resolve(options.file)
    this.#name = basename(this.#file)
    this.#debounceMs = options.debounceMs ?? DEFAULT_DEBOUNCE_MS
    this.#timers = options.timers ?? realTimers
    this.#seen = this.#signature()
    this.#watcher = watch(dirname(this.#file), { persistent: false })
    this.#watcher.on('change', (_event, name) => this.#onEvent(name === null ? undefined : String(name)))
    this.#watcher.on('error', (error) => options.onError?.(error))
  }

  close(): void {
    this.#closed = true
    this.#watcher.close()
    this.#timers.clear(this.#timer)
  }

  #onEvent(name: string | undefined): void {
    if (this.#closed || (name !== undefined && name !== this.#name && !this.#isSwappedLink())) return
    if (this.#timer !== undefined && this.#postponements >= MAX_POSTPONEMENTS) return
    if (this.#timer !== undefined) this.#postponements++
    this.#timers.clear(this.#timer)
    this.#timer = this.#timers.set(() => this.#settle(), this.#debounceMs)
  }

  #settle(): void {
    this.#timer = undefined
    this.#postponements = 0
    const signature = this.#signature()
    if (this.#closed) return
    const isGone = statSync(this.#file, { throwIfNoEntry: false }) === undefined
    if (isGone && !this.#gone) this.#options.onGone?.()
    this.#gone = isGone
    // Gone, or cut to nothing by an editor that is about to write: the running configuration stays.
    if (signature === undefined || signature === this.#seen) return
    this.#seen = signature
    this.#options.onChange()
  }

  /** Mounted configuration is often a link into a directory that is swapped as a whole: then the event names a sibling. */
  #isSwappedLink(): boolean {
    const isLink = lstatSync(this.#file, { throwIfNoEntry: false })?.isSymbolicLink() === true
    return isLink && this.#signature() !== this.#seen
  }

  /** Changes whenever the content may have; undefined while there is none. */
  #signature(): string | undefined {
    try {
      const { size, mtimeNs, ctimeNs, ino } = statSync(this.#file, { bigint: true })
      return size === 0n ? undefined : `${realpathSync(this.#file)} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
    } catch {
      return undefined
    }
  }
}
