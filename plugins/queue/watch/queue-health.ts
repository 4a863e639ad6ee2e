// The part `queue` of the engine's health (spec 03 §2.4): whether the store is there, and which named queues are not as they should be.
import type { PluginContext } from '../../../sdk/plugin.ts'
import type { BackendState } from '../adapters/backend.ts'

/** Queues that the health names, and characters of what is wrong with each. */
export const HEALTH_TOLD = { queues: 10, characters: 200 }

export class QueueHealth {
  readonly #report: PluginContext['reportHealth']
  #adapter = ''
  #state: BackendState = 'connected'
  #problems: readonly (readonly [string, string])[] = []

  constructor(report: PluginContext['reportHealth']) {
    this.#report = report
  }

  opened(adapter: string, state: BackendState): void {
    this.#adapter = adapter
    this.#state = state
    this.#tell()
  }

  readonly stateChanged = (state: BackendState): void => {
    this.#state = state
    if (this.#adapter !== '') this.#tell()
  }

  readonly troubled = (problems: ReadonlyMap<string, string>): void => {
    this.#problems = [...problems]
    this.#tell()
  }

  #tell(): void {
    const { queues, characters } = HEALTH_TOLD
    const told = this.#problems.slice(0, queues).map(([name, problem]) => [name, problem.slice(0, characters)])
    const left = this.#problems.length - told.length
    this.#report('queue', {
      status: this.#state === 'connected' && told.length === 0 ? 'healthy' : 'degraded',
      details: {
        adapter: this.#adapter,
        state: this.#state,
        ...(told.length > 0 && { not_started: Object.fromEntries(told) }),
        ...(left > 0 && { further: left }),
      },
    })
  }
}
