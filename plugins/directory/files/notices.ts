// Says of a file that is passed over why it is, once: every call looks at all files anew.
import type { PluginLog } from '../../../sdk/plugin.ts'
import { MAX_NOTICES } from './bounds.ts'

export class Notices {
  readonly #log: PluginLog
  readonly #told = new Set<string>()

  constructor(log: PluginLog) {
    this.#log = log
  }

  /** @param why the end of a sentence that begins with the file, without a full stop */
  skipped(file: string, why: string): void {
    const key = `${file}\n${why}`
    if (this.#told.has(key) || this.#told.size >= MAX_NOTICES) return
    this.#told.add(key)
    this.#log.info(`'${file}' is passed over: ${why}`)
  }
}
