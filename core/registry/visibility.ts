// What listings and discovery events show to a session (spec 04 B.8, 09 §4 f): what it could call, and what it registered itself.
// Everybody else sees everything.
import { checkCall } from '../model/policy.ts'
import type { Policy } from '../model/policy.ts'
import type { Binding } from '../model/binding.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { FunctionRegistry } from './functions.ts'
import type { Worker } from '../model/worker.ts'

/** Somebody who looks: a worker, or the maker of an ownerless binding, of whom only the rights are left. */
export interface Viewer {
  readonly worker: Worker | null
  readonly policy: Policy
}

export function viewerOf(worker: Worker): Viewer {
  return { worker, policy: worker.policy }
}

export function seesAll(viewer: Viewer): boolean {
  return viewer.policy.kind !== 'session'
}

export function seesFunction(viewer: Viewer, entry: FunctionEntry): boolean {
  if (seesAll(viewer)) return true
  if (viewer.worker !== null && entry.providers.some(({ worker }) => worker === viewer.worker)) return true
  return checkCall(viewer.policy, entry.namespace, entry.id, entry.presented?.registration.metadata) === undefined
}

/** Own bindings, and those of functions that it sees. */
export function seesBinding(viewer: Viewer, binding: Binding, functions: FunctionRegistry): boolean {
  if (seesAll(viewer)) return true
  if (viewer.worker !== null && binding.owner === viewer.worker) return true
  const { namespace, functionId } = binding.logical.content
  const entry = functions.resolve(namespace, functionId)
  if (entry !== undefined) return seesFunction(viewer, entry)
  return checkCall(viewer.policy, namespace, functionId, undefined) === undefined
}
