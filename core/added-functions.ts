// Functions of the engine itself that need more than the router: those of the plugin host, and those of the program that embeds the engine.
import type { EngineFunction } from './engine-functions/register.ts'
import { pluginFunctions } from './host/plugin-functions.ts'
import type { PluginHost } from './host/plugin-host.ts'
import { settingsFunction } from './host/settings-functions.ts'
import type { LocalHandler } from './model/function-entry.ts'
import type { RoutingCore } from './routing-core.ts'

export function addFunctions(
  core: RoutingCore,
  host: PluginHost,
  localFunctions: Readonly<Record<string, LocalHandler>> = {},
): void {
  const ofProgram = Object.entries(localFunctions).map(([id, handler]): EngineFunction => {
    return { id, description: '', requestFormat: undefined, responseFormat: undefined, handler }
  })
  const ofHost = [...pluginFunctions(host)].map(([id, { handler, description, ...formats }]): EngineFunction => {
    const { request_format: requestFormat, response_format: responseFormat } = formats
    return { id, description, requestFormat, responseFormat, handler }
  })
  const settings = settingsFunction(core.seats.settings, (plugin, config) => host.applySettings(plugin, config))
  core.addFunctions([...ofProgram, ...ofHost, settings])
}
