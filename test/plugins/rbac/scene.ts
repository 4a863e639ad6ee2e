// The worker `iii-rbac` as it is, in the process of the test, with real listeners before it.
import { onTestFinished } from 'vitest'
import rbac from '../../../plugins/rbac/index.ts'
import { ProcessKeeper } from '../../../core/host/processes/process-keeper.ts'
import { TestPlugin } from '../../../testing/test-plugin.ts'
import { RawClient, type Frame, type RawClientOptions } from '../../support/raw-client.ts'
import { listenerEntry, startCore, type TestCore } from '../../support/test-core.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/** Index of the listener with rbac. */
export const PUBLIC = 1

export interface RbacScene {
  readonly core: TestCore
  readonly plugin: TestPlugin
  readonly trusted: RawClient
  /** Connects to the public listener, and waits until it is greeted. */
  session(options?: RawClientOptions): Promise<RawClient>
  /** Connects to the public listener and is refused: what it was told before it was closed. */
  refused(options?: RawClientOptions): Promise<{ code: number; frames: readonly Frame[] }>
}

type AuthInput = { headers: Record<string, string>; query_params: Record<string, string[]>; ip_address: string }

/** @param auth what `gate::auth` returns; where it is left out the block names no auth function. */
export async function rbacScene(
  block: object = {},
  auth?: (input: AuthInput) => unknown,
  more: object = {},
): Promise<RbacScene> {
  const core = await startCore({ listeners: [] })
  const { router, linkEvents } = core.core
  const keeper = new ProcessKeeper()
  const plugin = await TestPlugin.start(
    rbac as never,
    { builtIn: true },
    {
      router,
      events: linkEvents,
      processes: { keeper: () => keeper, stopMs: 1000, refusal: undefined },
      projectRoot: tempFolder(),
      version: '0.0.0',
      inTurn: (change) => change(),
    },
  )
  onTestFinished(async () => {
    if (!plugin.isStopped) await plugin.stop({ force: true })
    await keeper.close()
  })
  const rights = auth === undefined ? {} : { auth_function_id: 'gate::auth' }
  await core.listen([listenerEntry({}), listenerEntry({ rbac: { ...rights, ...block }, ...more }, 1)])
  const trusted = await core.connect({ name: 'trusted' })
  if (auth !== undefined) await trusted.provided('gate::auth', auth as never)
  return {
    core,
    plugin,
    trusted,
    session: (options) => core.connect({ name: 'session', ...options, listener: PUBLIC }),
    refused: async ({ path = '/', ws } = {}) => {
      const client = new RawClient(`${core.url(PUBLIC)}${path}`, ws)
      const { code } = await client.closed
      return { code, frames: client.frames }
    },
  }
}
