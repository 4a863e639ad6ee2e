// What is limited in what the built-in workers share, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import { BRIDGE_CLOSE_MS } from '../../kit/bridge/bridge.ts'
import { MAX_HOPS } from '../../kit/bridge/hops.ts'
import { REDIS_DEFAULTS } from '../../kit/redis/client-options.ts'
import { EDIT_TURNS_DEFAULTS } from '../../kit/redis/edit-turns.ts'
import { GROUP_COMMIT_DEFAULTS } from '../../kit/sqlite/group-commit.ts'
import { SHRINK_DEFAULTS } from '../../kit/sqlite/shrinking.ts'
import { FULL_CHECK_BYTES } from '../../kit/sqlite/store-file.ts'
import { LANE_DEFAULTS } from '../../kit/triggers/trigger-bindings.ts'
import { REDIS_FEED_DEFAULTS } from '../../plugins/stream/adapters/redis-feed.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { DEFAULT_TIMEOUT_MS } from '../../sdk/pending-calls.ts'
import { SOCKET_LIMITS } from '../../sdk/transports/socket-options.ts'

const lane = LANE_DEFAULTS
const socket = SOCKET_LIMITS

/** Bindings of type `state`, `stream` and `subscribe`. */
export const BINDING_BOUNDS: readonly Bound[] = [
  fixed(
    'unanswered calls of one binding',
    countText(lane.maxInFlight),
    'its further events wait; other bindings are not held up',
  ),
  fixed(
    'undecided conditions of one binding; for `state` and `stream`, of one key or item of it',
    countText(lane.maxUndecidedPerKey),
    'the events behind them wait',
  ),
  fixed(
    'events that wait for one binding',
    `${countText(lane.maxWaiting)}, ${bytesText(lane.maxWaitingBytes)}`,
    'newer ones are dropped, with a warning',
  ),
  fixed('time of a handler', timeText(lane.handlerTimeoutMs), 'it no longer counts as unanswered'),
  fixed('time of a condition', timeText(lane.conditionTimeoutMs), 'the handler is skipped'),
]

export const STORE_BOUNDS: readonly Bound[] = [
  fixed(
    'operations of one transaction',
    `${countText(GROUP_COMMIT_DEFAULTS.maxBatchOperations)}, ${bytesText(GROUP_COMMIT_DEFAULTS.maxBatchBytes)}`,
    'the next transaction takes the rest',
  ),
  fixed(
    'operations that wait for the store',
    `${countText(GROUP_COMMIT_DEFAULTS.maxWaitingOperations)}, ${bytesText(GROUP_COMMIT_DEFAULTS.maxWaitingBytes)}`,
    '`overloaded`',
  ),
  fixed(
    'free pages that stay in a store file',
    `${countText(SHRINK_DEFAULTS.keepPages)}, or ${SHRINK_DEFAULTS.keepShare * 100} % of those in use`,
    `given back, ${countText(SHRINK_DEFAULTS.stepPages)} at a time`,
  ),
  fixed(
    'content of a store file that is read or written anew when it is opened',
    bytesText(FULL_CHECK_BYTES),
    'only its schema is checked, and one of an earlier version keeps its size',
  ),
  fixed('copies of a store at a time', '1', 'one into another file is `overloaded`'),
]

export const REDIS_BOUNDS: readonly Bound[] = [
  fixed(
    'connection, handshake included',
    timeText(REDIS_DEFAULTS.connectTimeoutMs),
    'error at the start; later the next attempt',
  ),
  fixed('longest wait before the next attempt', timeText(REDIS_DEFAULTS.maxReconnectMs), 'tried for ever'),
  fixed('silence of a server that owes an answer', timeText(REDIS_DEFAULTS.replyTimeoutMs), 'connected anew'),
  fixed(
    'unanswered commands of one worker',
    `${countText(REDIS_DEFAULTS.maxUnanswered)}, ${bytesText(REDIS_DEFAULTS.maxUnansweredBytes)}`,
    '`overloaded`',
  ),
  fixed(
    'updates that wait for their turn',
    `${countText(EDIT_TURNS_DEFAULTS.maxWaiting)}, ${bytesText(EDIT_TURNS_DEFAULTS.maxWaitingBytes)}`,
    '`overloaded`',
  ),
  fixed(
    'updates of one value in one step',
    `${countText(EDIT_TURNS_DEFAULTS.maxBatch)}, ${bytesText(EDIT_TURNS_DEFAULTS.maxBatchBytes)} of values`,
    'the next step takes the rest',
  ),
  fixed(
    'attempts of an update while other engines change the value',
    countText(EDIT_TURNS_DEFAULTS.maxAttempts),
    '`UPDATE_ERROR` or `STREAM_UPDATE_ERROR`',
  ),
  fixed(
    'events that arrive while the journal is read',
    `${countText(REDIS_FEED_DEFAULTS.maxBuffered)}, ${bytesText(REDIS_FEED_DEFAULTS.maxBufferedBytes)}`,
    'they are read from the journal too',
  ),
  fixed(
    'messages that this engine has not read yet',
    '`client-output-buffer-limit pubsub` of Redis',
    'Redis ends the connection',
  ),
]

export const BRIDGE_BOUNDS: readonly Bound[] = [
  fixed('wait of a call for the connection', timeText(socket.awayMs), 'the code of the function'),
  fixed(
    'calls that wait for it',
    `${countText(socket.maxWaitingCalls)}, ${charactersText(socket.maxWaitingLength)}`,
    '`overloaded`',
  ),
  fixed(
    'wait for an answer',
    timeText(DEFAULT_TIMEOUT_MS),
    'the code of the function; the call may have been carried out',
  ),
  fixed('unanswered calls', countText(socket.maxUnanswered), 'the oldest is given up'),
  fixed('unanswered calls from the other engine', countText(socket.maxUnanswered), '`overloaded`'),
  fixed('bytes that have not left', bytesText(socket.maxBufferedBytes), '`overloaded` until half of them have'),
  fixed(
    'frame, sent / read',
    `${bytesText(socket.maxSentBytes)} / ${bytesText(socket.maxFrameBytes)}`,
    'refused / the connection ends',
  ),
  fixed('from connecting to the greeting', timeText(socket.handshakeMs), 'tried again'),
  fixed('longest wait before the next attempt', timeText(socket.maxReconnectMs), 'tried for ever'),
  fixed(
    'silence of the other engine',
    `${timeText(socket.idleMs)}, pinged every ${timeText(socket.pingMs)}`,
    'connected anew',
  ),
  fixed('calls under way at the end of a plugin', timeText(BRIDGE_CLOSE_MS), 'they fail'),
  fixed('end of the connection', timeText(socket.closeMs), 'cut off'),
  fixed('bridges that a call crosses', countText(MAX_HOPS), '`bridge_error`'),
]

function fixed(limit: string, initial: string, effect: string): Bound {
  return { limit, initial, effect }
}
