// The address of another engine, as settings give it (spec 06 C.1, D).
import { shownAddress } from '../net/shown-address.ts'
import { describeValue } from '../functions/input-reader.ts'

export const DEFAULT_BRIDGE_URL = 'ws://localhost:49134'

/** An address that can be connected to. Throws an error that names the setting and the value. */
export function readBridgeUrl(value: unknown, setting: string): string {
  const given = value ?? DEFAULT_BRIDGE_URL
  const url = typeof given === 'string' ? URL.parse(given) : null
  if (url === null || !/^wss?:$/.test(url.protocol) || url.hostname === '') {
    throw new Error(
      `${setting} must be the ws:// or wss:// address of an engine, such as ${DEFAULT_BRIDGE_URL}, got ${describeValue(typeof given === 'string' ? shownAddress(given) : given)}.`,
    )
  }
  // Engines name what they listen on; "every address" is none that can be connected to.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  url.hash = ''
  return url.href
}
