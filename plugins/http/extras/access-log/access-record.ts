// What the access log says of a request. Neither queries nor headers but the user agent are in it: they may hold secrets.

export interface AccessRecord {
  /** Milliseconds since 1970, of its end. */
  readonly time: number
  readonly method: string
  /** The `api_path` of the route; undefined = no route was for it. */
  readonly route: string | undefined
  /** As it was asked for, without the query. */
  readonly path: string
  /** 0 = the client had gone before there was an answer. */
  readonly status: number
  /** Of the body, as sent. */
  readonly bytes: number
  readonly durationMs: number
  readonly requestId: string | undefined
  readonly remoteAddress: string | undefined
  readonly userAgent: string | undefined
  /** Of the answer, if it has one. */
  readonly errorId: string | undefined
}

export type AccessFormat = 'json' | 'common'

/** Longer texts of clients are cut. Default 2048. */
export const MAX_SHOWN_CHARACTERS = 2048

/** Members of a JSON line, and of the record in the engine's log. What is not known is left out. */
export function accessMembers(record: AccessRecord): Record<string, unknown> {
  const { method, route, path, status, bytes, durationMs, requestId, remoteAddress, userAgent, errorId } = record
  return {
    method,
    route,
    path: cut(path),
    status,
    bytes,
    duration_ms: Math.round(durationMs * 1000) / 1000,
    request_id: requestId,
    remote_address: remoteAddress,
    user_agent: userAgent === undefined ? undefined : cut(userAgent),
    error_id: errorId,
  }
}

/** With its line break. */
export function accessLine(record: AccessRecord, format: AccessFormat): string {
  if (format === 'common') return commonLine(record)
  return `${JSON.stringify({ time: new Date(record.time).toISOString(), ...accessMembers(record) })}\n`
}

/** The common log format of web servers: `127.0.0.1 - - [29/Nov/2026:14:00:00 +0000] "GET /users HTTP/1.1" 200 17`. */
function commonLine({ time, method, path, status, bytes, remoteAddress }: AccessRecord): string {
  const date = new Date(time)
  const [, day, month, year, clock] = date.toUTCString().split(' ')
  const request = quoted(`${method} ${cut(path)} HTTP/1.1`)
  return `${remoteAddress ?? '-'} - - [${day}/${month}/${year}:${clock} +0000] ${request} ${status} ${bytes === 0 ? '-' : bytes}\n`
}

const NOT_AS_THEY_ARE = /[^ !#-[\]-~]/g

function quoted(text: string): string {
  return `"${text.replace(NOT_AS_THEY_ARE, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

function cut(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
}
