// The `config` block of `iii-state` (spec 02 §7.1): its schema, and its values with the defaults filled in.
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { STATE_ADAPTERS } from './adapters.ts'

export interface StateConfig {
  readonly adapter?: AdapterChoice | null
  readonly triggers_enabled?: boolean | null
  readonly max_value_bytes?: number | null
  readonly save_interval_ms?: number | null
}

export const STATE_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: {
      ...STATE_ADAPTERS.schema('Where the values are kept. Changing it replaces the running plugin generation.'),
      default: { name: STATE_ADAPTERS.defaultName },
    },
    triggers_enabled: {
      type: ['boolean', 'null'],
      description: 'Whether writes fire triggers of type `state`. Applied to the next write.',
      default: true,
    },
    max_value_bytes: {
      type: ['integer', 'null'],
      minimum: 1,
      description:
        'Largest value that `state::set` accepts, in bytes of compact JSON. Default: none. Applied to the next write.',
    },
    save_interval_ms: {
      type: ['number', 'null'],
      description: 'Accepted without effect: every write is saved before it is answered.',
    },
  },
}

/** What may change while the plugin runs. */
export interface LiveSettings {
  triggersEnabled: boolean
  maxValueBytes: number | undefined
}

export function liveSettings({ triggers_enabled, max_value_bytes }: StateConfig): LiveSettings {
  return {
    triggersEnabled: triggers_enabled ?? true,
    // 0 can't be meant: it would forbid every value.
    maxValueBytes: max_value_bytes || undefined,
  }
}
