// Writes an answer that is known as a whole, and sees to what is left of the request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer, HeaderList } from '../response/answer.ts'
import { hasNoBody } from '../response/answer.ts'
import { discardRest, restOf } from '../server/unread-body.ts'
import { unsentAnswers } from './unsent-answers.ts'

export interface Sending {
  /** Beside those of the answer. */
  readonly headers: HeaderList
  /** The connection is closed after it. */
  readonly isLast: boolean
  /** A client that takes nothing of it for so long is given up. */
  readonly timeoutMs: number
}

/** @returns bytes of the body that the client gets. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  sending: Sending,
): number {
  const rest = restOf(request)
  const head = flat(headers, sending.headers)
  const length = lengthOf(body)
  if (!hasNoBody(status)) head.push('content-length', String(length))
  if (sending.isLast || rest === 'close') head.push('connection', 'close')
  response.writeHead(status, head)
  if (rest === 'none') endWith(response, body)
  else if (rest === 'keep') {
    endWith(response, body)
    discardRest(request, (isWhole) => isWhole || request.socket.destroy())
  } else {
    // The client gets the whole answer now; that the connection ends it learns when it has stopped to send, or has been given the time to.
    if (body.length === 0 || request.method === 'HEAD') response.flushHeaders()
    else response.write(body)
    discardRest(request, () => response.end())
  }
  // Until it has been sent it is kept here, and nothing else would end that. Node sets the time of idle connections afterwards.
  if (response.writableLength > 0) {
    response.setTimeout(sending.timeoutMs, () => response.destroy())
    unsentAnswers.add(response)
  }
  return request.method === 'HEAD' ? 0 : length
}

/**
 * Writes an answer at once and ends the connection. What follows of the request is not waited for: the parser may give it up in the same
 * moment, and what waits to be written would be lost.
 */
export function sendLast(response: ServerResponse, { status, headers, body }: Answer): void {
  const framing: HeaderList = [
    ['content-length', String(lengthOf(body))],
    ['connection', 'close'],
  ]
  response.writeHead(status, flat(headers, framing))
  response.end(body)
}

function endWith(response: ServerResponse, body: string | Uint8Array): void {
  if (body.length === 0) response.end()
  else response.end(body)
}

/** Names and values in turn, as Node writes them without looking at each. */
export function flat(headers: HeaderList, more: HeaderList): string[] {
  const list: string[] = []
  for (const [name, value] of headers) list.push(name, value)
  for (const [name, value] of more) list.push(name, value)
  return list
}

export function lengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}
