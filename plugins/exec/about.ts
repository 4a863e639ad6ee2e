// What others need to know of `iii-exec`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-exec',
  classes: ['modules::shell::ExecModule'],
  repeatable: true,
  leastConfig: { exec: [] },
  config: async () => (await import('./config.ts')).EXEC_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
} as const satisfies BuiltInAbout
