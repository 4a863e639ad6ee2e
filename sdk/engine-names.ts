// Names that the engine gives to what it offers itself, and the types of what it lists (spec 08 §6).

/** Ids of functions of the engine. */
export const EngineFunctions = {
  LIST_FUNCTIONS: 'engine::functions::list',
  INFO_FUNCTIONS: 'engine::functions::info',
  LIST_WORKERS: 'engine::workers::list',
  INFO_WORKERS: 'engine::workers::info',
  LIST_TRIGGERS: 'engine::triggers::list',
  INFO_TRIGGERS: 'engine::triggers::info',
  /** The name of old for `LIST_TRIGGERS`. */
  LIST_TRIGGER_TYPES: 'engine::trigger-types::list',
  LIST_REGISTERED_TRIGGERS: 'engine::registered-triggers::list',
  INFO_REGISTERED_TRIGGERS: 'engine::registered-triggers::info',
  REGISTER_WORKER: 'engine::workers::register',
} as const

/** Ids of trigger types of the engine. */
export const EngineTriggers = {
  /** Functions have come or gone. */
  FUNCTIONS_AVAILABLE: 'engine::functions-available',
  /** A line was logged. */
  LOG: 'log',
} as const

/** Values of `type` in the messages between workers and the engine. */
export const MessageType = {
  RegisterFunction: 'registerfunction',
  UnregisterFunction: 'unregisterfunction',
  RegisterService: 'registerservice',
  InvokeFunction: 'invokefunction',
  InvocationResult: 'invocationresult',
  RegisterTriggerType: 'registertriggertype',
  UnregisterTriggerType: 'unregistertriggertype',
  RegisterTrigger: 'registertrigger',
  UnregisterTrigger: 'unregistertrigger',
  TriggerRegistrationResult: 'triggerregistrationresult',
  WorkerRegistered: 'workerregistered',
  RegistrationRejected: 'registrationrejected',
  Reattach: 'reattach',
} as const
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/** A function, as `listFunctions` gives it. */
export interface FunctionInfo {
  readonly function_id: string
  readonly description?: string
  readonly request_format?: unknown
  readonly response_format?: unknown
  readonly metadata?: unknown
  readonly [member: string]: any
}

/** A worker, as `listWorkers` gives it. */
export interface WorkerInfo {
  readonly id: string
  readonly name?: string
  readonly runtime?: string
  readonly version?: string
  readonly os?: string
  readonly pid?: number
  readonly ip_address?: string
  readonly status: string
  readonly connected_at_ms: number
  readonly function_count: number
  readonly functions: readonly string[]
  readonly active_invocations: number
  readonly [member: string]: any
}

/** A binding, as `listTriggers` gives it. */
export interface TriggerInfo {
  readonly id: string
  readonly trigger_type: string
  readonly function_id: string
  readonly [member: string]: any
}

/** A trigger type, as `listTriggerTypes` gives it. */
export interface TriggerTypeInfo {
  readonly id: string
  readonly description?: string
  readonly [member: string]: any
}
