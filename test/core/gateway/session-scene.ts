// An engine with a plain listener and one with rbac, and a stand-in for the plugin that holds the seat session-policy.
import type { SessionQuestion } from '../../../protocol/seats.ts'
import { sessionAnswerFor } from '../../support/session-rights.ts'
import { startCore, type TestCore, type TestCoreOptions } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'

/** Index of the listener with rbac. */
export const PUBLIC = 1

/** Gives what an auth function would; the stand-in makes the session's rights of it and of the block. */
export type Decide = (question: SessionQuestion) => object | Promise<object>

/** A plain listener and, beside it, one with rbac. */
export function scene(
  decide: Decide,
  rbac: object = {},
  prepare?: (core: TestCore) => void,
  more: object = {},
  engine: TestCoreOptions['engine'] = {},
): Promise<TestCore> {
  return startCore({
    engine,
    listeners: [{}, { rbac, ...more }],
    prepare: (core) => {
      core.seat('session-policy', async (input) => {
        const question = input as SessionQuestion
        return sessionAnswerFor(await decide(question), question.rbac)
      })
      prepare?.(core)
    },
  })
}

/** A trusted worker and a session. */
export async function both(core: TestCore): Promise<{ trusted: RawClient; session: RawClient }> {
  const [trusted, session] = await Promise.all([
    core.connect({ name: 'trusted' }),
    core.connect({ name: 'session', listener: PUBLIC }),
  ])
  return { trusted, session }
}
