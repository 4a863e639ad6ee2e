// The body of a request as the JSON text that its function gets (spec 06 A.5). Pure.
import { nestsDeeperThan } from '../../../base/values/json-depth.ts'
import { isWholeValue } from '../../../protocol/scanner/check-value.ts'

/** By letters as they stand: `application/JSON` is none, as in iii. */
export function isJsonContentType(contentType: string | undefined): boolean {
  return contentType !== undefined && contentType.includes('application/json')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** iii takes 128 levels. SDKs walk through what they get and end their process with what is nested some thousand levels deep. */
export const MAX_JSON_DEPTH = 256

/** @returns the text, with its numbers as they were written; `null` for a body that is empty, not JSON, or nested too deeply. */
export function jsonBodyText(bytes: Buffer): string {
  if (bytes.length === 0 || !isWholeValue(bytes) || nestsDeeperThan(bytes, MAX_JSON_DEPTH)) return 'null'
  try {
    return utf8.decode(bytes)
  } catch {
    return 'null'
  }
}
