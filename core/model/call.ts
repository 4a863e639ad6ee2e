// One invocation from its arrival to its settlement: the only object that the hot path allocates per call.
import type { Worker } from './worker.ts'

export interface Call {
  /** As the caller wrote it; echoed in the answer. */
  readonly functionId: string
  /** Where the id resolves; until the call is taken, the namespace that its caller gave (spec 01 §13). */
  namespace: string
  readonly caller: Worker
  /** Whose call it is, where the engine makes it in somebody's place. */
  readonly madeFor?: Worker | undefined
  /** It is made in somebody's place who waits for nothing. */
  readonly isForVoid?: boolean | undefined
  /** The caller's correlation id; undefined = nobody waits (void). */
  readonly invocationId: string | number | undefined
  /** Raw JSON. Valid while the call is dispatched; copied when it is held at a gate; released after delivery. */
  data: Buffer
  /** Raw JSON sidecar for the callee. */
  metadata: Buffer | undefined
  traceparent: string | undefined
  baggage: string | undefined
  /** Id of the binding for which a trigger type's provider makes this call (spec 09 §4 b); such calls carry no `_caller_worker_id`. */
  readonly binding: string | undefined
  /** Set for calls that the engine itself makes: gets the outcome instead of the caller's link. */
  readonly onSettled: ((result: Buffer | undefined, error: Buffer | undefined) => void) | undefined
  /** Payload bytes, kept for the accounts of what is in flight. */
  bytes: number
  /** Set when delivered. */
  callee: Worker | undefined
  callId: string | number
  deliveredAt: number
}

/** Nobody waits for the outcome. */
export function isVoid({ invocationId, onSettled }: Call): boolean {
  return invocationId === undefined && onSettled === undefined
}

/**
 * What the callee gets as `_caller_worker_id` (spec 01 §9.2). Calls of the engine have none, and those of its built-in workers are such:
 * they call what somebody else has named (spec 01 §11.6), with a payload that is specified (spec 02 §6.6, §8). A peer has named its
 * caller already.
 */
export function callerIdOf({ caller, binding }: Call): string | undefined {
  const { id, policy } = caller
  const isEngine = policy.kind === 'engine' || (policy.kind === 'plugin' && policy.builtIn)
  return isEngine || policy.kind === 'peer' || binding !== undefined ? undefined : id
}
