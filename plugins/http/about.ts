// What others need to know of `iii-http`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-http',
  alias: 'http',
  classes: ['modules::api::RestApiModule'],
  triggerTypes: ['http'],
  isDefault: true,
  listens: { host: 'host', port: 'port', defaults: { host: '127.0.0.1', port: 3111 } },
  scenarios: {
    http: () => import('./bench/http.ts'),
    'http-bulk': () => import('./bench/http-bulk.ts'),
  },
  config: async () => (await import('./config.ts')).HTTP_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareTriggerTypes: async () => [(await import('./trigger.ts')).HTTP_TRIGGER_TYPE],
} as const satisfies BuiltInAbout
