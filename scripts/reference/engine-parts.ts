// What the engine and its built-in plugins offer, asked from the code that offers it. Opens no port and starts no thread.
import { fileURLToPath } from 'node:url'
import { ENGINE_DEFAULTS } from '../../core/model/options.ts'
import { configFileFunctions } from '../../core/engine-functions/config-file.ts'
import { pluginFunctions } from '../../core/host/plugin-functions.ts'
import { settingsFunction } from '../../core/host/settings-functions.ts'
import { PluginHost } from '../../core/host/plugin-host.ts'
import { createLog } from '../../core/log.ts'
import { RoutingCore } from '../../core/routing-core.ts'
import { ENGINE_VERSION } from '../../core/version.ts'
import type { BuiltInAbout } from '../../sdk/built-in.ts'
import type { FunctionOptions } from '../../sdk/handle-types.ts'

export interface FunctionPart {
  readonly id: string
  readonly description: string
  readonly request: unknown
  readonly response: unknown
}

export interface TriggerTypePart {
  readonly id: string
  readonly description: string
  readonly config: unknown
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
    watch: false,
  })
  const functions = [...core.router.functions.all()].map(({ id, presented }): FunctionPart => {
    const { description = '', requestFormat: request, responseFormat: response } = presented?.registration ?? {}
    return { id, description, request, response }
  })
  for (const [id, { description, request_format: request, response_format: response }] of pluginFunctions(host)) {
    functions.push({ id, description, request, response })
  }
  const settings = settingsFunction(core.seats.settings, () => Promise.reject(new Error('nothing runs here')))
  const ofFile = configFileFunctions({
    file: () => ({ path: null, projectRoot: '.', problem: undefined }),
    takeUp: async () => undefined,
  })
  for (const { id, description, requestFormat: request, responseFormat: response } of [settings, ...ofFile]) {
    functions.push({ id, description, request, response })
  }
  const triggerTypes = [...core.triggers.types()].map(({ id, current }): TriggerTypePart => {
    return {
      id,
      description: current?.description ?? '',
      config: current?.triggerRequestFormat,
      payload: current?.callRequestFormat,
    }
  })
  core.close()
  return { functions: functions.sort(byId), triggerTypes: triggerTypes.sort(byId) }
}

/** The functions of a built-in worker, in the order of their registration. Only declared, never run. */
export async function declaredFunctions({ declareFunctions }: BuiltInAbout): Promise<FunctionPart[]> {
  const parts: FunctionPart[] = []
  await declareFunctions?.({
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
