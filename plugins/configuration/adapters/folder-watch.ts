// Tells when something in a folder has changed: once per burst of events, so that an editor's save is one change.
import { watch, type FSWatcher } from 'node:fs'

export interface FolderWatchOptions {
  readonly folder: string
  readonly onChange: () => void
  /** It can't be watched any longer. */
  readonly onError: (error: unknown) => void
  /** Silence that ends a burst. Default 500 (spec 04 A.9.3). */
  readonly debounceMs?: number | undefined
}

const DEBOUNCE_MS = 500
/** A folder that is written to without pause is read after so many debounce times all the same. */
const MAX_POSTPONEMENTS = 10

/** The constructor throws when the folder can't be watched. */
export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #debounceMs: number
  readonly #watcher: FSWatcher
  #timer: NodeJS.Timeout | undefined
  #postponements = 0

  constructor(options: FolderWatchOptions) {
    this.#options = options
    this.#debounceMs = options.debounceMs ?? DEBOUNCE_MS
    this.#watcher = watch(options.folder, { persistent: false })
    this.#watcher.on('change', () => this.#touched())
    this.#watcher.on('error', (error) => options.onError(error))
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watcher.close()
  }

  #touched(): void {
    if (this.#timer !== undefined) {
      if (this.#postponements >= MAX_POSTPONEMENTS) return
      this.#postponements++
      clearTimeout(this.#timer)
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#postponements = 0
      this.#options.onChange()
    }, this.#debounceMs)
  }
}
