// Takes `_caller_worker_id` out of a payload that goes on to another engine, or has come from one: it names a worker of an engine that the
// callee does not know, and the callee's own engine adds the member anew (spec 01 §9.2, 06 C.3).
import { parseExact } from '../../base/values/exact-json.ts'
import { objectParts } from './json-parts.ts'

const NAME = '_caller_worker_id'
const HEAD = `"${NAME}":"`
/** An engine adds it as the last member, and ids of workers are UUIDs: its end is looked at, and nothing is parsed. */
const TAIL_LENGTH = HEAD.length + 36 + '"}'.length
/** How an escape of one of its letters begins. Accented ones are others: whole languages are sent with those. */
const ESCAPE = /\\u00[567]/

/** The payload without that member of the whole; the rest stays the text that it is. */
export function withoutCaller(json: string): string {
  const bare = withoutTail(json)
  return mayName(bare) ? rebuilt(bare) : bare
}

/** The same at any depth: whoever has sent it is trusted with nothing that it says of callers. */
export function withoutAnyCaller(json: string): string {
  const bare = withoutTail(json)
  if (!mayName(bare)) return bare
  const value = parseExact(bare)
  return dropped(value) ? JSON.stringify(value) : bare
}

function withoutTail(json: string): string {
  const at = json.length - TAIL_LENGTH
  // Within a text its quotes would be escaped, and before its first one stands what can only stand between members.
  if (at < 1 || !json.startsWith(HEAD, at) || !json.endsWith('"}')) return json
  if (json.indexOf('"', at + HEAD.length) !== json.length - 2) return json
  const before = json[at - 1]
  if (before !== ',' && before !== '{') return json
  return `${json.slice(0, before === ',' ? at - 1 : at)}}`
}

function mayName(json: string): boolean {
  return json.includes(NAME) || ESCAPE.test(json)
}

function rebuilt(json: string): string {
  const parts = objectParts(json)
  if (parts === undefined || !parts.has(NAME)) return json
  const members = [...parts].filter(([name]) => name !== NAME)
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

/** True when there was one. */
function dropped(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  let found = false
  if (!Array.isArray(value) && Object.hasOwn(value, NAME)) {
    found = true
    delete (value as Record<string, unknown>)[NAME]
  }
  for (const member of Object.values(value)) if (dropped(member)) found = true
  return found
}
