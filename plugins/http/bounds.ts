// What is limited in `iii-http`, with the defaults that the code has.
import { timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'

export const BOUNDS: readonly Bound[] = [
  { limit: 'time until a response begins', option: 'default_timeout', initial: timeText(30_000), effect: 'HTTP 504' },
]
