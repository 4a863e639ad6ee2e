// The bindings of the trigger type `http` and the routes that they make (spec 06 A.3, A.4).
import type { PluginLog, TriggerBinding } from '../../sdk/plugin.ts'
import { routeOf, type Route } from './exchange/route.ts'
import type { RouteName } from './routes/awaited-routes.ts'
import { readRouteConfig } from './routes/route-config.ts'
import { BoundRoutes, RouteTaken } from './routes/bound-routes.ts'
import { RouteConflict } from './routes/route-conflict.ts'

export class HttpBindings {
  readonly #log: PluginLog
  #ignoresTrailingSlash: boolean
  #routes: BoundRoutes<Route>

  constructor(log: PluginLog, ignoresTrailingSlash: boolean) {
    this.#log = log
    this.#ignoresTrailingSlash = ignoresTrailingSlash
    this.#routes = new BoundRoutes({ ignoreTrailingSlash: ignoresTrailingSlash })
  }

  get routes(): BoundRoutes<Route> {
    return this.#routes
  }

  /** Undefined for a binding that is kept and serves nothing. @throws Error in words for the binder. */
  registerTrigger(binding: TriggerBinding<unknown>): RouteName | undefined {
    const config = readRouteConfig(binding.config)
    const shown = `${config.method} ${config.pattern}`
    for (const warning of config.warnings)
      this.#log.warn(`The binding of ${binding.function_id} to ${shown}: ${warning}`)
    if (!config.isRouted) {
      this.#routes.remove(binding.id)
      return undefined
    }
    const { method, pattern } = config
    const { covered, coveredBy } = this.#routes.add(binding.id, method, pattern, routeOf(binding, config))
    if (covered !== undefined) this.#warnCovered(shown, binding, covered)
    if (coveredBy !== undefined) this.#warnWaiting(shown, binding, coveredBy)
    return { method, pattern }
  }

  unregisterTrigger({ id, moved }: { readonly id: string; readonly moved: boolean }): void {
    // The next generation has it, and requests still come here until this one ends.
    if (!moved) this.#routes.remove(id)
  }

  /** Routes that are the same from now on: the one that came last answers, and one that conflicts is left out. */
  set ignoresTrailingSlash(ignores: boolean) {
    if (ignores === this.#ignoresTrailingSlash) return
    this.#ignoresTrailingSlash = ignores
    const routes = new BoundRoutes<Route>({ ignoreTrailingSlash: ignores })
    for (const { id, method, pattern, value } of this.#routes.entries()) {
      try {
        routes.add(id, method, pattern, value)
      } catch (error) {
        if (!(error instanceof RouteConflict || error instanceof RouteTaken)) throw error
        this.#log.warn(`A route serves no more since ignore_trailing_slash was set: ${error.message}`)
      }
    }
    this.#routes = routes
  }

  #warnCovered(shown: string, { function_id, namespace }: TriggerBinding, covered: Route): void {
    const now = named(function_id, namespace)
    const before = named(covered.functionId, covered.namespace)
    this.#log.warn(
      `The route ${shown} is bound more than once: to ${now} since now, to ${before} before; the last one answers.`,
    )
  }

  /** A session does not cover the route of another one, which may be somebody else's. */
  #warnWaiting(shown: string, { function_id, namespace }: TriggerBinding, first: Route): void {
    const [now, before] = [named(function_id, namespace), named(first.functionId, first.namespace)]
    this.#log.warn(
      `The route ${shown} is another session's, which bound it to ${before} first; the binding to ${now} waits until that one goes.`,
    )
  }
}

function named(functionId: string, namespace = 'default'): string {
  return `${functionId} (namespace ${namespace})`
}
