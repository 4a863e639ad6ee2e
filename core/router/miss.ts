// What a caller is told of a function that nobody provides (spec 01 §13).
import type { ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Call } from '../model/call.ts'
import type { FunctionRegistry } from '../registry/functions.ts'

export function missOf({ functionId, namespace }: Call, functions: FunctionRegistry): ErrorBody {
  const elsewhere = functions.namespacesOf(functionId)
  let message = `Function ${functionId} not found`
  if (namespace !== DEFAULT_NAMESPACE || elsewhere.length > 0) {
    message += ` in namespace ${namespace}.`
    if (elsewhere.length > 0) message += ` It is registered in namespace(s): ${elsewhere.join(', ')}.`
  }
  return { code: 'function_not_found', message }
}
