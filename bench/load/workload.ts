// What the callers of a load run call and what they must get back. Data and checks; how fast is the caller's business.
import { payloadJson } from './payload.ts'

/**
 * `mirror`: the frame itself comes back. `echo`: the answer is the payload. `state-set`: stores it under a varying key; the answer's `new_value` is the value.
 * `state-get`: reads such a key; the answer is the value stored last.
 */
export type WorkloadKind = 'mirror' | 'echo' | 'state-set' | 'state-get'

/** Keys that the state workloads go through in turn. Digits of a key: fixed width, so that it can be patched in place. */
export const STATE_KEYS = 4096
export const KEY_DIGITS = 5

export interface Workload {
  readonly kind: WorkloadKind
  readonly functionId: string
  /** JSON text of `data`, with the smallest `n` and the first key where they are to be patched. */
  readonly data: string
  /** JSON text that the checked part of the answer must equal, but for `n`. */
  readonly value: string
}

export function describeWorkload(kind: WorkloadKind, functionId: string, payloadBytes: number): Workload {
  const value = payloadJson(payloadBytes)
  // A scope per size: a value replaces one of its own length, so answers keep their form.
  const key = `"scope":"bench-${payloadBytes}","key":"k${'0'.repeat(KEY_DIGITS)}"`
  if (kind === 'echo' || kind === 'mirror') return { kind, functionId, data: value, value }
  if (kind === 'state-set') return { kind, functionId, data: `{${key},"value":${value}}`, value }
  return { kind, functionId, data: `{${key}}`, value }
}

/** The part of an answer that is held against the value; undefined when the answer has none. */
export function checkedPart(kind: WorkloadKind, answer: Readonly<Record<string, unknown>>): unknown {
  if (kind === 'mirror') return answer['type'] === 'invokefunction' ? answer['data'] : undefined
  if (answer['type'] !== 'invocationresult') return undefined
  const result = answer['result']
  if (kind !== 'state-set') return result
  return typeof result === 'object' && result !== null && 'new_value' in result ? result.new_value : undefined
}

/** True for an object that is `value` with this `n`; members that the engine adds to objects (`_…`) do not count. */
export function isValue(part: unknown, value: string, n: number): boolean {
  if (typeof part !== 'object' || part === null) return false
  const own = Object.fromEntries(Object.entries(part).filter(([name]) => !name.startsWith('_')))
  return own['n'] === n && JSON.stringify(own) === JSON.stringify({ ...JSON.parse(value), n })
}
