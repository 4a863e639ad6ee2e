// The `config` block of `iii-http` (spec 06 A.2): its schema, and its values with the defaults filled in.
import type { JsonSchema } from '../../sdk/plugin.ts'

/** As it stands in the `config` block; absent and null mean the default. */
export interface HttpConfig {
  readonly port?: number | null
  readonly host?: string | null
  readonly default_timeout?: number | null
}

export interface HttpSettings {
  readonly host: string
  readonly port: number
  readonly defaultTimeoutMs: number
}

export const HTTP_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    port: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: 65_535,
      default: 3111,
      description: 'Port of the HTTP server; 0 = any free one.',
    },
    host: {
      type: ['string', 'null'],
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address of the HTTP server.',
    },
    default_timeout: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 2 ** 31 - 1,
      default: 30_000,
      description: 'Milliseconds that a request may take until its response begins; then 504.',
    },
  },
}

export function readSettings({ host, port, default_timeout }: HttpConfig): HttpSettings {
  return { host: host ?? '127.0.0.1', port: port ?? 3111, defaultTimeoutMs: default_timeout ?? 30_000 }
}
