// Whose rights count for a call that a trigger type's provider makes for a binding (spec 09 §4 b): its owner's,
// so that no id inside a trigger's config widens anyone's rights.
import type { ErrorBody } from '../../protocol/errors.ts'
import { checkCall } from '../model/policy.ts'
import type { LogicalBinding } from '../model/binding.ts'
import type { FunctionRegistry } from './functions.ts'
import type { Worker } from '../model/worker.ts'

export interface Target {
  readonly namespace: string
  readonly functionId: string
}

/** Passes when one of the owners may make the call; what replicas share is fired on behalf of each of them. */
export function checkOwners(
  binding: LogicalBinding,
  target: Target,
  functions: FunctionRegistry,
): ErrorBody | undefined {
  let refusal: ErrorBody | undefined
  for (const { owner, madeUnder } of binding.members.values()) {
    const policy = owner?.policy ?? madeUnder
    if (policy === undefined) return undefined
    const registered = policy.kind === 'session' ? metadataOf(target, functions) : undefined
    const refused = checkCall(policy, target.namespace, target.functionId, registered)
    if (refused === undefined || (owner !== null && isOwnFunction(owner, target, functions))) return undefined
    refusal = refused
  }
  return refusal
}

/** What the function was registered with. */
function metadataOf({ namespace, functionId }: Target, functions: FunctionRegistry): unknown {
  return functions.find(namespace, functionId)?.presented?.registration.metadata
}

/** Functions that the owner itself registered are always permitted to it (spec 04 B.6). */
export function isOwnFunction(owner: Worker, target: Target, functions: FunctionRegistry): boolean {
  const entry = functions.find(target.namespace, target.functionId)
  return entry?.providers.some(({ worker }) => worker === owner) ?? false
}
