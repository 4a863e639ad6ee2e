// What others need to know of `iii-cron`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-cron',
  alias: 'cron',
  classes: ['modules::cron::CronModule'],
  adapterClasses: {
    'modules::cron::KvCronAdapter': 'kv',
    'modules::cron::RedisCronAdapter': 'redis',
  },
  triggerTypes: ['cron'],
  isDefault: true,
  scenarios: { 'cron-idle': () => import('./bench/cron-idle.ts') },
  config: async () => (await import('./config.ts')).CRON_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareTriggerTypes: async () => [(await import('./trigger.ts')).CRON_TRIGGER_TYPE],
} as const satisfies BuiltInAbout
