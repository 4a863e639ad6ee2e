// The routes of HTTP load and their requests: `GET <path>/<n>`, answered with a payload that has this `n`, and `POST <path>`, answered with
// what it brought.
import { N_MIN, payloadJson } from './payload.ts'

export interface HttpRoute {
  readonly method: 'GET' | 'POST'
  readonly pattern: string
  readonly functionId: string
  /** Of the answer's body, and of the request's where it has one. */
  readonly payloadBytes: number
}

export function routeOf(method: 'GET' | 'POST', path: string, functionId: string, payloadBytes: number): HttpRoute {
  return { method, pattern: method === 'GET' ? `${path}/:n` : path, functionId, payloadBytes }
}

/** The bytes of a request, with the smallest `n` where it is to be patched. */
export function requestOf({ method, pattern, payloadBytes }: HttpRoute, host: string): { bytes: Buffer; nAt: number } {
  const target = pattern.replace(':n', `${N_MIN}`)
  const head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n`
  const body = method === 'GET' ? '' : payloadJson(payloadBytes)
  const about = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const bytes = Buffer.from(`${head}${about}\r\n${body}`)
  return { bytes, nAt: bytes.indexOf(`${N_MIN}`) }
}
