// What others need to know of `iii-http`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

/** The next generation opens the address while this one has it. */
const SHARES_ADDRESSES: readonly string[] = ['linux', 'freebsd']

export const about = {
  name: 'iii-http',
  alias: 'http',
  classes: ['modules::api::RestApiModule'],
  triggerTypes: ['http', 'api'],
  isDefault: true,
  // Where it can leave without being noticed. A free port would be another one in the thread that it goes to; health checks, and a function
  // for all requests, are used from the start.
  restsUntilUsed: ({ port, health, not_found_function: notFound }) =>
    SHARES_ADDRESSES.includes(process.platform) &&
    port !== 0 &&
    (health ?? null) === null &&
    (notFound ?? null) === null,
  listens: { host: 'host', port: 'port', defaults: { host: '127.0.0.1', port: 3111 } },
  scenarios: {
    http: () => import('./bench/http.ts'),
    'http-bulk': () => import('./bench/http-bulk.ts'),
  },
  config: async () => (await import('./config.ts')).HTTP_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  async declareTriggerTypes() {
    const { HTTP_TRIGGER_TYPE, LEGACY_TRIGGER_TYPE } = await import('./trigger.ts')
    return [HTTP_TRIGGER_TYPE, LEGACY_TRIGGER_TYPE]
  },
} as const satisfies BuiltInAbout
