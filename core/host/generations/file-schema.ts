// What the configuration file may say beyond what can be set at run time: values that files of iii hold, and that the plugin makes good.
import type { JsonSchema } from '../../../base/values/json-schema.ts'

/** Beside `minimum` in the schema of a setting. */
const FILE_MINIMUM = 'x-file-minimum'

const made = new WeakMap<JsonSchema, JsonSchema>()

/** The schema that the `config` block of a file has to fit, for one that holds for values that are set. */
export function fileSchemaOf(schema: JsonSchema): JsonSchema {
  const known = made.get(schema)
  if (known !== undefined) return known
  const own = JSON.stringify(schema).includes(`"${FILE_MINIMUM}":`) ? (lenient(schema) as JsonSchema) : schema
  made.set(schema, own)
  return own
}

function lenient(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(lenient)
  if (typeof node !== 'object' || node === null) return node
  const { [FILE_MINIMUM]: minimum, ...members } = node as Record<string, unknown>
  const inside = Object.fromEntries(Object.entries(members).map(([key, member]) => [key, lenient(member)]))
  return minimum === undefined ? inside : { ...inside, minimum }
}
