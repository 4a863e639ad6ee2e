// What is limited for a client of `iii-stream`, with the defaults that the code has.
import { bytesText, charactersText, countText, limitText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_WAITING_BYTES } from './clients/client.ts'
import { HELD_ADDRESS_MS } from './clients/listener.ts'
import { LEAVE_QUEUE_DEFAULTS } from './clients/leave-queue.ts'
import { CLIENT_LIMIT_DEFAULTS } from './clients/limits.ts'

export const BOUNDS: readonly Bound[] = [
  optional('one message of a client', 'max_message_bytes', bytesText, 'closed with 1009'),
  optional('bytes that it has not taken', 'max_buffered_bytes', bytesText, 'closed with 1013 at the next frame'),
  optional('frames that it has not taken', 'max_buffered_frames', countText, 'closed with 1013 at the next frame'),
  optional('clients at a time', 'max_connections', countText, 'HTTP 503 with `Retry-After`'),
  optional('of these from one client address', 'max_connections_per_address', limitText, 'HTTP 429 with `Retry-After`'),
  optional('subscriptions of a client', 'max_subscriptions', countText, 'closed with 1008'),
  optional('characters of their ids', 'max_subscription_characters', charactersText, 'closed with 1008'),
  optional('messages that wait for a join handler', 'max_waiting_messages', countText, 'its socket is not read'),
  { limit: 'their bytes', initial: bytesText(MAX_WAITING_BYTES), effect: 'its socket is not read' },
  optional('reads of the history at a time', 'max_catch_ups', countText, 'further ones wait'),
  optional('HTTP request', 'handshake_timeout_ms', timeText, 'closed'),
  optional('auth function', 'auth_timeout_ms', timeText, 'counts as failed'),
  optional('join and leave handlers, read of a `sync`', 'join_timeout_ms', timeText, 'count as failed'),
  optional('silence of a client', 'idle_timeout_ms', timeText, 'dropped'),
  optional('a message that is coming in, from its first byte to its last', 'idle_timeout_ms', timeText, 'dropped'),
  {
    limit: 'wait for an address that is held though nobody listens there',
    initial: timeText(HELD_ADDRESS_MS),
    effect: 'the start fails',
  },
  {
    limit: 'leave events of clients that are gone: running, waiting',
    initial: `${countText(LEAVE_QUEUE_DEFAULTS.maxRunning)}, ${countText(LEAVE_QUEUE_DEFAULTS.maxWaiting)}`,
    effect: 'further ones are dropped, with a warning',
  },
]

function optional(
  limit: string,
  option: keyof typeof CLIENT_LIMIT_DEFAULTS,
  text: (value: number) => string,
  effect: string,
): Bound {
  return { limit, option, initial: text(CLIENT_LIMIT_DEFAULTS[option]), effect }
}
