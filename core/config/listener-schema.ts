// The `config` block of `iii-worker-manager` (spec 04 B.1, 09 §5): its type, every default in one literal, its schema.
import { ORIGIN_PATTERN } from '../../base/net/origin.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import { MAX_TIMER_MS } from './engine-options.ts'

/** One listener as the gateway runs it. `_ms` are milliseconds, `_bytes` bytes. */
export interface ListenerConfig {
  /** 0 = any free port. */
  readonly port: number
  readonly host: string
  /** Called instead of the target of each call on this listener (spec 04 B.5). */
  readonly middleware_function_id: string | undefined
  /** Undefined = no access control. */
  readonly rbac: ListenerRbac | undefined
  /** A socket that has not finished the HTTP upgrade by then is closed. */
  readonly handshake_timeout_ms: number
  /** 0 = no pings. */
  readonly ping_interval_ms: number
  /** A connection that was silent for so long is dropped; 0 = never. */
  readonly idle_timeout_ms: number
  /** Lower-case origins, or `*`. Undefined = not set: what a listener then accepts depends on `rbac` (spec 09 §4). */
  readonly allowed_origins: readonly string[] | undefined
  readonly max_unanswered: number
  readonly outbox_soft_bytes: number
  readonly outbox_hard_bytes: number
  readonly outbox_hard_ms: number
  readonly max_frame_bytes: number
  readonly max_registrations: number
  readonly max_registered_bytes: number
  readonly max_connections: number
  /** Of one client address, IPv6 by /64; 0 = as many as of all. */
  readonly max_connections_per_address: number
  readonly max_depth: number
  /** Errors that go to sessions keep the stack of what was thrown. */
  readonly session_stacktraces: boolean
}

/** The block as it is written, for the holder of the seat `session-policy`: what it means is not the listener's business. */
export type ListenerRbac = Readonly<Record<string, unknown>>

const MiB = 1024 * 1024

export const LISTENER_DEFAULTS = {
  port: 49134,
  host: '127.0.0.1',
  handshake_timeout_ms: 10_000,
  ping_interval_ms: 25_000,
  idle_timeout_ms: 75_000,
  max_unanswered: 100_000,
  outbox_soft_bytes: 16 * MiB,
  outbox_hard_bytes: 64 * MiB,
  outbox_hard_ms: 30_000,
  max_frame_bytes: 64 * MiB,
  max_registrations: 100_000,
  max_registered_bytes: 64 * MiB,
  max_connections: 20_000,
  max_connections_per_address: 0,
  max_depth: 256,
} as const

const limit = (key: keyof typeof LISTENER_DEFAULTS, description: string, minimum = 1): object => ({
  type: 'integer',
  minimum,
  ...(key.endsWith('_ms') ? { maximum: MAX_TIMER_MS } : {}),
  default: LISTENER_DEFAULTS[key],
  description,
})
const functionId = (description: string): object => ({ type: 'string', minLength: 1, description })

export const LISTENER_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    port: { ...limit('port', 'Port of the listener; 0 = any free one.', 0), maximum: 65_535 },
    host: {
      type: 'string',
      minLength: 1,
      default: LISTENER_DEFAULTS.host,
      description: 'Address to listen on. 0.0.0.0 opens the port to the network.',
    },
    middleware_function_id: functionId('Called instead of the target of each call on this listener.'),
    rbac: {
      type: 'object',
      description: 'Access control. Without it every connection is trusted.',
      properties: {
        auth_function_id: functionId('Called once per connection; its result gives the rights of the session.'),
        expose_functions: {
          type: ['array', 'null'],
          default: [],
          description:
            'Functions that sessions may call: match("pattern"), {match: pattern} or {metadata: {key: value}}, the maps also with namespace.',
        },
        on_function_registration_function_id: functionId(
          'Called before a session registers a function; may rewrite or deny it.',
        ),
        on_trigger_registration_function_id: functionId(
          'Called before a session binds a trigger; may rewrite or deny it.',
        ),
        on_trigger_type_registration_function_id: functionId(
          'Called before a session registers a trigger type; may rewrite or deny it.',
        ),
        middleware_function_id: functionId('Belongs beside rbac; accepted here with a warning.'),
      },
      additionalProperties: false,
    },
    handshake_timeout_ms: limit(
      'handshake_timeout_ms',
      'A socket that has not finished the HTTP upgrade by then is closed.',
    ),
    ping_interval_ms: limit('ping_interval_ms', 'Time between pings; 0 = none.', 0),
    idle_timeout_ms: limit('idle_timeout_ms', 'A connection that was silent for so long is dropped; 0 = never.', 0),
    allowed_origins: {
      type: 'array',
      items: { type: 'string', pattern: ORIGIN_PATTERN },
      description: 'Origins of web pages that may connect, such as https://app.example.com; "*" = any.',
    },
    max_unanswered: limit(
      'max_unanswered',
      'Unanswered calls to one connection; beyond it the oldest settles with timeout.',
    ),
    outbox_soft_bytes: limit('outbox_soft_bytes', 'Bytes queued to one connection above which its senders are paused.'),
    outbox_hard_bytes: limit(
      'outbox_hard_bytes',
      'Bytes queued to one connection above which it is closed after outbox_hard_ms.',
    ),
    outbox_hard_ms: limit('outbox_hard_ms', 'How long outbox_hard_bytes may be exceeded.'),
    max_frame_bytes: limit(
      'max_frame_bytes',
      'Largest frame, in either direction: a larger one from a worker closes its connection, one to a worker is an error.',
    ),
    max_registrations: limit('max_registrations', 'Functions, triggers and trigger types of one connection, each.'),
    max_registered_bytes: limit(
      'max_registered_bytes',
      'Bytes of the registrations of one connection that have a kilobyte or more.',
    ),
    max_connections: limit('max_connections', 'Connections to this listener.'),
    max_connections_per_address: limit(
      'max_connections_per_address',
      'Of these from one client address, IPv6 by its /64 network; 0 = no limit. Behind a proxy all have the address of the proxy.',
      0,
    ),
    max_depth: limit('max_depth', "Nesting of a session's payload."),
    session_stacktraces: {
      type: 'boolean',
      default: false,
      description:
        'Errors that go to sessions keep the stack of what was thrown, with paths of files. For development.',
    },
  },
  additionalProperties: false,
}
