// The functions that `iii-http` registers: none of them is for users.
import type { FunctionRegistrar } from '../../sdk/built-in.ts'
import type { FunctionsChanged } from '../../kit/functions/functions-changed.ts'

/** Told of the functions that it asks about. */
export const WATCH_FUNCTION = 'iii-http::on-functions-changed'

/** In iii it is called when the settings have changed. */
const CONFIG_FUNCTION = 'iii-http::on-config-change'

const INTERNAL = { metadata: { internal: true } }

export function registerHttpFunctions(
  registrar: FunctionRegistrar,
  onFunctionsChanged: (change: FunctionsChanged) => void,
): void {
  registrar.registerFunction(WATCH_FUNCTION, onFunctionsChanged, INTERNAL)
  // What is set is in force before whoever sets it is answered: there is nothing to be done about it.
  registrar.registerFunction(CONFIG_FUNCTION, () => ({ ok: true }), INTERNAL)
}
