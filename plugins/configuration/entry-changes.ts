// What changes entries (spec 04 A.9.2): callers, edits by hand, and the time that runs out. One change per entry at a time.
import { isDeepStrictEqual } from 'node:util'
import type { JsonValue } from '../../base/values/json-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { StoredEntry, StoreListener } from './adapters/store.ts'
import type { ConfigurationSchema, Entry } from './entry.ts'
import { isEntryId, type EntryTable } from './entry-table.ts'
import type { IdQueues } from './id-queues.ts'
import type { Persistence } from './persistence.ts'
import { OWN_ID, type PluginSettings } from './plugin-settings.ts'
import type { SchemaHandover } from './schema-handover.ts'
import type { ChangeType } from './trigger.ts'
import { SchemaMismatch, type Values } from './values.ts'

/** Entries that there may be. Default 10,000. */
export const MAX_ENTRIES = 10_000

export interface Registration {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly schema: ConfigurationSchema
  /** undefined keeps the value that is there. */
  readonly initialValue: JsonValue | undefined
  readonly metadata: JsonValue | undefined
}

export interface EntryChangesContext {
  readonly table: EntryTable
  readonly values: Values
  readonly queues: IdQueues
  readonly persistence: Persistence
  readonly plugins: PluginSettings
  readonly schemas: Pick<SchemaHandover, 'keep' | 'drop'>
  readonly log: PluginLog
  readonly emit: (type: ChangeType, entry: Entry, oldValue: JsonValue, newValue: JsonValue) => void
  /** Default 10,000. */
  readonly maxEntries?: number | undefined
}

export class EntryChanges implements StoreListener {
  readonly #context: EntryChangesContext

  constructor(context: EntryChangesContext) {
    this.#context = context
  }

  register(registration: Registration): Promise<Entry> {
    const { table, queues } = this.#context
    requireId(registration.id)
    const id = table.idOf(registration.id)
    return queues.run(id, () => this.#register({ ...registration, id }))
  }

  set(asked: string, value: JsonValue): Promise<{ oldValue: JsonValue; newValue: JsonValue }> {
    const { table, queues, values, persistence, plugins, emit } = this.#context
    const id = table.idOf(asked)
    // The instances of a plugin have names that nobody else may give.
    if (!plugins.owns(id)) requireId(asked)
    return queues.run(id, async () => {
      if (plugins.owns(id)) return { oldValue: await plugins.set(id, value), newValue: value }
      const before = table.find(id)
      if (before === undefined) {
        const message =
          id === OWN_ID
            ? ownSettings()
            : `configuration '${asked}' is not registered; call configuration::register first`
        throw new CodedError('NOT_REGISTERED', message)
      }
      if (before.schema === undefined) {
        const why = 'its owner has not registered since the engine started, so that the value could not be checked'
        throw new CodedError('SCHEMA_UNAVAILABLE', `configuration '${asked}' can't be set: ${why}`)
      }
      await values.requireWritable(before.schema, value)
      await persistence.save({ ...storedForm(before), value }, 'value')
      const entry = { ...before, value }
      table.put(entry)
      emit('configuration:updated', entry, before.value, value)
      return { oldValue: before.value, newValue: value }
    })
  }

  /** True when there was one; for a plugin's entry, when a value was set: the plugin then goes back to the file's block. */
  delete(asked: string): Promise<boolean> {
    const { table, queues, plugins } = this.#context
    const id = table.idOf(asked)
    return queues.run(id, async () => (plugins.owns(id) ? plugins.reset(id) : this.#delete(id)))
  }

  // ── what others changed in the store ─────────────────────────────────────────────────────────────────────────────

  changed(stored: StoredEntry): void {
    this.#context.persistence.warnOfOddities(stored)
    this.#outside(stored.id, async () => {
      const { plugins, table, log } = this.#context
      const plugin = table.idOf(stored.id)
      if (plugin !== stored.id) {
        table.stored.set(stored.id, stored)
        log.warn(
          `The change of configuration '${stored.id}' is not read: it is another name of ${plugin}; edit ${plugin}.yaml.`,
        )
        return
      }
      if (plugins.owns(stored.id)) {
        // Only the value is anybody else's to change.
        if (stored.value === null) return
        if (isDeepStrictEqual(table.find(stored.id)?.value, stored.value)) table.stored.set(stored.id, stored)
        else await plugins.set(stored.id, stored.value, false)
        return
      }
      await this.#takeOver(stored)
    })
  }

  removed(id: string): void {
    this.#outside(id, async () => {
      const { plugins, table } = this.#context
      // Nobody has read it, and what the plugin has under its own name stays.
      if (table.idOf(id) !== id) {
        table.stored.delete(id)
        table.remove(id)
      } else if (plugins.owns(id)) await plugins.reset(id)
      else await this.#delete(id)
    })
  }

  #outside(id: string, run: () => Promise<void>): void {
    const { queues, log } = this.#context
    queues.run(id, run).catch((error: unknown) => {
      log.warn(`The change of configuration '${id}' is refused, the previous value stays in force: ${loggable(error)}`)
    })
  }

  async #takeOver(stored: StoredEntry): Promise<void> {
    const { table, values, emit, maxEntries = MAX_ENTRIES } = this.#context
    const before = table.find(stored.id)
    const schema = stored.schema ?? before?.schema
    if (before === undefined && table.size >= maxEntries) throw tooMany(maxEntries)
    if (schema !== undefined && stored.value !== null) {
      const probe: Entry = { ...stored, schema, metadata: stored.metadata }
      await values.read(probe)
    }
    const entry: Entry = { ...entryOf(stored), schema }
    table.stored.set(stored.id, stored)
    table.put(entry)
    const type = before === undefined ? 'configuration:registered' : 'configuration:updated'
    emit(type, entry, before?.value ?? null, stored.value)
  }

  // ── within the queue of the id ───────────────────────────────────────────────────────────────────────────────────

  async #register({ id, name, description, schema, initialValue, metadata }: Registration): Promise<Entry> {
    const { table, values, persistence, plugins, schemas, emit, maxEntries = MAX_ENTRIES } = this.#context
    if (plugins.owns(id) || id === OWN_ID) {
      const message =
        id === OWN_ID
          ? ownSettings()
          : `configuration '${id}' belongs to the plugin of that name; change its value with configuration::set`
      throw new CodedError('FORBIDDEN', message)
    }
    const before = table.find(id)
    if (before === undefined && table.size >= maxEntries) throw tooMany(maxEntries)
    await values.check(schema)
    if (initialValue !== undefined) await values.requireWritable(schema, initialValue)
    const entry: Entry = { id, name, description, schema, value: initialValue ?? before?.value ?? null, metadata }
    await persistence.save(storedForm(entry), 'entry')
    schemas.keep(id, schema)
    table.put(entry)
    const type = before === undefined ? 'configuration:registered' : 'configuration:updated'
    emit(type, entry, before?.value ?? null, entry.value)
    return entry
  }

  async #delete(id: string): Promise<boolean> {
    const { table, persistence, schemas, emit } = this.#context
    const entry = table.find(id)
    if (entry === undefined) return false
    await persistence.delete(id)
    schemas.drop(id)
    table.remove(id)
    emit('configuration:deleted', entry, entry.value, null)
    return true
  }
}

export function entryOf({ id, name, description, schema, value, metadata }: StoredEntry): Entry {
  return { id, name, description, schema, value, metadata }
}

function storedForm({ id, name, description, schema, value, metadata }: Entry): StoredEntry {
  return { id, name, description, value, schema, ...(metadata === undefined ? {} : { metadata }) }
}

function requireId(id: string): void {
  if (isEntryId(id)) return
  throw new CodedError('INVALID_ID', `invalid configuration id '${id}': must match [a-z0-9_-]{1,64}`)
}

function tooMany(max: number): CodedError {
  return new CodedError('overloaded', `there are ${max} configuration entries already; delete some that nobody needs`)
}

/** Values may be secrets: what goes into the log names only the rule. */
function loggable(error: unknown): string {
  if (error instanceof SchemaMismatch) return error.rules
  return error instanceof Error ? error.message : String(error)
}

function ownSettings(): string {
  return `configuration '${OWN_ID}' is this worker itself, which keeps no entry of its own; edit its block in the engine's configuration file`
}
