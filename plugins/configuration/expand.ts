// Placeholders in stored values (spec 04 A.9.4): the grammar of the configuration file (A.4), applied to each string by itself.
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/values/json-value.ts'
import { readYamlScalar } from './yaml-scalar.ts'

const PLACEHOLDER = /\$\{([^}:\n]+)(?::([^}]*))?\}/g
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

export function expand(value: JsonValue, options: ExpandOptions): Expansion {
  const missing = new Set<string>()
  let dynamic = false
  const walk = (node: JsonValue): JsonValue => {
    if (typeof node === 'string') {
      const expanded = expandText(node, options, missing)
      if (expanded === undefined) return node
      dynamic = true
      return expanded
    }
    if (Array.isArray(node)) return keepIfSame(node, node.map(walk))
    if (isJsonObject(node)) return expandMembers(node, walk)
    return node
  }
  const expanded = walk(value)
  return { value: expanded, missing: [...missing], dynamic }
}

/** undefined = there is no placeholder in it. */
function expandText(text: string, { env, engineVersion }: ExpandOptions, missing: Set<string>): JsonValue | undefined {
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
  if (!complete) return text
  return LONE_PLACEHOLDER.test(text) ? readYamlScalar(replaced) : replaced
}

function expandMembers(object: JsonObject, walk: (node: JsonValue) => JsonValue): JsonObject {
  const entries = Object.entries(object)
  const expanded = entries.map(([name, member]) => [name, walk(member)] as const)
  // fromEntries defines members, so that one called `__proto__` stays a member.
  return expanded.every(([, member], index) => member === entries[index]?.[1]) ? object : Object.fromEntries(expanded)
}

function keepIfSame(array: JsonValue[], expanded: JsonValue[]): JsonValue[] {
  return expanded.every((item, index) => item === array[index]) ? array : expanded
}
