// The body of a request on its way to the worker (spec 06 A.5): JSON is collected, everything else goes into the channel as it arrives,
// no faster than the worker reads.
import type { IncomingMessage } from 'node:http'
import type { RequestChannels } from './channels.ts'

/** Why no more of a body comes. */
export type BodyFailure = 'too-large' | 'aborted'

export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly failure: BodyFailure

  constructor(failure: BodyFailure) {
    super(failure === 'too-large' ? 'The body is too large' : 'The client has gone before its body was whole')
    this.failure = failure
  }
}

/** `content-length` of the request; undefined where it does not say. */
export function declaredLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Whether anything follows the head. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || (declaredLength(request) ?? 0) > 0
}

/** @throws BodyError when it is larger than `limit` bytes, or the client has gone. */
export function collectBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes <= limit) return void chunks.push(chunk)
      done()
      // What follows is thrown away by whoever answers.
      request.pause()
      reject(new BodyError('too-large'))
    }
    const onEnd = (): void => {
      done()
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes))
    }
    const onClose = (): void => {
      done()
      reject(new BodyError('aborted'))
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

/** Sends a body into its channel. */
export class BodyForwarding {
  readonly #request: IncomingMessage
  readonly #channels: RequestChannels
  readonly #limit: number
  readonly #onTooLarge: () => void
  #bytes = 0
  #state: 'forwarding' | 'stopped' = 'forwarding'

  /** @param onTooLarge the body is larger than `limit` bytes: nothing more of it is sent. */
  constructor(request: IncomingMessage, channels: RequestChannels, limit: number, onTooLarge: () => void) {
    this.#request = request
    this.#channels = channels
    this.#limit = limit
    this.#onTooLarge = onTooLarge
    request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
  }

  drained(): void {
    if (this.#state === 'forwarding') this.#request.resume()
  }

  /** The request is the caller's again, and paused. */
  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    this.#request.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limit) {
      this.stop()
      return this.#onTooLarge()
    }
    if (!this.#channels.writeBody(chunk)) this.#request.pause()
  }

  readonly #onEnd = (): void => {
    this.stop()
    this.#channels.endBody()
  }

  /** The end of a body that is not whole is no end: the connection has gone, and with it the request. */
  readonly #onClose = (): void => this.stop()
}
