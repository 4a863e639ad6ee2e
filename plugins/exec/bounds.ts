// What is limited in `iii-exec`, with the defaults that the code has.
import { countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { LONGEST_BURST_MS, MAX_FOLDERS } from '../../base/files/file-watch.ts'
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
  {
    limit: 'folders that an entry watches',
    initial: countText(MAX_FOLDERS),
    effect: 'those beyond are not watched, with a warning',
  },
  {
    limit: 'wait for files to stop changing',
    initial: timeText(LONGEST_BURST_MS),
    effect: 'the commands are run again, and once more after what follows',
  },
]
