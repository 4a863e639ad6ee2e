// Writes an answer that is known as a whole, and sees to what is left of the request.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer, HeaderList } from '../response/answer.ts'
import { hasNoBody } from '../response/answer.ts'
import { discardRest, restOf } from '../server/unread-body.ts'

/** @param isLast the connection is closed after it. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  more: HeaderList,
  isLast: boolean,
): void {
  const rest = restOf(request)
  const head = flat(headers, more)
  if (!hasNoBody(status)) head.push('content-length', String(lengthOf(body)))
  if (isLast || rest === 'close') head.push('connection', 'close')
  response.writeHead(status, head)
  if (rest === 'none') return void endWith(response, body)
  if (rest === 'keep') {
    endWith(response, body)
    discardRest(request, (isWhole) => isWhole || request.socket.destroy())
    return
  }
  // The client gets the whole answer now; that the connection ends it learns when it has stopped to send, or has been given the time to.
  if (body.length === 0 || request.method === 'HEAD') response.flushHeaders()
  else response.write(body)
  discardRest(request, () => response.end())
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

function lengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}
