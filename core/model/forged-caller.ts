// A session names no caller: `_caller_worker_id` is taken out of what it sends, however deep and however it is written, so that no worker
// that passes a payload on vouches for a forged one (spec 01 §9.2, 09 §4 c).
import { parseExact } from '../../base/values/exact-json.ts'

const MEMBER = '_caller_worker_id'
/** How an escape of one of its letters begins. */
const ESCAPE = '\\u00'

/** The JSON text without such members, or the very same when there is none. */
export function withoutForgedCaller(json: Buffer): Buffer {
  if (json.indexOf(MEMBER) === -1 && json.indexOf(ESCAPE) === -1) return json
  const value = parseExact(json.toString())
  return dropForgedCaller(value) ? Buffer.from(JSON.stringify(value)) : json
}

/** Takes the members out of a parsed value. True when there was one. */
export function dropForgedCaller(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  let found = false
  if (!Array.isArray(value) && Object.hasOwn(value, MEMBER)) {
    found = true
    delete (value as Record<string, unknown>)[MEMBER]
  }
  for (const member of Object.values(value)) if (dropForgedCaller(member)) found = true
  return found
}
