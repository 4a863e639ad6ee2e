// A running `iii-directory`: the parts put together. What a part needs to answer is loaded with its first call.
import { isDeepStrictEqual } from 'node:util'
import { resolve } from 'node:path'
import { registrySettings, type RegistrySettings } from '../../kit/registry/settings.ts'
import type { WorkerRegistry } from '../../kit/registry/worker-registry.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { type DirectoryConfig, HOT_KEYS } from './config.ts'
import { registerDirectoryFunctions } from './functions.ts'
import { installedNames } from './installed-names.ts'
import type { Place } from './place.ts'
import { registerSkills } from './skills/register-skills.ts'
import { ENGINE_WORKER_TABLE } from '../engine-workers/table.ts'

export interface DirectoryDeps {
  readonly env: Readonly<Record<string, string | undefined>>
}

/** For the parts of the engine that install workers; not listed. */
const SETTINGS_FUNCTION = 'directory::registry::settings'

export function startDirectory(
  context: PluginContext<DirectoryConfig>,
  { env }: DirectoryDeps,
): RunningPlugin<DirectoryConfig> {
  const { iii, config, log, engine } = context
  let current = config
  let registry: Promise<WorkerRegistry> | undefined
  const { projectRoot } = engine
  const settings = (): RegistrySettings => registrySettings(current, { projectRoot, env })
  const open = async (): Promise<WorkerRegistry> => {
    const { WorkerRegistry } = await import('../../kit/registry/worker-registry.ts')
    return new WorkerRegistry(settings(), { log, engineWorkers: ENGINE_WORKER_TABLE })
  }
  const call = iii.trigger.bind(iii)
  const folder = (said: string | null | undefined, initial: string): string => resolve(projectRoot, said ?? initial)
  const { local_skills_folder: local } = config
  const place: Place = {
    projectRoot,
    skillsFolder: folder(config.skills_folder, 'skills'),
    ...(typeof local === 'string' && { localSkillsFolder: resolve(projectRoot, local) }),
    agentsSkillsFolder: folder(config.agents_skills_folder, '.agents/skills'),
    agentsFolder: folder(config.agents_folder, 'agents'),
    filterUnregistered: () => current.filter_unregistered ?? true,
    registrySearch: () => current.registry_search ?? true,
    registry: () => (registry ??= open()),
    installedNames: () => installedNames(projectRoot, call),
  }
  registerDirectoryFunctions(iii, { place, call, log })
  iii.registerFunction(SETTINGS_FUNCTION, () => settings(), {
    description: 'The settings of the registries that count now. Only other built-in workers call it.',
    metadata: { internal: true },
  })
  const skills = registerSkills(context, {
    ...place,
    downloadTimeoutMs: () => settings().timeoutMs,
    autoDownload: config.auto_download === true,
  })
  return {
    reconfigure(changed) {
      if (!isDeepStrictEqual(withoutHot(changed), withoutHot(config))) return false
      current = changed
      registry = undefined
      return true
    },
    stop: () => skills.stop(),
  }
}

function withoutHot(config: DirectoryConfig): Readonly<Record<string, unknown>> {
  const hot: ReadonlySet<string> = new Set(HOT_KEYS)
  return Object.fromEntries(Object.entries(config).filter(([key]) => !hot.has(key)))
}
