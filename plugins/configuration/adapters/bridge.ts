// Entries that another engine's configuration worker keeps (spec 04 A.9.1, 06 D). An engine whose counterpart is away starts
// without them, and takes them over when it is there.
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { settlesWithin, withDeadline } from '../../../base/time/deadline.ts'
import { openBridge, type Bridge } from '../../../kit/bridge/bridge.ts'
import { remoteCode } from '../../../kit/bridge/remote-code.ts'
import { isJsonObject } from '../../../base/values/json-value.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { RemoteEntries } from './remote-entries.ts'
import type { ConfigurationStore, ConfigurationStoreContext, SavedPart, StoredEntry, StoreListener } from './store.ts'

/** How long `close` waits for writes that the other engine has not answered; the host allows 10 s for the end of a generation. */
const CLOSE_MS = 3_000
/** How long the start waits for the entries of an engine that is there and does not answer. The host allows 10 s for all of it. */
const LOAD_MS = 5_000

export function openConfigurationBridge({ config, log }: ConfigurationStoreContext): ConfigurationStore {
  const setting = 'adapter.config.bridge_url of configuration'
  const workerName = 'iii-configuration-bridge'
  return new ConfigurationBridge(openBridge({ url: config['bridge_url'], workerName, setting, log }), log)
}

export class ConfigurationBridge implements ConfigurationStore {
  /** An entry of another engine has no place for them. */
  readonly keepsSeeds = false
  readonly #bridge: Bridge
  readonly #log: PluginLog
  readonly #entries: RemoteEntries
  readonly #loadMs: number
  /** One per engine: a shared id would be called on one of them only. */
  readonly #relay = `configuration::__bridge_relay::${randomUUID()}`
  /** What the other engine held when it was last looked at, by id. */
  readonly #known = new Map<string, StoredEntry>()
  /** Ids of which a change was reported and that have not been read since. */
  readonly #reported = new Set<string>()
  /** Reads and writes one after the other, so that what was written here is not taken for a change of somebody else. */
  #turn: Promise<unknown> = Promise.resolve()
  #listener: StoreListener | undefined

  constructor(bridge: Bridge, log: PluginLog, loadMs = LOAD_MS) {
    this.#bridge = bridge
    this.#loadMs = loadMs
    this.#log = log
    this.#entries = new RemoteEntries(bridge, log)
    bridge.iii.registerFunction(this.#relay, (change) => this.#changed(change), {
      description: 'Hears of changes to the configuration for another engine.',
      metadata: { internal: true },
      live_channel_refs: false,
    })
    bridge.iii.registerTrigger({ type: 'configuration', function_id: this.#relay, config: {} })
    bridge.onConnected(() => this.#compareAll())
  }

  async load(listener: StoreListener): Promise<StoredEntry[]> {
    this.#listener = listener
    let late = false
    const reading = this.#inTurn(async () => {
      const entries = await this.#entries.all()
      if (late) return []
      for (const entry of entries) this.#known.set(entry.id, entry)
      return entries
    })
    try {
      return await withDeadline(reading, this.#loadMs, () => new Error(`no answer within ${this.#loadMs} ms`))
    } catch (error) {
      late = true
      this.#log.warn(
        `The configuration of the other engine can't be read; its entries count from when it can: ${(error as Error).message}`,
      )
      // Without a connection, the next one brings us there.
      if (this.#bridge.connected) this.#compareAll()
      return []
    }
  }

  save(entry: StoredEntry, part: SavedPart): Promise<void> {
    return this.#inTurn(async () => {
      if (part === 'entry' || !(await this.#setValue(entry))) await this.#register(entry)
      const { seed: _seed, ...kept } = entry
      this.#known.set(entry.id, kept)
    })
  }

  /** An entry that the other engine has deleted is deleted here too; of the others it decides alone. */
  async delete(id: string): Promise<boolean> {
    if (!this.#known.has(id)) return false
    throw new Error(`'${id}' is kept by another engine and must be deleted there`)
  }

  async close(): Promise<void> {
    this.#listener = undefined
    await settlesWithin(this.#turn, CLOSE_MS)
    await this.#bridge.close()
  }

  /** False when the other engine does not know the entry, or not its schema. */
  async #setValue({ id, value }: StoredEntry): Promise<boolean> {
    try {
      await this.#entries.set(id, value)
      return true
    } catch (error) {
      const code = remoteCode(error)
      if (code === 'NOT_REGISTERED' || code === 'SCHEMA_UNAVAILABLE') return false
      throw error
    }
  }

  async #register(entry: StoredEntry): Promise<void> {
    const before = this.#known.get(entry.id)
    const isNew = entry.value !== null && !isDeepStrictEqual(entry.value, before?.value)
    await this.#entries.register(entry, isNew ? entry.value : undefined)
    // Without a value of its own the entry keeps the one that is there, which may be news here.
    if (!isNew) this.#reported.add(entry.id)
    if (!isNew) void this.#readReported()
  }

  #changed(change: unknown): void {
    const id = isJsonObject(change) ? change['id'] : undefined
    // The event has the value with the placeholders of the other engine expanded: what counts here is read.
    if (typeof id !== 'string') return
    this.#reported.add(id)
    void this.#readReported()
  }

  #readReported(): Promise<void> {
    return this.#inTurn(async () => {
      for (const id of this.#reported) {
        this.#reported.delete(id)
        await this.#compare(id)
      }
    })
  }

  async #compare(id: string): Promise<void> {
    try {
      this.#takeOver(id, await this.#entries.one(id))
    } catch (error) {
      this.#log.warn(`The change of configuration '${id}' can't be read: ${(error as Error).message}`)
    }
  }

  /** After a connection has come up: changes may have been missed. */
  #compareAll(): void {
    void this.#inTurn(async () => {
      if (this.#listener === undefined) return
      try {
        // Once the own function has been called, the binding behind it is in force, and nothing is missed any more.
        await this.#bridge.call(this.#relay, 'null')
        const entries = new Map((await this.#entries.all()).map((entry) => [entry.id, entry]))
        for (const id of new Set([...this.#known.keys(), ...entries.keys()])) this.#takeOver(id, entries.get(id))
      } catch (error) {
        this.#log.warn(`The configuration of the other engine can't be compared: ${(error as Error).message}`)
      }
    })
  }

  #takeOver(id: string, entry: StoredEntry | undefined): void {
    const before = this.#known.get(id)
    if (entry === undefined) {
      if (this.#known.delete(id)) this.#listener?.removed(id)
    } else if (before === undefined || !isSame(before, entry)) {
      this.#known.set(id, entry)
      this.#listener?.changed(entry)
    }
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => {})
    return result
  }
}

function isSame(one: StoredEntry, other: StoredEntry): boolean {
  const parts = ({ name, description, value, schema, metadata }: StoredEntry): unknown[] => [
    name,
    description,
    value,
    schema ?? null,
    metadata ?? null,
  ]
  return isDeepStrictEqual(parts(one), parts(other))
}
