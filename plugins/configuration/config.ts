// The `config` block of `configuration` (spec 04 A.9.1): its schema, and its values with the defaults filled in.
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { CONFIGURATION_ADAPTERS } from './adapters.ts'

export interface ConfigurationConfig {
  readonly adapter?: AdapterChoice | null
  readonly ttl_seconds?: number | null
  readonly strip_seeded?: boolean | null
}

/** setTimeout can't wait longer. */
const MAX_TTL_SECONDS = 2_147_483

export const CONFIGURATION_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: {
      ...CONFIGURATION_ADAPTERS.schema('Where entries are kept. Changing it replaces the running plugin generation.'),
      default: { name: CONFIGURATION_ADAPTERS.defaultName },
    },
    ttl_seconds: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: MAX_TTL_SECONDS,
      description:
        'An entry is deleted so many seconds after the last trigger bound to its id is gone. 0 = never. Applied to timers that start from then on.',
      default: 0,
    },
    strip_seeded: {
      type: ['boolean', 'null'],
      description: "Whether a plugin's `config` block is stored and then removed from the engine's configuration file.",
      default: false,
    },
  },
}

/** What may change while the plugin runs. */
export interface LiveSettings {
  ttlMs: number
  stripSeeded: boolean
}

export function liveSettings({ ttl_seconds, strip_seeded }: ConfigurationConfig): LiveSettings {
  return { ttlMs: (ttl_seconds ?? 0) * 1_000, stripSeeded: strip_seeded ?? false }
}
