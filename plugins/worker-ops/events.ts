// The trigger type `worker` (spec 05 B.4): its payload, and how an operation tells its stages. What is bound gets them in the
// order in which they were told; nobody waits for it.

export const OPERATIONS = ['add', 'remove', 'update', 'start', 'stop', 'clear'] as const
export type OperationName = (typeof OPERATIONS)[number]

export const STAGES = [
  'started',
  'downloading',
  'downloaded',
  'removing',
  'updating',
  'starting',
  'stopping',
  'clearing',
  'done',
  'failed',
] as const
export type Stage = (typeof STAGES)[number]

export type CallerMode = 'cli' | 'trigger'

export interface WorkerEvent {
  readonly operation: OperationName
  readonly worker: string
  readonly stage: Stage
  readonly timestamp_ms: number
  readonly source?: { readonly kind: string; readonly ref: string }
  readonly version?: string
  readonly status?: string
  readonly caller_mode: CallerMode
  /** 0 to 1. */
  readonly progress?: number
  readonly error?: { readonly code: string; readonly message: string }
}

/** What an operation says beside its stage. */
export type StageDetails = Pick<WorkerEvent, 'source' | 'version' | 'status' | 'progress' | 'error'>

/** The stages of one operation on one worker. */
export interface OperationEvents {
  /** What was called by a label is called by its name from now on. */
  named(worker: string): void
  stage(stage: Stage, details?: StageDetails): void
}

/** Who is told of operations. */
export interface WorkerEvents {
  of(operation: OperationName, label: string): OperationEvents
}

/** Nobody is. */
export const NO_EVENTS: WorkerEvents = {
  of: () => ({ named() {}, stage() {} }),
}
