// An address as it may stand in a log or an error, whether or not it is one.
import { shownUrl } from '../../sdk/transports/shown-url.ts'

/** The address without user, password and query. */
export function shownAddress(address: string): string {
  if (isAddress(address)) return shownUrl(address)
  // Why it is none may be a character in the password: nothing before the last @ is shown.
  return address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, '')
}

function isAddress(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.host !== '' || url.protocol === 'file:')
}
