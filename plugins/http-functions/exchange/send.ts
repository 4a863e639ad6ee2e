// One request and its answer.
import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../../protocol/errors.ts'
import { DnsError } from '../target/url-security.ts'
import { CallError, causesOf } from './call-error.ts'
import type { Connections } from './connections.ts'
import { readBody, type ReadBytes } from './response-body.ts'

export interface OutgoingRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  /** Aborted with a CallError when there is no more time. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface SendDeps {
  readonly connections: Connections
  readonly maxResponseBytes: number
  readonly readBytes: ReadBytes
}

const NO_BODY = Buffer.alloc(0)
/** Methods of requests that may be made twice: whether the endpoint has seen the first one is not known. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'PUT', 'DELETE'])

/** @throws CallError; CodedError `url_validation_failed` where the name leads to an address that is blocked */
export async function send(deps: SendDeps, { url, method, headers, body, signal }: OutgoingRequest): Promise<Answer> {
  const request = await deps.connections.request(url, { method, headers }).catch((error: unknown) => {
    throw new CallError('http_request_failed', causesOf(error), { cause: error, isPassing: false, isUnsent: true })
  })
  return new Promise<Answer>((resolve, reject) => {
    const onAbort = (): void => {
      // The answer that is being read ends with the request.
      reject(signal.reason as Error)
      request.destroy()
    }
    const end = (): void => signal.removeEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    let isConnected = false
    request.on('socket', (socket) => {
      isConnected = request.reusedSocket
      if (!isConnected) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (isConnected = true))
    })
    // Once an answer has begun it says itself how it ends: who refuses a body need not have read it.
    let hasBegun = false
    request.on('error', (error) => {
      if (hasBegun) return
      end()
      // The endpoint has closed the connection while nobody used it. Each time there is one less that was kept.
      if (request.reusedSocket && IDEMPOTENT.has(method) && isConnectionLost(error))
        return resolve(send(deps, { url, method, headers, body, signal }))
      reject(requestError(error, isConnected))
    })
    // Nobody has asked for another protocol.
    request.on('upgrade', (response, socket) => {
      end()
      socket.destroy()
      resolve({ status: response.statusCode ?? 101, headers: response.headers, body: NO_BODY })
    })
    request.on('response', (response) => {
      hasBegun = true
      readBody(response, deps.maxResponseBytes, deps.readBytes)
        .then((read) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read }), reject)
        .finally(end)
    })
    request.end(body)
  })
}

function isConnectionLost({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function requestError(error: Error, isConnected: boolean): Error {
  // The rules of addresses have their own code, but for a name that leads nowhere at the moment.
  const isDns = error instanceof DnsError
  if (error instanceof CodedError && !isDns) return error
  const message = isDns ? error.message : causesOf(error)
  return new CallError('http_request_failed', message, { cause: error, isPassing: true, isUnsent: !isConnected })
}
