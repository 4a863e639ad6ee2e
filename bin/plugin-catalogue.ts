// The plugins that a configuration may name, and the schemas of their `config` blocks, without a running engine.
import { discoverPlugins } from '../core/host/table/discover.ts'
import type { EngineConfig } from '../core/config/types.ts'
import { WorkerNames } from '../core/config/worker-names.ts'
import type { PluginCheck } from '../core/host/check-plugins.ts'
import { ABSENT_WORKERS } from '../plugins/absent-workers.ts'
import type { BuiltIn } from '../sdk/built-in.ts'
import type { JsonSchema } from '../sdk/plugin.ts'

/** By name; undefined where the schema can't be had without running somebody's code. */
export type CataloguedSchemas = ReadonlyMap<string, JsonSchema | undefined>

export interface PluginCatalogue {
  readonly names: WorkerNames
  builtIns(): Promise<CataloguedSchemas>
  user(place: PluginPlace): Promise<UserPlugins>
  /** What a start would refuse: plugins are built, imported and held against their entries; none is started. */
  check(config: EngineConfig): Promise<PluginCheck>
}

export interface UserPlugins {
  readonly schemas: CataloguedSchemas
  /** Files in `pluginsDir` that can't be used, in words. */
  readonly problems: readonly string[]
}

export interface PluginPlace {
  /** Absolute. */
  readonly pluginsDir: string
  readonly projectRoot: string
}

/** What holds for a worker that takes no settings (spec 09 §2). */
const NO_SETTINGS: JsonSchema = { type: 'object', additionalProperties: false }

/** What is installed: built-ins say their schemas themselves, user plugins are only listed. */
export function installedPlugins(builtIns: readonly BuiltIn[]): PluginCatalogue {
  const names = new WorkerNames(builtIns, ABSENT_WORKERS)
  return {
    names,
    async builtIns() {
      return new Map(
        await Promise.all(
          builtIns.map(async ({ about }) => [about.name, (await about.config?.()) ?? NO_SETTINGS] as const),
        ),
      )
    },
    async check(config) {
      const [{ checkPlugins }, { enginePlace }, { createLog }] = await Promise.all([
        import('../core/host/check-plugins.ts'),
        import('../core/engine-place.ts'),
        import('../core/log.ts'),
      ])
      return checkPlugins(config, {
        names,
        engine: enginePlace(),
        log: createLog({ level: 'silent', write: () => {} }),
      })
    },
    async user({ pluginsDir, projectRoot }) {
      const { sources, problems } = await discoverPlugins({ names, userDir: pluginsDir, projectRoot })
      const own = [...sources.values()].filter(({ builtIn }) => !builtIn)
      return {
        schemas: new Map(own.map(({ name }) => [name, undefined])),
        problems: [...problems.values()],
      }
    },
  }
}
