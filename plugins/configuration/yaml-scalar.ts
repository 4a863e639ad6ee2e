// The type that YAML's core schema gives to a plain scalar, for text from the environment. Not a YAML parser: a comment sign,
// a bracket or a colon in a password is part of the password.
import type { JsonValue } from '../../base/values/json-value.ts'

const NULL = /^(?:~|null|Null|NULL)$/
const TRUE = /^(?:true|True|TRUE)$/
const FALSE = /^(?:false|False|FALSE)$/
const DECIMAL = /^[-+]?[0-9]+$/
const OCTAL_OR_HEX = /^(?:0o[0-7]+|0x[0-9a-fA-F]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

export function readYamlScalar(text: string): JsonValue {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  if (NULL.test(trimmed)) return null
  if (TRUE.test(trimmed)) return true
  if (FALSE.test(trimmed)) return false
  // A number that JavaScript can't hold exactly is rather an id: it stays text.
  if (DECIMAL.test(trimmed) || OCTAL_OR_HEX.test(trimmed)) {
    const number = Number(trimmed)
    return Number.isSafeInteger(number) ? number : text
  }
  if (FLOAT.test(trimmed)) {
    const number = Number(trimmed)
    return Number.isFinite(number) ? number : text
  }
  return unquoted(trimmed) ?? text
}

/** Quotes keep a number or a truth value text, as they do in YAML. */
function unquoted(text: string): string | undefined {
  if (text.length < 2) return undefined
  if (text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1).replaceAll("''", "'")
  if (!text.startsWith('"') || !text.endsWith('"')) return undefined
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}
