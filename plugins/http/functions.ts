// The functions that `iii-http` registers: none of them is for users.
import type { PluginHandle } from '../../sdk/plugin.ts'

/** In iii it is called when the settings have changed; `http` is the worker's other name. */
const CONFIG_FUNCTION = 'iii-http::on-config-change'
const CONFIG_FUNCTION_OF_ALIAS = 'http::on-config-change'

const INTERNAL = { metadata: { internal: true } }

export function registerHttpFunctions(iii: PluginHandle): void {
  // What is set is in force before whoever sets it is answered: there is nothing to be done about it.
  for (const id of [CONFIG_FUNCTION, CONFIG_FUNCTION_OF_ALIAS]) iii.registerFunction(id, () => ({ ok: true }), INTERNAL)
  iii.registerTrigger({
    id: 'iii-http::config-watch',
    type: 'configuration',
    function_id: CONFIG_FUNCTION,
    config: { configuration_id: 'iii-http', event_types: ['configuration:updated'] },
  })
}
