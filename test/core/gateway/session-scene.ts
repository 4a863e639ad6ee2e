// A mesh with a plain listener and one with rbac, and a stand-in for the plugin that holds the seat session-policy.
import type { AuthInput } from '../../../core/gateway/auth-input.ts'
import { startMesh, type TestMesh } from '../../support/mesh.ts'
import type { RawClient } from '../../support/raw-client.ts'

/** Index of the listener with rbac. */
export const PUBLIC = 1

export type Decide = (input: AuthInput & { listener: string; auth_function_id: string | null }) => unknown

/** A plain listener and, beside it, one with rbac. */
export function scene(
  decide: Decide,
  rbac: object = {},
  prepare?: (mesh: TestMesh) => void,
  more: object = {},
): Promise<TestMesh> {
  return startMesh({
    listeners: [{}, { rbac, ...more }],
    prepare: (mesh) => {
      mesh.seat('session-policy', (input) => decide(input as Parameters<Decide>[0]))
      prepare?.(mesh)
    },
  })
}

/** A trusted worker and a session. */
export async function both(mesh: TestMesh): Promise<{ trusted: RawClient; session: RawClient }> {
  const [trusted, session] = await Promise.all([
    mesh.connect({ name: 'trusted' }),
    mesh.connect({ name: 'session', listener: PUBLIC }),
  ])
  return { trusted, session }
}
