// JSON text that is equal for equal values, whatever the order of their keys: what replicas' bindings are compared by (spec 01 §8.11).
import { canonicalNumber, isExactNumber } from './exact-json.ts'
import { isRecord } from './is-record.ts'

/**
 * `undefined` and members with the value `undefined` are treated as absent; an absent value gives an empty string. Numbers are
 * compared by what they are, not by how they are written.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (isRecord(member) ? canonical(member) : member)) ?? ''
}

function canonical(record: Record<string, unknown>): unknown {
  return isExactNumber(record) ? canonicalNumber(record) : sorted(record)
}

/** Entries instead of assignments: a key `__proto__` stays a key. */
function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  )
}
