// Values of a configuration file as their author wrote them: a text that YAML takes for a number, a truth value or nothing.
import { appendPointer, parsePointer } from '../../base/values/json-path.ts'
import { takesTextInstead } from '../../base/values/schema-types.ts'
import type { JsonSchema } from '../../base/values/json-schema.ts'
import type { WorkerEntry } from './types.ts'

/** Texts of lone placeholders that YAML does not read as texts, by JSON pointer. */
export type PlaceholderTexts = Readonly<Record<string, string>>

/** The `config` block of an entry for a worker with this schema. */
export function writtenConfig({ config, texts }: WorkerEntry, schema: JsonSchema): WorkerEntry['config'] {
  return texts === undefined ? config : withTexts(config, texts, schema)
}

/** The value with its texts where the schema takes a text and nothing of what YAML has read: `"01234"` instead of 1234. */
export function withTexts<Value>(value: Value, texts: PlaceholderTexts, schema: JsonSchema): Value {
  if (Object.keys(texts).length === 0) return value
  const walk = (node: unknown, pointer: string): unknown => {
    const text = Object.hasOwn(texts, pointer) ? texts[pointer] : undefined
    if (text !== undefined) return takesTextInstead(schema, parsePointer(pointer), node) ? text : node
    if (Array.isArray(node)) return node.map((item, index) => walk(item, appendPointer(pointer, String(index))))
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, appendPointer(pointer, key))]))
  }
  return walk(value, '') as Value
}

/** Those below a place, by pointers that start there; undefined where there are none. */
export function textsBelow(texts: PlaceholderTexts, place: string): PlaceholderTexts | undefined {
  const below = Object.entries(texts).filter(([pointer]) => pointer.startsWith(`${place}/`))
  return below.length === 0
    ? undefined
    : Object.fromEntries(below.map(([pointer, text]) => [pointer.slice(place.length), text]))
}
