// Members that a closed object, one whose schema names all that it may have, has too many: a mistyped one would otherwise be as if it
// had not been written.
import { unknownKey } from './closest-name.ts'
import { isRecord } from './is-record.ts'

/**
 * What is wrong with a member that the schema does not know; undefined when there is none. A schema is closed by
 * `additionalProperties: false`; any other, and a value that is no object, passes. Looks at the top level alone.
 */
export function surplusMember(schema: unknown, value: unknown): string | undefined {
  if (!isRecord(value) || !isRecord(schema) || schema['additionalProperties'] !== false) return undefined
  const { properties = {} } = schema
  const known = Object.keys(isRecord(properties) ? properties : {})
  const surplus = Object.keys(value).find((member) => !known.includes(member))
  return surplus === undefined ? undefined : unknownKey(surplus, known)
}
