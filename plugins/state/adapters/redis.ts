// State in Redis, where several engines share it: one hash `state:<scope>` per scope, field = key, value = JSON text (spec 02 §7.3).
// Every write is one server-side script. `update` computes here, in the semantics of JSON, and writes if nobody else has meanwhile.
import { EditTurns, type EditTurnsLimits } from '../../../kit/redis/edit-turns.ts'
import { decodeName, encodeName } from '../../../kit/redis/redis-name.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import { scanKeys } from '../../../kit/redis/scan-keys.ts'
import { checkedJson, jsonOrText } from '../../../kit/redis/stored-json.ts'
import { connectRedis, type RedisConnection, type RedisScript } from '../../../kit/redis/redis-connection.ts'
import { updateText, type UpdateError, type UpdateOperation } from '../../../kit/update/update-operations.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { OnWritten, StateStore, StateStoreContext, Updated } from './store.ts'

const PREFIX = 'state:'

const SET = `
local old = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return old`

const DELETE = `
local old = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return old`

/** ARGV: field, '1' and the expected value or '0' for none, '1' and the new value or '0' to delete. */
const SWAP = `
local current = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == '1' then
  if current ~= ARGV[3] then return {0, current} end
elseif current then
  return {0, current}
end
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[5])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return {1}`

interface Place {
  readonly scope: string
  readonly key: string
}

export async function openRedis({ config, log }: StateStoreContext): Promise<StateStore> {
  return new RedisState(await connectRedis({ ...redisSettings(config, 'iii-state'), log }), log)
}

export class RedisState implements StateStore {
  readonly #redis: RedisConnection
  readonly #log: Pick<PluginLog, 'error'>
  readonly #set: RedisScript
  readonly #delete: RedisScript
  readonly #swap: RedisScript
  readonly #turns: EditTurns<Place, OnWritten>

  constructor(redis: RedisConnection, log: Pick<PluginLog, 'error'>, limits?: Partial<EditTurnsLimits>) {
    this.#redis = redis
    this.#log = log
    this.#set = redis.defineScript(SET, 1)
    this.#delete = redis.defineScript(DELETE, 1)
    this.#swap = redis.defineScript(SWAP, 1)
    this.#turns = new EditTurns({
      read: ({ scope, key }) => this.#read(scope, key),
      swap: async ({ scope, key }, expected, changes, report) => {
        const args = [encodeName(key), ...optional(expected), ...optional(changes.at(-1)?.after)]
        const [swapped, current] = (await this.#swap([hashOf(scope)], args)) as [number, string | null | undefined]
        if (swapped === 0) return { swapped: false, current: current ?? undefined }
        for (const { before, after, note } of changes) this.#report(before, after, note)
        report(undefined)
        return { swapped: true }
      },
      id: ({ scope, key }) => `${scope.length}:${scope}${key}`,
      limits,
    })
  }

  async get(scope: string, key: string): Promise<string | undefined> {
    const text = await this.#read(scope, key)
    return text === undefined ? undefined : checkedJson(text)
  }

  async set(scope: string, key: string, value: string, onWritten: OnWritten): Promise<string | undefined> {
    const place = { scope, key }
    if (this.#turns.isBusy(place)) {
      return this.#turns.run(
        place,
        value.length,
        () => value,
        onWritten,
        ({ before }) => jsonOrText(before),
      )
    }
    return this.#report(await this.#set([hashOf(scope)], [encodeName(key), value]), value, onWritten)
  }

  async delete(scope: string, key: string, onWritten: OnWritten): Promise<string | undefined> {
    const place = { scope, key }
    if (this.#turns.isBusy(place)) {
      return this.#turns.run(
        place,
        0,
        () => undefined,
        onWritten,
        ({ before }) => jsonOrText(before),
      )
    }
    return this.#report(await this.#delete([hashOf(scope)], [encodeName(key)]), undefined, onWritten)
  }

  update(scope: string, key: string, operations: readonly UpdateOperation[], onWritten: OnWritten): Promise<Updated> {
    let errors: readonly UpdateError[] = []
    const edit = (before: string | undefined): string => {
      const updated = updateText(before === undefined ? undefined : checkedJson(before), operations)
      errors = updated.errors
      return updated.text
    }
    return this.#turns.run({ scope, key }, 0, edit, onWritten, ({ before, after }) => {
      return { oldValue: before, newValue: after!, errors }
    })
  }

  async list(scope: string): Promise<string[]> {
    const values = (await this.#redis.command('HVALS', hashOf(scope))) as string[]
    return values.map(checkedJson)
  }

  async scopes(): Promise<string[]> {
    const keys = await scanKeys(this.#redis, `${PREFIX}*`)
    return keys.map((key) => decodeName(key.subarray(PREFIX.length)))
  }

  async close(): Promise<void> {
    await this.#turns.idle()
    await this.#redis.close()
  }

  /** The write has happened: what others make of it cannot fail it. Returns the old value. */
  #report(before: unknown, after: string | undefined, onWritten: OnWritten): string | undefined {
    const old = jsonOrText((before as string | null) ?? undefined)
    try {
      onWritten(old, after)
    } catch (error) {
      this.#log.error('A listener of the store failed after a write.', { error: String(error) })
    }
    return old
  }

  async #read(scope: string, key: string): Promise<string | undefined> {
    return ((await this.#redis.command('HGET', hashOf(scope), encodeName(key))) as string | null) ?? undefined
  }
}

function hashOf(scope: string): string | Buffer {
  return encodeName(PREFIX + scope)
}

function optional(value: string | undefined): [string, string] {
  return value === undefined ? ['0', ''] : ['1', value]
}
