// The trigger type `worker` (spec 05 B.4): its declaration, what a binding's config says, and the events of operations on their way to
// what is bound.
import { readCondition, readConfigObject, type BindingFilter } from '../../kit/triggers/trigger-bindings.ts'
import type { TriggerTypeInput } from '../../sdk/plugin.ts'
import {
  OPERATIONS,
  STAGES,
  type CallerMode,
  type StageDetails,
  type WorkerEvent,
  type WorkerEvents,
} from './events.ts'

const TEXT = { type: 'string' } as const

export const WORKER_TRIGGER_TYPE: TriggerTypeInput = {
  id: 'worker',
  description: 'Fires for each stage of an operation on workers, such as worker::add',
  trigger_request_format: {
    type: 'object',
    additionalProperties: false,
    properties: {
      operations: { type: 'array', items: { enum: [...OPERATIONS] }, description: 'Only of these. Default: all.' },
      stages: { type: 'array', items: { enum: [...STAGES] }, description: 'Only these. Default: all.' },
      workers: { type: 'array', items: TEXT, description: 'Only on workers of these names. Default: all.' },
      condition_function_id: {
        type: ['string', 'null'],
        description: 'Gets the event first; exactly false skips the handler.',
      },
    },
  },
  call_request_format: {
    type: 'object',
    required: ['operation', 'worker', 'stage', 'timestamp_ms', 'caller_mode'],
    properties: {
      operation: { enum: [...OPERATIONS] },
      worker: { type: 'string', description: 'Its name; until that is known, what was asked for.' },
      stage: { enum: [...STAGES] },
      timestamp_ms: { type: 'integer' },
      source: { type: 'object', properties: { kind: TEXT, ref: TEXT } },
      version: TEXT,
      status: TEXT,
      caller_mode: { enum: ['cli', 'trigger'] },
      progress: { type: 'number', description: 'From 0 to 1, while it is downloaded.' },
      error: { type: 'object', properties: { code: TEXT, message: TEXT } },
    },
  },
}

export interface WorkerFilter extends BindingFilter {
  readonly operations: ReadonlySet<string> | undefined
  readonly stages: ReadonlySet<string> | undefined
  readonly workers: ReadonlySet<string> | undefined
}

/** Throws what is wrong with it. */
export function readWorkerFilter(config: unknown): WorkerFilter {
  const object = readConfigObject(config)
  return {
    operations: readSet(object, 'operations', OPERATIONS),
    stages: readSet(object, 'stages', STAGES),
    workers: readSet(object, 'workers'),
    condition_function_id: readCondition(object),
  }
}

export function matchesEvent({ operations, stages, workers }: WorkerFilter, event: WorkerEvent): boolean {
  return (
    (operations?.has(event.operation) ?? true) &&
    (stages?.has(event.stage) ?? true) &&
    (workers?.has(event.worker) ?? true)
  )
}

/** Nothing, null and an empty list are no restriction. */
function readSet(
  object: Readonly<Record<string, unknown>>,
  member: string,
  known?: readonly string[],
): ReadonlySet<string> | undefined {
  const value = object[member]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new TypeError(`\`${member}\` must be a list, got ${JSON.stringify(value)}`)
  for (const item of value) {
    if (typeof item !== 'string' || known?.includes(item) === false)
      throw new TypeError(
        `\`${member}\` must hold ${known === undefined ? 'strings' : `some of ${known.join(', ')}`}, got ${JSON.stringify(item)}`,
      )
  }
  return value.length === 0 ? undefined : new Set(value as string[])
}

/** Events with the moment at which they happened. */
export function workerEvents(
  fire: (event: WorkerEvent) => void,
  now: () => number,
  callerMode: CallerMode,
): WorkerEvents {
  return {
    of(operation, label) {
      let worker = label
      return {
        named(name) {
          worker = name
        },
        stage(stage, details: StageDetails = {}) {
          fire({ operation, worker, stage, timestamp_ms: now(), caller_mode: callerMode, ...details })
        },
      }
    },
  }
}
