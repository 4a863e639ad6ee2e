// The settings that a plugin gets: its `config` block, or what was set at run time in its place, checked against its schema, with
// defaults filled in. Who keeps what was set at run time is the holder of the seat `settings` (design, "The one idea").
import { EntryError, type EntryProblem } from '../../config/entry-problem.ts'
import type { WorkerEntry } from '../../config/types.ts'
import { writtenConfig } from '../../config/written-config.ts'
import type { Log } from '../../log.ts'
import { parsePointer, renderPath } from '../../../base/values/json-path.ts'
import type { SchemaProblem } from '../../../base/values/schema-validation.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { SettingsAbout, SettingsFrom } from '../../../protocol/seats.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import { fileSchemaOf } from './file-schema.ts'

export type Config = Readonly<Record<string, unknown>>

/** Who keeps what is set at run time, as the host asks and tells them. */
export interface SettingsSeat {
  /** What counts now. Never rejects: what can't be found out is the file's block. */
  resolve(about: SettingsAbout): Promise<{ readonly value: Config; readonly from: SettingsFrom }>
  /** The plugin runs with this value. */
  applied(about: SettingsAbout, value: Config, from: SettingsFrom): void
  /** The plugin runs with a value that the holder itself is setting: nothing that it need be told. */
  changed(about: SettingsAbout, value: Config): void
  /** The plugin has no entry any more. */
  removed(plugin: string): void
}

export const NO_SETTINGS_SEAT: SettingsSeat = {
  resolve: async ({ config }) => ({ value: config, from: 'file' }),
  applied() {},
  changed() {},
  removed() {},
}

export interface Settings {
  /** Validated, with defaults. */
  readonly config: Config
  readonly from: SettingsFrom
}

/** The settings of a plugin with this entry; `override` is what is about to be set. @throws {CodedError} PLUGIN_CONFIG_INVALID */
export type SettleSettings = (
  source: PluginSource,
  declaration: PluginDeclaration,
  entry: WorkerEntry,
  override?: Config,
) => Promise<Settings>

/** What holds for a plugin that declares no schema (spec 09 §2). */
const NO_SETTINGS: JsonSchema = { type: 'object', additionalProperties: false }

export function settleSettings(seat: SettingsSeat, log: Log): SettleSettings {
  return async (source, declaration, entry, override) => {
    const { config: schema = NO_SETTINGS } = declaration
    if (override !== undefined)
      return { config: await checked(source, schema, override, 'the new settings'), from: 'stored' }
    const about = aboutOf(source, declaration, entry)
    const { value, from } = keepsSettings(declaration)
      ? { value: about.config, from: 'file' as const }
      : await seat.resolve(about)
    if (from === 'stored') {
      try {
        return { config: await checked(source, schema, value, 'what was set at run time'), from }
      } catch (error) {
        // Of an older version, or damaged: the file's word is a safe one.
        log.warn(`${(error as Error).message}; the configuration file counts`)
      }
    }
    return { config: await checked(source, schema, about.config, entry), from: 'file' }
  }
}

/** Each instance has settings of its own; the other names of a plugin are those of its first one. */
export function aboutOf(
  { name, aliases }: PluginSource,
  declaration: PluginDeclaration,
  entry: WorkerEntry,
): SettingsAbout {
  const { description = '', config: schema = NO_SETTINGS } = declaration
  const { instanceId: plugin } = entry
  return { plugin, aliases: plugin === name ? aliases : [], description, schema, config: writtenConfig(entry, schema) }
}

/** It holds the seat itself: nobody else can say what its settings are. */
export function keepsSettings({ seats }: PluginDeclaration): boolean {
  return seats.includes('settings')
}

/** @param place the entry whose block it is, else in words where it comes from. */
async function checked(
  source: PluginSource,
  schema: JsonSchema,
  block: Config,
  place: WorkerEntry | string,
): Promise<Config> {
  // The validator is needed neither by an engine without plugins nor for a plugin without settings.
  if (schema === NO_SETTINGS && Object.keys(block).length === 0) return block
  const { validateAgainstSchema } = await import('../../../base/values/schema-validation.ts')
  const held = typeof place === 'string' ? schema : fileSchemaOf(schema)
  const outcome = validateAgainstSchema<Config>(held, block, { trusted: source.builtIn })
  if ('value' in outcome) return outcome.value
  const broken = outcome.problems.find(({ rule }) => rule === 'schema')
  // Then the definition is to be mended, and not what somebody wrote into their configuration.
  if (broken !== undefined) {
    const message = `'config' in definePlugin of '${source.name}' is no JSON Schema: ${broken.message}`
    throw new CodedError('PLUGIN_CONFIG_INVALID', message)
  }
  if (typeof place !== 'string')
    throw new EntryError(
      place,
      outcome.problems.map((problem) => inEntry(place, problem)),
    )
  const problems = outcome.problems.map(({ pointer, message }) => `${pointer === '' ? '/' : pointer}: ${message}`)
  const message = `the config of '${source.name}' (${place}) does not fit its schema: ${problems.join('; ')}`
  throw new CodedError('PLUGIN_CONFIG_INVALID', message)
}

function inEntry({ writtenName }: WorkerEntry, { pointer, message }: SchemaProblem): EntryProblem {
  const path = ['config', ...parsePointer(pointer)]
  return { path, message: `worker '${writtenName}': ${renderPath(path)}: ${message}` }
}
