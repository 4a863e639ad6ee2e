// The `config` block of `iii-directory` (spec 05 A.1): its schema. Defaults stand with what they are about.
import { REGISTRY_CACHE_TTL_MS, REGISTRY_TIMEOUT_MS } from '../../kit/registry/settings.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'

export interface DirectoryConfig {
  readonly skills_folder?: string | null
  readonly local_skills_folder?: string | null
  readonly agents_skills_folder?: string | null
  readonly agents_folder?: string | null
  readonly registry_url?: string | null
  readonly download_timeout_ms?: number | null
  readonly registry_cache_ttl_ms?: number | null
  readonly filter_unregistered?: boolean | null
  readonly auto_download?: boolean | null
  readonly registry_search?: boolean | null
  readonly inject_hint?: boolean | null
  readonly hint_min_workers?: number | null
}

/** Applied without a new generation. */
export const HOT_KEYS = [
  'registry_url',
  'download_timeout_ms',
  'registry_cache_ttl_ms',
  'filter_unregistered',
  'registry_search',
  'inject_hint',
  'hint_min_workers',
] as const satisfies readonly (keyof DirectoryConfig)[]

const FOLDER = { type: ['string', 'null'], minLength: 1 }
const SWITCH = { type: ['boolean', 'null'] }

export const DIRECTORY_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    skills_folder: {
      ...FOLDER,
      description: 'Folder of the skills and prompts, relative to the project. Default `./skills`.',
    },
    local_skills_folder: { ...FOLDER, description: 'Folder of further skills, which are read only. Default: none.' },
    agents_skills_folder: {
      ...FOLDER,
      description: 'Folder of skills that other tools use, which are read only. Default `.agents/skills`.',
    },
    agents_folder: { ...FOLDER, description: 'Folder of agent profiles. Default `./agents`.' },
    registry_url: {
      type: ['string', 'null'],
      pattern: '^\\s*$|^\\s*([hH][tT][tT][pP][sS]?|[fF][iI][lL][eE])://',
      description:
        'A registry of workers: `http(s)://…`, or `file://…` of a folder. The environment variable III_API_URL wins. Default: none; local registries alone answer.',
    },
    download_timeout_ms: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 600_000,
      description: `Milliseconds for a request to the registry, its answer included. Default ${REGISTRY_TIMEOUT_MS}.`,
    },
    registry_cache_ttl_ms: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: 86_400_000,
      description: `Milliseconds for which an answer of the registry is given again; 0 = never. Default ${REGISTRY_CACHE_TTL_MS}.`,
    },
    filter_unregistered: {
      ...SWITCH,
      description: 'Hide the skills of workers that are not installed, once any has been. Default true.',
    },
    auto_download: { ...SWITCH, description: 'Fetch the skills of a worker when it has been added. Default false.' },
    registry_search: {
      ...SWITCH,
      description: 'Name workers of the registry that could be added when functions are searched for. Default true.',
    },
    inject_hint: { ...SWITCH, description: 'Accepted, and without effect.' },
    hint_min_workers: { type: ['integer', 'null'], minimum: 0, description: 'Accepted, and without effect.' },
  },
}
