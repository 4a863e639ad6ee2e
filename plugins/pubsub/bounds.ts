// What is limited in `iii-pubsub`, with the defaults that the code has.
import { charactersText, countText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { BROADCAST_LIMITS } from './broadcast.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: "events that wait because the engine can't take their calls yet",
    initial: `${countText(BROADCAST_LIMITS.maxWaiting)}, ${charactersText(BROADCAST_LIMITS.maxWaitingCharacters)}`,
    effect: '`publish` fails with `overloaded`; from Redis: dropped, with a warning',
  },
]
