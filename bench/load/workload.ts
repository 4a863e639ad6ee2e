// What the callers of a load run call and what they must get back. Data and checks; how fast is the caller's business.
import { payloadJson } from './payload.ts'

/**
 * `mirror`: the frame itself comes back. `echo`: the answer is the payload. `state-set`, `stream-set`: stores it under a varying
 * key; the answer's `new_value` is the value. `state-get`: reads such a key; the answer is the value stored last. `enqueue`: stores a
 * call in a queue that gives out next to nothing; the answer is a receipt.
 */
export type WorkloadKind = 'mirror' | 'echo' | 'state-set' | 'state-get' | 'stream-set' | 'enqueue'

/** Keys that the workloads of stores go through in turn. Digits of a key: fixed width, so that it can be patched in place. */
export const STATE_KEYS = 4096
export const KEY_DIGITS = 5

/** A call that differs from the next one in nothing but its id, its number and its key. */
export interface RepeatedCall {
  readonly functionId: string
  /** JSON text of `data`, with the smallest `n` and the first key where they are to be patched. */
  readonly data: string
  /** JSON text of `action`. Default: none. */
  readonly action?: string
}

export interface Workload extends RepeatedCall {
  readonly kind: WorkloadKind
  /** JSON text that the checked part of the answer must equal, but for `n`. */
  readonly value: string
}

export function describeWorkload(kind: WorkloadKind, functionId: string, payloadBytes: number): Workload {
  const value = payloadJson(payloadBytes)
  const key = `"scope":"${stateScope(payloadBytes)}","key":"k${'0'.repeat(KEY_DIGITS)}"`
  if (kind === 'echo' || kind === 'mirror') return { kind, functionId, data: value, value }
  if (kind === 'state-set') return { kind, functionId, data: `{${key},"value":${value}}`, value }
  if (kind === 'enqueue') return { ...enqueues(HELD_QUEUE, functionId, payloadBytes), kind, value }
  if (kind === 'stream-set') return streamSets(`bench-${payloadBytes}`, 'all', payloadBytes)
  return { kind, functionId, data: `{${key}}`, value }
}

/** A scope per size: a value replaces one of its own length, so answers keep their form. */
export function stateScope(payloadBytes: number): string {
  return `bench-${payloadBytes}`
}

/** `stream::set` of varying items of one group. */
export function streamSets(stream: string, group: string, payloadBytes: number): Workload {
  const value = payloadJson(payloadBytes)
  const place = `"stream_name":"${stream}","group_id":"${group}","item_id":"k${'0'.repeat(KEY_DIGITS)}"`
  return { kind: 'stream-set', functionId: 'stream::set', data: `{${place},"data":${value}}`, value }
}

/** `publish` to a topic (spec 03 §8.1): the value itself is what subscribers get. */
export function publishes(topic: string, payloadBytes: number): RepeatedCall {
  return { functionId: 'publish', data: `{"topic":"${topic}","data":${payloadJson(payloadBytes)}}` }
}

/** Of the load, at the engine that others are bridged to. */
export const BRIDGED_FUNCTION = 'bench::bridged-echo'
/** The same as it is called over the engine's bridge, and over one that is written with the SDK. */
export const FORWARDED_FUNCTION = 'bench::forwarded-echo'
export const SDK_FORWARDED_FUNCTION = 'bench::sdk-forwarded-echo'

/** Queues of the target. One that gives out a job an hour, and one that gives them out. */
export const HELD_QUEUE = 'bench-held'
export const OPEN_QUEUE = 'bench-open'

export function enqueues(queue: string, functionId: string, payloadBytes: number): RepeatedCall {
  return { functionId, data: payloadJson(payloadBytes), action: JSON.stringify({ type: 'enqueue', queue }) }
}

/** What a queue answers, if it answers as it should. */
export function isReceipt(answer: Readonly<Record<string, unknown>>): boolean {
  const result = answer['result'] as { messageReceiptId?: unknown } | null | undefined
  return answer['type'] === 'invocationresult' && typeof result?.messageReceiptId === 'string'
}

/** The value of a call replaces what the last call with its key has stored. */
export function isWrite(kind: WorkloadKind): boolean {
  return kind === 'state-set' || kind === 'stream-set'
}

/** The part of an answer that is held against the value; undefined when the answer has none. */
export function checkedPart(kind: WorkloadKind, answer: Readonly<Record<string, unknown>>): unknown {
  if (kind === 'mirror') return answer['type'] === 'invokefunction' ? answer['data'] : undefined
  if (answer['type'] !== 'invocationresult') return undefined
  const result = answer['result']
  if (!isWrite(kind)) return result
  return typeof result === 'object' && result !== null && 'new_value' in result ? result.new_value : undefined
}

/** True for an object that is `value` with this `n`; members that the engine adds to objects (`_…`) do not count. */
export function isValue(part: unknown, value: string, n: number): boolean {
  if (typeof part !== 'object' || part === null) return false
  const own = Object.fromEntries(Object.entries(part).filter(([name]) => !name.startsWith('_')))
  return own['n'] === n && JSON.stringify(own) === JSON.stringify({ ...JSON.parse(value), n })
}
