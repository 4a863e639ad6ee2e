// What the engine and its built-in plugins offer, asked from the code that offers it. Opens no port and starts no thread.
import { fileURLToPath } from 'node:url'
import { ENGINE_DEFAULTS } from '../../core/model/options.ts'
import { pluginFunctions } from '../../core/host/plugin-functions.ts'
import { settingsFunction } from '../../core/host/settings-functions.ts'
import { PluginHost } from '../../core/host/plugin-host.ts'
import { createLog } from '../../core/log.ts'
import { RoutingCore } from '../../core/routing-core.ts'
import { ENGINE_VERSION } from '../../core/version.ts'
import type { FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import type { FunctionOptions } from '../../sdk/handle-types.ts'
import {
  registerConfigurationFunctions,
  type ConfigurationFunctionsContext,
} from '../../plugins/configuration/functions.ts'
import { registerPublish } from '../../plugins/pubsub/publish.ts'
import { registerStateFunctions, type StateFunctionsContext } from '../../plugins/state/functions.ts'
import { registerStreamFunctions } from '../../plugins/stream/functions.ts'
import type { StreamItems } from '../../plugins/stream/items.ts'

export interface FunctionPart {
  readonly id: string
  readonly description: string
  readonly request: unknown
  readonly response: unknown
}

export interface TriggerTypePart {
  readonly id: string
  readonly description: string
  readonly payload: unknown
}

/** The functions and trigger types of the engine itself, sorted by id. */
export function engineParts(): { functions: FunctionPart[]; triggerTypes: TriggerTypePart[] } {
  const log = createLog({ level: 'silent', write: () => {} })
  const core = new RoutingCore({
    config: {
      file: null,
      projectRoot: '.',
      pluginsDir: './plugins',
      engine: ENGINE_DEFAULTS,
      registrationNamespaceGraceMs: 0,
      entries: [],
      warnings: [],
    },
    log,
    healthComponents: () => ({}),
    internalWorkers: () => [],
  })
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const host = new PluginHost({
    router: core.router,
    events: core.linkEvents,
    log,
    engine: { root, pluginModule: '', version: ENGINE_VERSION, url: () => '' },
    builtInDir: undefined,
    watch: false,
  })
  const functions = [...core.router.functions.all()].map(({ id, presented }): FunctionPart => {
    const { description = '', requestFormat: request, responseFormat: response } = presented?.registration ?? {}
    return { id, description, request, response }
  })
  for (const [id, { description, request_format: request }] of pluginFunctions(host)) {
    functions.push({ id, description, request, response: undefined })
  }
  const settings = settingsFunction(core.seats.settings, () => Promise.reject(new Error('nothing runs here')))
  const { id, description, requestFormat: request, responseFormat: response } = settings
  functions.push({ id, description, request, response })
  const triggerTypes = [...core.triggers.types()].map(({ id, current }): TriggerTypePart => {
    return { id, description: current?.description ?? '', payload: current?.callRequestFormat }
  })
  core.close()
  return { functions: functions.sort(byId), triggerTypes: triggerTypes.sort(byId) }
}

/** The functions of `iii-state`, in the order of their registration. */
export function stateParts(): FunctionPart[] {
  return declaredBy((registrar) => registerStateFunctions(registrar, {} as StateFunctionsContext))
}

/** The functions of `iii-stream`, in the order of their registration. */
export function streamParts(): FunctionPart[] {
  return declaredBy((registrar) => registerStreamFunctions(registrar, {} as StreamItems))
}

/** The functions of `configuration`. */
export function configurationParts(): FunctionPart[] {
  return declaredBy((registrar) => registerConfigurationFunctions(registrar, {} as ConfigurationFunctionsContext))
}

/** The functions of `iii-pubsub`. */
export function pubsubParts(): FunctionPart[] {
  return declaredBy((registrar) => registerPublish(registrar, () => {}))
}

/** Only declared, never run: what running needs is not looked at. */
function declaredBy(register: (registrar: FunctionRegistrar) => void): FunctionPart[] {
  const parts: FunctionPart[] = []
  register({
    registerFunction(id: string, _handler: unknown, options: FunctionOptions = {}) {
      const { description = '', request_format: request, response_format: response } = options
      parts.push({ id, description, request, response })
      return { id, unregister: () => {} }
    },
  })
  return parts
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : 1
}
