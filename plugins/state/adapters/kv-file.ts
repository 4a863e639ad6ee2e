// State in an embedded database: a write is answered, and its event fired, after it is on the disk.
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { updateText, type UpdateError, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { CopyStore } from '../../../kit/backup/backups.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { OnWritten, StateStore, Updated } from './store.ts'

export interface KvFileOptions {
  /** Absolute path of the data folder. */
  readonly folder: string
  readonly maxBytes?: number | undefined
  readonly log: Pick<PluginLog, 'error' | 'warn'>
}

/** Version of the layout of `state.db`. */
const FORMAT_VERSION = 1

export class KvFile implements StateStore {
  readonly #store: SqliteStore
  readonly #table: OrderedTable

  constructor({ folder, maxBytes, log }: KvFileOptions) {
    this.#store = new SqliteStore({
      folder,
      name: 'state.db',
      setting: 'adapter.config.file_path of iii-state',
      schema: ORDERED_TABLE_SCHEMA,
      version: FORMAT_VERSION,
      maxBytes,
      onWarning: (message) => log.warn(message),
      onError: (message, error) => log.error(message, { error: String(error) }),
    })
    this.#table = new OrderedTable(this.#store)
  }

  get(scope: string, key: string): Promise<string | undefined> {
    return this.#store.run(() => this.#table.get(scope, key))
  }

  set(scope: string, key: string, value: string, onWritten: OnWritten): Promise<string | undefined> {
    return this.#store.run(() => this.#table.set(scope, key, value), {
      bytes: value.length,
      committed: (old) => onWritten(old, value),
    })
  }

  delete(scope: string, key: string, onWritten: OnWritten): Promise<string | undefined> {
    return this.#store.run(() => this.#table.delete(scope, key), { committed: (old) => onWritten(old, undefined) })
  }

  update(scope: string, key: string, operations: readonly UpdateOperation[], onWritten: OnWritten): Promise<Updated> {
    const edit = (): Updated => {
      let newValue = ''
      let errors: readonly UpdateError[] = []
      const oldValue = this.#table.edit(scope, key, (old) => {
        const updated = updateText(old, operations)
        errors = updated.errors
        return (newValue = updated.text)
      })
      return { oldValue, newValue, errors }
    }
    return this.#store.run(edit, { committed: ({ oldValue, newValue }) => onWritten(oldValue, newValue) })
  }

  list(scope: string): Promise<string[]> {
    return this.#store.run(() => this.#table.values(scope))
  }

  scopes(): Promise<string[]> {
    return this.#store.run(() => this.#table.scopes())
  }

  backup(...[file, onProgress]: Parameters<CopyStore>): Promise<number> {
    return this.#store.backup(file, { onProgress })
  }

  async close(): Promise<void> {
    await this.#store.endBackups()
    this.#store.close()
  }
}
