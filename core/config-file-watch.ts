// The configuration file of a running engine: watched, taken up when it was saved or when somebody asks for it, and what is said of one
// that can't be.
import { setImmediate } from 'node:timers/promises'
import { EMPTY_FILE_REMEDY } from './config/load.ts'
import { ConfigWatch, isEmptyFile, signatureOf, type FileSignature } from './config/watch.ts'
import type { ConfigurationChanges } from './configuration-changes.ts'
import type { Log } from './log.ts'

/** One small file: a plugin entry is to be live within a second of its being saved. */
const DEBOUNCE_MS = 150

export interface ConfigFileDeps {
  /** null = there is none, and nothing to take up. */
  readonly file: string | null
  readonly log: Log
  /** undefined while the engine starts. */
  readonly changes: () => ConfigurationChanges | undefined
}

export class ConfigFileWatch {
  readonly #deps: ConfigFileDeps
  #watch: ConfigWatch | undefined
  #closed = false
  /** The file was saved while the engine started. */
  #isSavedMeanwhile = false
  /** What was taken up because somebody asked for it: that the watch sees it too is no news. */
  #takenUp: string | undefined

  constructor(deps: ConfigFileDeps) {
    this.#deps = deps
  }

  /** What `watch` is to be told, taken before the file is read. */
  signature(): FileSignature {
    return this.#deps.file === null ? '' : signatureOf(this.#deps.file)
  }

  /**
   * From now on what is other than `seen` is taken up; while the engine starts, once it has. To watch folders takes its time, so what
   * waits for something else has its turn first.
   */
  async watch(seen: FileSignature): Promise<void> {
    await setImmediate()
    const { file, log } = this.#deps
    if (file === null || this.#closed) return
    this.#watch = new ConfigWatch({
      file,
      seen,
      debounceMs: DEBOUNCE_MS,
      onChange: () => {
        if (signatureOf(file) !== this.#takenUp) void this.takeUp()
      },
      onGone: () => log.warn(`'${file}' is gone; the configuration that was read from it runs on`),
      onEmpty: () =>
        log.warn(
          `'${file}' is empty and not taken up: the configuration that was read from it runs on. ${EMPTY_FILE_REMEDY}`,
        ),
      onError: (error) => log.warn(`changes of '${file}' are not taken up: it can't be watched`, error),
    })
  }

  /** The engine has started. */
  started(): void {
    if (this.#isSavedMeanwhile) void this.takeUp()
  }

  close(): void {
    this.#closed = true
    this.#watch?.close()
  }

  /** Fulfilled when what the configuration says now is in force or refused; while the engine starts, at once. */
  async takeUp(): Promise<void> {
    const changes = this.#deps.changes()
    if (changes === undefined) this.#isSavedMeanwhile = true
    else if (!this.#isCutOff) await changes.wish()
  }

  /** As `takeUp`; says why what the file says now is not in force, undefined when it is. */
  async takeUpNow(): Promise<string | undefined> {
    const { file } = this.#deps
    if (file === null) return 'the engine runs without a configuration file; start it with --config=FILE'
    this.#takenUp = signatureOf(file)
    await this.takeUp()
    const changes = this.#deps.changes()
    if (changes === undefined) return 'the engine is still starting; it takes the file up when it has started'
    if (this.#isCutOff) return `'${file}' is empty; the configuration that was read from it runs on`
    return changes.problem
  }

  /** The file is about to be written. */
  get #isCutOff(): boolean {
    const { file } = this.#deps
    return file !== null && isEmptyFile(file)
  }
}
