// Tells plugins where workers can connect: those that run when the listeners open, those that are started later, all when it changes.
import type { PluginTable } from '../table/plugin-table.ts'
import type { Generation } from './generation.ts'

export class OpenListeners {
  readonly #table: PluginTable
  readonly #told = new WeakMap<Generation, string>()
  #url: string | undefined

  constructor(table: PluginTable) {
    this.#table = table
    table.onEvent(() => this.#tellAll())
  }

  /** They are open, the first one at this URL. */
  at(url: string): void {
    this.#url = url
    this.#tellAll()
  }

  #tellAll(): void {
    if (this.#url === undefined) return
    for (const { phase } of this.#table.all) {
      if (phase.name !== 'running' || this.#told.get(phase.generation) === this.#url) continue
      this.#told.set(phase.generation, this.#url)
      phase.generation.listening(this.#url)
    }
  }
}
