// What others need to know of `iii-rbac`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-rbac',
  alias: 'rbac',
  seats: ['session-policy'],
  scenarios: {
    'session-rpc': () => import('./bench/session-rpc.ts'),
    'session-connect': () => import('./bench/session-connect.ts'),
    'session-memory': () => import('./bench/session-memory.ts'),
  },
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
} as const satisfies BuiltInAbout
