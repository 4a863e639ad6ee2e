// Connections that are reset although nothing went wrong: when a listener closes beside another one of its address.
import { existsSync, readFileSync } from 'node:fs'
import type { ClientRequest } from 'node:http'

/** Linux gives connections that wait at a listener to another one of the address when it closes: `net.ipv4.tcp_migrate_req`. */
const SETTING = '/proc/sys/net/ipv4/tcp_migrate_req'
const MIGRATES = existsSync(SETTING) && readFileSync(SETTING, 'utf8').trim() === '1'

/** A connection that is kept may be closed in the moment in which a request is sent on it; clients ask again (RFC 9112 9.3.1). */
export function isKeptReset(request: ClientRequest, error: Error): boolean {
  return request.reusedSocket && codeOf(error) === 'ECONNRESET'
}

/**
 * What the system has connected and nobody has taken is reset with its listener, unless the system gives it to the next one: a machine that
 * is busy enough stops the thread in the very moment before. For its client it may be made already.
 */
export function isHalfMade(request: ClientRequest, error: Error): boolean {
  return !request.reusedSocket && codeOf(error) === 'ECONNRESET' && !MIGRATES
}

function codeOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
