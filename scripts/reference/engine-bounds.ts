// What is limited in the engine itself, with the defaults that the code has.
import { MAX_TOMBSTONES } from '../../core/channels/channel-broker.ts'
import { MAX_SHARED_BYTES } from '../../core/channels/channel.ts'
import { ASK_MS, MAX_ASKS, MAX_GONE } from '../../core/channels/offers.ts'
import { HELD_ADDRESS_CHANGE_MS, HELD_ADDRESS_START_MS } from '../../core/gateway/listeners.ts'
import { END_MS } from '../../core/host/containers/containers.ts'
import { MAX_HEALTH_CHARACTERS, MAX_HEALTH_PARTS } from '../../core/host/inside/own-health.ts'
import { SHARED_UNREAD_MS } from '../../core/host/containers/shared-thread.ts'
import { STALL_WATCH_DEFAULTS } from '../../core/host/containers/stall-watch.ts'
import { BUILD_MS } from '../../core/host/generations/planner.ts'
import { FORCED_UNREAD_MS } from '../../core/host/generations/plugin-turns.ts'
import { QUICK_MS } from '../../core/host/generations/turn-queue.ts'
import { MAX_PENDING_PONGS } from '../../base/net/answer-pings.ts'
import { RETRY_MS } from '../../core/host/plugin-host.ts'
import { ENGINE_DEFAULTS } from '../../core/model/options.ts'
import { ENQUEUE_MS } from '../../core/router/enqueue-waits.ts'
import { SESSIONS_OF_AN_ANSWER } from '../../core/engine-functions/sessions.ts'
import { MAX_WAIT_MS } from '../../core/engine-functions/tails.ts'
import { FAILURES_PER_SECOND } from '../../core/telemetry/engine-events.ts'
import { MAX_BODY_CHARACTERS, MAX_DATA_CHARACTERS } from '../../core/telemetry/log-export.ts'
import { TAIL_DEFAULTS } from '../../core/telemetry/tail.ts'
import { WORKER_LOG_LIMITS } from '../../core/telemetry/worker-log.ts'
import { NOTICES_EACH } from '../../base/warnings/counted-notices.ts'
import { MAX_OUTPUT_BYTES } from '../../core/host/containers/thread-output.ts'
import { MAX_CONFIG_BYTES } from '../../core/config/config-document.ts'
import { MAX_CONFIG_DEPTH } from '../../core/config/yaml-depth.ts'
import { LISTENER_DEFAULTS } from '../../core/config/listener-schema.ts'
import { MAX_UNUSED_BUNDLES } from '../../core/host/builds/temporary-bundles.ts'
import { HEALTH_REQUEST_MS } from '../../core/health/health-endpoint.ts'
import { HEALTH_CONNECTIONS } from '../../core/health/health-port.ts'
import { MAX_REFUSED_FUNCTIONS } from '../../core/registry/refused-functions.ts'
import { MAX_FILE_BYTES } from '../../core/remembered-functions.ts'
import { CRASH_BUDGET_DEFAULTS } from '../../core/host/table/crash-budget.ts'
import { MAX_OFFERS } from '../../sdk/offered-channels.ts'
import { CHANNEL_WINDOW_BYTES } from '../../protocol/ring/credit.ts'
import { DEFAULT_RING_BYTES } from '../../protocol/ring/memory.ts'
import { PIPE_OPTIONS } from '../../protocol/ring/pipe-duplex.ts'
import { RING_OPTIONS } from '../../protocol/ring/ring-duplex.ts'
import { MAX_CANDIDATES, MAX_PER_SECOND } from '../../base/values/suggestions.ts'
import { LOOK_AGAIN_MS, MAX_LOOKS } from '../../core/gateway/telemetry-peers.ts'
import { bytesText, charactersText, countText, limitText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'

const FIXED = 'fixed'

const engine = ENGINE_DEFAULTS
const listener = LISTENER_DEFAULTS

/** Limit, option, default, what happens at it. */
const ROWS: readonly (readonly [limit: string, option: string, initial: string, effect: string])[] = [
  [
    'configuration file',
    FIXED,
    `${bytesText(MAX_CONFIG_BYTES)}, ${countText(MAX_CONFIG_DEPTH)} lists and maps in each other`,
    'refused',
  ],
  ['calls at the gate of a plugin', 'engine.gate_max_calls', countText(engine.gate_max_calls), '`overloaded`'],
  ['their bytes', 'engine.gate_max_bytes', bytesText(engine.gate_max_bytes), '`overloaded`'],
  ['their wait', 'engine.gate_ms', timeText(engine.gate_ms), '`plugin_unavailable`'],
  [
    'wait for the return of an external provider',
    'engine.restart_grace_ms',
    timeText(engine.restart_grace_ms),
    '`function_not_found`',
  ],
  [
    'calls in that wait, per id',
    'engine.restart_grace_max_calls',
    countText(engine.restart_grace_max_calls),
    '`overloaded`',
  ],
  [
    'refused registrations of HTTP-invoked functions of which callers are told why',
    FIXED,
    countText(MAX_REFUSED_FUNCTIONS),
    'the oldest is forgotten',
  ],
  [
    'functions of external workers that are remembered over a restart',
    'engine.remember_functions',
    `${countText(engine.remember_functions)}, ${bytesText(MAX_FILE_BYTES)}`,
    'further ones are not, with a warning',
  ],
  ['age of an unanswered call', 'engine.max_invocation_ms', 'none', '`timeout`'],
  [
    'silence of a worker that calls wait for',
    'engine.unresponsive_ms',
    timeText(engine.unresponsive_ms),
    'shown in listings, other providers are preferred',
  ],
  ['age of an unanswered void call', FIXED, timeText(600_000), 'forgotten'],
  [
    'drain of a generation',
    'engine.drain_ms',
    timeText(engine.drain_ms),
    'stale, reason `busy`; a stop, a shutdown and `force` fail what is left',
  ],
  ['`start()`, import, `reconfigure()`', 'engine.start_ms', timeText(engine.start_ms), '`PLUGIN_TIMEOUT`'],
  ['build', FIXED, timeText(BUILD_MS), '`PLUGIN_BUILD_FAILED`'],
  ['`stop()`', 'engine.stop_ms', timeText(engine.stop_ms), 'logged, the generation ends'],
  ['crashes within five minutes', 'engine.crash_budget', countText(engine.crash_budget), 'state `failed`'],
  [
    'wait before a restart',
    FIXED,
    `${timeText(CRASH_BUDGET_DEFAULTS.backoffMs)}, doubled up to ${timeText(CRASH_BUDGET_DEFAULTS.backoffCapMs)}`,
    '',
  ],
  ['calls in flight to one generation', '`max_in_flight` of the entry', '10,000', '`overloaded`'],
  ['their bytes', FIXED, bytesText(64 * 2 ** 20), '`overloaded`; `payload_too_large` for a call that is larger alone'],
  ['memory of a plugin', '`memory_mb` of the entry', 'none', 'ended as a crash, code `MEMORY`'],
  [
    'a plugin that reads nothing',
    FIXED,
    `${timeText(STALL_WATCH_DEFAULTS.stalledMs)} / ${timeText(STALL_WATCH_DEFAULTS.crashMs)}`,
    'state `stalled` / ended as a crash, code `STALLED`',
  ],
  ['the same, when it is to stop by force', FIXED, timeText(FORCED_UNREAD_MS), 'ended without `stop()`'],
  ['the same, of a shared thread', FIXED, timeText(SHARED_UNREAD_MS), 'gets no further plugins'],
  [
    'wait of a saved file for a refused configuration that is tried again',
    FIXED,
    timeText(RETRY_MS),
    'it no longer waits',
  ],
  [
    'a change that is under way at the shutdown',
    'engine.stop_ms',
    timeText(engine.stop_ms),
    'the other plugins are stopped',
  ],
  ['end of a thread or process', FIXED, timeText(END_MS), 'abandoned: named, counted, and waited for by nobody'],
  ['a change of one plugin before those of others run beside it', FIXED, timeText(QUICK_MS), 'they no longer wait'],
  [
    'parts of a plugin that it tells the health of, and the details of each',
    FIXED,
    `${countText(MAX_HEALTH_PARTS)}, ${charactersText(MAX_HEALTH_CHARACTERS)}`,
    'its `reportHealth` throws',
  ],
  ['one ring', FIXED, bytesText(DEFAULT_RING_BYTES), 'frames wait beside it, in order'],
  [
    'frames that wait for a ring or pipe',
    FIXED,
    `${countText(RING_OPTIONS.congested_frames)}, ${bytesText(RING_OPTIONS.congested_bytes)}`,
    "senders on sockets pause; the plugin's own new calls get `overloaded`",
  ],
  [
    'one drain of a ring',
    FIXED,
    `${countText(RING_OPTIONS.drain_frames)} frames, ${timeText(RING_OPTIONS.drain_ms)}`,
    'goes on in the next turn',
  ],
  ['bytes under way in a pipe', FIXED, bytesText(PIPE_OPTIONS.window_bytes), 'frames wait beside it, in order'],
  ['bytes under way to a channel end of a plugin', FIXED, bytesText(CHANNEL_WINDOW_BYTES), 'the writer waits'],
  ['items in a channel', '`buffer_size` at its creation', '64, at most 1,024', 'the writer waits'],
  ['bytes in a channel', FIXED, bytesText(8 * 2 ** 20), 'the writer waits'],
  ['channels', FIXED, '100,000', '`overloaded`'],
  [
    'channels that are finished and remembered',
    FIXED,
    `${countText(MAX_TOMBSTONES)}, for a minute`,
    'the oldest first',
  ],
  ['channels that one plugin offers and nobody has opened', FIXED, countText(MAX_OFFERS), '`offerChannel` throws'],
  [
    'openers of offered channels that wait for the plugin',
    FIXED,
    `${countText(MAX_ASKS)}, ${timeText(ASK_MS)}`,
    'sockets get 503 with `Retry-After`, plugins the end with 1009',
  ],
  [
    'plugins whose offers are remembered after their end',
    FIXED,
    `${countText(MAX_GONE)}, for a minute`,
    'the oldest first',
  ],
  ['channels that one session has created', FIXED, '1,000', '`overloaded`'],
  [
    'bytes in these together',
    FIXED,
    bytesText(MAX_SHARED_BYTES),
    'their writers wait; at twice as much a channel ends with 1013',
  ],
  [
    'unanswered calls to one connection',
    'max_unanswered',
    countText(listener.max_unanswered),
    'the oldest settles with `timeout`',
  ],
  [
    'bytes queued to one connection',
    'outbox_soft_bytes',
    bytesText(listener.outbox_soft_bytes),
    'other providers are preferred, its senders pause',
  ],
  [
    'the same, hard',
    'outbox_hard_bytes',
    bytesText(listener.outbox_hard_bytes),
    'new calls get `overloaded`; closed with 1013 after `outbox_hard_ms`',
  ],
  [
    'pause of others for a peer that does not read',
    FIXED,
    '5 s, `outbox_hard_ms` if that is less',
    'they go on; twice `outbox_hard_bytes` then closes the peer at once',
  ],
  ['time above the hard limit', 'outbox_hard_ms', timeText(listener.outbox_hard_ms), 'closed with 1013'],
  [
    'one frame',
    'max_frame_bytes',
    bytesText(listener.max_frame_bytes),
    'from a worker: closed with 1009; to a worker: an error',
  ],
  [
    'one frame to a worker whose SDK takes less',
    FIXED,
    '1 MiB for Python before 0.24, 16 MiB for Rust, 100 MiB for Node',
    '`result_too_large` for an answer, `payload_too_large` for a call or binding',
  ],
  ['pongs that wait for one connection', FIXED, countText(MAX_PENDING_PONGS), 'one more, to the latest ping'],
  [
    'functions, triggers, trigger types of a connection, each',
    'max_registrations',
    countText(listener.max_registrations),
    'ignored, with a warning',
  ],
  [
    'bytes of the registrations of a connection, those of 1 KiB or more',
    'max_registered_bytes',
    bytesText(listener.max_registered_bytes),
    'refused with `overloaded`, or ignored with a warning',
  ],
  ['connections of a listener', 'max_connections', countText(listener.max_connections), 'HTTP 503 with `Retry-After`'],
  [
    'of these from one client address',
    'max_connections_per_address',
    limitText(listener.max_connections_per_address),
    'HTTP 429 with `Retry-After`',
  ],
  ["nesting of a session's payload", 'max_depth', countText(listener.max_depth), '`invalid_message`'],
  ['connections to the port of `engine.health`', FIXED, countText(HEALTH_CONNECTIONS), 'closed'],
  ['a request there, and the taking of its answer', FIXED, timeText(HEALTH_REQUEST_MS), 'closed'],
  ['HTTP upgrade', 'handshake_timeout_ms', timeText(listener.handshake_timeout_ms), 'closed'],
  ['silence of a connection', 'idle_timeout_ms', timeText(listener.idle_timeout_ms), 'dropped'],
  [
    'a message that is coming in, from its first byte to its last',
    'idle_timeout_ms',
    timeText(listener.idle_timeout_ms),
    'dropped',
  ],
  [
    'searches for the workers of sockets on `/otel`',
    FIXED,
    `${countText(MAX_LOOKS)} in ${timeText(LOOK_AGAIN_MS)}`,
    'the log does not name the worker',
  ],
  [
    'registrations before the announce',
    'registration_namespace_grace_ms',
    '250 ms of silence, at most 5 s',
    'take effect in `default`',
  ],
  ['decision on a session', FIXED, timeText(31_000), 'closed with 1008'],
  ['a registration hook', FIXED, timeText(10_000), '`FORBIDDEN`'],
  ["a provider's answer to `engine::register_trigger`", FIXED, timeText(10_000), 'counts as consent'],
  [
    'names for which a "did you mean" is looked for',
    FIXED,
    `${countText(MAX_PER_SECOND)} a second, among ${countText(MAX_CANDIDATES)} names`,
    'the error comes without one',
  ],
  [
    'time in which the queue must accept a job',
    FIXED,
    timeText(ENQUEUE_MS),
    '`enqueue_error`; the job may be stored all the same',
  ],
  ['bindings without owner', FIXED, '100,000', '`overloaded`'],
  [
    'wait for an address that is held though nobody listens there',
    FIXED,
    `${timeText(HELD_ADDRESS_START_MS)} at the start, ${timeText(HELD_ADDRESS_CHANGE_MS)} later`,
    'the start fails; the change is refused',
  ],
  ['plugin threads', FIXED, '256', 'further ones wait'],
  ['lines of the log that wait to be written', FIXED, bytesText(2 ** 20), 'dropped, and told once writing works'],
  ['characters of the text of a log record of a worker', FIXED, charactersText(MAX_BODY_CHARACTERS), 'cut'],
  ['of its data, as JSON', FIXED, charactersText(MAX_DATA_CHARACTERS), 'cut, as text'],
  [
    'log records of one worker in a second',
    FIXED,
    `${countText(WORKER_LOG_LIMITS.recordsOfWorker)}, ${bytesText(WORKER_LOG_LIMITS.bytesOfWorker)}`,
    'left out, with a count',
  ],
  [
    'the same, of all workers',
    FIXED,
    `${countText(WORKER_LOG_LIMITS.records)}, ${bytesText(WORKER_LOG_LIMITS.bytes)}`,
    'left out, with a count',
  ],
  ['lines about workers of one kind in a second', FIXED, countText(NOTICES_EACH), 'the rest as a number'],
  ['failed calls in a second among the events', FIXED, countText(FAILURES_PER_SECOND), 'the rest as a number'],
  [
    'lines of the log and events that are kept for readers, each',
    FIXED,
    `${countText(TAIL_DEFAULTS.maxEntries)}, ${bytesText(TAIL_DEFAULTS.maxBytes)}`,
    'the oldest go; readers are told how many they missed',
  ],
  ['readers that wait for them, each', FIXED, countText(TAIL_DEFAULTS.maxWaiting), '`overloaded`'],
  [
    'sessions in one answer of `engine::sessions::list`',
    '`limit` of the call',
    `${countText(SESSIONS_OF_AN_ANSWER.initial)}, at most ${countText(SESSIONS_OF_AN_ANSWER.max)}`,
    'the others follow with `offset`',
  ],
  ['wait of a reader', '`wait_ms` of the call', `none, at most ${timeText(MAX_WAIT_MS)}`, 'an empty answer'],
  [
    'bytes that plugins in threads print and nobody reads',
    FIXED,
    bytesText(MAX_OUTPUT_BYTES),
    'dropped, with a warning',
  ],
  ['wait for the last lines of the log', FIXED, timeText(500), 'the engine ends without'],
  [
    'compiled plugins that nothing runs with, where the cache of plugins can not be written',
    FIXED,
    countText(MAX_UNUSED_BUNDLES),
    'the oldest is removed',
  ],
]

export const ENGINE_BOUNDS: readonly Bound[] = ROWS.map(([limit, option, initial, effect]) => {
  return option === FIXED ? { limit, initial, effect } : { limit, option, initial, effect }
})
