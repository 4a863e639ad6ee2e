// The seed of a plugin's entry: a hash of the block in the engine's file for which a value was stored (spec 04 A.9.7).
import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/values/json-value.ts'

export function seedOf(block: JsonObject): string {
  return createHash('sha256').update(canonicalJson(block)).digest('hex')
}

/** Whether a stored value still counts. A block that says nothing has nothing to say against it. */
export function seedHolds(seed: string | undefined, block: JsonObject): boolean {
  return Object.keys(block).length === 0 || seed === seedOf(block)
}

/** The same text for the same value, however its members are ordered. */
function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as JsonValue)}`).join(',')}}`
}
