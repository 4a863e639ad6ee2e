// The plugins that a configuration may name, and the schemas of their `config` blocks, without a running engine.
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { discoverPlugins } from '../core/host/table/discover.ts'
import type { PluginSource } from '../core/host/table/plugin-source.ts'
import { readDefinition } from '../core/host/inside/read-definition.ts'
import type { JsonSchema } from '../sdk/plugin.ts'

/** By name; undefined where the schema can't be had without running somebody's code. */
export type CataloguedSchemas = ReadonlyMap<string, JsonSchema | undefined>

export interface PluginCatalogue {
  builtIns(): Promise<CataloguedSchemas>
  /** `problems`: files in `pluginsDir` that can't be used, in words. */
  user(place: PluginPlace): Promise<{ readonly schemas: CataloguedSchemas; readonly problems: readonly string[] }>
}

export interface PluginPlace {
  /** Absolute. */
  readonly pluginsDir: string
  readonly projectRoot: string
}

// Beside bin/ both in the sources and in dist/.
const BUILT_IN_DIR = fileURLToPath(new URL('../plugins', import.meta.url))
/** A folder that does not exist holds no plugins. */
const NOWHERE = path.join(BUILT_IN_DIR, 'index.ts', 'none')

/** What is installed: built-ins are the engine's own code and are imported for their schemas, user plugins are only listed. */
export const installedPlugins: PluginCatalogue = {
  async builtIns() {
    const found = await builtInSources()
    return new Map(found.map(({ source, schema }) => [source.name, schema]))
  },
  async user({ pluginsDir, projectRoot }) {
    const { sources, problems } = await discoverPlugins({ builtInDir: BUILT_IN_DIR, userDir: pluginsDir, projectRoot })
    const own = [...sources.values()].filter(({ builtIn }) => !builtIn)
    return { schemas: new Map(own.map(({ name }) => [name, undefined])), problems: [...problems.values()] }
  },
}

const NO_SETTINGS: JsonSchema = { type: 'object', additionalProperties: false }

async function builtInSources(): Promise<{ source: PluginSource; schema: JsonSchema }[]> {
  const { sources } = await discoverPlugins({ builtInDir: BUILT_IN_DIR, userDir: NOWHERE, projectRoot: BUILT_IN_DIR })
  const found = await Promise.all(
    [...sources.values()].map(async (source) => ({ source, schema: await schemaOf(source) })),
  )
  return found.flatMap(({ source, schema }) => (schema === undefined ? [] : { source, schema }))
}

async function schemaOf({ name, entryFile }: PluginSource): Promise<JsonSchema | undefined> {
  try {
    const module = (await import(pathToFileURL(entryFile).href)) as { default?: unknown }
    const { declaration } = readDefinition(name, module.default)
    return declaration.name === name ? (declaration.config ?? NO_SETTINGS) : undefined
  } catch {
    return undefined
  }
}
