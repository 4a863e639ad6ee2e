// What is limited in `iii-rbac`.
import { timeText } from '../../base/values/amount-text.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { AUTH_MS } from './ask-auth.ts'
import { MAX_TOLD } from './auth-oddities.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'answer of an auth function',
    initial: timeText(AUTH_MS),
    effect: 'the connection is refused with `AUTH_ERROR`',
  },
  {
    limit: 'warnings of what means nothing in auth results',
    initial: String(MAX_TOLD),
    effect: 'further ones are not given',
  },
]
