// An address from settings as it may stand in a log or an error, whether or not it is one.
import { shownUrl } from '../../sdk/transports/shown-url.ts'

/** The address without user, password and query. */
export function shownAddress(address: string): string {
  if (URL.canParse(address) && new URL(address).host !== '') return shownUrl(address)
  // No address: why may be a character in the password, so that nothing before the last @ is shown.
  return address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1').replace(/[?#].*$/s, '')
}
