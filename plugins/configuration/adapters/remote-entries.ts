// Reads and writes the entries of another engine's configuration worker through its functions (spec 04 A.9.2, 06 D).
import type { Bridge } from '../../../kit/bridge/bridge.ts'
import { remoteCode } from '../../../kit/bridge/remote-code.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/values/json-value.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import type { ConfigurationSchema } from '../entry.ts'
import type { StoredEntry } from './store.ts'

/** Values that are read at once. */
const READS_AT_ONCE = 50

export class RemoteEntries {
  readonly #bridge: Bridge
  readonly #log: PluginLog

  constructor(bridge: Bridge, log: PluginLog) {
    this.#bridge = bridge
    this.#log = log
  }

  /** Every entry; those whose value the other engine refuses to tell are left out with a warning. Rejects when it does not answer. */
  async all(): Promise<StoredEntry[]> {
    const { configurations } = (await this.#call('configuration::list', {})) as { configurations?: unknown }
    if (!Array.isArray(configurations)) throw new Error('The other engine answered configuration::list without a list')
    const described = configurations.filter(isDescription)
    const entries: StoredEntry[] = []
    for (let at = 0; at < described.length; at += READS_AT_ONCE) {
      const some = described.slice(at, at + READS_AT_ONCE).map((entry) => this.#readable(entry))
      entries.push(...(await Promise.all(some)).filter((entry) => entry !== undefined))
    }
    return entries
  }

  /** undefined when there is none. */
  async one(id: string): Promise<StoredEntry | undefined> {
    try {
      const description = await this.#call('configuration::schema', { id })
      return isDescription(description) ? await this.#withValue(description) : undefined
    } catch (error) {
      if (remoteCode(error) === 'NOT_FOUND') return undefined
      throw error
    }
  }

  /** Name, description, schema and metadata; the value only where one is given. */
  async register(entry: StoredEntry, initialValue: JsonValue | undefined): Promise<void> {
    const { id, name, description, schema = true, metadata } = entry
    await this.#call('configuration::register', {
      id,
      name,
      description,
      schema: schema as JsonValue,
      ...(initialValue === undefined ? {} : { initial_value: initialValue }),
      ...(metadata === undefined ? {} : { metadata }),
    })
  }

  async set(id: string, value: JsonValue): Promise<void> {
    await this.#call('configuration::set', { id, value })
  }

  async #readable(description: Description): Promise<StoredEntry | undefined> {
    try {
      return await this.#withValue(description)
    } catch (error) {
      // Without an answer nothing is known of the entry: it must not count as deleted.
      if (remoteCode(error) === undefined) throw error
      this.#log.warn(
        `The configuration '${description.id}' of the other engine is left out: ${(error as Error).message}`,
      )
      return undefined
    }
  }

  async #withValue({ id, name, description, schema, metadata }: Description): Promise<StoredEntry> {
    const { value = null } = (await this.#call('configuration::get', { id, raw: true })) as { value?: JsonValue }
    return {
      id,
      name,
      description,
      value,
      ...(schema === undefined || schema === null ? {} : { schema }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  }

  async #call(functionId: string, payload: JsonObject): Promise<JsonObject> {
    const result: unknown = JSON.parse((await this.#bridge.call(functionId, JSON.stringify(payload))) ?? 'null')
    if (isJsonObject(result)) return result
    throw new Error(`The other engine answered ${functionId} with no object`)
  }
}

interface Description {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly schema?: ConfigurationSchema | null
  readonly metadata?: JsonValue
}

function isDescription(value: unknown): value is Description {
  if (!isJsonObject(value)) return false
  const { id, name, description, schema = null } = value
  return (
    typeof id === 'string' &&
    typeof name === 'string' &&
    typeof description === 'string' &&
    (schema === null || typeof schema === 'boolean' || isJsonObject(schema))
  )
}
