// An engine with the reactive workers, a plain listener and one with rbac. A stand-in for the plugin that decides on sessions takes
// the place of one built-in, because only such a plugin may hold a seat.
import { unusedPort } from '../../support/unused-port.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { sessionAnswerFor } from '../../support/session-rights.ts'
import { EngineFolder, LISTENER, pluginFile } from '../../core/engine/running-engine.ts'

export const REACTIVE = ['iii-state', 'iii-stream', 'iii-cron', 'iii-pubsub', 'iii-queue'] as const

export interface SessionEngine {
  readonly folder: EngineFolder
  readonly trusted: RawClient
  readonly session: RawClient
  readonly streamUrl: string
}

/** @param instead the built-in that does not run. @param rights as an auth function returns them. */
export async function sessionEngine(
  expose: readonly string[],
  instead: (typeof REACTIVE)[number] = 'iii-pubsub',
  rights: object = {},
): Promise<SessionEngine> {
  const folder = new EngineFolder()
  const port = await unusedPort()
  const rbac = { expose_functions: expose.map((pattern) => `match("${pattern}")`) }
  const answer = sessionAnswerFor(rights, rbac)
  folder.write(
    `plugins/${instead}.ts`,
    pluginFile(
      instead,
      `iii.registerFunction('engine::seat::session-policy', () => (${JSON.stringify(answer)}))`,
      `seats: ['session-policy'],`,
    ),
  )
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
  const session = await folder.connect({ name: 'session', listener: 1 })
  return { folder, trusted, session, streamUrl: `ws://127.0.0.1:${port}` }
}
