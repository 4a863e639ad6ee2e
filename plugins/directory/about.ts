// What others need to know of `iii-directory`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'
import { SKILL_ERRORS, SKILL_EXACT_GRANTS, SKILL_TRIGGER_TYPE_IDS } from './skills/about-skills.ts'

export const about = {
  name: 'iii-directory',
  triggerTypes: SKILL_TRIGGER_TYPE_IDS,
  functionIds: ['directory::*'],
  exactGrants: [
    // The engine is asked on behalf of the directory, which sees everything.
    'directory::search_functions',
    // May hold the password of a registry.
    'directory::registry::settings',
    'directory::engine::functions::info',
    'directory::engine::functions::list',
    'directory::engine::workers::list',
    'directory::engine::workers::info',
    'directory::engine::triggers::list',
    'directory::engine::triggers::info',
    'directory::engine::registered-triggers::list',
    'directory::engine::registered-triggers::info',
    ...SKILL_EXACT_GRANTS,
  ],
  mandatory: true,
  errors: {
    ...SKILL_ERRORS,
    D310: 'The registry has no such worker, or not in that version. The message names near ones.',
    D311: 'The question to the registry makes no sense, what it holds is not valid, or dependencies can not be met. The message says what.',
    D320: 'The registry could not be reached, or what it answered can not be used. The message names the request.',
  },
  commands: {
    registry: {
      summary: 'Serve a folder as a registry of workers, and publish workers into it',
      completes: { 'iii registry publish': { path: 'folders' }, 'iii registry serve': { folder: 'folders' } },
      examples: {
        'iii registry': [
          ['iii registry publish ./image-resize', 'put a worker into the registry of this project'],
          ['iii registry serve .iii/registry --port 4800', 'let other engines add workers from it'],
        ],
        'iii registry publish': [
          ['iii registry publish ./image-resize --describe', 'with its functions, of the engine that runs'],
          ['iii registry publish ./image-resize --release 2.0.0-beta.1', 'another version than iii.worker.yaml says'],
        ],
        'iii registry serve': [
          ['iii registry serve /srv/registry --port 4800', 'for engines on this machine'],
          [
            'iii registry serve /srv/registry --port 4800 --url https://workers.example.org',
            'behind a proxy, which does TLS and asks who it is',
          ],
        ],
      },
      load: () => import('./registry/command.ts'),
    },
  },
  config: async () => (await import('./config.ts')).DIRECTORY_CONFIG_SCHEMA,
  bounds: async () => [...(await import('./bounds.ts')).BOUNDS, ...(await import('./skills/bounds.ts')).SKILL_BOUNDS],
  declareFunctions: async (registrar) => {
    ;(await import('./functions.ts')).registerDirectoryFunctions(registrar, { place: {} } as never)
    ;(await import('./skills/register-skills.ts')).declareSkillFunctions(registrar)
  },
  declareTriggerTypes: async () => (await import('./skills/trigger-types.ts')).SKILL_TRIGGER_TYPES,
} as const satisfies BuiltInAbout
