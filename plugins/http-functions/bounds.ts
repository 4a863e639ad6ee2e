// What is limited in `iii-http-functions`, with the defaults that the code has.
import { bytesText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_RESPONSE_BYTES } from './config.ts'
import { MAX_CIRCUITS } from './exchange/circuits.ts'
import { CONNECTION_LIMITS } from './exchange/connections.ts'
import { MAX_IN_FLIGHT_PER_HOST } from './exchange/host-room.ts'
import { MAX_BAGGAGE_CHARACTERS } from './exchange/outgoing-headers.ts'
import { MAX_READ_BYTES } from './exchange/response-body.ts'
import { MAX_HEADER_BYTES, MAX_HEADERS } from './target/header-rules.ts'
import { MAX_ATTEMPTS } from './target/retry-rule.ts'
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from './target/target.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'time of a call over HTTP, retries included (`timeout_ms` of the function)',
    initial: `${timeText(DEFAULT_TIMEOUT_MS)}, at most ${timeText(MAX_TIMEOUT_MS)}`,
    effect: '`http_request_failed`, and the connection is closed',
  },
  {
    limit: 'bytes of an answer over HTTP, decompressed',
    option: 'max_response_bytes',
    initial: bytesText(MAX_RESPONSE_BYTES),
    effect: '`response_too_large`',
  },
  {
    limit: 'bytes of all answers over HTTP that are being read',
    initial: bytesText(MAX_READ_BYTES),
    effect: '`http_response_failed`',
  },
  {
    limit: 'requests under way to one host and port',
    option: 'max_in_flight_per_host',
    initial: countText(MAX_IN_FLIGHT_PER_HOST),
    effect: '`overloaded`',
  },
  {
    limit: 'connections kept open for the next request to one host and port, and in all',
    initial: `${countText(CONNECTION_LIMITS.idlePerHost)}, ${countText(CONNECTION_LIMITS.idle)} of http and of https`,
    effect: 'further ones are closed after their answer',
  },
  {
    limit: 'time for which such a connection is kept',
    initial: timeText(CONNECTION_LIMITS.idleMs),
    effect: 'it is closed',
  },
  {
    limit: 'headers of an HTTP-invoked function',
    initial: `${countText(MAX_HEADERS)}, ${bytesText(MAX_HEADER_BYTES)}`,
    effect: '`invalid_invocation`',
  },
  {
    limit: 'baggage of a call that is sent along over HTTP',
    initial: `${countText(MAX_BAGGAGE_CHARACTERS)} characters`,
    effect: 'longer ones are left out',
  },
  {
    limit: 'attempts of a call over HTTP (`retry.attempts` of the function)',
    initial: `1, at most ${countText(MAX_ATTEMPTS)}`,
    effect: 'the last outcome counts',
  },
  {
    limit: 'hosts whose circuit is remembered',
    initial: countText(MAX_CIRCUITS),
    effect: 'the one that was used longest ago is forgotten',
  },
]
