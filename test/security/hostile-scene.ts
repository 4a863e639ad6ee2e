// A core with what a session must not reach, one thing that it may, and a session that is out for more.
import { onTestFinished } from 'vitest'
import type { TestCore, TestCoreOptions } from '../support/test-core.ts'
import type { RawClient } from '../support/raw-client.ts'
import { both, scene, type Decide } from '../core/gateway/session-scene.ts'

export interface Hostile {
  readonly core: TestCore
  readonly trusted: RawClient
  readonly session: RawClient
}

/** Provided by the trusted worker and never exposed. */
export const SECRET = 'secret::f'
/** Exposed. */
export const OPEN = 'open::f'

/** A session to which `open::*` is exposed, unless the block says otherwise. When the test is over, the secret was never called. */
export async function hostile(
  options: {
    decide?: Decide
    rbac?: object
    prepare?: (core: TestCore) => void
    listener?: object
    engine?: TestCoreOptions['engine']
  } = {},
): Promise<Hostile> {
  const { decide = () => ({}), rbac = { expose_functions: ['match("open::*")'] }, prepare, listener, engine } = options
  const core = await scene(decide, rbac, prepare, listener, engine)
  const { trusted, session } = await both(core)
  trusted.provide(SECRET, () => 'secret')
  await trusted.provided(OPEN, (data) => data)
  onTestFinished(() => {
    if (trusted.calls(SECRET).length > 0) throw new Error(`${SECRET} was called`)
  })
  return { core, trusted, session }
}

/** Warnings of the log that name the session by its connection. */
export function warningsAbout({ core, session }: Hostile): { readonly msg: string }[] {
  return core
    .logged('warn')
    .filter((line) => (line as unknown as { worker_id?: string }).worker_id === session.workerId)
}
