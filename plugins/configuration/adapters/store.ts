// What the configuration worker needs from the place where its entries are kept. Values are raw: placeholders stand in them
// as they were written. Validation, expansion and events are not its business.
import type { JsonValue } from '../../../base/values/json-value.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { ConfigurationSchema } from '../entry.ts'

/** An entry as it is kept. */
export interface StoredEntry {
  readonly id: string
  readonly name: string
  readonly description: string
  /** null = no value yet. */
  readonly value: JsonValue
  readonly metadata?: JsonValue | undefined
  /** Only where the place keeps schemas (another engine). Absent = unknown until the owner registers. */
  readonly schema?: ConfigurationSchema | undefined
  /** Hash of the block in the engine's file for which `value` was set; only for entries of plugins. */
  readonly seed?: string | undefined
}

/** Gets what others have changed; never what was written through this store. */
export interface StoreListener {
  /** An entry is new, or its value, name or description differs. */
  changed(entry: StoredEntry): void
  removed(id: string): void
}

/** What a `save` writes: all of the entry (`configuration::register`), or its value alone (`configuration::set`). */
export type SavedPart = 'entry' | 'value'

export interface ConfigurationStore {
  /** Whether `seed` is kept. Where it is not, the worker writes a plugin's entry only when somebody sets it. */
  readonly keepsSeeds: boolean
  /**
   * All entries; called once, before anything else. Entries that can't be read are left out with a warning. From then on the
   * listener hears of changes that others make, those between reading and watching included.
   */
  load(listener: StoreListener): Promise<StoredEntry[]>
  /** Durable when it resolves; rejects with a message that says what to do, and then nothing has changed. Creates what is missing. */
  save(entry: StoredEntry, part: SavedPart): Promise<void>
  /** True when there was one. Rejects as `save` does. */
  delete(id: string): Promise<boolean>
  /** Ends the watch; resolves when the writes under way are done. */
  close(): Promise<void>
}

export interface ConfigurationStoreContext {
  /** Settings of the adapter. */
  readonly config: Readonly<Record<string, unknown>>
  readonly projectRoot: string
  readonly log: PluginLog
}

export type ConfigurationStoreFactory = (
  context: ConfigurationStoreContext,
) => ConfigurationStore | Promise<ConfigurationStore>
