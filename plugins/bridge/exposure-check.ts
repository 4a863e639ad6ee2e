// Whether the other engine has taken what is exposed. A listener that restricts sessions refuses registrations without a word, so it is asked.
import { setTimeout as elapse } from 'node:timers/promises'
import type { Bridge } from '../../kit/bridge/bridge.ts'
import type { PluginLog } from '../../sdk/plugin.ts'

const INFO = 'engine::functions::info'
/** That it describes at once. */
const MAX_IDS = 32
/** Whoever decides on registrations there may need a moment. */
const SECOND_LOOK_MS = 1_000
const TIMEOUT_MS = 5_000
/** How a description of what is not there says so. */
const MISSING: ReadonlySet<unknown> = new Set(['not_found', 'forbidden'])

export interface ExposureCheckDeps {
  readonly bridge: Pick<Bridge, 'pass'>
  readonly log: PluginLog
  /** Of the connection. */
  readonly namespace: string
  /** That are exposed at present. */
  readonly ids: () => readonly string[]
}

export class ExposureCheck {
  readonly #deps: ExposureCheckDeps
  readonly #end = new AbortController()
  /** Those that were warned about, until they are there. */
  readonly #told = new Set<string>()
  #run = 0

  constructor(deps: ExposureCheckDeps) {
    this.#deps = deps
  }

  /** In the background; of several runs the last one counts. */
  run(): void {
    if (this.#deps.ids().length === 0) return
    const run = ++this.#run
    this.#look(run).catch((error: unknown) => {
      if (!this.#end.signal.aborted)
        this.#deps.log.debug('It is not known whether the other engine has taken the exposed functions.', {
          error: `${error}`,
        })
    })
  }

  close(): void {
    this.#end.abort()
  }

  async #look(run: number): Promise<void> {
    const { signal } = this.#end
    if ((await this.#missing()).length === 0) return this.#told.clear()
    await elapse(SECOND_LOOK_MS, undefined, { signal, ref: false })
    if (run !== this.#run) return
    const missing = await this.#missing()
    const fresh = missing.filter((id) => !this.#told.has(id))
    this.#told.clear()
    for (const id of missing) this.#told.add(id)
    if (fresh.length === 0) return
    this.#deps.log.warn(
      'The other engine does not have functions that are exposed to it: its listener refuses them, or puts something before their ids. ' +
        'Allow their registration there, or expose them under ids that are free.',
      { functions: fresh.slice(0, MAX_IDS), ...(fresh.length > MAX_IDS && { and_others: fresh.length - MAX_IDS }) },
    )
  }

  async #missing(): Promise<string[]> {
    const { bridge, namespace } = this.#deps
    const ids = this.#deps.ids()
    const missing: string[] = []
    for (let at = 0; at < ids.length; at += MAX_IDS) {
      const payload = JSON.stringify({ function_ids: ids.slice(at, at + MAX_IDS), namespace })
      const answer = await bridge.pass(INFO, payload, { timeoutMs: TIMEOUT_MS })
      const { functions } = JSON.parse(answer?.json ?? '{}') as { functions?: unknown }
      if (!Array.isArray(functions)) throw new Error(`${INFO} has answered something else`)
      for (const row of functions as { function_id?: unknown; error?: unknown }[]) {
        if (MISSING.has(row?.error) && typeof row.function_id === 'string') missing.push(row.function_id)
      }
    }
    return missing
  }
}
