// What is limited in the built-in workers and in what they share, with the defaults that the code has. Each group is a table of the
// worker's own page, and part of the table of all limits in docs/architecture.md.
import { BRIDGE_CLOSE_MS } from '../../kit/bridge/bridge.ts'
import { MAX_HOPS } from '../../kit/bridge/hops.ts'
import { REDIS_DEFAULTS } from '../../kit/redis/client-options.ts'
import { EDIT_TURNS_DEFAULTS } from '../../kit/redis/edit-turns.ts'
import { GROUP_COMMIT_DEFAULTS } from '../../kit/sqlite/group-commit.ts'
import { LANE_DEFAULTS } from '../../kit/triggers/trigger-bindings.ts'
import { MAX_FILE_BYTES } from '../../plugins/configuration/adapters/entry-file.ts'
import { APPLY_MS } from '../../plugins/configuration/apply-settings.ts'
import { MAX_ENTRIES } from '../../plugins/configuration/entry-changes.ts'
import { MAX_WAITING_CHANGES } from '../../plugins/configuration/id-queues.ts'
import { VALUE_LIMITS } from '../../plugins/configuration/values.ts'
import { RUN_DEFAULTS } from '../../plugins/cron/config.ts'
import { REMEMBERED_TRIGGERS } from '../../plugins/cron/remembered-fires.ts'
import { CONDITION_TIMEOUT_MS } from '../../plugins/cron/run.ts'
import { BROADCAST_LIMITS } from '../../plugins/pubsub/broadcast.ts'
import { REDIS_FEED_DEFAULTS } from '../../plugins/stream/adapters/redis-feed.ts'
import { MAX_WAITING_BYTES } from '../../plugins/stream/clients/client.ts'
import { LEAVE_QUEUE_DEFAULTS } from '../../plugins/stream/clients/leave-queue.ts'
import { CLIENT_LIMIT_DEFAULTS } from '../../plugins/stream/clients/limits.ts'
import { DEFAULT_TIMEOUT_MS } from '../../sdk/pending-calls.ts'
import { SOCKET_LIMITS } from '../../sdk/transports/socket-options.ts'
import { bytesText, charactersText, code, countText, table, timeText } from './markdown.ts'

export interface Bound {
  readonly limit: string
  readonly option: string
  readonly initial: string
  readonly effect: string
}

export const FIXED = 'fixed'

const lane = LANE_DEFAULTS
const client = CLIENT_LIMIT_DEFAULTS
const socket = SOCKET_LIMITS

function fixed(limit: string, initial: string, effect: string): Bound {
  return { limit, option: FIXED, initial, effect }
}

function clientBound(limit: string, option: keyof typeof client, text: (value: number) => string, effect: string) {
  return { limit, option: `${code(option)} of \`iii-stream\``, initial: text(client[option]), effect }
}

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

export const PUBSUB_BOUNDS: readonly Bound[] = [
  fixed(
    "events that wait because the engine can't take their calls yet",
    `${countText(BROADCAST_LIMITS.maxWaiting)}, ${charactersText(BROADCAST_LIMITS.maxWaitingCharacters)}`,
    '`publish` fails with `overloaded`; from Redis: dropped, with a warning',
  ),
]

const STORE_BOUNDS: readonly Bound[] = [
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
]

const STREAM_CLIENT_BOUNDS: readonly Bound[] = [
  clientBound('one message', 'max_message_bytes', bytesText, 'closed with 1009'),
  clientBound('bytes that it has not taken', 'max_buffered_bytes', bytesText, 'closed with 1013 at the next frame'),
  clientBound('frames that it has not taken', 'max_buffered_frames', countText, 'closed with 1013 at the next frame'),
  clientBound('clients at a time', 'max_connections', countText, 'HTTP 503 with `Retry-After`'),
  clientBound('subscriptions', 'max_subscriptions', countText, 'closed with 1008'),
  clientBound('characters of their ids', 'max_subscription_characters', charactersText, 'closed with 1008'),
  clientBound('messages that wait for a join handler', 'max_waiting_messages', countText, 'its socket is not read'),
  fixed('their bytes', bytesText(MAX_WAITING_BYTES), 'its socket is not read'),
  clientBound('reads of the history at a time', 'max_catch_ups', countText, 'further ones wait'),
  clientBound('HTTP request', 'handshake_timeout_ms', timeText, 'closed'),
  clientBound('auth function', 'auth_timeout_ms', timeText, 'counts as failed'),
  clientBound('join and leave handlers, read of a `sync`', 'join_timeout_ms', timeText, 'count as failed'),
  clientBound('silence', 'idle_timeout_ms', timeText, 'dropped'),
  fixed(
    'leave events of clients that are gone: running, waiting',
    `${countText(LEAVE_QUEUE_DEFAULTS.maxRunning)}, ${countText(LEAVE_QUEUE_DEFAULTS.maxWaiting)}`,
    'further ones are dropped, with a warning',
  ),
]

const CRON_BOUNDS: readonly Bound[] = [
  {
    limit: 'fires of one trigger that wait (`overlap: queue`)',
    option: '`max_waiting_runs` of `iii-cron`',
    initial: countText(RUN_DEFAULTS.maxWaitingRuns),
    effect: 'newer ones are dropped, with a warning',
  },
  {
    limit: 'runs of one trigger at a time (`overlap: allow`)',
    option: '`max_parallel_runs` of `iii-cron`',
    initial: countText(RUN_DEFAULTS.maxParallelRuns),
    effect: 'further fires are dropped, with a warning',
  },
  {
    limit: 'one run',
    option: '`run_timeout_ms` of `iii-cron`',
    initial: 'none',
    effect: 'counts as failed, its trigger goes on',
  },
  fixed('time of a condition', timeText(CONDITION_TIMEOUT_MS), 'the handler is skipped'),
  fixed(
    'triggers whose last fire is remembered',
    countText(REMEMBERED_TRIGGERS),
    'the one that fired longest ago is forgotten',
  ),
]

export const CONFIGURATION_BOUNDS: readonly Bound[] = [
  fixed('one value, compact JSON', bytesText(VALUE_LIMITS.maxValueBytes), '`VALUE_TOO_LARGE`'),
  fixed('nesting of a value', countText(VALUE_LIMITS.maxDepth), '`SCHEMA_INVALID`'),
  fixed('entries', countText(MAX_ENTRIES), '`overloaded`; further files are left out with a warning'),
  fixed('one file', bytesText(MAX_FILE_BYTES), 'skipped with a warning'),
  fixed('changes of one entry that wait', countText(MAX_WAITING_CHANGES), '`overloaded`'),
  fixed(
    'events that wait for one binding',
    `${countText(lane.maxWaiting)}, ${bytesText(lane.maxWaitingBytes)}`,
    'newer ones are dropped, with a warning',
  ),
  fixed(
    'wait for a plugin to run with new settings',
    timeText(APPLY_MS),
    '`timeout`; the old ones are sent after them',
  ),
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

/** For the table of all limits: where each group belongs, in front of its limits. */
export const WORKER_BOUNDS: readonly Bound[] = [
  ...of('`state`, `stream`, `subscribe`', BINDING_BOUNDS),
  ...of('store', STORE_BOUNDS),
  ...of('stream client', STREAM_CLIENT_BOUNDS),
  ...of('cron', CRON_BOUNDS),
  ...of('pub/sub', PUBSUB_BOUNDS),
  ...of('configuration', CONFIGURATION_BOUNDS),
  ...of('Redis', REDIS_BOUNDS),
  ...of('bridge', BRIDGE_BOUNDS),
]

/** For a page where every limit is fixed. */
export function valuesTable(bounds: readonly Bound[]): string {
  return table(
    ['limit', 'value', 'at the limit'],
    bounds.map(({ limit, initial, effect }) => [limit, initial, effect]),
  )
}

function of(place: string, bounds: readonly Bound[]): readonly Bound[] {
  return bounds.map((bound) => ({ ...bound, limit: `${place}: ${bound.limit}` }))
}
