// The configuration that a plugin gets: its `config` block, checked against its schema, with defaults filled in.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { GenerationError, type GenerationSurroundings } from './generation.ts'

/** What the `settings` seat says a plugin's configuration is, given the block in the file. */
export type EffectiveSettings = (
  plugin: string,
  config: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>

/** What holds for a plugin that declares no schema (spec 09 §2). */
const NO_SETTINGS: JsonSchema = { type: 'object', additionalProperties: false }

export function pluginConfigValidator(effectiveSettings?: EffectiveSettings): GenerationSurroundings['validate'] {
  return async (source, { config: schema = NO_SETTINGS }, entry) => {
    const block = effectiveSettings === undefined ? entry.config : await effectiveSettings(source.name, entry.config)
    // The validator is needed neither by an engine without plugins nor for a plugin without settings.
    if (schema === NO_SETTINGS && Object.keys(block).length === 0) return block
    const { validateAgainstSchema } = await import('../config/schema-validation.ts')
    const outcome = validateAgainstSchema<Readonly<Record<string, unknown>>>(schema, block)
    if ('value' in outcome) return outcome.value
    const broken = outcome.problems.find(({ rule }) => rule === 'schema')
    // Then the definition is to be mended, and not what somebody wrote into their configuration.
    if (broken !== undefined)
      throw new GenerationError(
        'config',
        'PLUGIN_CONFIG_INVALID',
        `'config' in definePlugin of '${source.name}' is no JSON Schema: ${broken.message}`,
      )
    const problems = outcome.problems.map(({ pointer, message }) => `${pointer === '' ? '/' : pointer}: ${message}`)
    const message = `the config of '${source.name}' (${entry.origin}) does not fit its schema: ${problems.join('; ')}`
    throw new GenerationError('config', 'PLUGIN_CONFIG_INVALID', message)
  }
}
