// Environment interpolation of the raw text, before YAML sees it (spec 04 A.4).
// Placeholders inside YAML comments stay as they are, and all missing variables are found at once.
import { CST, Lexer } from 'yaml'
import { oddPlaceholder, PLACEHOLDER } from '../../base/values/placeholder.ts'

const VERSION_DEFAULT = '__III_ENGINE_VERSION__'

/** A placeholder that was replaced. Offsets are UTF-16 units, `start`/`end` in the result, `from`/`to` in the original. */
export interface Substitution {
  readonly name: string
  readonly source: 'environment' | 'default'
  readonly start: number
  readonly end: number
  readonly from: number
  readonly to: number
}

export interface Interpolation {
  readonly text: string
  readonly substitutions: readonly Substitution[]
  /** Variables that are not set and have no default, each once, where it first stands in the original. */
  readonly missing: readonly { readonly name: string; readonly offset: number }[]
  /** Placeholders that do not mean what their author thinks, in words, each where it stands in the original. */
  readonly odd: readonly { readonly message: string; readonly offset: number }[]
}

export interface InterpolateOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What `${NAME:__III_ENGINE_VERSION__}` gives when NAME is unset. */
  readonly engineVersion: string
}

export function interpolate(text: string, { env, engineVersion }: InterpolateOptions): Interpolation {
  const placeholders = [...text.matchAll(PLACEHOLDER)]
  if (placeholders.length === 0) return { text, substitutions: [], missing: [], odd: [] }
  const isComment = commentTest(text)
  const substitutions: Substitution[] = []
  const missing = new Map<string, number>()
  const odd: Interpolation['odd'][number][] = []
  let result = ''
  let copied = 0
  for (const placeholder of placeholders) {
    const [whole, name = '', fallback] = placeholder
    if (isComment(placeholder.index)) continue
    const message = oddPlaceholder(name, fallback)
    if (message !== undefined) odd.push({ message, offset: placeholder.index })
    const set = Object.hasOwn(env, name) ? env[name] : undefined
    const value = set ?? (fallback === VERSION_DEFAULT ? engineVersion : fallback)
    if (value === undefined) {
      if (!missing.has(name)) missing.set(name, placeholder.index)
      continue
    }
    const to = placeholder.index + whole.length
    result += text.slice(copied, placeholder.index)
    const start = result.length
    result += value
    copied = to
    const source = set === undefined ? 'default' : 'environment'
    substitutions.push({ name, source, start, end: result.length, from: placeholder.index, to })
  }
  result += text.slice(copied)
  return { text: result, substitutions, missing: [...missing].map(([name, offset]) => ({ name, offset })), odd }
}

/** Offset in the original of an offset in the result; inside a replaced value: where its placeholder begins. */
export function originalOffset(substitutions: readonly Substitution[], offset: number): number {
  let shift = 0
  for (const { start, end, from, to } of substitutions) {
    if (offset < start) break
    if (offset < end) return from
    shift = to - end
  }
  return offset + shift
}

/**
 * Whether an offset lies in a YAML comment. Decided by the lexer, on a text whose placeholders are made inert:
 * a `#` in a default or in a value must not begin a comment, and one in a block scalar does not.
 */
function commentTest(text: string): (offset: number) => boolean {
  const inert = text.replace(PLACEHOLDER, (whole) => whole.replace(/[^\n]/g, 'x'))
  const comments: [from: number, to: number][] = []
  let offset = 0
  for (const token of new Lexer().lex(inert)) {
    if (token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR) continue
    if (CST.tokenType(token) === 'comment') comments.push([offset, offset + token.length])
    offset += token.length
  }
  return (position) => comments.some(([from, to]) => position >= from && position < to)
}
