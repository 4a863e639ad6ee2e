// What is limited in `iii-worker-ops`, with the defaults that the code has.
import { bytesText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { READY_MS } from './config.ts'
import { EVENT_LIMITS } from './follow/event-tail.ts'
import { FOLLOW_LIMITS } from './follow/log-files.ts'
import { INSTALL_BOUNDS } from './install/bounds.ts'
import { MAX_MANIFEST_BYTES } from './manifest/manifest.ts'
import { MAX_UNASKED } from './operations/install-graph.ts'
import { MAX_VARIABLE_BYTES, MAX_VARIABLES } from './running/environment.ts'
import { INSTALL_MS, STOP_MS } from './running/managed-worker.ts'
import { RESTART_LIMITS } from './running/restarts.ts'
import { SOURCE_LIMITS } from './running/source-watch.ts'
import { LOG_LIMITS } from './running/worker-log.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'wait for a worker to be ready (`wait`)',
    option: 'ready_timeout_ms',
    initial: timeText(READY_MS),
    effect: 'the operation succeeds with `awaited_ready: false`; the worker is started on',
  },
  {
    limit: 'processes of workers at a time',
    initial: '64, install scripts included',
    effect: 'further ones are tried again later; `worker::status` says so',
  },
  {
    limit: 'time of a worker to end when it is told to',
    initial: timeText(STOP_MS),
    effect: 'it and what it has started are killed',
  },
  {
    limit: 'ends of a worker',
    initial: `${countText(RESTART_LIMITS.crashes)} within ${timeText(RESTART_LIMITS.withinMs)}`,
    effect: 'it is given up until it is started, or a file of it changes; health says `degraded`',
  },
  {
    limit: 'wait before a restart of a worker',
    initial: timeText(RESTART_LIMITS.longestMs),
    effect: 'it grows no further',
  },
  {
    limit: 'time of an install script',
    initial: timeText(INSTALL_MS),
    effect: 'it is ended, and `W160`',
  },
  {
    limit: 'log file of a stream of a worker',
    initial: `${bytesText(LOG_LIMITS.fileBytes)}, and ${countText(LOG_LIMITS.older)} older ones`,
    effect: 'the oldest one is deleted',
  },
  {
    limit: 'what a worker has written and the disk has not taken yet, of a stream',
    initial: bytesText(LOG_LIMITS.waitingBytes),
    effect: 'further lines are lost, and counted in the file',
  },
  {
    limit: 'folders of a local worker that are watched',
    initial: countText(SOURCE_LIMITS.folders),
    effect: 'those beyond are not, with a warning',
  },
  {
    limit: 'restarts of a local worker because of changed files',
    initial: `${countText(SOURCE_LIMITS.restarts)} within ${timeText(SOURCE_LIMITS.withinMs)}`,
    effect: 'its files are watched no more until it is started again, with a warning',
  },
  {
    limit: 'settings of a worker as variables of its environment',
    initial: `${countText(MAX_VARIABLES)}, ${bytesText(MAX_VARIABLE_BYTES)} each`,
    effect: 'those beyond are only in the file that `III_CONFIG` names',
  },
  {
    limit: 'bytes of a manifest',
    initial: bytesText(MAX_MANIFEST_BYTES),
    effect: 'it has an error',
  },
  {
    limit: 'workers that one `worker::add` installs unasked',
    initial: countText(MAX_UNASKED),
    effect: '`W104`; more with `yes: true`',
  },
  {
    limit: 'stages of operations on workers that are kept for `iii worker`',
    initial: countText(EVENT_LIMITS.kept),
    effect: 'the oldest one is forgotten; whoever had not read it is not told of it',
  },
  {
    limit: 'commands that wait for logs, or for stages, of a worker at an engine elsewhere',
    initial: `${countText(EVENT_LIMITS.waiting)} each`,
    effect: '`W900` for logs; for stages an answer at once',
  },
  {
    limit: 'bytes of one stream of a log that are read at once by a follower',
    initial: bytesText(FOLLOW_LIMITS.pageBytes),
    effect: 'the rest comes with the next page; a longer line comes in pieces',
  },
  ...INSTALL_BOUNDS,
]
