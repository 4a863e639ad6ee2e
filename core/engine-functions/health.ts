// `engine::health::check` (spec 04 C.5, 07).
import { ENGINE_VERSION } from '../version.ts'
import { answerSchema, INTEGER, OBJECT, objectSchema, STRING, type EngineFunction } from '../model/engine-function.ts'
import type { EngineFunctionDeps, HealthComponent } from './deps.ts'

/** The answer of `engine::health::check` and of `GET /health`. */
export interface HealthReport {
  readonly status: 'healthy' | 'degraded'
  readonly components: Readonly<Record<string, HealthComponent>>
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly version: string
}

export function healthReport(components: Readonly<Record<string, HealthComponent>>): HealthReport {
  const degraded = Object.values(components).some(({ status }) => status === 'degraded')
  return { status: degraded ? 'degraded' : 'healthy', components, timestamp: Date.now(), version: ENGINE_VERSION }
}

export function healthFunctions({ healthComponents }: EngineFunctionDeps): EngineFunction[] {
  return [
    {
      id: 'engine::health::check',
      description: 'Tells whether the engine and its parts are healthy',
      requestFormat: objectSchema({}),
      responseFormat: answerSchema({ status: STRING, components: OBJECT, timestamp: INTEGER, version: STRING }),
      handler: () => healthReport(healthComponents()),
    },
  ]
}
