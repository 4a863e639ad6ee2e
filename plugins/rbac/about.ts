// What others need to know of `iii-rbac`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-rbac',
  alias: 'rbac',
  seats: ['session-policy'],
  commands: {
    sessions: {
      summary: 'Show who is connected to listeners with rbac, and send one away',
      aliases: ['session'],
      examples: {
        'iii sessions': [
          ['iii sessions list', 'who is there, since when, with how many calls'],
          ['iii sessions revoke 5f0c5a1e-6c0e-4c63-9d58-0f8a4e5a3a11', 'close the connection of one of them'],
        ],
        'iii sessions list': [
          ['iii sessions list --listener=iii-worker-manager#1', 'those of the second listener'],
          ['iii sessions list --json', 'with all their rights'],
        ],
        'iii sessions revoke': [
          ['iii sessions revoke 5f0c5a1e-6c0e-4c63-9d58-0f8a4e5a3a11', 'what it registered is gone'],
        ],
      },
      load: () => import('./command.ts'),
    },
  },
  scenarios: {
    'session-rpc': () => import('./bench/session-rpc.ts'),
    'session-connect': () => import('./bench/session-connect.ts'),
    'session-memory': () => import('./bench/session-memory.ts'),
  },
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
} as const satisfies BuiltInAbout
