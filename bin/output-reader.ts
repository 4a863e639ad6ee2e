// Standard output towards whoever reads it: what is written waits for a slow reader, and stops for one that has gone.
import { once } from 'node:events'

/** Standard output as somebody reads it, or does so no longer. */
export class OutputReader {
  #isGone = false
  readonly #gone: Promise<void>

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gone = promise
    // Node never closes its standard output, so this is all that tells.
    process.stdout.once('error', () => {
      this.#isGone = true
      resolve()
    })
  }

  /** Waits for a slow reader. False when it has gone. */
  async take(lines: readonly string[], stopped: Promise<unknown>): Promise<boolean> {
    if (lines.length > 0 && !this.#isGone && !process.stdout.write(`${lines.join('\n')}\n`)) {
      await Promise.race([once(process.stdout, 'drain'), this.#gone, stopped]).catch(() => {})
    }
    return !this.#isGone
  }
}
