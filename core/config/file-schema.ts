// JSON Schema of a whole configuration file, for editors and for `iii config schema`.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { DEFAULT_NAMESPACE_GRACE_MS, DEFAULT_PLUGINS_DIR, ENGINE_SCHEMA, MAX_TIMER_MS } from './engine-options.ts'
import { ENTRY_SCHEMA } from './entry-schema.ts'
import { LISTENER_SCHEMA } from './listener-schema.ts'
import { VARIABLE, withVariables } from './variable-schema.ts'
import { LISTENER_NAME, type WorkerNames } from './worker-names.ts'

/** Schema of the `config` block, by the plugin's name. */
export type PluginSchemas = Readonly<Record<string, JsonSchema>>

export const SCHEMA_TITLE = 'iii-config.yaml'

/** Of the file as it is written, for editors: wherever a value may stand, a variable of the environment may. */
export function configFileSchema(pluginSchemas: PluginSchemas, names: WorkerNames): JsonSchema {
  const schema = withVariables(configSchema(pluginSchemas, names))
  return { ...schema, definitions: { ...(schema['definitions'] as object), variable: VARIABLE } }
}

/** Of what the file says once variables are replaced. The `config` of an entry is held to the schema of its worker, where that is known. */
export function configSchema(pluginSchemas: PluginSchemas, names: WorkerNames): JsonSchema {
  const schemas = { [LISTENER_NAME]: LISTENER_SCHEMA, ...pluginSchemas }
  const entries = { type: ['array', 'null'], items: { $ref: '#/definitions/entry' } }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: SCHEMA_TITLE,
    type: 'object',
    properties: {
      workers: { ...entries, description: 'The workers that the engine runs.' },
      modules: { ...entries, description: 'A second list, in the style of iii 0.10 and older; appended to workers.' },
      plugins_dir: {
        type: 'string',
        minLength: 1,
        default: DEFAULT_PLUGINS_DIR,
        description: 'Folder of your plugins, relative to this file.',
      },
      engine: { ...ENGINE_SCHEMA, type: ['object', 'null'], description: 'Settings of the engine as a whole.' },
      registration_namespace_grace_ms: {
        type: 'integer',
        minimum: 0,
        maximum: MAX_TIMER_MS,
        default: DEFAULT_NAMESPACE_GRACE_MS,
        description: 'How long registrations of a connection wait for its announcement.',
      },
    },
    definitions: {
      entry: {
        ...ENTRY_SCHEMA,
        anyOf: [{ required: ['name'] }, { required: ['class'] }],
        allOf: Object.entries(schemas).map(([name, schema]) => ({
          if: { properties: { name: { enum: spellings(name, names) } }, required: ['name'] },
          then: { properties: { config: { anyOf: [schema, { type: 'null' }] } } },
        })),
      },
    },
  }
}

/** The canonical name and its short alias. */
function spellings(name: string, names: WorkerNames): string[] {
  return [name, ...names.aliasPairs.filter(([canonical]) => canonical === name).map(([, alias]) => alias)]
}
