// Writes to the store in the words of the worker: what fails becomes `ADAPTER_ERROR`, and the table knows what is stored.
import { CodedError } from '../../protocol/errors.ts'
import type { ConfigurationStore, SavedPart, StoredEntry } from './adapters/store.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { EntryTable } from './entry-table.ts'
import { oddPlaceholders } from './expand.ts'

export class Persistence {
  readonly keepsSeeds: boolean
  readonly #store: ConfigurationStore
  readonly #table: EntryTable

  readonly #log: Pick<PluginLog, 'warn'>

  constructor(store: ConfigurationStore, table: EntryTable, log: Pick<PluginLog, 'warn'>) {
    this.#store = store
    this.#table = table
    this.#log = log
    this.keepsSeeds = store.keepsSeeds
  }

  /** Of a value that comes in, by whatever way. */
  warnOfOddities({ id, value }: StoredEntry): void {
    for (const odd of oddPlaceholders(value)) this.#log.warn(`configuration '${id}': ${odd}`)
  }

  async save(entry: StoredEntry, part: SavedPart): Promise<void> {
    this.warnOfOddities(entry)
    await this.#try(`configuration '${entry.id}' could not be stored`, () => this.#store.save(entry, part))
    this.#table.stored.set(entry.id, entry)
  }

  async delete(id: string): Promise<boolean> {
    const deleted = await this.#try(`configuration '${id}' could not be deleted`, () => this.#store.delete(id))
    this.#table.stored.delete(id)
    return deleted
  }

  async #try<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (cause) {
      if (cause instanceof CodedError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CodedError('ADAPTER_ERROR', `${what}: ${reason}`, { cause })
    }
  }
}
