// Web pages reach loopback too: which origins may open a socket to a listener (design "Trust"; spec 09 §4).

/**
 * @param origin the `Origin` header; clients that are not browsers send none.
 * @param allowed the listener's `allowed_origins`, lower-case; `*` = any; undefined = not set.
 * @param sessions the listener has `rbac`: any origin is accepted unless `allowed` is set.
 */
export function acceptsOrigin(
  origin: string | undefined,
  allowed: readonly string[] | undefined,
  sessions: boolean,
): boolean {
  if (origin === undefined) return true
  if (allowed === undefined) return sessions || isLoopbackOrigin(origin)
  return allowed.includes('*') || allowed.includes(origin.toLowerCase()) || (!sessions && isLoopbackOrigin(origin))
}

function isLoopbackOrigin(origin: string): boolean {
  let host: string
  try {
    host = new URL(origin).hostname
  } catch {
    return false
  }
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}
