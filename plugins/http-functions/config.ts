// The `config` block of `iii-http-functions` (spec 06 B.4; what goes beyond `security` is ours): its schema.
import type { JsonSchema } from '../../sdk/plugin.ts'
import { MAX_IN_FLIGHT_PER_HOST } from './exchange/host-room.ts'
import { DEFAULT_OPEN_MS } from './target/circuit-rule.ts'
import { DEFAULT_FIRST_MS, DEFAULT_LONGEST_MS, MAX_ATTEMPTS } from './target/retry-rule.ts'
import { DEFAULT_METHOD, DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS, METHODS } from './target/target.ts'

/** Default of `max_response_bytes`. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024

export interface SecurityConfig {
  readonly url_allowlist?: readonly string[] | null
  readonly block_private_ips?: boolean | null
  readonly require_https?: boolean | null
  readonly allow_session_auth?: boolean | null
  readonly auth_env_allowlist?: readonly string[] | null
}

/** What a function has of its own, or else of its list. */
interface RequestConfig {
  readonly method?: string | null
  readonly timeout_ms?: number | null
  readonly headers?: Readonly<Record<string, string>> | null
}

export interface EndpointFunctionConfig extends RequestConfig {
  readonly path: string
  readonly id: string
  readonly payload?: 'body' | 'query' | null
  readonly description?: string | null
  readonly request_format?: JsonSchema | null
  readonly response_format?: JsonSchema | null
}

export interface EndpointListConfig extends RequestConfig {
  readonly base_url: string
  readonly auth?: object | null
  readonly retry?: object | null
  readonly circuit_breaker?: object | null
  readonly functions: readonly EndpointFunctionConfig[]
}

export interface HttpFunctionsConfig {
  readonly security?: SecurityConfig | null
  readonly endpoints?: readonly EndpointListConfig[] | null
  readonly max_response_bytes?: number | null
  readonly max_in_flight_per_host?: number | null
  readonly circuit_breaker?: object | null
  readonly ca_file?: string | null
}

const text = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description })
const flag = (description: string): JsonSchema => ({ type: ['boolean', 'null'], description })
const texts = (description: string): JsonSchema => ({
  type: ['array', 'null'],
  items: { type: 'string', minLength: 1 },
  description,
})
const whole = (minimum: number, maximum: number, description: string): JsonSchema => ({
  type: ['integer', 'null'],
  minimum,
  maximum,
  description,
})

const CIRCUIT_BREAKER: JsonSchema = {
  type: ['object', 'null'],
  additionalProperties: false,
  required: ['failures'],
  properties: {
    failures: { type: 'integer', minimum: 1, description: 'Failures one after the other that open it.' },
    open_ms: whole(1, 3_600_000, `How long it stays open before one request is tried. Default ${DEFAULT_OPEN_MS}.`),
  },
}

const RETRY: JsonSchema = {
  type: ['object', 'null'],
  additionalProperties: false,
  required: ['attempts'],
  description: 'Repeats requests that failed. Default: none is repeated.',
  properties: {
    attempts: { type: 'integer', minimum: 1, maximum: MAX_ATTEMPTS, description: 'The first one included.' },
    backoff_ms: whole(0, 60_000, `Wait after the first failure; it doubles. Default ${DEFAULT_FIRST_MS}.`),
    max_backoff_ms: whole(0, 60_000, `The longest wait. Default ${DEFAULT_LONGEST_MS}.`),
    non_idempotent: flag(
      'Whether POST and PATCH are repeated although the endpoint may have seen them. Default false.',
    ),
  },
}

const REQUEST: Readonly<Record<string, JsonSchema>> = {
  method: { enum: [...METHODS, null], description: `Default ${DEFAULT_METHOD}.` },
  timeout_ms: whole(1, MAX_TIMEOUT_MS, `For a call, retries included. Default ${DEFAULT_TIMEOUT_MS}.`),
  headers: {
    type: ['object', 'null'],
    additionalProperties: { type: 'string' },
    description: 'Headers of the requests.',
  },
}

const FUNCTION: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'id'],
  properties: {
    path: text('Put behind base_url. `:name` and `{name}` stand for members of the payload.'),
    id: text('Id of the function.'),
    ...REQUEST,
    payload: {
      enum: ['body', 'query', null],
      description: 'Where the other members of the payload go. Default: query for GET and DELETE, else body.',
    },
    description: { type: ['string', 'null'], description: 'Shown in listings.' },
    request_format: { type: ['object', 'null'], description: 'JSON Schema of the payload, shown in listings.' },
    response_format: { type: ['object', 'null'], description: 'JSON Schema of the result, shown in listings.' },
  },
}

const ENDPOINTS: JsonSchema = {
  type: ['array', 'null'],
  description: 'Functions of this worker, each of which is an endpoint. Default: none.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['base_url', 'functions'],
    properties: {
      base_url: text('What all paths of this list begin with, such as https://legacy.example.com/api.'),
      ...REQUEST,
      auth: {
        type: ['object', 'null'],
        description: 'As of a registration: { type: bearer, token_key: NAME } and the like. Default: none.',
      },
      retry: RETRY,
      circuit_breaker: { ...CIRCUIT_BREAKER, description: 'Default: that of the worker.' },
      functions: { type: 'array', items: FUNCTION, description: 'The endpoints.' },
    },
  },
}

export const HTTP_FUNCTIONS_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    security: {
      type: ['object', 'null'],
      additionalProperties: false,
      description: 'Where requests may go, and with which secrets.',
      properties: {
        url_allowlist: texts(
          'Patterns (`*`, `?`, `[a-z]`) of the hosts that may be called; of an entry with a scheme its host counts. Default `*`, any.',
        ),
        block_private_ips: flag(
          'Whether addresses that are not of the public internet are refused, also those that a name leads to. Default true.',
        ),
        require_https: flag('Whether only https is allowed. Default true.'),
        allow_session_auth: flag(
          'Whether sessions, the workers on listeners with rbac, may register functions with auth. Default false.',
        ),
        auth_env_allowlist: texts(
          'Patterns (`*`) of the environment variables that auth may name. Default: any of them.',
        ),
      },
    },
    endpoints: ENDPOINTS,
    max_response_bytes: whole(
      1,
      64 * 1024 * 1024,
      `Bytes of an answer, decompressed; a longer one is a response_too_large. Default ${MAX_RESPONSE_BYTES}.`,
    ),
    max_in_flight_per_host: whole(
      1,
      10_000,
      `Requests to one host and port at a time; further calls fail with overloaded. Default ${MAX_IN_FLIGHT_PER_HOST}.`,
    ),
    circuit_breaker: {
      ...CIRCUIT_BREAKER,
      description:
        'Leaves hosts that keep failing alone for a while; for functions that say nothing else. Default: none.',
    },
    ca_file: {
      type: ['string', 'null'],
      minLength: 1,
      description:
        'File with certificates (PEM) of authorities to trust beside those of Node, relative to the project folder. Default: none.',
    },
  },
}
