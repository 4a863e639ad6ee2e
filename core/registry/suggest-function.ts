// The function that was probably meant by an id that nobody serves. To a session none is named that it may not see (spec 09 §4 f).
import type { Suggestions } from '../../base/values/suggestions.ts'
import { isInternal } from '../model/internal-function.ts'
import type { FunctionRegistry } from './functions.ts'
import { seesFunction, type Viewer } from './visibility.ts'

/** ` Did you mean 'x'?`, or nothing. Functions that are marked as internal are nobody's business. */
export function suggestFunction(
  suggestions: Suggestions,
  functions: FunctionRegistry,
  { namespace, id, viewer }: { readonly namespace: string; readonly id: string; readonly viewer: Viewer },
): string {
  return suggestions.for(id, functions.idsIn(namespace), (candidate) => {
    const entry = functions.find(namespace, candidate)
    return entry !== undefined && !isInternal(entry) && seesFunction(viewer, entry)
  })
}
