// What others need to know of `iii-bridge`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-bridge',
  alias: 'bridge',
  classes: ['modules::bridge_client::BridgeClientModule'],
  functionIds: ['bridge.*'],
  exactGrants: ['bridge.*'],
  repeatable: true,
  scenarios: { bridge: () => import('./bench/bridge.ts') },
  config: async () => (await import('./config.ts')).BRIDGE_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) =>
    (await import('./invoke.ts')).registerInvoke(registrar, { pass: undefined, send: undefined } as never),
} as const satisfies BuiltInAbout
