// The file-system side of the directory (spec 05 A.4, A.5): skills, prompts and profiles of agents, and the trigger types that tell of their
// changes. Registering loads none of what reads and writes.
import path from 'node:path'
import { systemClock } from '../../../base/time/clock.ts'
import type { FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import type { PluginContext } from '../../../sdk/plugin.ts'
import { registerProfileFunctions } from '../agents/profile-functions.ts'
import { ChangesInTurn } from '../files/changes-in-turn.ts'
import { registerPromptFunctions } from '../prompts/prompt-functions.ts'
import { downloadWithWorkers } from './auto-download.ts'
import type { Downloads } from './download/download.ts'
import type { Libraries } from './libraries.ts'
import { OnChange } from './on-change.ts'
import type { DirectoryPlace } from './place.ts'
import { registerSkillFunctions, type SkillParts } from './skill-functions.ts'

export type { DirectoryPlace } from './place.ts'
export { SKILL_TRIGGER_TYPES } from './trigger-types.ts'

export interface RunningSkills {
  /** Finishes what is being written, and hands out what is to be told of it. */
  stop(): Promise<void>
}

/** How long `stop` waits for bindings that have not been called. */
const SETTLE_MS = 5_000

export function registerSkills(
  context: Pick<PluginContext, 'iii' | 'log' | 'processes' | 'dataDir' | 'engine'>,
  place: DirectoryPlace,
): RunningSkills {
  const at = (folder: string): string => path.resolve(context.engine.projectRoot, folder)
  const atMaybe = (folder: string | undefined): string | undefined => (folder === undefined ? undefined : at(folder))
  const folders = {
    local: atMaybe(place.localSkillsFolder),
    skills: at(place.skillsFolder),
    agentsSkills: atMaybe(place.agentsSkillsFolder),
    profiles: at(place.agentsFolder),
  }
  const changes = new ChangesInTurn()
  const skillFolders = [folders.local, folders.skills, folders.agentsSkills].filter((each) => each !== undefined)
  const onChange = new OnChange({ context, changes, skillFolders, agentsFolder: folders.profiles })

  let loaded: Promise<Libraries> | undefined
  const libraries = (): Promise<Libraries> => {
    loaded ??= import('./libraries.ts').then(
      ({ Libraries: Made }) => new Made({ context, place, folders, changes, onChange }),
    )
    return loaded
  }
  let downloading: Promise<Downloads> | undefined
  const downloads = (): Promise<Downloads> => {
    downloading ??= Promise.all([import('./download/download.ts'), libraries()]).then(
      ([{ Downloads: Made }, { notices, skillsFolder, profilesFolder }]) =>
        new Made({
          context,
          place,
          clock: systemClock,
          changes,
          notices,
          skills: skillsFolder,
          profiles: profilesFolder,
          onChange: (kind, event, files) => onChange.changed(kind, event, files),
        }),
    )
    return downloading
  }

  const download: SkillParts['download'] = async (request) => (await downloads()).download(request)
  registerSkillFunctions(context.iii, { library: async () => (await libraries()).skills, download })
  registerPromptFunctions(context.iii, async (kind) => (await libraries()).prompts[kind])
  registerProfileFunctions(context.iii, async () => (await libraries()).profiles)

  if (place.autoDownload === true) downloadWithWorkers(context, download)

  return {
    async stop() {
      await changes.settled()
      await onChange.stop(SETTLE_MS)
    },
  }
}

/** Declares the functions for the reference; nothing of them runs. */
export function declareSkillFunctions(registrar: FunctionRegistrar): void {
  const none = (): never => {
    throw new Error('It is declared and can not be called.')
  }
  registerSkillFunctions(registrar, { library: none, download: none })
  registerPromptFunctions(registrar, none)
  registerProfileFunctions(registrar, none)
}
