// What a stream adapter is: the interface that kv, redis and bridge implement. Values are JSON text throughout.
// `test/plugins/stream/adapter-cases.ts` holds every adapter to it.
import type { CopyStore } from '../../../kit/backup/backups.ts'
import type { UpdateError, UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { StreamEvent } from '../event.ts'
import type { Feed, Snapshot } from '../feed.ts'

export interface ItemAddress {
  readonly stream: string
  readonly group: string
  readonly item: string
}

/**
 * Told of the event of a local write or send once it is safe, in the order of the writes and before the promise of the write
 * resolves: this is where triggers of type `stream` fire. The feed tells subscribers, of events of other engines too.
 */
export type OnEmitted = (event: StreamEvent) => void

export interface Updated {
  readonly oldValue: string | undefined
  readonly newValue: string
  readonly errors: readonly UpdateError[]
}

/** A store of streams. Every write is one atomic step with its event; a rejection means that nothing was changed. */
export interface StreamStore {
  readonly feed: Feed
  get(address: ItemAddress): Promise<string | undefined>
  /** Resolves with the old value; the event is `create` or `update`. */
  set(address: ItemAddress, value: string, onEmitted: OnEmitted): Promise<string | undefined>
  /** Resolves with the removed value. A missing item is a success without an event. */
  delete(address: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined>
  /** Applies the update language (spec 02 §4) and writes the result back. */
  update(address: ItemAddress, operations: readonly UpdateOperation[], onEmitted: OnEmitted): Promise<Updated>
  /** The values of a group, oldest item first (redis: in any order). */
  list(stream: string, group: string): Promise<string[]>
  /** As `get` and `list`, with the position that the data is current at. */
  snapshot(stream: string, group: string, item: string | null): Promise<Snapshot>
  /** Groups of a stream that have an item, in any order. */
  groups(stream: string): Promise<string[]>
  /** Every stream that has an item, with its groups, in any order. */
  streams(): Promise<readonly { readonly id: string; readonly groups: readonly string[] }[]>
  /** An event without a write: `stream::send`, and what a custom stream has written elsewhere. `event` as in `StreamEvent`. */
  emit(stream: string, group: string, item: string | null, event: string, onEmitted: OnEmitted): Promise<void>
  /** Absent where the items are in no file of this engine. */
  backup?: CopyStore
  close(): Promise<void>
}

export interface StreamStoreContext {
  /** The `adapter.config` block. */
  readonly config: Readonly<Record<string, unknown>>
  readonly history: HistoryLimits
  readonly projectRoot: string
  readonly log: PluginLog
}

export interface HistoryLimits {
  /** Events kept for subscribers that come back. 0 = none: frames carry no position. Default 10,000. */
  readonly maxEvents: number
  /** Bytes of their frames kept. Default 16 MiB. */
  readonly maxBytes: number
}

/** Opens a store, or throws an error that says what is wrong and what to do. */
export type StreamStoreFactory = (context: StreamStoreContext) => StreamStore | Promise<StreamStore>
