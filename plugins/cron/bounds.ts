// What is limited in `iii-cron`, with the defaults that the code has.
import { countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_SET_BACK_MS, RUN_DEFAULTS } from './config.ts'
import { REMEMBERED_TRIGGERS } from './remembered-fires.ts'
import { CONDITION_TIMEOUT_MS } from './run.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'fires of one trigger that wait (`overlap: queue`)',
    option: 'max_waiting_runs',
    initial: countText(RUN_DEFAULTS.maxWaitingRuns),
    effect: 'newer ones are dropped, with a warning',
  },
  {
    limit: 'runs of one trigger at a time (`overlap: allow`)',
    option: 'max_parallel_runs',
    initial: countText(RUN_DEFAULTS.maxParallelRuns),
    effect: 'further fires are dropped, with a warning',
  },
  { limit: 'one run', option: 'run_timeout_ms', initial: 'none', effect: 'counts as failed, its trigger goes on' },
  {
    limit: 'wait of a trigger for a clock that was set back',
    option: 'max_set_back_ms',
    initial: timeText(MAX_SET_BACK_MS),
    effect: 'beyond it the trigger starts anew',
  },
  { limit: 'time of a condition', initial: timeText(CONDITION_TIMEOUT_MS), effect: 'the handler is skipped' },
  {
    limit: 'triggers whose last fire is remembered',
    initial: countText(REMEMBERED_TRIGGERS),
    effect: 'the one that fired longest ago is forgotten',
  },
]
