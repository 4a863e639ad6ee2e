// What a probe is told: how this worker is, and how the engine is.
import type { Clock } from '../../../../base/time/clock.ts'
import { isRecord } from '../../../../base/values/is-record.ts'
import type { Handle } from '../../../../sdk/plugin.ts'
import type { Answer } from '../../response/answer.ts'

/** How this worker is at the moment. */
export interface ServerLoad {
  /** It is being stopped for good; a next generation is no reason to send clients elsewhere. */
  readonly isDraining: boolean
  /** Requests that are worked on, and that wait. */
  readonly running: number
  readonly waiting: number
}

export interface HealthDeps {
  readonly iii: Pick<Handle, 'trigger'>
  readonly clock: Clock
  load(): ServerLoad
}

/** How long an answer of the engine counts: a flood of probes is one question. */
export const KEPT_MS = 1_000
/** An engine that takes longer to say how it is, is not well. */
export const ENGINE_MS = 2_000

interface EngineHealth {
  readonly status: string
  readonly components: Readonly<Record<string, unknown>>
}

export class Health {
  readonly #deps: HealthDeps
  readonly #showsComponents: boolean
  #engine: EngineHealth | undefined
  #askedAt = 0
  #asking: Promise<EngineHealth> | undefined

  constructor(deps: HealthDeps, showsComponents: boolean) {
    this.#deps = deps
    this.#showsComponents = showsComponents
  }

  /** 200 when all is well, else 503. */
  async answer(): Promise<Answer> {
    const { status, components } = await this.#engineHealth()
    const { isDraining, running, waiting } = this.#deps.load()
    const isFine = status === 'healthy' && !isDraining
    const body = {
      status: isFine ? 'healthy' : status === 'healthy' ? 'draining' : status,
      http: { status: isDraining ? 'draining' : 'healthy', running, waiting },
      engine: { status, ...(this.#showsComponents && { components }) },
    }
    return {
      status: isFine ? 200 : 503,
      headers: [
        ['content-type', 'application/json'],
        ['cache-control', 'no-store'],
      ],
      body: JSON.stringify(body),
    }
  }

  #engineHealth(): EngineHealth | Promise<EngineHealth> {
    if (this.#engine !== undefined && this.#deps.clock.passed() - this.#askedAt < KEPT_MS) return this.#engine
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)))
  }

  async #ask(): Promise<EngineHealth> {
    const { iii, clock } = this.#deps
    const report = await iii
      .trigger({ function_id: 'engine::health::check', payload: {}, timeoutMs: ENGINE_MS })
      .catch((): unknown => undefined)
    const { status, components } = isRecord(report) ? report : { status: 'unavailable', components: {} }
    this.#askedAt = clock.passed()
    return (this.#engine = {
      status: typeof status === 'string' ? status : 'unavailable',
      components: isRecord(components) ? components : {},
    })
  }
}
