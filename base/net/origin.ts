// Web pages reach loopback too: which origins may open a socket to a listener (spec 09 §4). Pure.
import { isLoopbackHost } from './loopback-host.ts'

/** An entry of `allowed_origins`: `https://app.example.com`, with its port unless it is the usual one; `*` = any, or `null`. */
export const ORIGIN_PATTERN = '^(\\*|null|[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\s]+)$'

/** As browsers write it: lower-case, without the usual port. */
export function normaliseOrigin(origin: string): string {
  return /^https?:/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin.toLowerCase()
}

/**
 * @param origin the `Origin` header; clients that are not browsers send none.
 * @param allowed the listener's `allowed_origins`, normalised; `*` = any; undefined = not set.
 * @param isGuarded something else decides who gets in: any origin is accepted unless `allowed` is set.
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

function isLoopbackOrigin(origin: string): boolean {
  try {
    return isLoopbackHost(new URL(origin).hostname)
  } catch {
    return false
  }
}
