// What is limited in `configuration`, with the defaults that the code has.
import { bytesText, countText, timeText } from '../../base/values/amount-text.ts'
import { LANE_DEFAULTS } from '../../kit/triggers/trigger-bindings.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_FILE_BYTES } from './adapters/entry-file.ts'
import { APPLY_MS } from './apply-settings.ts'
import { MAX_ENTRIES } from './entry-changes.ts'
import { MAX_WAITING_CHANGES } from './id-queues.ts'
import { VALUE_LIMITS } from './values.ts'

export const BOUNDS: readonly Bound[] = [
  { limit: 'one value, compact JSON', initial: bytesText(VALUE_LIMITS.maxValueBytes), effect: '`VALUE_TOO_LARGE`' },
  { limit: 'nesting of a value', initial: countText(VALUE_LIMITS.maxDepth), effect: '`SCHEMA_INVALID`' },
  {
    limit: 'entries',
    initial: countText(MAX_ENTRIES),
    effect: '`overloaded`; further files are left out with a warning',
  },
  { limit: 'one file', initial: bytesText(MAX_FILE_BYTES), effect: 'skipped with a warning' },
  { limit: 'changes of one entry that wait', initial: countText(MAX_WAITING_CHANGES), effect: '`overloaded`' },
  {
    limit: 'events that wait for one binding',
    initial: `${countText(LANE_DEFAULTS.maxWaiting)}, ${bytesText(LANE_DEFAULTS.maxWaitingBytes)}`,
    effect: 'newer ones are dropped, with a warning',
  },
  {
    limit: 'wait for a plugin to run with new settings',
    initial: timeText(APPLY_MS),
    effect: '`timeout`; the old ones are sent after them',
  },
]
