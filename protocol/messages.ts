// The control messages of spec 01 §6 in their wire form: everything but the two hot ones
// (`invokefunction`, `invocationresult`), whose payload is never parsed and which are handled as bytes.
// Socket, ring and pipe links all carry these as JSON.
import type { ErrorBody } from './errors.ts'

export interface RegisterFunction {
  type: 'registerfunction'
  id: string
  description?: string
  request_format?: unknown
  response_format?: unknown
  metadata?: unknown
  invocation?: unknown
  /** Ring and pipe links only: number under which calls of it are delivered. */
  index?: number
}
export interface UnregisterFunction {
  type: 'unregisterfunction'
  id: string
}
export interface RegisterService {
  type: 'registerservice'
  id: string
  name?: string
  description?: string
  parent_service_id?: string
}
export interface RegisterTriggerType {
  type: 'registertriggertype'
  id: string
  description: string
  trigger_request_format?: unknown
  call_request_format?: unknown
  namespace?: string
}
export interface UnregisterTriggerType {
  type: 'unregistertriggertype'
  id: string
}
export interface RegisterTrigger {
  type: 'registertrigger'
  id: string
  trigger_type: string
  function_id: string
  config: unknown
  metadata?: unknown
  namespace?: string
  trigger_namespace?: string
  /** To plugins: the worker that bound it, where that is a session of a listener with `rbac`. */
  session?: string
}
export interface UnregisterTrigger {
  type: 'unregistertrigger'
  id: string
  trigger_type?: string
  /** To plugins: somebody has removed the binding. Left out: its owner is gone, or another provider has it now. */
  deliberate?: true
  /** To plugins: another provider has the binding now. */
  moved?: true
}
export interface TriggerRegistrationResult {
  type: 'triggerregistrationresult'
  id: string
  trigger_type: string
  function_id: string
  error?: ErrorBody
}
export interface Reattach {
  type: 'reattach'
  previous_worker_id: string
  reattach_token?: string
}
export interface WorkerRegistered {
  type: 'workerregistered'
  worker_id: string
  reattach_token: string
}
export interface RegistrationRejected {
  type: 'registrationrejected'
  code: 'FUNCTION_NAMESPACE_CONFLICT' | 'WORKER_NAMESPACE_CONFLICT'
  namespace: string
  owner_worker_id: string
  worker_name?: string
  function_id?: string
  /** Ours: why an HTTP-invoked function was refused. Older SDKs look at the code alone, which is one that they live on with (spec 01 §14). */
  reason?: ErrorBody
}
export interface AuthErrorMessage {
  type: 'error'
  error: ErrorBody
}
export interface Ping {
  type: 'ping'
}
export interface Pong {
  type: 'pong'
}

/** What a worker may send besides calls and results. */
export type WorkerMessage =
  | RegisterFunction
  | UnregisterFunction
  | RegisterService
  | RegisterTriggerType
  | UnregisterTriggerType
  | RegisterTrigger
  | UnregisterTrigger
  | TriggerRegistrationResult
  | Reattach
  | Ping
  | Pong

/** What the engine may send besides calls and results. */
export type EngineMessage =
  | WorkerRegistered
  | RegisterTrigger
  | UnregisterTrigger
  | TriggerRegistrationResult
  | RegistrationRejected
  | AuthErrorMessage
  | Ping
  | Pong

/** Namespace of everything that names none (spec 01 §13). */
export const DEFAULT_NAMESPACE = 'default'
