// What is left of a request's body when the answer is known: a little is read and thrown away so that the connection can be kept; of more
// just so much that the client gets the answer before the connection is closed.
import type { IncomingMessage } from 'node:http'
import { declaredLength, hasBody } from '../exchange/request-body.ts'

/** A rest that is read so that the connection can be kept. */
export const KEPT_REST_BYTES = 256 * 1024
/** What is read of a larger one while the client takes its answer, and how long. */
export const DISCARDED_BYTES = 16 * 1024 * 1024
export const DISCARD_MS = 2_000

/** `none`: the body has been read. `keep`: what is left is short. `close`: the connection does not outlive the answer. */
export type Rest = 'none' | 'keep' | 'close'

export function restOf(request: IncomingMessage): Rest {
  if (request.complete || !hasBody(request)) return 'none'
  const length = declaredLength(request)
  return length !== undefined && length <= KEPT_REST_BYTES ? 'keep' : 'close'
}

/** Throws the rest of a body away. Calls back once: when it has come, when it is too much or takes too long, or when the client has gone. */
export function discardRest(request: IncomingMessage, onDone: (isWhole: boolean) => void): void {
  let bytes = 0
  const done = (): void => {
    clearTimeout(timer)
    request.off('data', onData).off('close', done).off('end', done)
    onDone(request.complete)
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > DISCARDED_BYTES) done()
  }
  const timer = setTimeout(done, DISCARD_MS)
  timer.unref()
  request.on('data', onData).on('end', done).on('close', done)
  request.resume()
}
