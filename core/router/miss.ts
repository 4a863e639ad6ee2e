// What a caller is told of a function that nobody provides (spec 01 §13): where else the id is served, or which one was probably meant.
// To a session nothing is named that it may not see (spec 09 §4 f).
import type { ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Call } from '../model/call.ts'
import { isTrusted } from '../model/policy.ts'
import { suggestFunction } from '../registry/suggest-function.ts'
import { seesFunction, viewerOf } from '../registry/visibility.ts'
import type { Registries } from './ports.ts'

export function missOf(call: Call, { functions, suggestions, refused }: Registries): ErrorBody {
  const { functionId: id, namespace } = call
  const refusal = isTrusted(call.caller.policy) ? refused.reasonOf(namespace, id) : undefined
  if (refusal !== undefined) {
    const reason = `its registration was refused with ${refusal.code}: ${refusal.message}`
    return { code: 'function_not_found', message: `Function ${id} not found: ${reason}` }
  }
  const viewer = viewerOf(call.caller)
  const elsewhere = functions.namespacesOf(id).filter((name) => {
    const entry = functions.find(name, id)
    return entry !== undefined && seesFunction(viewer, entry)
  })
  let message = `Function ${id} not found`
  if (namespace !== DEFAULT_NAMESPACE || elsewhere.length > 0) message += ` in namespace ${namespace}.`
  if (elsewhere.length > 0) message += ` It is registered in namespace(s): ${elsewhere.join(', ')}.`
  const hint = elsewhere.length > 0 ? '' : suggestFunction(suggestions, functions, { namespace, id, viewer })
  if (hint !== '') message = `${message.replace(/\.$/, '')}.${hint}`
  return { code: 'function_not_found', message }
}
