// The operations of the update language in decoded form, and their limits and error codes (spec 02 §4). Shapes only.
import type { JsonValue } from '../../base/values/json-value.ts'

/** Literal member names from the root; empty = root. Dots never separate. */
export type UpdatePath = readonly string[]

/** An operation of the update language. */
export type UpdateOperation =
  | { readonly type: 'set'; readonly path: UpdatePath; readonly value: JsonValue }
  | { readonly type: 'merge'; readonly path: UpdatePath; readonly value: JsonValue }
  | { readonly type: 'increment'; readonly path: UpdatePath; readonly by: number }
  | { readonly type: 'decrement'; readonly path: UpdatePath; readonly by: number }
  | { readonly type: 'append'; readonly path: UpdatePath; readonly value: JsonValue }
  | { readonly type: 'remove'; readonly path: UpdatePath }

export type UpdateOperationType = UpdateOperation['type']

export const UPDATE_OPERATION_TYPES = [
  'set',
  'merge',
  'increment',
  'decrement',
  'append',
  'remove',
] as const satisfies readonly UpdateOperationType[]

/** Spec 02 §4.4. */
export const UPDATE_LIMITS = {
  path_segments: 32,
  /** UTF-8. */
  segment_bytes: 256,
  merge_members: 1024,
  merge_depth: 16,
} as const

/** Names that could reach a prototype if somebody assigned them carelessly: refused in paths and at the top of merge values. */
export const PROTOTYPE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

type Limited = UpdateOperationType
export type UpdateErrorCode =
  | 'set.target_not_object'
  | 'append.target_not_object'
  | 'append.type_mismatch'
  | 'increment.target_not_object'
  | 'increment.not_number'
  | 'decrement.target_not_object'
  | 'decrement.not_number'
  | 'remove.target_not_object'
  | 'merge.value.not_an_object'
  | 'merge.value.too_deep'
  | 'merge.value.too_many_keys'
  | 'merge.value.proto_polluted'
  | `${Limited}.path.${'too_deep' | 'segment_too_long' | 'empty_segment' | 'proto_polluted'}`

/** Entry of the `errors` member of an update's result. */
export interface UpdateError {
  readonly op_index: number
  readonly code: UpdateErrorCode
  readonly message: string
}

/** A problem of one operation, before its place in the list is known. */
export interface UpdateProblem {
  readonly code: UpdateErrorCode
  readonly message: string
}

/** `root`, the member name, or `[a, b]`: never joined by dots, which are part of names. */
export function pathLabel(path: UpdatePath): string {
  const [first, second] = path
  if (first === undefined) return 'root'
  return second === undefined ? first : `[${path.join(', ')}]`
}
