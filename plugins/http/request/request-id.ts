// The id under which a request is found again, in logs of several programs (option `request_id_header`).
import { randomUuid } from '../../../base/values/random-uuid.ts'

export const MAX_REQUEST_ID_LENGTH = 128

/** What the client gives is taken when it is of letters, digits and `-_.:/+=@` alone: it goes into headers and logs as it is. */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && isRequestId(given) ? given : randomUuid()
}

function isRequestId(id: string): boolean {
  const { length } = id
  if (length === 0 || length > MAX_REQUEST_ID_LENGTH) return false
  for (let at = 0; at < length; at++) {
    const code = id.charCodeAt(at)
    if (code > 0x7f || ALLOWED[code] === 0) return false
  }
  return true
}

/** @param header undefined = requests have no ids. */
export function requestIdIn(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  header: string | undefined,
): string | undefined {
  const id = header === undefined ? undefined : headers[header]
  return typeof id === 'string' && isRequestId(id) ? id : undefined
}

const ALLOWED = new Uint8Array(128)
for (const letter of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.:/+=@')
  ALLOWED[letter.charCodeAt(0)] = 1
