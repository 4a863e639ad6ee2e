// Which routes are bound, in a file: after a start of the engine requests for those that are not bound again yet wait for them, as calls
// of functions do (spec 01 §8.10). Written whole, a moment after a change, so that an engine that is killed leaves it as well.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeLeftovers, writeWhole } from '../../base/files/atomic-file.ts'
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
/** How long changes are collected before they are written. */
const COLLECT_MS = 250
const WARNING_MS = 60_000
const FILE_NAME = /^routes\.json$/

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

/** `awaiting`: nothing is written, since what has not come back yet would be forgotten. `closed`: the file stays as it is. */
type State = 'awaiting' | 'current' | 'due' | 'writing' | 'behind' | 'closed'

export class RememberedRoutes {
  readonly #deps: RememberedRoutesDeps
  readonly #warning: LimitedWarning
  #state: State = 'awaiting'
  #awaited: AwaitedRoutes | undefined
  #content: string | undefined
  #write: Promise<void> | undefined
  #cancel = (): void => {}

  constructor(deps: RememberedRoutesDeps) {
    this.#deps = deps
    this.#warning = new LimitedWarning((message, data) => deps.log.warn(message, data), { intervalMs: WARNING_MS })
  }

  /**
   * Reads what was bound in the last run; of the generation before, all of it comes with this start. What can't be read is told in the
   * log, and counts as nothing.
   */
  async load(ignoreTrailingSlash: boolean): Promise<void> {
    const { file, log } = this.#deps
    try {
      this.#content = await readBounded(file)
      if (this.#content === undefined) return
      this.#awaited = new AwaitedRoutes(parse(this.#content), ignoreTrailingSlash)
    } catch (error) {
      const message = 'The routes of the last run are not known: requests for those that are not bound yet get 404.'
      log.warn(message, { file, error: (error as Error).message })
    }
  }

  /** Workers can connect from now on. Later calls change nothing. */
  begin(): void {
    if (this.#state !== 'awaiting') return
    if (this.#awaited === undefined) return this.#record()
    this.#cancel()
    this.#cancel = this.#deps.clock.after(AWAITED_MS, () => this.#record())
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
    if (this.#state === 'writing') this.#state = 'behind'
    if (this.#state !== 'current') return
    this.#state = 'due'
    this.#cancel = this.#deps.clock.after(COLLECT_MS, () => this.#writeDue())
  }

  /** Nobody waits any longer. @param isReplaced the next generation writes from now on. */
  async close(isReplaced: boolean): Promise<void> {
    const before = this.#state
    this.#state = 'closed'
    this.#cancel()
    this.#endWaiting()
    if (before === 'closed' || before === 'awaiting') return
    const last = this.#render()
    await this.#write
    if (!isReplaced) await this.#save(last)
  }

  #record(): void {
    this.#endWaiting()
    this.#state = 'current'
    this.changed()
  }

  #endWaiting(): void {
    this.#awaited?.end()
    this.#awaited = undefined
  }

  #writeDue(): void {
    this.#state = 'writing'
    this.#write = this.#save(this.#render()).then(() => {
      const isBehind = this.#state === 'behind'
      if (this.#state !== 'closed') this.#state = 'current'
      if (isBehind) this.changed()
    })
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

  async #save(content: string): Promise<void> {
    if (content === (this.#content ?? EMPTY)) return
    const { file } = this.#deps
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeWhole(file, content)
      this.#content = content
      await removeLeftovers(dirname(file), FILE_NAME)
    } catch (error) {
      const message = 'Routes can not be remembered: after a restart requests for them may get 404 at first.'
      this.#warning.warn(message, { file, error: (error as Error).message })
    }
  }
}

const EMPTY = JSON.stringify({ routes: [] })

/** Undefined where there is none. */
async function readBounded(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes; at most ${MAX_FILE_BYTES} are read`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

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
