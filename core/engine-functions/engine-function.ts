// What a function of the engine consists of, and what these functions need to know (spec 04 part C).
import type { Log } from '../log.ts'
import type { Discovery } from '../registry/discovery.ts'
import type { LocalContext, LocalHandler } from '../registry/function-entry.ts'
import type { Worker } from '../registry/worker.ts'
import type { Router } from '../router/router.ts'
import { Input } from './input.ts'

export interface EngineFunction {
  readonly id: string
  readonly description: string
  readonly requestFormat: unknown
  readonly responseFormat: unknown
  /** Hides it from listings that do not ask for internal functions. */
  readonly internal?: boolean
  readonly handler: LocalHandler
}

/** State of one part of the engine for `engine::health::check`. */
export interface HealthComponent {
  readonly status: 'healthy' | 'degraded' | 'disabled'
  readonly details: Readonly<Record<string, unknown>> | null
}

/** A worker inside the engine that is no plugin, such as a listener; a row of `engine::workers::list`. */
export interface InternalWorker {
  readonly instanceId: string
  readonly name: string
  readonly description?: string
}

/** The trigger that a session asks for by `engine::register_trigger`, as a registration hook sees and may rewrite it. */
export interface TriggerProposal {
  readonly triggerId: string
  readonly triggerType: string
  readonly functionId: string
  readonly config: unknown
  readonly metadata: unknown
}

export interface EngineFunctionDeps {
  readonly router: Router
  readonly log: Log
  readonly discovery: Pick<Discovery, 'workerMetadataUpdated'>
  /** Parts of the engine with their state, asked at each health check. */
  readonly healthComponents: () => Readonly<Record<string, HealthComponent>>
  /** Workers inside the engine besides plugins. Default: none. */
  readonly internalWorkers?: () => Iterable<InternalWorker>
  /** Called for each announce of an external worker, after it has taken effect (zombie guard, spec 01 §8.8). */
  readonly onAnnounced?: (worker: Worker) => void
  /**
   * Runs a session's trigger registration hook (spec 04 B.6); rejects when it refuses. The prefix is applied afterwards.
   * Without it a session that has such a hook is refused.
   */
  readonly askTriggerHook?: (worker: Worker, proposal: TriggerProposal) => Promise<TriggerProposal>
}

/** A handler that gets its input as a reader of members. */
export function reading(id: string, handler: (input: Input, context: LocalContext) => unknown): LocalHandler {
  return (raw, context) => handler(new Input(id, raw), context)
}

/** Schema of an object with these members, for descriptions. */
export function objectSchema(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): unknown {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) }
}

export const STRING = { type: 'string' } as const
export const STRINGS = { type: 'array', items: STRING } as const
export const BOOLEAN = { type: 'boolean' } as const
export const INTEGER = { type: 'integer' } as const
export const OBJECT = { type: 'object' } as const
export const OBJECTS = { type: 'array', items: OBJECT } as const
