// What is held on behalf of something that ends: a replica (its processes), a generation (its bundle). Released once, however the
// end comes: stopped, discarded, crashed, abandoned.
import type { Log } from '../../log.ts'

type Release = () => void | Promise<void>

export class Resources {
  readonly #log: Log
  readonly #held = new Map<Release, string>()
  #released: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * Holds one more until the end; at once when that has come already.
   * @param what names it in the log should its release fail.
   * @returns forgets it: it has been released by itself.
   */
  add(what: string, release: Release): () => void {
    if (this.#released !== undefined) void this.#run(what, release)
    else this.#held.set(release, what)
    return () => void this.#held.delete(release)
  }

  /** Never fails: what goes wrong is logged. */
  release(): Promise<void> {
    this.#released ??= Promise.all([...this.#held].map(([release, what]) => this.#run(what, release))).then(() => {
      this.#held.clear()
    })
    return this.#released
  }

  async #run(what: string, release: Release): Promise<void> {
    try {
      await release()
    } catch (error) {
      this.#log.warn(`${what} could not be released`, { error: String(error) })
    }
  }
}
