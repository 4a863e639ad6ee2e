// The entries of plugins (spec 03 §2.4, 04 A.9.7). The engine asks for a plugin's settings before it starts (`resolve`), tells
// which it runs with (`applied`), and carries out a change (`engine::settings::apply`) before it is stored.
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/values/json-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { SettingsAbout, SettingsAnswer } from '../../protocol/seats.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { StoredEntry } from './adapters/store.ts'
import type { ConfigurationSchema, Entry } from './entry.ts'
import type { EntryTable } from './entry-table.ts'
import type { IdQueues } from './id-queues.ts'
import type { Persistence } from './persistence.ts'
import { warnOfUnreadNames } from './other-names.ts'
import { seedOf, seedHolds } from './seed.ts'
import type { ChangeType } from './trigger.ts'
import { expandFailed, type Values } from './values.ts'

/** This worker's own block is never stored in itself. */
export const OWN_ID = 'configuration'

/** What the engine tells of a plugin, read. */
export interface AppliedSettings extends Omit<SettingsAbout, 'schema' | 'config'> {
  readonly schema: ConfigurationSchema
  /** The block in the engine's file. */
  readonly config: JsonObject
  /** The engine's file; null = there is none. */
  readonly file: string | null
  /** What the plugin runs with: validated, defaults filled in. */
  readonly value: JsonObject
}

/** What the engine asks about: a plugin that is to start. */
export type SettingsWish = Pick<AppliedSettings, 'plugin' | 'aliases' | 'config' | 'schema'>

export interface ResolvedSettings extends SettingsAnswer {
  readonly value: JsonObject
}

export interface PluginSettingsContext {
  readonly table: EntryTable
  readonly values: Values
  readonly queues: IdQueues
  readonly persistence: Persistence
  readonly log: PluginLog
  readonly emit: (type: ChangeType, entry: Entry, oldValue: JsonValue, newValue: JsonValue) => void
  /** Makes the plugin run with the settings, in place or by a change of generation; rejects when it does not. */
  readonly apply: (plugin: string, config: JsonObject) => Promise<void>
  /** Whether a block is stored and then removed from the file. */
  readonly stripsSeeded: () => boolean
  readonly strip: (file: string, names: readonly string[]) => Promise<void>
}

interface Owner {
  told: AppliedSettings
  /** A change is being carried out: what the engine tells meanwhile counts only if the change fails. */
  changing: boolean
  toldMeanwhile: boolean
}

export class PluginSettings {
  readonly #context: PluginSettingsContext
  readonly #owners = new Map<string, Owner>()
  /** What `resolve` went by the last time, by plugin. */
  readonly #resolvedFrom = new Map<string, StoredEntry>()

  constructor(context: PluginSettingsContext) {
    this.#context = context
  }

  owns(id: string): boolean {
    return this.#owners.has(id)
  }

  /** Without side effects on entries, and without waiting: a change that the engine carries out may be what asks. */
  resolve({ plugin, aliases, config, schema }: SettingsWish): ResolvedSettings {
    const { table, values, log } = this.#context
    const stored = table.storedUnder(plugin, aliases)
    const file = { value: config, from: 'file' } as const
    if (plugin === OWN_ID || stored === undefined || stored.value === null) return file
    this.#resolvedFrom.set(plugin, stored)
    if (!seedHolds(stored.seed, config)) return file
    const { value, missing } = values.expand(stored.value, schema)
    const instead = `The settings of ${plugin} that stand in the configuration file are used instead.`
    if (missing.length > 0) {
      log.warn(`${expandFailed(plugin, missing).message}. ${instead}`)
      return file
    }
    if (!isJsonObject(value)) {
      log.warn(`The stored configuration '${plugin}' is no object. ${instead}`)
      return file
    }
    return { value: withAdapterOf(config, value), from: 'stored' }
  }

  applied(told: AppliedSettings): void {
    if (told.plugin === OWN_ID) return
    const known = this.#owners.get(told.plugin)
    if (known === undefined) warnOfUnreadNames(told, this.#context)
    const owner = known ?? { told, changing: false, toldMeanwhile: false }
    owner.told = told
    this.#owners.set(told.plugin, owner)
    this.#context.table.addAliases(told.plugin, told.aliases)
    owner.toldMeanwhile = owner.changing
    if (!owner.changing) this.#takeOver(owner)
  }

  removed(plugin: string): void {
    const { table } = this.#context
    if (!this.#owners.delete(plugin)) return
    this.#resolvedFrom.delete(plugin)
    table.removeAliases(plugin)
    const entry = table.find(plugin)
    if (entry !== undefined) table.put({ ...entry, schema: undefined })
  }

  /** Within the queue of the id. Applies, then persists, then tells; a failure at any step leaves everything as it was. */
  async set(id: string, value: JsonValue, persist = true): Promise<JsonValue> {
    const { table, values, persistence } = this.#context
    const owner = this.#ownerOf(id)
    const before = owner.told.value
    values.requireSize(value)
    const { value: expanded, missing } = values.expand(value, owner.told.schema)
    if (missing.length > 0) throw expandFailed(id, missing)
    const wanted = isJsonObject(expanded) ? withAdapterOf(owner.told.config, expanded) : expanded
    await values.requireFit(owner.told.schema, wanted)
    return this.#change(owner, async () => {
      await this.#apply(owner, wanted as JsonObject)
      if (!owner.toldMeanwhile) owner.told = { ...owner.told, value: wanted as JsonObject }
      const stored = { ...this.#storedForm(owner, value), seed: seedOf(owner.told.config) }
      // What others wrote is there already, but perhaps without the seed that makes it count at the next start.
      const lacksSeed = persistence.keepsSeeds && table.stored.get(id)?.seed !== stored.seed
      if (persist || lacksSeed) await this.#orGoBack(owner, before, persistence.save(stored, 'value'))
      table.stored.set(id, stored)
      return value
    })
  }

  /** Within the queue of the id: back to what the file says. True when something was stored. */
  async reset(id: string): Promise<boolean> {
    const owner = this.#ownerOf(id)
    const { table, persistence } = this.#context
    if (!table.stored.has(id)) return false
    await this.#change(owner, async () => {
      const before = owner.told.value
      await this.#apply(owner, owner.told.config)
      if (!owner.toldMeanwhile) owner.told = { ...owner.told, value: owner.told.config }
      await this.#orGoBack(owner, before, persistence.delete(id))
      return owner.told.value
    })
    return true
  }

  async #apply({ told: { plugin, value } }: Owner, config: JsonObject): Promise<void> {
    const { apply, log } = this.#context
    await apply(plugin, config).catch((error: unknown) => {
      // It may come to pass yet. The engine makes changes one after the other, so this one comes after it.
      if (error instanceof CodedError && error.code === 'timeout') {
        apply(plugin, value).catch((cause: unknown) => {
          log.error(`it is not known which settings ${plugin} has: ${reasonOf(cause)}`)
        })
      }
      throw error
    })
  }

  /** What can't be stored is taken back from the plugin; then `write` fails for the caller. */
  async #orGoBack(owner: Owner, before: JsonObject, write: Promise<unknown>): Promise<void> {
    const { apply, log } = this.#context
    const { plugin } = owner.told
    try {
      await write
    } catch (error) {
      owner.toldMeanwhile = false
      await apply(plugin, before).then(
        () => {
          owner.told = { ...owner.told, value: before }
        },
        (cause: unknown) => {
          log.error(`${plugin} keeps settings that could not be stored: going back failed (${reasonOf(cause)})`)
          owner.toldMeanwhile = true
        },
      )
      throw error
    }
  }

  async #change(owner: Owner, carryOut: () => Promise<JsonValue>): Promise<JsonValue> {
    const { table, emit } = this.#context
    owner.changing = true
    owner.toldMeanwhile = false
    try {
      const value = await carryOut()
      const before = table.find(owner.told.plugin)
      const entry = this.#entryOf(owner, value)
      table.put(entry)
      emit('configuration:updated', entry, before?.value ?? null, value)
      owner.changing = false
      return before?.value ?? null
    } catch (error) {
      owner.changing = false
      if (owner.toldMeanwhile) this.#takeOver(owner)
      throw error
    }
  }

  /** Makes what the plugin runs with the value of its entry. */
  #takeOver(owner: Owner): void {
    const { table, values, emit } = this.#context
    const { plugin } = owner.told
    const before = table.find(plugin)
    const value = this.#valueInForce(owner)
    const entry = this.#entryOf(owner, value)
    table.put(entry)
    values.markSound(entry)
    if (before === undefined) emit('configuration:registered', entry, null, value)
    else if (!isDeepStrictEqual(before.value, value)) emit('configuration:updated', entry, before.value, value)
  }

  #valueInForce(owner: Owner): JsonValue {
    const { table, values, persistence, stripsSeeded } = this.#context
    const { plugin, aliases, config, value, file, schema } = owner.told
    const stored = table.storedUnder(plugin, aliases)
    const isStored = stored !== undefined && stored.value !== null
    if (isStored && seedHolds(stored.seed, config)) {
      const { value: expanded, missing } = values.expand(stored.value, schema)
      if (missing.length === 0 && isJsonObject(expanded) && includes(value, withAdapterOf(config, expanded))) {
        if (stored.id !== plugin) this.#adopt(owner, stored)
        return stored.value
      }
      // Stored after the plugin was told its settings: it has to hear of it. Else the engine could not use what is stored.
      if (this.#resolvedFrom.get(plugin) !== stored) this.#catchUp(plugin, stored)
      return value
    }
    const strips = stripsSeeded() && file !== null && Object.keys(config).length > 0
    const isReplaced = isStored && stored.id === plugin && persistence.keepsSeeds
    if (isReplaced || strips) this.#storeLater(owner.told, strips)
    return value
  }

  /** What iii has stored under the short name is this plugin's from now on; the file of the short name stays for iii. */
  #adopt(owner: Owner, { id, value }: StoredEntry): void {
    const { queues, persistence, log } = this.#context
    const { plugin, config } = owner.told
    if (!persistence.keepsSeeds) return
    const save = async (): Promise<void> => {
      await persistence.save({ ...this.#storedForm(owner, value), seed: seedOf(config) }, 'entry')
      log.info(`The stored settings '${id}' are those of ${plugin}: they are kept in ${plugin}.yaml from now on.`)
    }
    queues.run(plugin, save).catch((error: unknown) => {
      log.warn(
        `The stored settings '${id}' of ${plugin} are in force, but could not be kept as its own: ${reasonOf(error)}`,
      )
    })
  }

  /** The block was edited: it counts from now on, and what was stored for the old one does not come back. */
  #storeLater(told: AppliedSettings, strips: boolean): void {
    const { plugin, value, config, file, aliases } = told
    const { queues, persistence, log, strip } = this.#context
    const store = async (): Promise<void> => {
      const owner = this.#owners.get(plugin)
      if (owner?.told !== told) return
      await persistence.save({ ...this.#storedForm(owner, value), seed: seedOf(config) }, 'entry')
      if (strips && file !== null) await strip(file, [plugin, ...aliases])
    }
    queues.run(plugin, store).catch((error: unknown) => {
      log.warn(`The settings of ${plugin} are in force, but not stored: ${reasonOf(error)}`)
    })
  }

  #catchUp(plugin: string, stored: StoredEntry): void {
    const { queues, table, log } = this.#context
    const set = async (): Promise<void> => {
      if (this.owns(plugin) && table.stored.get(plugin) === stored) await this.set(plugin, stored.value, false)
    }
    queues.run(plugin, set).catch((error: unknown) => {
      log.warn(`The stored settings of ${plugin} could not be applied: ${reasonOf(error)}`)
    })
  }

  #ownerOf(id: string): Owner {
    const owner = this.#owners.get(id)
    if (owner !== undefined) return owner
    throw new CodedError('SCHEMA_UNAVAILABLE', `the plugin of configuration '${id}' is gone`)
  }

  #entryOf(owner: Owner, value: JsonValue): Entry {
    return { ...this.#storedForm(owner, value), schema: owner.told.schema, metadata: undefined }
  }

  #storedForm({ told }: Owner, value: JsonValue): StoredEntry {
    return { id: told.plugin, name: told.plugin, description: told.description, value }
  }
}

/** A value that says nothing of the adapter keeps the one of the file (spec 02 §7.2). */
export function withAdapterOf(config: JsonObject, value: JsonObject): JsonObject {
  const adapter = config['adapter']
  return adapter === undefined || Object.hasOwn(value, 'adapter') ? value : { ...value, adapter }
}

/** Whether `whole` says all that `part` says: the engine fills in defaults and changes nothing else. */
function includes(whole: JsonValue | undefined, part: JsonValue): boolean {
  if (!isJsonObject(part)) {
    if (!Array.isArray(part)) return whole === part
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((item, index) => includes(whole[index], item))
    )
  }
  return isJsonObject(whole) && Object.entries(part).every(([name, member]) => includes(whole[name], member))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
