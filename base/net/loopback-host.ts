// Whether an address is reachable from this machine alone. Pure.

/** `localhost` and its sub-domains, 127.0.0.0/8, `::1`, with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  // No name of another machine looks like this: the last label of a domain is never a number.
  return name === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
}
