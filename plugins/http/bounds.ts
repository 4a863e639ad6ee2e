// What is limited in `iii-http`, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_SHOWN_CHARACTERS } from './extras/access-log/access-record.ts'
import { LOOK_MS, MAX_WAITING_BYTES } from './extras/access-log/log-file.ts'
import { MAX_AT_ONCE, MAX_COMPRESSED_BYTES } from './extras/compression.ts'
import { MAX_TAGGED_BYTES } from './extras/etag.ts'
import { MAX_PROBE_CONNECTIONS, PROBE_MS } from './extras/health/health-server.ts'
import { ENGINE_MS } from './extras/health/health.ts'
import { MAX_FORMAT_CHARACTERS as MAX_SHOWN_FORMAT } from './extras/openapi/component-schemas.ts'
import { MAX_OPERATIONS } from './extras/openapi/document.ts'
import { MAX_LISTED_FAULTS } from './extras/validation/problem-details.ts'
import { MAX_VALIDATORS } from './extras/validation/request-validation.ts'
import { CHECK_MS, MAX_ALL_ERRORS_CHARACTERS, MAX_FORMAT_CHARACTERS } from './extras/validation/request-validator.ts'
import { MAX_REQUEST_ID_LENGTH } from './request/request-id.ts'
import { HTTP_DEFAULTS } from './config.ts'
import { MAX_CONTROL_CHARACTERS, MAX_STREAM_HEADERS } from './exchange/control-message.ts'
import { MAX_UNSENT_BYTES } from './exchange/unsent-answers.ts'
import { READY_MS } from './http-worker.ts'
import { AWAITED_MS, MAX_FILE_BYTES, MAX_REMEMBERED_ROUTES } from './remembered-routes.ts'
import { MAX_JSON_DEPTH } from './request/json-body.ts'
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
  fixed(
    'its nesting',
    `${MAX_JSON_DEPTH} levels`,
    '`body` is null, as for what is no JSON; the bytes are in `request_body`',
  ),
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
  fixed(
    'answers that all clients have not taken yet',
    bytesText(MAX_UNSENT_BYTES),
    'the connection whose answer has waited longest is closed',
  ),
  fixed('headers of a streamed response', countText(MAX_STREAM_HEADERS), 'further ones are left out'),
  fixed('message about its head', charactersText(MAX_CONTROL_CHARACTERS), 'ignored'),
  fixed('`api_path`', `${charactersText(MAX_PATH_LENGTH)}, ${MAX_SEGMENTS} segments`, 'the binding is refused'),
  fixed('middleware of a route', countText(MAX_ROUTE_MIDDLEWARE), 'the binding is refused'),
  fixed('requests under way when the server is closed', timeText(DRAIN_MS), 'cut'),
  fixed('use of open connections after the next generation has taken over', timeText(LINGER_MS), 'closed'),
  fixed('requests that no route is for, at a start: wait for bindings', timeText(READY_MS), 'HTTP 404'),
  fixed('requests for routes of the last run: wait for their bindings', timeText(AWAITED_MS), 'HTTP 404'),
  fixed(
    'routes that are remembered for the next run',
    `${countText(MAX_REMEMBERED_ROUTES)}, ${bytesText(MAX_FILE_BYTES)}`,
    'further ones are not waited for',
  ),
  fixed('address that is held though nobody listens there', timeText(HELD_ADDRESS_MS), 'the start fails'),
  fixed(
    'address that the generation before has, where it can not be shared',
    timeText(GIVEN_UP_MS),
    'the worker is degraded, and no requests come',
  ),
  fixed('id of a request that a client gives', charactersText(MAX_REQUEST_ID_LENGTH), 'another one is made'),
  fixed('operations in the OpenAPI document', countText(MAX_OPERATIONS), 'further ones are left out'),
  fixed('format in the OpenAPI document', charactersText(MAX_SHOWN_FORMAT), 'left out'),
  fixed('format that requests are held against', charactersText(MAX_FORMAT_CHARACTERS), 'not checked, with a warning'),
  fixed(
    'functions whose formats are kept for that',
    countText(MAX_VALIDATORS),
    'the one used longest ago is made again',
  ),
  fixed(
    'check of a request by a format with patterns, references or `uniqueItems`, or of a large body',
    `${timeText(CHECK_MS)}, as much again for each MiB`,
    'HTTP 422',
  ),
  fixed('errors that the answer to a request that does not fit lists', countText(MAX_LISTED_FAULTS), 'counted'),
  fixed('body of which all errors are looked for', charactersText(MAX_ALL_ERRORS_CHARACTERS), 'the first one is told'),
  fixed('answer with an `ETag`', bytesText(MAX_TAGGED_BYTES), 'it gets none'),
  fixed('answer that is compressed', bytesText(MAX_COMPRESSED_BYTES), 'sent as it is'),
  fixed('answers that are being compressed', countText(MAX_AT_ONCE), 'further ones are sent as they are'),
  fixed('path and user agent in the access log', charactersText(MAX_SHOWN_CHARACTERS), 'cut'),
  fixed('lines of the access log that wait for the disk', bytesText(MAX_WAITING_BYTES), 'dropped and counted'),
  fixed('time until a file of it that was moved is opened anew', timeText(LOOK_MS), 'lines go to the old one'),
  fixed('connections to the port for probes', countText(MAX_PROBE_CONNECTIONS), 'closed'),
  fixed('request on it', timeText(PROBE_MS), 'HTTP 408, closed'),
  fixed('answer of the engine to a probe', timeText(ENGINE_MS), 'HTTP 503'),
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
