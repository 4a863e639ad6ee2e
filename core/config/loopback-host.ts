// Whether an address is reachable from this machine alone.
import { isIPv4 } from 'node:net'

/** `localhost` and its sub-domains, 127.0.0.0/8, `::1`, with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  const mapped = name.replace(/^::ffff:/, '')
  return name === '::1' || (isIPv4(mapped) && mapped.startsWith('127.'))
}
