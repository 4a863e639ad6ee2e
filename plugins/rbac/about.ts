// What others need to know of `iii-rbac`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-rbac',
  alias: 'rbac',
  seats: ['session-policy'],
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
} as const satisfies BuiltInAbout
