// What is limited in `iii-exec`, with the defaults that the code has.
import { countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { STOP_MS } from './run.ts'
import { LONGEST_WAIT_MS, MAX_RESTARTS } from './restarts.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'restarts of a command that fails',
    option: 'max_restarts',
    initial: countText(MAX_RESTARTS),
    effect: 'it is given up until a watched file changes; health says `degraded`',
  },
  {
    limit: 'wait before a restart',
    initial: timeText(LONGEST_WAIT_MS),
    effect: 'it grows no further',
  },
  {
    limit: 'time of a command to end when it is told to',
    initial: timeText(STOP_MS),
    effect: 'it and what it has started are killed',
  },
]
