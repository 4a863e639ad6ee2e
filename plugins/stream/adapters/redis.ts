// Streams in Redis, where several engines share them (spec 02 §7.3). A write, its event, its place in the history and its publication
// are one server-side script; subscribers of every engine hear of it by subscription, bound functions run on the engine that wrote.
import { checkedJson, jsonOrText } from '../../../kit/redis/stored-json.ts'
import { EditTurns, type Edit, type EditTurnsLimits } from '../../../kit/redis/edit-turns.ts'
import { encodeName } from '../../../kit/redis/redis-name.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import { scanKeys } from '../../../kit/redis/scan-keys.ts'
import {
  connectRedis,
  type RedisArgument,
  type RedisConnection,
  type RedisScript,
} from '../../../kit/redis/redis-connection.ts'
import { updateText, type UpdateError, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { changeText, StreamEvent, type Position } from '../event.ts'
import type { Feed, Snapshot } from '../feed.ts'
import { RedisFeed, type RedisFeedLimits } from './redis-feed.ts'
import { randomEpoch } from './redis-journal.ts'
import { CHANNEL, EPOCH_KEY, groupKey, groupPattern, JOURNAL_KEY, readGroupKey, STAMPED_KEY } from './redis-keys.ts'
import { DELETE, EMIT, SET, SNAPSHOT, SWAP } from './redis-scripts.ts'
import type { HistoryLimits, ItemAddress, OnEmitted, StreamStore, StreamStoreContext, Updated } from './store.ts'

export interface RedisStreamsOptions {
  readonly redis: RedisConnection
  readonly history: HistoryLimits
  readonly log: Pick<PluginLog, 'warn' | 'error'>
  readonly feedLimits?: Partial<RedisFeedLimits>
  readonly turnLimits?: Partial<EditTurnsLimits>
}

/** Where an event belongs; `item` null = to the group. */
interface Place {
  readonly stream: string
  readonly group: string
  readonly item: string | null
}

interface Note {
  readonly onEmitted: OnEmitted
  /** Of an event without a write. */
  readonly event?: string
}

/** Timestamp and offset of each event, one after the other. */
type Told = readonly number[]

export async function openRedis({ config, history, log }: StreamStoreContext): Promise<StreamStore> {
  const redis = await connectRedis({ ...redisSettings(config, 'iii-stream'), log })
  const streams = new RedisStreams({ redis, history, log })
  try {
    await streams.open()
  } catch (error) {
    await redis.close()
    throw error
  }
  return streams
}

export class RedisStreams implements StreamStore {
  readonly feed: Feed
  readonly #feed: RedisFeed
  readonly #redis: RedisConnection
  readonly #log: Pick<PluginLog, 'error'>
  readonly #history: HistoryLimits
  readonly #set: RedisScript
  readonly #delete: RedisScript
  readonly #swap: RedisScript
  readonly #emit: RedisScript
  readonly #snapshot: RedisScript
  readonly #turns: EditTurns<Place, Note, readonly (StreamEvent | undefined)[]>

  constructor({ redis, history, log, feedLimits, turnLimits }: RedisStreamsOptions) {
    this.#redis = redis
    this.#log = log
    this.#history = history
    this.#feed = new RedisFeed({ redis, history, log, limits: feedLimits })
    this.feed = this.#feed
    this.#set = redis.defineScript(SET, 4)
    this.#delete = redis.defineScript(DELETE, 4)
    this.#swap = redis.defineScript(SWAP, 4)
    this.#emit = redis.defineScript(EMIT, 4)
    this.#snapshot = redis.defineScript(SNAPSHOT, 2)
    this.#turns = new EditTurns({
      read: (place) => this.#read(place),
      swap: async (place, expected, changes, report) => {
        const events = changes.map(({ before, after, note }) => note.event ?? changeOf(before, after))
        const texts = events.filter((event) => event !== undefined)
        const [swapped, epochOrCurrent, told] = (await this.#run(this.#swap, place, [
          encodeName(place.item!),
          ...optional(expected),
          ...optional(changes.at(-1)!.after),
          ...texts,
        ])) as [number, string | null, Told]
        if (swapped === 0) return { swapped: false, current: epochOrCurrent ?? undefined }
        let next = 0
        const emitted = events.map((event) =>
          event === undefined ? undefined : this.#toEvent(place, event, epochOrCurrent!, told, next++),
        )
        changes.forEach(({ note }, index) => {
          if (emitted[index] !== undefined) this.#report(emitted[index], note.onEmitted)
        })
        report(emitted)
        return { swapped: true }
      },
      id: ({ stream, group, item }) => JSON.stringify([stream, group, item]),
      limits: turnLimits,
    })
  }

  /** Resolves when events come in. */
  open(): Promise<void> {
    return this.#feed.open()
  }

  async get(address: ItemAddress): Promise<string | undefined> {
    const text = await this.#read(address)
    return text === undefined ? undefined : checkedJson(text)
  }

  async set(address: ItemAddress, value: string, onEmitted: OnEmitted): Promise<string | undefined> {
    if (this.#turns.isBusy(address)) {
      return this.#turns.run(
        address,
        value.length,
        () => value,
        { onEmitted },
        ({ before }) => jsonOrText(before),
      )
    }
    return this.#write(this.#set, address, [value], (old) => changeOf(old, value), onEmitted)
  }

  async delete(address: ItemAddress, onEmitted: OnEmitted): Promise<string | undefined> {
    if (this.#turns.isBusy(address)) {
      return this.#turns.run(
        address,
        0,
        () => undefined,
        { onEmitted },
        ({ before }) => jsonOrText(before),
      )
    }
    return this.#write(this.#delete, address, [], (old) => changeOf(old, undefined), onEmitted)
  }

  update(address: ItemAddress, operations: readonly UpdateOperation[], onEmitted: OnEmitted): Promise<Updated> {
    let errors: readonly UpdateError[] = []
    const edit: Edit = (before) => {
      const updated = updateText(before === undefined ? undefined : checkedJson(before), operations)
      errors = updated.errors
      return updated.text
    }
    return this.#turns.run(address, 0, edit, { onEmitted }, ({ before, after }) => {
      return { oldValue: before, newValue: after!, errors }
    })
  }

  async list(stream: string, group: string): Promise<string[]> {
    const values = (await this.#redis.command('HVALS', groupKey(stream, group))) as string[]
    return values.map(checkedJson)
  }

  async snapshot(stream: string, group: string, item: string | null): Promise<Snapshot> {
    const keys = [groupKey(stream, group), EPOCH_KEY]
    const args = item === null ? ['0'] : ['1', encodeName(item)]
    const reply = (await this.#snapshot(keys, args)) as [string | null, number, string[]]
    const [epoch, offset, values] = reply
    const data = values.map(checkedJson)
    const position = this.#positionOf(epoch, offset)
    if (position !== undefined) await this.#feed.reach(position)
    return { data: item === null ? `[${data.join(',')}]` : (data[0] ?? 'null'), position }
  }

  async groups(stream: string): Promise<string[]> {
    const groups: string[] = []
    for (const key of await scanKeys(this.#redis, groupPattern(stream))) {
      const address = readGroupKey(key)
      if (address?.stream === stream) groups.push(address.group)
    }
    return groups
  }

  async streams(): Promise<readonly { readonly id: string; readonly groups: readonly string[] }[]> {
    const streams = new Map<string, string[]>()
    for (const key of await scanKeys(this.#redis, groupPattern())) {
      const address = readGroupKey(key)
      if (address === undefined) continue
      const groups = streams.get(address.stream)
      if (groups === undefined) streams.set(address.stream, [address.group])
      else groups.push(address.group)
    }
    return [...streams].map(([id, groups]) => ({ id, groups }))
  }

  async emit(stream: string, group: string, item: string | null, event: string, onEmitted: OnEmitted): Promise<void> {
    const place = { stream, group, item }
    if (item !== null && this.#turns.isBusy(place)) {
      return this.#turns.run(
        place,
        event.length,
        (before) => before,
        { onEmitted, event },
        () => {},
      )
    }
    await this.#write(this.#emit, place, [event], () => event, onEmitted)
  }

  async close(): Promise<void> {
    await this.#turns.idle()
    await this.#feed.close()
    await this.#redis.close()
  }

  async #read({ stream, group, item }: Place): Promise<string | undefined> {
    const text = await this.#redis.command('HGET', groupKey(stream, group), encodeName(item!))
    return (text as string | null) ?? undefined
  }

  /** Runs one of the scripts that reply [old value, epoch, told]. `event`: what it has told, given the old value. */
  async #write(
    script: RedisScript,
    place: Place,
    args: readonly string[],
    event: (old: string | undefined) => string | undefined,
    onEmitted: OnEmitted,
  ): Promise<string | undefined> {
    const own = script === this.#emit ? args : [encodeName(place.item!), ...args]
    const [old, epoch, told] = (await this.#run(script, place, own)) as [string | null, string, Told]
    if (told.length > 0) this.#report(this.#toEvent(place, event(old ?? undefined)!, epoch, told, 0), onEmitted)
    return jsonOrText(old ?? undefined)
  }

  /** The write has happened: what others make of it cannot fail it. */
  #report(event: StreamEvent, onEmitted: OnEmitted): void {
    try {
      onEmitted(event)
    } catch (error) {
      this.#log.error('A listener of the streams failed.', { error: String(error) })
    }
  }

  #run(script: RedisScript, { stream, group, item }: Place, args: readonly RedisArgument[]): Promise<unknown> {
    const { maxEvents, maxBytes } = this.#history
    const names = `"streamName":${JSON.stringify(stream)},"groupId":${JSON.stringify(group)},"id":${JSON.stringify(item)}`
    return script(
      [groupKey(stream, group), EPOCH_KEY, JOURNAL_KEY, STAMPED_KEY],
      [CHANNEL, maxEvents, maxBytes, randomEpoch(), names, JSON.stringify([stream, group, item]), ...args],
    )
  }

  #toEvent({ stream, group, item }: Place, event: string, epoch: string, told: Told, index: number): StreamEvent {
    const position = this.#positionOf(epoch, told[index * 2 + 1]!)
    return new StreamEvent({ stream, group, item, timestamp: told[index * 2]!, event, position })
  }

  #positionOf(epoch: string | null, offset: number): Position | undefined {
    return epoch === null || this.#history.maxEvents === 0 ? undefined : { epoch, offset }
  }
}

/** The event of a change; a deletion of nothing has none. */
function changeOf(before: string | undefined, after: string | undefined): string | undefined {
  if (after !== undefined) return changeText(before === undefined ? 'create' : 'update', after)
  return before === undefined ? undefined : changeText('delete', jsonOrText(before)!)
}

function optional(value: string | undefined): [string, string] {
  return value === undefined ? ['0', ''] : ['1', value]
}
