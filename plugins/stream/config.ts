// The `config` block of `iii-stream` (spec 02 §7.1): its schema, and its values with the defaults filled in.
import { adapterSchema, type AdapterChoice } from '../../kit/adapter-choice.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { HistoryLimits } from './adapters/store.ts'
import { CLIENT_LIMITS_SCHEMA } from './clients/limits.ts'
import type { StreamServerSettings } from './clients/settings.ts'

export interface StreamConfig extends StreamServerSettings {
  readonly adapter?: AdapterChoice | null
  readonly history?: { readonly max_events?: number | null; readonly max_bytes?: number | null } | null
}

export const DEFAULT_ADAPTER = 'kv'

export const HISTORY_DEFAULTS: HistoryLimits = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024 }

export const STREAM_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    port: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: 65_535,
      description: 'Port of the WebSocket for clients; 0 = any free one. Applied at run time: clients reconnect.',
      default: 3112,
    },
    host: {
      type: ['string', 'null'],
      minLength: 1,
      description: 'Address of the WebSocket for clients. Applied at run time: clients reconnect.',
      default: '127.0.0.1',
    },
    auth_function: {
      type: ['string', 'null'],
      description: 'Function that is asked for the context of each new connection. Default: none.',
    },
    auth_required: {
      type: ['boolean', 'null'],
      description:
        'Answers 401 when `auth_function` fails, gives no object, or returns `unauthorized: true`. Without it such a connection ' +
        'is accepted with the context null, and refusing is up to bindings of `stream:join`.',
      default: false,
    },
    allowed_origins: {
      type: ['array', 'null'],
      items: { type: 'string' },
      description:
        'Origins of web pages that may connect. Default: without `auth_function` those on loopback, with it all.',
    },
    adapter: {
      ...adapterSchema(
        [
          {
            name: 'kv',
            description: 'This engine alone, on disk or in memory.',
            config: {
              store_method: {
                enum: ['file_based', 'in_memory', null],
                description: 'Default `file_based`. `in_memory` is lost with the generation of the plugin.',
              },
              file_path: {
                type: ['string', 'null'],
                minLength: 1,
                description: 'Folder of the store. Default `./data/stream_store` under the project root.',
              },
              max_file_bytes: {
                type: ['integer', 'null'],
                minimum: 1,
                description: 'Upper size of the store, history included. Default: none.',
              },
              save_interval_ms: {
                type: ['number', 'null'],
                description: 'Accepted without effect: every write is saved before it is answered.',
              },
              channel_size: {
                type: ['number', 'null'],
                description: 'Accepted without effect: each subscriber has a queue of its own.',
              },
            },
          },
          {
            name: 'redis',
            description: 'Shared by all engines on one Redis.',
            config: {
              redis_url: { type: 'string', minLength: 1, description: 'Default `redis://localhost:6379`.' },
            },
          },
          {
            name: 'bridge',
            description: 'The streams of another engine.',
            config: {
              bridge_url: { type: 'string', minLength: 1, description: 'Default `ws://localhost:49134`.' },
            },
          },
        ],
        'Where the items are kept. Changing it replaces the running generation of the plugin.',
      ),
      default: { name: DEFAULT_ADAPTER },
    },
    history: {
      type: ['object', 'null'],
      description:
        'Events kept for subscribers that come back with their last position. Changing it replaces the running generation.',
      additionalProperties: false,
      properties: {
        max_events: {
          type: ['integer', 'null'],
          minimum: 0,
          maximum: 1_000_000,
          description: 'Events kept at most, of all streams together. 0 = none: frames carry no position.',
          default: HISTORY_DEFAULTS.maxEvents,
        },
        max_bytes: {
          type: ['integer', 'null'],
          minimum: 1,
          maximum: 1_073_741_824,
          description: 'Bytes of their frames kept at most.',
          default: HISTORY_DEFAULTS.maxBytes,
        },
      },
      default: {},
    },
    ...CLIENT_LIMITS_SCHEMA,
  },
}

export function adapterOf({ adapter }: StreamConfig): AdapterChoice {
  return adapter ?? { name: DEFAULT_ADAPTER }
}

export function historyOf({ history }: StreamConfig): HistoryLimits {
  return {
    maxEvents: history?.max_events ?? HISTORY_DEFAULTS.maxEvents,
    maxBytes: history?.max_bytes ?? HISTORY_DEFAULTS.maxBytes,
  }
}
