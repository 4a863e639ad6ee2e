// How the parts of a plugin are that has several replicas.
import type { HealthState } from '../../../sdk/plugin.ts'

/** Parts by name: of what replicas tell of the same part, one that is degraded counts. */
export function worstOf(replicas: readonly ReadonlyMap<string, HealthState>[]): ReadonlyMap<string, HealthState> {
  const parts = new Map<string, HealthState>()
  for (const [part, state] of replicas.flatMap((health) => [...health])) {
    if (parts.get(part)?.status !== 'degraded') parts.set(part, state)
  }
  return parts
}
