// An engine with the reactive workers, a plain listener and one with rbac.
import { unusedPort } from '../../support/unused-port.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'

export const REACTIVE = ['iii-state', 'iii-stream', 'iii-cron', 'iii-pubsub', 'iii-queue'] as const

export interface SessionEngine {
  readonly folder: EngineFolder
  readonly trusted: RawClient
  readonly session: RawClient
  readonly streamUrl: string
}

/** @param rights returned by an auth function; without them the listener has none. */
export async function sessionEngine(expose: readonly string[], rights?: object): Promise<SessionEngine> {
  const folder = new EngineFolder()
  const port = await unusedPort()
  const rbac = {
    expose_functions: expose.map((pattern) => `match("${pattern}")`),
    ...(rights === undefined ? {} : { auth_function_id: 'gate::auth' }),
  }
  const workers = REACTIVE.map((name) =>
    name === 'iii-stream' ? `{ name: ${name}, config: { port: ${port} } }` : `{ name: ${name} }`,
  )
  folder.configure(
    LISTENER,
    `{ name: iii-worker-manager, config: { port: 0, rbac: ${JSON.stringify(rbac)} } }`,
    ...workers,
  )
  await folder.start({ watch: false })
  const trusted = await folder.connect({ name: 'trusted' })
  if (rights !== undefined) await trusted.provided('gate::auth', () => rights)
  const session = await folder.connect({ name: 'session', listener: 1 })
  return { folder, trusted, session, streamUrl: `ws://127.0.0.1:${port}` }
}
