// The limits of the client WebSocket: every default in one literal, and the schema of the options (spec 02 §6.3–6.5).
import type { JsonSchema } from '../../../sdk/plugin.ts'

/** `_ms` are milliseconds, `_bytes` bytes. A change takes effect at once, `max_message_bytes` for new connections. */
export interface ClientLimits {
  /** Largest message of a client; a larger one closes its connection with 1009. Default 16 MiB. */
  readonly max_message_bytes: number
  /**
   * Bytes that a client has not taken yet. When more wait at the time of the next frame, the connection is closed with 1013.
   * Default 4 MiB.
   */
  readonly max_buffered_bytes: number
  /** The same in frames. Default 1,024. */
  readonly max_buffered_frames: number
  /** Connections at a time, those that are being authenticated included; further ones get HTTP 503. Default 20,000. */
  readonly max_connections: number
  /** Of these from one client address, IPv6 by /64; 0 = no limit, which is the default. */
  readonly max_connections_per_address: number
  /** Subscriptions of one connection; a join beyond it closes the connection with 1008. Default 1,000. */
  readonly max_subscriptions: number
  /** Characters of all ids of the subscriptions of one connection; as `max_subscriptions`. Default 1 Mi. */
  readonly max_subscription_characters: number
  /** Messages of one connection that wait for a join handler; beyond it the socket is not read. Default 1,024. */
  readonly max_waiting_messages: number
  /** Reads of the history for clients that come back, at a time; further ones wait. Default 16. */
  readonly max_catch_ups: number
  /** A socket that has not finished its HTTP request by then is closed. Default 10,000. */
  readonly handshake_timeout_ms: number
  /** A longer auth function counts as failed. Default 30,000. */
  readonly auth_timeout_ms: number
  /**
   * For each handler and condition of `stream:join` and `stream:leave`, for the read of a `sync`, and for a client to take a
   * part of what it has missed. Default 30,000.
   */
  readonly join_timeout_ms: number
  /** Time between pings; 0 = none: then silent clients look dead, and `idle_timeout_ms` should be 0 too. Default 25,000. */
  readonly ping_interval_ms: number
  /** A connection from which nothing came for so long is dropped; 0 = never. Default 75,000. */
  readonly idle_timeout_ms: number
}

const MiB = 1024 * 1024
/** Beyond it Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const CLIENT_LIMIT_DEFAULTS: ClientLimits = {
  max_message_bytes: 16 * MiB,
  max_buffered_bytes: 4 * MiB,
  max_buffered_frames: 1_024,
  max_connections: 20_000,
  max_connections_per_address: 0,
  max_subscriptions: 1_000,
  max_subscription_characters: MiB,
  max_waiting_messages: 1_024,
  max_catch_ups: 16,
  handshake_timeout_ms: 10_000,
  auth_timeout_ms: 30_000,
  join_timeout_ms: 30_000,
  ping_interval_ms: 25_000,
  idle_timeout_ms: 75_000,
}

const limit = (key: keyof ClientLimits, description: string, minimum = 1): JsonSchema => ({
  type: 'integer',
  minimum,
  ...(key.endsWith('_ms') ? { maximum: LONGEST_TIMER_MS } : {}),
  default: CLIENT_LIMIT_DEFAULTS[key],
  description,
})

/** Properties for the schema of the plugin's `config`. */
export const CLIENT_LIMITS_SCHEMA: Readonly<Record<keyof ClientLimits, JsonSchema>> = {
  max_message_bytes: limit('max_message_bytes', 'Largest message of a client; a larger one closes it with 1009.'),
  max_buffered_bytes: limit(
    'max_buffered_bytes',
    'Bytes that a client has not taken yet; a client with more is closed with 1013 at its next frame.',
  ),
  max_buffered_frames: limit('max_buffered_frames', 'The same in frames.'),
  max_connections: limit('max_connections', 'Clients at a time; further ones get HTTP 503 with Retry-After.'),
  max_connections_per_address: limit(
    'max_connections_per_address',
    'Of these from one client address, IPv6 by its /64 network; further ones get HTTP 429. 0 = no limit. Behind a proxy all have the address of the proxy.',
    0,
  ),
  max_subscriptions: limit('max_subscriptions', 'Subscriptions of one client; a further join closes it with 1008.'),
  max_subscription_characters: limit(
    'max_subscription_characters',
    'Characters of all ids in the subscriptions of one client; a join beyond it closes it with 1008.',
  ),
  max_waiting_messages: limit(
    'max_waiting_messages',
    'Messages of one client that wait for a join handler; beyond it its socket is not read.',
  ),
  max_catch_ups: limit(
    'max_catch_ups',
    'Reads of the history for clients that come back, at a time; further ones wait.',
  ),
  handshake_timeout_ms: limit(
    'handshake_timeout_ms',
    'A socket that has not finished its HTTP request by then is closed.',
  ),
  auth_timeout_ms: limit('auth_timeout_ms', 'An auth function that takes longer counts as failed.'),
  join_timeout_ms: limit(
    'join_timeout_ms',
    'For each handler and condition of stream:join and stream:leave, for the read of a sync, and for a client to take a part of what it has missed.',
  ),
  ping_interval_ms: limit(
    'ping_interval_ms',
    'Time between pings; 0 = none, then idle_timeout_ms should be 0 as well.',
    0,
  ),
  idle_timeout_ms: limit('idle_timeout_ms', 'A client from which nothing came for so long is dropped; 0 = never.', 0),
}
