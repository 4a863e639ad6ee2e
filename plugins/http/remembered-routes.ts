// Which routes are bound, in a file: after a start of the engine requests for those that are not bound again yet wait for them, as calls
// of functions do (spec 01 §8.10).
import { FollowingFile } from '../../base/files/following-file.ts'
import type { Clock } from '../../base/time/clock.ts'
import { isRecord } from '../../base/values/is-record.ts'
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { AwaitedRoutes, type RouteName } from './routes/awaited-routes.ts'

/** How long requests wait for routes of the last run, from the moment at which workers can connect. */
export const AWAITED_MS = 3_000
export const MAX_REMEMBERED_ROUTES = 10_000
/** A larger file is not read. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024
const WARNING_MS = 60_000

export interface BoundRoute extends RouteName {
  /** `session` is the one that bound it; undefined = a trusted worker. */
  readonly value: { readonly session: string | undefined }
}

export interface RememberedRoutesDeps {
  /** Absolute path. */
  readonly file: string
  /** What is bound now. */
  readonly current: () => Iterable<BoundRoute>
  readonly log: PluginLog
  readonly clock: Clock
}

export class RememberedRoutes {
  readonly #deps: RememberedRoutesDeps
  readonly #file: FollowingFile
  #awaited: AwaitedRoutes | undefined
  #cancel: (() => void) | undefined

  constructor(deps: RememberedRoutesDeps) {
    this.#deps = deps
    const { file, log, clock } = deps
    const warning = new LimitedWarning((message, data) => log.warn(message, data), { intervalMs: WARNING_MS })
    const unwritten = 'Routes can not be remembered: after a restart requests for them may get 404 at first.'
    this.#file = new FollowingFile({
      file,
      maxBytes: MAX_FILE_BYTES,
      content: () => this.#render(),
      empty: EMPTY,
      clock,
      onFailure: ({ message }) => warning.warn(unwritten, { file, error: message }),
    })
  }

  /**
   * Reads what was bound in the last run; of the generation before, all of it comes with this start. What can't be read is told in the
   * log, and counts as nothing.
   */
  async load(ignoreTrailingSlash: boolean): Promise<void> {
    const { file, log } = this.#deps
    try {
      const content = await this.#file.read()
      if (content !== undefined) this.#awaited = new AwaitedRoutes(parse(content), ignoreTrailingSlash)
    } catch (error) {
      const message = 'The routes of the last run are not known: requests for those that are not bound yet get 404.'
      log.warn(message, { file, error: (error as Error).message })
    }
  }

  /** Workers can connect from now on. Nothing is written for a while: what has not come back yet would be forgotten. */
  begin(): void {
    if (this.#awaited === undefined) return this.#file.begin()
    this.#cancel ??= this.#deps.clock.after(AWAITED_MS, () => {
      this.#endWaiting()
      this.#file.begin()
    })
  }

  /** Undefined unless a request waits for a route; resolves when it is worth looking for one again. */
  arrivalFor(method: string, path: string): Promise<void> | undefined {
    return this.#awaited?.arrivalFor(method, path)
  }

  bound(route: RouteName): void {
    this.#awaited?.bound(route)
    this.changed()
  }

  /** What is bound may have changed. */
  changed(): void {
    this.#file.changed()
  }

  /** Nobody waits any longer. @param isReplaced the next generation writes from now on. */
  async close(isReplaced: boolean): Promise<void> {
    this.#cancel?.()
    this.#endWaiting()
    await this.#file.close(!isReplaced)
  }

  #endWaiting(): void {
    this.#awaited?.end()
    this.#awaited = undefined
  }

  #render(): string {
    const routes = new Map<string, [method: string, pattern: string]>()
    for (const { method, pattern, value } of this.#deps.current()) {
      // Sessions do not come back as who they were, and may not crowd out the routes of others.
      if (value.session !== undefined) continue
      if (routes.size === MAX_REMEMBERED_ROUTES) break
      routes.set(`${method} ${pattern}`, [method, pattern])
    }
    return JSON.stringify({ routes: [...routes.values()] })
  }
}

const EMPTY = JSON.stringify({ routes: [] })

function parse(content: string): RouteName[] {
  const value: unknown = JSON.parse(content)
  const routes = isRecord(value) ? value['routes'] : undefined
  if (!Array.isArray(routes) || !routes.every(isRoute)) throw new Error('it is no list of routes')
  return routes.slice(0, MAX_REMEMBERED_ROUTES).map(([method, pattern]) => ({ method, pattern }))
}

function isRoute(value: unknown): value is [method: string, pattern: string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [method, pattern] = value as unknown[]
  return typeof method === 'string' && typeof pattern === 'string' && pattern.startsWith('/')
}
