// What a state adapter is: the interface that kv, redis and bridge implement. Values are JSON text throughout.
// `test/plugins/state/adapter-cases.ts` holds every adapter to it.
import type { CopyStore } from '../../../kit/backup/backups.ts'
import type { UpdateError, UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'

/**
 * Called once when a write has happened and is as durable as the adapter makes it: in the order of the writes, and before
 * the write's promise resolves. Not called for a failed write. `undefined` = no value.
 */
export type OnWritten = (oldValue: string | undefined, newValue: string | undefined) => void

export interface Updated {
  readonly oldValue: string | undefined
  readonly newValue: string
  readonly errors: readonly UpdateError[]
}

/** A store of state. Every method is one atomic step; a rejection means that nothing was changed. */
export interface StateStore {
  get(scope: string, key: string): Promise<string | undefined>
  /** Resolves with the old value. */
  set(scope: string, key: string, value: string, onWritten: OnWritten): Promise<string | undefined>
  /** Resolves with the deleted value. A missing key is a success too, and `onWritten` is called. */
  delete(scope: string, key: string, onWritten: OnWritten): Promise<string | undefined>
  /** Applies the update language (spec 02 §4) and writes the result back, whatever happened to the operations. */
  update(scope: string, key: string, operations: readonly UpdateOperation[], onWritten: OnWritten): Promise<Updated>
  /** The values of a scope, oldest key first. */
  list(scope: string): Promise<string[]>
  /** The scopes that have at least one key, each once, in any order. */
  scopes(): Promise<string[]>
  /** Absent where the values are in no file of this engine. */
  backup?: CopyStore
  /** Finishes what was begun and releases everything, so that the next generation can open the same data. */
  close(): Promise<void>
}

export interface StateStoreContext {
  /** The `adapter.config` block; unknown members are the adapter's to refuse. */
  readonly config: Readonly<Record<string, unknown>>
  /** What relative paths refer to. */
  readonly projectRoot: string
  readonly log: PluginLog
}

/** Opens a store, or throws an error that says what is wrong and what to do. */
export type StateStoreFactory = (context: StateStoreContext) => StateStore | Promise<StateStore>
