// The `config` block of `iii-http` (spec 06 A.2): its schema, and its values with the defaults filled in.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { shownValue } from '../../base/values/shown-value.ts'
import { EXTRAS_PROPERTIES, readExtras, type ExtrasConfig, type ExtrasSettings } from './extras/settings.ts'
import { unmatchableOrigins, type CorsConfig } from './response/cors.ts'

/** As it stands in the `config` block; absent and null mean the default. */
export interface HttpConfig extends ExtrasConfig {
  readonly port?: number | null
  readonly host?: string | null
  readonly default_timeout?: number | null
  readonly concurrency_request_limit?: number | null
  readonly cors?: CorsConfig | null
  readonly middleware?: readonly MiddlewareEntry[] | null
  readonly body_limit?: number | null
  readonly json_body_limit?: number | null
  readonly trust_proxy?: boolean | null
  readonly request_id_header?: string | null
  readonly ignore_trailing_slash?: boolean | null
  readonly not_found_function?: string | null
  readonly legacy_error_shape?: boolean | null
  readonly null_result_grace_ms?: number | null
  readonly max_waiting_requests?: number | null
  readonly max_connections?: number | null
  readonly head_timeout_ms?: number | null
  readonly keep_alive_timeout_ms?: number | null
  readonly send_timeout_ms?: number | null
}

export interface MiddlewareEntry {
  readonly function_id: string
  readonly phase?: string | null
  readonly priority?: number | null
}

/** Settings of the server itself. */
export interface ServerSettings {
  readonly maxConnections: number
  readonly headTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

/** Settings of what is made of requests. */
export interface ExchangeSettings {
  readonly defaultTimeoutMs: number
  readonly concurrency: number
  readonly maxWaiting: number
  readonly cors: CorsConfig | undefined
  /** Ids of the functions that are called before each handler, in this order. */
  readonly middleware: readonly string[]
  /** Bytes; Infinity = any. */
  readonly bodyLimit: number
  /** Not above `bodyLimit`. */
  readonly jsonBodyLimit: number
  readonly trustsProxy: boolean
  /** In small letters. */
  readonly requestIdHeader: string | undefined
  readonly ignoresTrailingSlash: boolean
  readonly notFoundFunction: string | undefined
  readonly hasLegacyErrors: boolean
  readonly nullResultGraceMs: number
  /** For a client that takes nothing of its answer. */
  readonly sendTimeoutMs: number
}

export interface HttpSettings {
  readonly host: string
  readonly port: number
  readonly server: ServerSettings
  readonly exchange: ExchangeSettings
  readonly extras: ExtrasSettings
}

const MiB = 1024 * 1024
/** Beyond it Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const HTTP_DEFAULTS = {
  port: 3111,
  host: '127.0.0.1',
  default_timeout: 30_000,
  concurrency_request_limit: 1_024,
  json_body_limit: 16 * MiB,
  null_result_grace_ms: 0,
  max_waiting_requests: 10_000,
  max_connections: 20_000,
  head_timeout_ms: 30_000,
  keep_alive_timeout_ms: 75_000,
  send_timeout_ms: 120_000,
} as const

const texts = (description: string): JsonSchema => ({
  type: ['array', 'null'],
  items: { type: 'string' },
  description,
  default: [],
})

const number = (key: keyof typeof HTTP_DEFAULTS, description: string, minimum = 1): JsonSchema => ({
  type: ['integer', 'null'],
  minimum,
  ...(/_ms$|timeout$/.test(key) && { maximum: LONGEST_TIMER_MS }),
  default: HTTP_DEFAULTS[key],
  description,
})

const flag = (description: string): JsonSchema => ({ type: ['boolean', 'null'], default: false, description })

export const HTTP_CONFIG_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    port: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: 65_535,
      default: HTTP_DEFAULTS.port,
      description:
        'Port of the HTTP server; 0 = any free one. Applied at run time: the new address is opened first, then the old one is closed.',
    },
    host: {
      type: ['string', 'null'],
      minLength: 1,
      default: HTTP_DEFAULTS.host,
      description:
        'Address of the HTTP server, such as 0.0.0.0 for all of this machine. Applied at run time, as `port`.',
    },
    default_timeout: number(
      'default_timeout',
      'Milliseconds from the moment at which a request is worked on until its response begins; then 504.',
    ),
    concurrency_request_limit: {
      ...number(
        'concurrency_request_limit',
        'Requests that are worked on at a time; further ones wait. One whose response is being streamed does not count. 0 in the configuration file counts as 1.',
      ),
      // iii takes it from a file, and refuses it when it is set.
      'x-file-minimum': 0,
    },
    cors: {
      type: ['object', 'null'],
      description: 'Which pages of other origins may read answers. Default: all.',
      additionalProperties: false,
      properties: {
        allowed_origins: texts('Origins such as https://app.example.com; empty, or with "*" among them: any.'),
        allowed_methods: texts('Methods that a preflight allows; empty = any.'),
      },
    },
    middleware: {
      type: ['array', 'null'],
      description:
        'Functions that are called before each handler, by ascending priority, each of which may answer instead.',
      items: {
        type: 'object',
        required: ['function_id'],
        additionalProperties: false,
        properties: {
          function_id: { type: 'string', minLength: 1 },
          phase: { type: ['string', 'null'], description: 'Only `preHandler` is run.', default: 'preHandler' },
          priority: { type: ['integer', 'null'], default: 0 },
        },
      },
      default: [],
    },
    body_limit: {
      type: ['integer', 'null'],
      minimum: 0,
      description:
        'Bytes of the body of a request; a larger one gets 413. Default: any number, since bodies are streamed.',
    },
    json_body_limit: number(
      'json_body_limit',
      'Bytes of a JSON body, which is collected before the handler is called; a larger one gets 413.',
      0,
    ),
    trust_proxy: flag('Takes the address of clients from `x-forwarded-for`: for a server that only a proxy reaches.'),
    request_id_header: {
      type: ['string', 'null'],
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      description:
        'Header with the id of a request, such as x-request-id: one that a client sends is sent back, one that is missing is made. Default: none.',
    },
    ignore_trailing_slash: flag('`/users/` is `/users`.'),
    not_found_function: {
      type: ['string', 'null'],
      description: 'Function that is called with requests that no route is for, in place of the answer 404.',
    },
    legacy_error_shape: flag('Answers errors in the form of iii before 0.20: `{"error":"message"}`.'),
    null_result_grace_ms: number(
      'null_result_grace_ms',
      'Milliseconds after a handler that returned null within which it may begin to stream; then it is answered with 200 and `{}`. 0 = it may until `default_timeout`.',
      0,
    ),
    max_waiting_requests: number(
      'max_waiting_requests',
      'Requests that wait for `concurrency_request_limit`; further ones get 503 with `Retry-After`.',
      0,
    ),
    max_connections: number('max_connections', 'TCP connections at a time; further ones are closed.'),
    head_timeout_ms: number('head_timeout_ms', 'Milliseconds that the head of a request may take to arrive.'),
    keep_alive_timeout_ms: number(
      'keep_alive_timeout_ms',
      'Milliseconds that a connection may be idle between requests.',
    ),
    send_timeout_ms: number(
      'send_timeout_ms',
      'Milliseconds for which a client may take nothing of an answer that is sent or streamed to it; then its connection is closed.',
    ),
    ...EXTRAS_PROPERTIES,
  },
}

/** What runs of the phases of middleware. */
const PHASE = 'preHandler'

export function readSettings(config: HttpConfig): HttpSettings {
  const value = <Key extends keyof typeof HTTP_DEFAULTS>(key: Key) => config[key] ?? HTTP_DEFAULTS[key]
  const bodyLimit = config.body_limit ?? Infinity
  return {
    host: value('host') as string,
    port: value('port') as number,
    server: {
      maxConnections: value('max_connections') as number,
      headTimeoutMs: value('head_timeout_ms') as number,
      keepAliveTimeoutMs: value('keep_alive_timeout_ms') as number,
    },
    exchange: {
      defaultTimeoutMs: value('default_timeout') as number,
      concurrency: Math.max(1, value('concurrency_request_limit') as number),
      maxWaiting: value('max_waiting_requests') as number,
      cors: config.cors ?? undefined,
      middleware: inOrder(config.middleware ?? []),
      bodyLimit,
      jsonBodyLimit: Math.min(bodyLimit, value('json_body_limit') as number),
      trustsProxy: config.trust_proxy ?? false,
      requestIdHeader: config.request_id_header?.toLowerCase(),
      ignoresTrailingSlash: config.ignore_trailing_slash ?? false,
      notFoundFunction: config.not_found_function || undefined,
      hasLegacyErrors: config.legacy_error_shape ?? false,
      nullResultGraceMs: value('null_result_grace_ms') as number,
      sendTimeoutMs: value('send_timeout_ms') as number,
    },
    extras: readExtras(config),
  }
}

/** What is odd about the settings though they count, in words for the log. */
export function oddities({ concurrency_request_limit: limit, middleware, cors }: HttpConfig): string[] {
  const skipped = (middleware ?? []).filter(({ phase }) => (phase ?? PHASE) !== PHASE)
  return [
    ...(limit === 0 ? ['concurrency_request_limit is 0, which counts as 1'] : []),
    ...skipped.map(
      ({ function_id, phase }) => `middleware ${function_id} has the phase '${phase}' and is not run: '${PHASE}' is`,
    ),
    ...unmatchableOrigins(cors).map(
      ({ origin, meant }) =>
        `cors.allowed_origins has ${shownValue(origin)}, which no browser sends as its origin; write it as in "${meant}"`,
    ),
  ]
}

/** Those of equal priority as they stand. */
function inOrder(entries: readonly MiddlewareEntry[]): string[] {
  return entries
    .filter(({ phase }) => (phase ?? PHASE) === PHASE)
    .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
    .map(({ function_id }) => function_id)
}
