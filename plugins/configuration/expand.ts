// Placeholders in stored values (spec 04 A.9.4): the grammar of the configuration file (A.4), applied to each string by itself.
import { oddPlaceholder, PLACEHOLDER } from '../../base/values/placeholder.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import { takesTextInstead } from '../../base/values/schema-types.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/values/json-value.ts'
import type { ConfigurationSchema } from './entry.ts'
import { readYamlScalar } from './yaml-scalar.ts'

/** Exactly one of them, white space around it allowed. */
const LONE_PLACEHOLDER = /^\s*\$\{[^}:\n]+(?::[^}]*)?\}\s*$/
const VERSION_DEFAULT = '__III_ENGINE_VERSION__'

export interface ExpandOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What `${NAME:__III_ENGINE_VERSION__}` gives when NAME is unset. */
  readonly engineVersion: string
}

export interface Expansion {
  /** A string with a placeholder that can't be replaced stays as it is. */
  readonly value: JsonValue
  /** Variables that are not set and have no default, each once, in order. */
  readonly missing: readonly string[]
  /** False when there was nothing to replace: `value` is then the very value that was given. */
  readonly dynamic: boolean
}

/** @param schema of the value: where it takes a text, a lone placeholder gives one, whatever it looks like. */
export function expand(value: JsonValue, options: ExpandOptions, schema: ConfigurationSchema = true): Expansion {
  const missing = new Set<string>()
  let dynamic = false
  const walk = (node: JsonValue, path: JsonPath): JsonValue => {
    if (typeof node === 'string') {
      const expanded = expandText(node, options, missing)
      if (expanded === undefined) return node
      dynamic = true
      if (!LONE_PLACEHOLDER.test(node)) return expanded
      const scalar = readYamlScalar(expanded)
      return typeof schema === 'object' && takesTextInstead(schema, path, scalar) ? expanded : scalar
    }
    if (Array.isArray(node))
      return keepIfSame(
        node,
        node.map((item, index) => walk(item, [...path, index])),
      )
    if (isJsonObject(node)) return expandMembers(node, (member, name) => walk(member, [...path, name]))
    return node
  }
  const expanded = walk(value, [])
  return { value: expanded, missing: [...missing], dynamic }
}

/** Placeholders in a value that do not mean what their author thinks, in words. */
export function oddPlaceholders(value: JsonValue): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(oddPlaceholders)
  if (typeof value !== 'string') return []
  return [...value.matchAll(PLACEHOLDER)].flatMap(([, name = '', fallback]) => oddPlaceholder(name, fallback) ?? [])
}

/** undefined = there is no placeholder in it. */
function expandText(text: string, { env, engineVersion }: ExpandOptions, missing: Set<string>): string | undefined {
  if (!text.includes('${') || text.search(PLACEHOLDER) === -1) return undefined
  let complete = true
  const replaced = text.replace(PLACEHOLDER, (whole, name: string, fallback: string | undefined) => {
    const set = Object.hasOwn(env, name) ? env[name] : undefined
    const found = set ?? (fallback === VERSION_DEFAULT ? engineVersion : fallback)
    if (found !== undefined) return found
    complete = false
    missing.add(name)
    return whole
  })
  return complete ? replaced : text
}

function expandMembers(object: JsonObject, walk: (node: JsonValue, name: string) => JsonValue): JsonObject {
  const entries = Object.entries(object)
  const expanded = entries.map(([name, member]) => [name, walk(member, name)] as const)
  // fromEntries defines members, so that one called `__proto__` stays a member.
  return expanded.every(([, member], index) => member === entries[index]?.[1]) ? object : Object.fromEntries(expanded)
}

function keepIfSame(array: JsonValue[], expanded: JsonValue[]): JsonValue[] {
  return expanded.every((item, index) => item === array[index]) ? array : expanded
}
