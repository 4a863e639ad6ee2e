// What is limited in `iii-pubsub`, with the defaults that the code has.
import { charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { CLAIM_LIMITS } from './adapters/redis-claims.ts'
import { BROADCAST_LIMITS } from './broadcast.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: "events that wait because the engine can't take their calls yet",
    initial: `${countText(BROADCAST_LIMITS.maxWaiting)}, ${charactersText(BROADCAST_LIMITS.maxWaitingCharacters)}`,
    effect: '`publish` fails with `overloaded`; from Redis: dropped, with a warning',
  },
  {
    limit: 'events for which Redis has not said which engine calls their subscribers',
    initial: `${countText(CLAIM_LIMITS.maxPending)}, ${charactersText(CLAIM_LIMITS.maxPendingCharacters)}`,
    effect: 'newer ones are dropped, with a warning',
  },
  {
    limit: 'time for which Redis remembers such a claim',
    initial: timeText(CLAIM_LIMITS.rememberMs),
    effect: 'an engine that reads later may call once more',
  },
]
