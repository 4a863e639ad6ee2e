// Streams in the memory of the plugin's thread: gone, history included, when its generation ends.
import { updateText, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { changeText, StreamEvent, type Position } from '../event.ts'
import type { Feed, Snapshot } from '../feed.ts'
import { newEpoch } from '../history/journal-table.ts'
import { LocalFeed } from '../history/local-feed.ts'
import { RecentEvents } from '../history/recent-events.ts'
import { Timestamps } from '../history/timestamps.ts'
import { byStream, readScope, scopeOf, scopeRange } from './item-scope.ts'
import type { HistoryLimits, ItemAddress, OnEmitted, StreamStore, Updated } from './store.ts'

export interface KvMemoryOptions {
  readonly history: HistoryLimits
  readonly log: Pick<PluginLog, 'error'>
  readonly now?: (() => number) | undefined
}

export class KvMemory implements StreamStore {
  readonly feed: Feed
  readonly #feed: LocalFeed
  readonly #epoch = newEpoch()
  readonly #timestamps: Timestamps
  readonly #keepsHistory: boolean
  /** By stream and group. Maps keep insertion order: overwriting keeps an item's place, deleting and setting moves it to the end. */
  readonly #scopes = new Map<string, Map<string, string>>()
  #newest = 0

  constructor({ history, log, now }: KvMemoryOptions) {
    this.#keepsHistory = history.maxEvents > 0
    this.#timestamps = new Timestamps(now === undefined ? {} : { now })
    this.#feed = new LocalFeed({
      epoch: this.#epoch,
      recent: new RecentEvents(history, 0),
      onError: (message, error) => log.error(message, { error: String(error) }),
    })
    this.feed = this.#feed
  }

  async get({ stream, group, item }: ItemAddress): Promise<string | undefined> {
    return this.#scopes.get(scopeOf(stream, group))?.get(item)
  }

  async set(address: ItemAddress, value: string, onEmitted: OnEmitted): Promise<string | undefined> {
    return this.#write(address, value, onEmitted)
  }

  async delete({ stream, group, item }: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined> {
    const scope = scopeOf(stream, group)
    const items = this.#scopes.get(scope)
    const old = items?.get(item)
    if (items === undefined || old === undefined) return undefined
    items.delete(item)
    if (items.size === 0) this.#scopes.delete(scope)
    this.#emit(stream, group, item, changeText('delete', old), onEmitted)
    return old
  }

  async update(address: ItemAddress, operations: readonly UpdateOperation[], onEmitted: OnEmitted): Promise<Updated> {
    const { stream, group, item } = address
    const { text, errors } = updateText(this.#scopes.get(scopeOf(stream, group))?.get(item), operations)
    return { oldValue: this.#write(address, text, onEmitted), newValue: text, errors }
  }

  async emit(stream: string, group: string, item: string | null, event: string, onEmitted: OnEmitted): Promise<void> {
    this.#emit(stream, group, item, event, onEmitted)
  }

  async list(stream: string, group: string): Promise<string[]> {
    return [...(this.#scopes.get(scopeOf(stream, group))?.values() ?? [])]
  }

  async snapshot(stream: string, group: string, item: string | null): Promise<Snapshot> {
    const items = this.#scopes.get(scopeOf(stream, group))
    const data = item === null ? `[${[...(items?.values() ?? [])].join(',')}]` : (items?.get(item) ?? 'null')
    // Nothing newer is told before whoever asked has the answer.
    this.#feed.hold()
    return { data, position: this.#position() }
  }

  async groups(stream: string): Promise<string[]> {
    const [prefix] = scopeRange(stream)
    return [...this.#scopes.keys()].filter((scope) => scope.startsWith(prefix)).map((scope) => readScope(scope)[1])
  }

  async streams(): Promise<{ id: string; groups: string[] }[]> {
    return byStream(this.#scopes.keys())
  }

  async close(): Promise<void> {
    this.#feed.close()
    this.#scopes.clear()
  }

  #write({ stream, group, item }: ItemAddress, value: string, onEmitted: OnEmitted): string | undefined {
    const scope = scopeOf(stream, group)
    let items = this.#scopes.get(scope)
    if (items === undefined) {
      items = new Map()
      this.#scopes.set(scope, items)
    }
    const old = items.get(item)
    items.set(item, value)
    this.#emit(stream, group, item, changeText(old === undefined ? 'create' : 'update', value), onEmitted)
    return old
  }

  #emit(stream: string, group: string, item: string | null, event: string, onEmitted: OnEmitted): void {
    const timestamp = this.#timestamps.next(scopeOf(stream, group), item ?? '')
    this.#newest++
    const told = new StreamEvent({ stream, group, item, timestamp, event, position: this.#position() })
    this.#feed.emitted(told, onEmitted)
  }

  #position(): Position | undefined {
    return this.#keepsHistory ? { epoch: this.#epoch, offset: this.#newest } : undefined
  }
}
