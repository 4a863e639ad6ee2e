// The body of a request as the JSON text that its function gets (spec 06 A.5). Pure.
import { isWholeValue } from '../../../protocol/scanner/check-value.ts'

/** By letters as they stand: `application/JSON` is none, as in iii. */
export function isJsonContentType(contentType: string | undefined): boolean {
  return contentType !== undefined && contentType.includes('application/json')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @returns the text, with its numbers as they were written; `null` for a body that is empty or not JSON. */
export function jsonBodyText(bytes: Buffer): string {
  if (bytes.length === 0 || !isWholeValue(bytes)) return 'null'
  try {
    return utf8.decode(bytes)
  } catch {
    return 'null'
  }
}
