// Whose request it is.
import type { IncomingMessage } from 'node:http'

/**
 * @param trustsProxy the last address of `x-forwarded-for` counts: the proxy has added it, all before it comes from the client.
 * @returns undefined = the connection has gone.
 */
export function remoteAddressOf(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustsProxy: boolean,
): string | undefined {
  const forwarded = trustsProxy ? headers['x-forwarded-for'] : undefined
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim()
  return last !== undefined && ADDRESS.test(last) ? last : socket.remoteAddress
}

/** Addresses with or without a port, and nothing that breaks a line of a log. */
const ADDRESS = /^[\w.:[\]%-]{1,64}$/
