// What is limited in `iii-http`, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { HTTP_DEFAULTS } from './config.ts'
import { MAX_CONTROL_CHARACTERS, MAX_STREAM_HEADERS } from './exchange/control-message.ts'
import { READY_MS } from './http-worker.ts'
import { MAX_PATH_LENGTH, MAX_ROUTE_MIDDLEWARE, MAX_SEGMENTS } from './routes/route-config.ts'
import { DRAIN_MS, LINGER_MS } from './server/http-server.ts'
import { GIVEN_UP_MS, HELD_ADDRESS_MS } from './server/open-address.ts'
import { DISCARD_MS, DISCARDED_BYTES, KEPT_REST_BYTES } from './server/unread-body.ts'

export const BOUNDS: readonly Bound[] = [
  optional('time until a response begins', 'default_timeout', timeText, 'HTTP 504'),
  optional('requests that are worked on at a time', 'concurrency_request_limit', countText, 'further ones wait'),
  optional('requests that wait', 'max_waiting_requests', countText, 'HTTP 503 with `Retry-After`'),
  optional('TCP connections at a time', 'max_connections', countText, 'closed'),
  { limit: 'body of a request', option: 'body_limit', initial: 'none: it is streamed', effect: 'HTTP 413' },
  optional('JSON body, which is collected', 'json_body_limit', bytesText, 'HTTP 413'),
  optional('head of a request', 'head_timeout_ms', timeText, 'HTTP 408, closed'),
  { limit: 'its size', initial: bytesText(16_384), effect: 'HTTP 431, closed' },
  optional('silence between two requests', 'keep_alive_timeout_ms', timeText, 'closed'),
  fixed('rest of a body that nobody reads', bytesText(KEPT_REST_BYTES), 'the connection is closed after the answer'),
  fixed(
    'what is read of a larger one while the client takes its answer',
    `${bytesText(DISCARDED_BYTES)}, ${timeText(DISCARD_MS)}`,
    'closed',
  ),
  optional('client that takes nothing of its answer', 'send_timeout_ms', timeText, 'closed'),
  fixed('headers of a streamed response', countText(MAX_STREAM_HEADERS), 'further ones are left out'),
  fixed('message about its head', charactersText(MAX_CONTROL_CHARACTERS), 'ignored'),
  fixed('`api_path`', `${charactersText(MAX_PATH_LENGTH)}, ${MAX_SEGMENTS} segments`, 'the binding is refused'),
  fixed('middleware of a route', countText(MAX_ROUTE_MIDDLEWARE), 'the binding is refused'),
  fixed('requests under way when the server is closed', timeText(DRAIN_MS), 'cut'),
  fixed('use of open connections after the next generation has taken over', timeText(LINGER_MS), 'closed'),
  fixed('requests that no route is for, at a start: wait for bindings', timeText(READY_MS), 'HTTP 404'),
  fixed('address that is held though nobody listens there', timeText(HELD_ADDRESS_MS), 'the start fails'),
  fixed(
    'address that the generation before has, where it can not be shared',
    timeText(GIVEN_UP_MS),
    'the worker is degraded, and no requests come',
  ),
]

function optional(
  limit: string,
  option: keyof typeof HTTP_DEFAULTS,
  text: (value: number) => string,
  effect: string,
): Bound {
  return { limit, option, initial: text(HTTP_DEFAULTS[option] as number), effect }
}

function fixed(limit: string, initial: string, effect: string): Bound {
  return { limit, initial, effect }
}
