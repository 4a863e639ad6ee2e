// Reads what the functions of another engine's state and stream workers answer (spec 02 §2, §3). Values stay JSON text.
// Engines do not tell "there was nothing" from "there was a null" in `old_value`: both count as nothing.
import type { UpdateError } from '../update/update-operations.ts'
import { arrayParts, objectParts } from './json-parts.ts'

export interface RemoteChange {
  readonly oldValue: string | undefined
  /** Absent in the answer to a deletion. */
  readonly newValue: string | undefined
  readonly errors: readonly UpdateError[]
}

export interface RemoteUpdate extends RemoteChange {
  readonly newValue: string
}

/** `{ old_value, new_value?, errors? }`. */
export function readChange(functionId: string, result: string | undefined): RemoteChange {
  const parts = result === undefined ? undefined : objectParts(result)
  if (parts === undefined) return unusable(functionId, result, 'an object with old_value')
  const old = parts.get('old_value')
  const errors = parts.get('errors')
  return {
    oldValue: old === 'null' ? undefined : old,
    newValue: parts.get('new_value'),
    errors: errors === undefined || errors === 'null' ? [] : (JSON.parse(errors) as UpdateError[]),
  }
}

/** As `readChange`, with a new value. */
export function readUpdate(functionId: string, result: string | undefined): RemoteUpdate {
  const { newValue, ...more } = readChange(functionId, result)
  if (newValue === undefined) return unusable(functionId, result, 'an object with new_value')
  return { ...more, newValue }
}

/** An array of values. */
export function readValues(functionId: string, result: string | undefined): string[] {
  return (result === undefined ? undefined : arrayParts(result)) ?? unusable(functionId, result, 'an array')
}

/** An array of strings. */
export function readNames(functionId: string, result: string | undefined): string[] {
  const names: unknown = result === undefined ? undefined : JSON.parse(result)
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  return unusable(functionId, result, 'an array of strings')
}

export function unusable(functionId: string, result: string | undefined, expected: string): never {
  const shown = result === undefined ? 'no value' : result.length > 100 ? `${result.slice(0, 100)}…` : result
  throw new Error(`The other engine answered ${functionId} with ${shown} instead of ${expected}`)
}
