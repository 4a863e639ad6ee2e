// Writes to the store in the words of the worker: what fails becomes `ADAPTER_ERROR`, and the table knows what is stored.
import { CodedError } from '../../protocol/errors.ts'
import type { ConfigurationStore, SavedPart, StoredEntry } from './adapters/store.ts'
import type { EntryTable } from './entry-table.ts'

export class Persistence {
  readonly keepsSeeds: boolean
  readonly #store: ConfigurationStore
  readonly #table: EntryTable

  constructor(store: ConfigurationStore, table: EntryTable) {
    this.#store = store
    this.#table = table
    this.keepsSeeds = store.keepsSeeds
  }

  async save(entry: StoredEntry, part: SavedPart): Promise<void> {
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
