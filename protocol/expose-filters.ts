// The forms of `rbac.expose_functions` (spec 04 B.2), read into the filters that a session's rights consist of: checked when the
// configuration is read, and read by the holder of the seat `session-policy`.
import { isRecord } from '../base/values/is-record.ts'
import type { ExposeFilter } from './seats.ts'

export type ExposeFilterResult =
  | { readonly filter: ExposeFilter; readonly warning?: string }
  | { readonly problem: string }

const MATCH_CALL = /^match\(\s*(?:"([^"]*)"|'([^']*)')\s*\)$/
/** A bare pattern that can't be a mistyped `match(…)`. */
const BARE_PATTERN = /^[\w:.\-/*]+$/

export function parseExposeFilter(written: unknown): ExposeFilterResult {
  if (typeof written === 'string') return parseText(written.trim())
  if (isRecord(written)) return parseMap(written)
  return { problem: `expected match("pattern") or a map with 'match' or 'metadata', got: ${JSON.stringify(written)}` }
}

function parseText(text: string): ExposeFilterResult {
  const call = MATCH_CALL.exec(text)
  const pattern = call?.[1] ?? call?.[2]
  if (pattern !== undefined)
    return pattern === '' ? { problem: 'empty pattern in match("")' } : { filter: { match: pattern } }
  if (!BARE_PATTERN.test(text)) return { problem: `expected match("pattern"), got: ${text}` }
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
    if (MATCH_CALL.test(match)) return { problem: `'match' in a map takes the bare pattern, got: ${match}` }
    return { filter: { match, ...within } }
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
  return { filter: { metadata: metadata as Record<string, unknown>, ...within } }
}
