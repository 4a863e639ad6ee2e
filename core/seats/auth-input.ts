// What an auth function is told about a connection (spec 04 B.3).
import type { UpgradeRequest } from '../../base/net/plain-upgrade.ts'
import { decodeQuery } from '../../base/net/percent-decoding.ts'

export interface AuthInput {
  /** Lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
  /** Percent-decoded; every value in an array. */
  readonly query_params: Readonly<Record<string, readonly string[]>>
  readonly ip_address: string
}

export function authInput(request: UpgradeRequest): AuthInput {
  const [, query = ''] = /\?(.*)/s.exec(request.url ?? '') ?? []
  return { headers: headersOf(request), query_params: decodeQuery(query), ip_address: ipAddress(request) }
}

/** The peer's address without port, IPv4 also where the socket is a dual-stack one. */
export function ipAddress(request: UpgradeRequest): string {
  return plainAddress(request.socket.remoteAddress ?? '')
}

export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '')
}

function headersOf(request: UpgradeRequest): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const value = request.rawHeaders[at + 1] ?? ''
    if (/^[\t\x20-\x7e]*$/.test(value)) headers[(request.rawHeaders[at] ?? '').toLowerCase()] = value
  }
  return headers
}
