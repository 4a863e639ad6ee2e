// The settings of what goes beyond iii: all of it is off unless it is asked for.
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { AccessLogOptions } from './access-log/access-log.ts'
import type { AccessFormat } from './access-log/access-record.ts'
import type { Encoding } from './accept-encoding.ts'
import type { CompressionOptions } from './compression.ts'

/** As they stand in the `config` block; absent and null mean off. */
export interface ExtrasConfig {
  readonly openapi?: {
    readonly path?: string | null
    readonly title?: string | null
    readonly version?: string | null
    readonly description?: string | null
    readonly servers?: readonly string[] | null
  } | null
  readonly validate_requests?: boolean | null
  readonly etag?: boolean | null
  readonly compression?: { readonly min_bytes?: number | null; readonly encodings?: readonly Encoding[] | null } | null
  readonly access_log?: { readonly file?: string | null; readonly format?: AccessFormat | null } | null
  readonly health?: {
    readonly path?: string | null
    readonly port?: number | null
    readonly host?: string | null
    readonly components?: boolean | null
  } | null
}

export interface ExtrasSettings {
  readonly openApi:
    | {
        readonly path: string
        readonly title: string
        readonly version: string
        readonly description: string | undefined
        readonly servers: readonly string[]
      }
    | undefined
  /** Where a binding does not say it. */
  readonly validatesRequests: boolean
  readonly tagsAnswers: boolean
  readonly compression: CompressionOptions | undefined
  readonly accessLog: AccessLogOptions | undefined
  readonly health:
    | {
        readonly path: string
        /** Undefined = that of the requests. */
        readonly address: { readonly host: string; readonly port: number } | undefined
        readonly showsComponents: boolean
      }
    | undefined
}

export const EXTRAS_DEFAULTS = {
  openapi_path: '/openapi.json',
  openapi_title: 'HTTP API',
  openapi_version: '1.0.0',
  compression_min_bytes: 1_024,
  compression_encodings: ['zstd', 'br', 'gzip'],
  access_log_format: 'json',
  health_path: '/health',
  health_host: '127.0.0.1',
} as const

const block = (description: string, properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: ['object', 'null'],
  additionalProperties: false,
  description,
  properties,
})

const path = (initial: string): JsonSchema => ({
  type: ['string', 'null'],
  pattern: '^/[^?#\\s]*$',
  default: initial,
  description: 'Its path. A route for it comes before.',
})

export const EXTRAS_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  openapi: block(
    'Serves an OpenAPI 3.1 document of all routes and their formats to everybody who asks. `{}` is enough. Default: none.',
    {
      path: path(EXTRAS_DEFAULTS.openapi_path),
      title: {
        type: ['string', 'null'],
        default: EXTRAS_DEFAULTS.openapi_title,
        description: 'What the API is called.',
      },
      version: {
        type: ['string', 'null'],
        default: EXTRAS_DEFAULTS.openapi_version,
        description: 'The version of the API.',
      },
      description: { type: ['string', 'null'], description: 'What the API is for.' },
      servers: {
        type: ['array', 'null'],
        items: { type: 'string', minLength: 1 },
        default: [],
        description: 'URLs under which clients reach it. Default: where the document comes from.',
      },
    },
  ),
  validate_requests: {
    type: ['boolean', 'null'],
    default: false,
    description:
      "Holds requests against the `request_format` of their function before it is called; one that does not fit gets 400 or 422 with what is wrong. A binding's `validate` comes before.",
  },
  etag: {
    type: ['boolean', 'null'],
    default: false,
    description: 'Gives answers to GET an `ETag` of their content, and answers 304 to who has it already.',
  },
  compression: block('Compresses answers for clients that take it; never streams. `{}` is enough. Default: none.', {
    min_bytes: {
      type: ['integer', 'null'],
      minimum: 0,
      default: EXTRAS_DEFAULTS.compression_min_bytes,
      description: 'Shorter answers are sent as they are.',
    },
    encodings: {
      type: ['array', 'null'],
      items: { enum: ['zstd', 'br', 'gzip'] },
      minItems: 1,
      default: EXTRAS_DEFAULTS.compression_encodings,
      description: 'The best one first, for clients that take several equally well.',
    },
  }),
  access_log: block('Writes a record of each request. `{}` is enough: into the log of the engine. Default: none.', {
    file: {
      type: ['string', 'null'],
      minLength: 1,
      description: 'A file for it, relative to the project. One that was moved away is opened anew within a second.',
    },
    format: {
      type: ['string', 'null'],
      enum: ['json', 'common', null],
      default: EXTRAS_DEFAULTS.access_log_format,
      description: 'Lines of the file: JSON, or the common format of web servers.',
    },
  }),
  health: block(
    'Answers probes: 200 when this worker and the engine are well, else 503. `{}` is enough. Default: none.',
    {
      path: path(EXTRAS_DEFAULTS.health_path),
      port: {
        type: ['integer', 'null'],
        minimum: 0,
        maximum: 65_535,
        description: 'A port for it alone; 0 = any free one. Default: that of the requests.',
      },
      host: {
        type: ['string', 'null'],
        minLength: 1,
        default: EXTRAS_DEFAULTS.health_host,
        description: 'Address of that port.',
      },
      components: {
        type: ['boolean', 'null'],
        default: false,
        description: 'Shows the parts of the engine, and what is wrong with them.',
      },
    },
  ),
}

export function readExtras({
  openapi,
  validate_requests,
  etag,
  compression,
  access_log,
  health,
}: ExtrasConfig): ExtrasSettings {
  return {
    openApi: openapi
      ? {
          path: openapi.path ?? EXTRAS_DEFAULTS.openapi_path,
          title: openapi.title ?? EXTRAS_DEFAULTS.openapi_title,
          version: openapi.version ?? EXTRAS_DEFAULTS.openapi_version,
          description: openapi.description ?? undefined,
          servers: openapi.servers ?? [],
        }
      : undefined,
    validatesRequests: validate_requests ?? false,
    tagsAnswers: etag ?? false,
    compression: compression
      ? {
          minBytes: compression.min_bytes ?? EXTRAS_DEFAULTS.compression_min_bytes,
          encodings: compression.encodings ?? EXTRAS_DEFAULTS.compression_encodings,
        }
      : undefined,
    accessLog: access_log
      ? { file: access_log.file ?? undefined, format: access_log.format ?? EXTRAS_DEFAULTS.access_log_format }
      : undefined,
    health: health
      ? {
          path: health.path ?? EXTRAS_DEFAULTS.health_path,
          address:
            typeof health.port === 'number'
              ? { host: health.host ?? EXTRAS_DEFAULTS.health_host, port: health.port }
              : undefined,
          showsComponents: health.components ?? false,
        }
      : undefined,
  }
}
