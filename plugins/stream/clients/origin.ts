// Web pages reach loopback too: which origins may open a socket to the stream listener (spec 09 §4).

/**
 * @param origin the `Origin` header; clients that are not browsers send none.
 * @param allowed the listener's `allowed_origins`, lower-case; `*` = any; undefined = not set.
 * @param isGuarded something else decides who gets in: an auth function, or the listener was opened to the network on purpose.
 */
export function acceptsOrigin(
  origin: string | undefined,
  allowed: readonly string[] | undefined,
  isGuarded: boolean,
): boolean {
  if (origin === undefined) return true
  if (allowed === undefined) return isGuarded || isLoopbackOrigin(origin)
  return allowed.includes('*') || allowed.includes(origin.toLowerCase()) || (!isGuarded && isLoopbackOrigin(origin))
}

export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
}

function isLoopbackOrigin(origin: string): boolean {
  try {
    return isLoopbackHost(new URL(origin).hostname)
  } catch {
    return false
  }
}
