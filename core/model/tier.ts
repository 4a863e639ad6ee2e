// How near a provider of a function is: the nearest that is open gets the call.
import type { FunctionEntry, Provider } from './function-entry.ts'

/** Lower is preferred. */
export const Tier = {
  /** The plugin that owns the id. */
  Owner: 0,
  /** A worker of this engine. */
  Local: 1,
  /** A worker that stands in for functions of another place (policy `peer`): chosen while no local one is open. */
  Remote: 2,
} as const
export type Tier = (typeof Tier)[keyof typeof Tier]

export function tierOf(entry: FunctionEntry, provider: Provider): Tier {
  if (entry.slot !== undefined && provider.worker.slot === entry.slot) return Tier.Owner
  return provider.isRemote ? Tier.Remote : Tier.Local
}
