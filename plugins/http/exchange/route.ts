// What a route leads to: a binding, or a function of the settings.
import type { TriggerBinding } from '../../../sdk/plugin.ts'
import type { RouteConfig } from '../routes/route-config.ts'

export interface Route {
  readonly functionId: string
  readonly apiPath: string
  /** In capitals. */
  readonly method: string
  readonly condition: string | undefined
  readonly middleware: readonly string[]
  /** All its calls are made for it. Undefined: for this worker itself. */
  readonly bindingId: string | undefined
  /** The session that bound it; undefined = a trusted worker. */
  readonly session: string | undefined
  /** Where its functions are looked for. */
  readonly namespace: string | undefined
  /** Handed to the handler beside its payload. */
  readonly metadata: unknown
  /** Whether requests are held against the format of the function; undefined = as the settings say. */
  readonly validates: boolean | undefined
}

export function routeOf({ id, function_id, metadata, namespace, session }: TriggerBinding, config: RouteConfig): Route {
  return {
    functionId: function_id,
    apiPath: config.apiPath,
    method: config.method,
    condition: config.conditionFunctionId,
    middleware: config.middlewareFunctionIds,
    bindingId: id,
    session,
    namespace,
    metadata,
    validates: config.validates,
  }
}

/** A function that is called for this worker itself, with the request as a handler gets it. */
export function ownRoute(functionId: string, apiPath: string, method: string): Route {
  const nothing = {
    condition: undefined,
    middleware: [],
    bindingId: undefined,
    session: undefined,
    namespace: undefined,
    metadata: undefined,
    validates: false,
  }
  return { functionId, apiPath, method, ...nothing }
}
