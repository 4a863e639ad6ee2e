// The `config` block of `iii-stream` (spec 02 §7.1): its schema, and its values with the defaults filled in.
import type { AdapterChoice } from '../../kit/adapters/adapter-set.ts'
import { ORIGIN_PATTERN } from '../../base/net/origin.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { STREAM_ADAPTERS } from './adapters.ts'
import type { HistoryLimits } from './adapters/store.ts'
import { CLIENT_LIMITS_SCHEMA } from './clients/limits.ts'
import type { StreamServerSettings } from './clients/settings.ts'

export interface StreamConfig extends StreamServerSettings {
  readonly adapter?: AdapterChoice | null
  readonly history?: { readonly max_events?: number | null; readonly max_bytes?: number | null } | null
}

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
      items: { type: 'string', pattern: ORIGIN_PATTERN },
      description:
        'Origins of web pages that may connect, such as https://app.example.com; "*" = any. Default: without `auth_function` those on loopback, with it all.',
    },
    adapter: {
      ...STREAM_ADAPTERS.schema('Where the items are kept. Changing it replaces the running generation of the plugin.'),
      default: { name: STREAM_ADAPTERS.defaultName },
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

export function historyOf({ history }: StreamConfig): HistoryLimits {
  return {
    maxEvents: history?.max_events ?? HISTORY_DEFAULTS.maxEvents,
    maxBytes: history?.max_bytes ?? HISTORY_DEFAULTS.maxBytes,
  }
}
