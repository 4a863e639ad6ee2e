// Streams in an embedded database. A write, its event and its place in the history are one row change each in one transaction:
// they are safe together, or none of them is. Triggers and subscribers hear of it after the commit.
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { SqliteStore, type SqliteStoreOptions } from '../../../kit/sqlite/sqlite-store.ts'
import { updateText, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { CopyStore } from '../../../kit/backup/backups.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { StreamEvent, type Change } from '../event.ts'
import type { Feed, Snapshot } from '../feed.ts'
import { JOURNAL_SCHEMA, JournalTable } from '../history/journal-table.ts'
import { LocalFeed } from '../history/local-feed.ts'
import { RecentEvents } from '../history/recent-events.ts'
import { Timestamps } from '../history/timestamps.ts'
import { byStream, readScope, ScopeNames, scopeRange } from './item-scope.ts'
import type { HistoryLimits, ItemAddress, OnEmitted, StreamStore, Updated } from './store.ts'

export interface KvFileOptions {
  /** Absolute path of the data folder. */
  readonly folder: string
  readonly history: HistoryLimits
  /** Upper size of the file; a quarter of it is for the history at most. Default: none. */
  readonly maxBytes?: number | undefined
  readonly log: Pick<PluginLog, 'error' | 'warn'>
  readonly now?: (() => number) | undefined
  readonly keepUnasked?: number | undefined
  /** For tests. */
  readonly onOpen?: SqliteStoreOptions['onOpen']
}

/** Of a store with an upper size: the history must not take the room that deleted items have left. */
const HISTORY_SHARE = 0.25

/** Version of the layout of `stream.db`. */
const FORMAT_VERSION = 1

export class KvFile implements StreamStore {
  readonly feed: Feed
  readonly #feed: LocalFeed
  readonly #store: SqliteStore
  readonly #table: OrderedTable
  readonly #journal: JournalTable
  readonly #timestamps: Timestamps
  readonly #scopes = new ScopeNames()
  readonly #keepsHistory: boolean
  /** Events of the batch under way. */
  #batch: StreamEvent[] = []
  /** Offset of the newest event, those of the batch under way included. */
  #newest: number

  constructor({ folder, history: wanted, maxBytes, log, now, keepUnasked, onOpen }: KvFileOptions) {
    const history = { ...wanted, maxBytes: Math.min(wanted.maxBytes, (maxBytes ?? Infinity) * HISTORY_SHARE) }
    const onError = (message: string, error: unknown): void => log.error(message, { error: String(error) })
    this.#keepsHistory = history.maxEvents > 0
    this.#store = new SqliteStore({
      folder,
      name: 'stream.db',
      setting: 'adapter.config.file_path of iii-stream',
      schema: `${ORDERED_TABLE_SCHEMA}; ${JOURNAL_SCHEMA}`,
      version: FORMAT_VERSION,
      maxBytes,
      onWarning: (message) => log.warn(message),
      onError,
      onOpen,
    })
    this.#table = new OrderedTable(this.#store)
    this.#journal = new JournalTable(this.#store.database, history)
    const { epoch, opened } = this.#journal
    const { newest, timestamp } = opened
    this.#newest = newest
    this.#timestamps = new Timestamps({ after: timestamp, ...(now === undefined ? {} : { now }) })
    const recent = new RecentEvents(history, newest)
    this.#feed = new LocalFeed({ epoch, recent, readHistory: (to) => this.#journal.read(to), keepUnasked, onError })
    this.feed = this.#feed
    this.#store.onBatch({
      beforeCommit: () => {
        if (this.#batch.length > 0) this.#journal.append(this.#batch, this.#newest)
      },
      committed: () => {
        this.#journal.committed()
        this.#batch = []
      },
      rolledBack: () => {
        this.#journal.rolledBack()
        this.#newest -= this.#batch.length
        this.#batch = []
      },
    })
  }

  get({ stream, group, item }: ItemAddress): Promise<string | undefined> {
    return this.#store.run(() => this.#table.get(this.#scopes.of(stream, group), item))
  }

  set({ stream, group, item }: ItemAddress, value: string, onEmitted: OnEmitted): Promise<string | undefined> {
    const scope = this.#scopes.of(stream, group)
    let event: StreamEvent
    const write = (): string | undefined => {
      const old = this.#table.set(scope, item, value)
      event = this.#record(scope, stream, group, item, old === undefined ? 'create' : 'update', value)
      return old
    }
    return this.#store.run(write, { bytes: value.length, committed: () => this.#feed.emitted(event, onEmitted) })
  }

  delete({ stream, group, item }: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined> {
    const scope = this.#scopes.of(stream, group)
    let event: StreamEvent | undefined
    const remove = (): string | undefined => {
      const old = this.#table.delete(scope, item)
      event = old === undefined ? undefined : this.#record(scope, stream, group, item, 'delete', old)
      return old
    }
    return this.#store.run(remove, { committed: () => event !== undefined && this.#feed.emitted(event, onEmitted) })
  }

  update(
    { stream, group, item }: ItemAddress,
    operations: readonly UpdateOperation[],
    onEmitted: OnEmitted,
  ): Promise<Updated> {
    const scope = this.#scopes.of(stream, group)
    let event: StreamEvent
    const edit = (): Updated => {
      let updated: ReturnType<typeof updateText> | undefined
      const oldValue = this.#table.edit(scope, item, (old) => (updated = updateText(old, operations)).text)
      const { text: newValue, errors } = updated!
      const change = oldValue === undefined ? 'create' : 'update'
      event = this.#record(scope, stream, group, item, change, newValue)
      return { oldValue, newValue, errors }
    }
    return this.#store.run(edit, { committed: () => this.#feed.emitted(event, onEmitted) })
  }

  emit(stream: string, group: string, item: string | null, text: string, onEmitted: OnEmitted): Promise<void> {
    let event: StreamEvent
    const record = (): void => {
      event = this.#record(this.#scopes.of(stream, group), stream, group, item, undefined, text)
    }
    return this.#store.run(record, { bytes: text.length, committed: () => this.#feed.emitted(event, onEmitted) })
  }

  list(stream: string, group: string): Promise<string[]> {
    return this.#store.run(() => this.#table.values(this.#scopes.of(stream, group)))
  }

  snapshot(stream: string, group: string, item: string | null): Promise<Snapshot> {
    const scope = this.#scopes.of(stream, group)
    const read = (): Snapshot => ({
      data: item === null ? `[${this.#table.values(scope).join(',')}]` : (this.#table.get(scope, item) ?? 'null'),
      position: this.#keepsHistory ? { epoch: this.#journal.epoch, offset: this.#newest } : undefined,
    })
    // Nothing newer is told before whoever asked has the answer.
    return this.#store.run(read, { committed: () => this.#feed.hold() })
  }

  groups(stream: string): Promise<string[]> {
    return this.#store.run(() => this.#table.scopesBetween(...scopeRange(stream)).map((scope) => readScope(scope)[1]))
  }

  streams(): Promise<{ id: string; groups: string[] }[]> {
    return this.#store.run(() => byStream(this.#table.scopes()))
  }

  backup(...[file, onProgress]: Parameters<CopyStore>): Promise<number> {
    return this.#store.backup(file, { onProgress })
  }

  async close(): Promise<void> {
    await this.#store.endBackups()
    this.#store.close()
    this.#feed.close()
  }

  /**
   * The last step of an operation: from here on it must not fail by itself, since its offset is given out.
   * @param text the data of a change, or else the whole of `event`
   */
  #record(
    scope: string,
    stream: string,
    group: string,
    item: string | null,
    change: Change | undefined,
    text: string,
  ): StreamEvent {
    const timestamp = this.#timestamps.next(scope, item ?? '')
    const offset = ++this.#newest
    const position = this.#keepsHistory ? { epoch: this.#journal.epoch, offset } : undefined
    const recorded = new StreamEvent(
      change === undefined
        ? { stream, group, item, timestamp, position, event: text }
        : { stream, group, item, timestamp, position, change, data: text },
    )
    this.#batch.push(recorded)
    return recorded
  }
}
