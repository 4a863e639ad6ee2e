// JSON values as this project stores and edits them, and the words that messages use for their types (spec 02 §4.2). An `ExactNumber` may
// stand wherever a number may.
import { isExactNumber } from './exact-json.ts'
import { isRecord } from './is-record.ts'

/** An object of JSON values. */
export type JsonObject = { [member: string]: JsonValue }
/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

export type JsonTypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

export function typeName(value: JsonValue): JsonTypeName {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return isExactNumber(value) ? 'number' : (typeof value as JsonTypeName)
}

export function isJsonObject(value: unknown): value is JsonObject {
  return isRecord(value) && !isExactNumber(value)
}

/**
 * Levels of nesting: a scalar has 0, each object or array adds 1, so `{}` has 1.
 * Level by level instead of by recursion: the value comes from outside and may be nested deeper than the stack is.
 */
export function nestingDepth(value: JsonValue): number {
  let depth = 0
  let level = isContainer(value) ? [value] : []
  while (level.length > 0) {
    depth++
    const next: (JsonValue[] | JsonObject)[] = []
    for (const container of level) {
      for (const child of Array.isArray(container) ? container : Object.values(container)) {
        if (isContainer(child)) next.push(child)
      }
    }
    level = next
  }
  return depth
}

function isContainer(value: JsonValue): value is JsonValue[] | JsonObject {
  return typeof value === 'object' && value !== null && !isExactNumber(value)
}
