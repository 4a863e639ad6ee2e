// The forms of `rbac.expose_functions` (spec 04 B.2), read into the filters that a session's rights consist of: checked when the
// configuration is read, and read by the holder of the seat `session-policy`.
import { isRecord } from '../base/values/is-record.ts'
import type { ExposeFilter } from './seats.ts'

export type ExposeFilterResult =
  | { readonly filter: ExposeFilter; readonly warning?: string }
  | { readonly problem: string }

const MATCH_CALL = /^match\(\s*(?:"([^"]*)"|'([^']*)')\s*\)$/
/** What was meant as one. */
const ALMOST_MATCH = /^\w*\s*\(\s*["'\u201c\u201d\u2018\u2019]?([\w:.\-/*]+)["'\u201c\u201d\u2018\u2019]?\s*\)?$/
/** A bare pattern that can't be a mistyped `match(…)`. */
const BARE_PATTERN = /^[\w:.\-/*]+$/

export function parseExposeFilter(written: unknown): ExposeFilterResult {
  if (typeof written === 'string') return parseText(written.trim())
  if (isRecord(written)) return parseMap(written)
  return { problem: `expected match("pattern") or a map with 'match' or 'metadata', got: ${JSON.stringify(written)}` }
}

/** The pattern of `match("pattern")`; undefined for any other text. */
export function patternIn(text: string): string | undefined {
  const call = MATCH_CALL.exec(text)
  return call?.[1] ?? call?.[2]
}

function parseText(text: string): ExposeFilterResult {
  const pattern = patternIn(text)
  if (pattern !== undefined)
    return pattern === '' ? { problem: 'empty pattern in match("")' } : { filter: { match: pattern } }
  const hint = suggestion(text)
  if (!BARE_PATTERN.test(text))
    return { problem: `expected match("pattern"), got: ${text}${hint === '' ? '' : `.${hint}`}` }
  return { filter: { match: text }, warning: `'${text}' is read as match("${text}"); write it so` }
}

function parseMap(map: Record<string, unknown>): ExposeFilterResult {
  const { match, metadata, namespace, ...unknown } = map
  const [extra] = Object.keys(unknown)
  if (extra !== undefined) return { problem: `unknown key '${extra}'. Known keys: match, metadata, namespace.` }
  const has = (key: string): boolean => Object.hasOwn(map, key)
  if (has('match') && has('metadata'))
    return { problem: "a filter has either 'match' or 'metadata', not both; write two filters" }
  if (!has('match') && !has('metadata')) return { problem: "a filter needs 'match' or 'metadata'" }
  if (has('namespace') && (typeof namespace !== 'string' || namespace.trim() === '')) {
    return { problem: `'namespace' must be a name, got ${JSON.stringify(namespace)}` }
  }
  const within = typeof namespace === 'string' ? { namespace } : {}
  if (has('match')) {
    if (typeof match !== 'string' || match === '')
      return { problem: `'match' must be a pattern that is not empty, got ${JSON.stringify(match)}` }
    const inner = patternIn(match)
    if (inner === undefined) return { filter: { match, ...within } }
    if (inner === '') return { problem: 'empty pattern in match("")' }
    return {
      filter: { match: inner, ...within },
      warning: `'match' in a map takes the bare pattern: ${match} is read as ${inner}; write it so`,
    }
  }
  // An empty map would match every function that has metadata at all: never what was meant.
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    Array.isArray(metadata) ||
    Object.keys(metadata).length === 0
  ) {
    return { problem: `'metadata' must be a map with at least one key, got ${JSON.stringify(metadata)}` }
  }
  const filter = { metadata: metadata as Record<string, unknown>, ...within }
  const odd = Object.values(metadata).find((value) => typeof value === 'string' && isBrokenMatch(value))
  if (odd === undefined) return { filter }
  return { filter, warning: `${odd} is no pattern, but a text that the metadata must equal.${suggestion(odd)}` }
}

function isBrokenMatch(text: string): boolean {
  return text.startsWith('match(') && patternIn(text) === undefined
}

/** ` Did you mean match("x")?`, or nothing. */
function suggestion(text: string): string {
  const meant = ALMOST_MATCH.exec(text)?.[1]
  return meant === undefined ? '' : ` Did you mean match("${meant}")?`
}
