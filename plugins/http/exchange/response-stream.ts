// The body of a response that a worker writes (spec 06 A.8): each of its messages is sent at once, and a client that does not take them
// holds the worker up.
import type { ServerResponse } from 'node:http'
import type { RequestChannels } from './channels.ts'

export class ResponseStream {
  readonly #response: ServerResponse
  readonly #channels: RequestChannels
  readonly #length: number | undefined
  readonly #sendTimeoutMs: number
  #bytes = 0
  #stalled: NodeJS.Timeout | undefined
  #state: 'open' | 'ended' = 'open'

  /**
   * @param length that the head has promised.
   * @param sendTimeoutMs a client that takes nothing for so long, though there is something for it, is given up.
   */
  constructor(response: ServerResponse, channels: RequestChannels, length: number | undefined, sendTimeoutMs: number) {
    this.#response = response
    this.#channels = channels
    this.#length = length
    this.#sendTimeoutMs = sendTimeoutMs
    response.on('drain', this.#onDrain)
  }

  get bytes(): number {
    return this.#bytes
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'ended') return
    this.#bytes += bytes.length
    // More than was promised would be taken for the next answer.
    if (this.#length !== undefined && this.#bytes > this.#length) return this.abort()
    if (bytes.length === 0 || this.#response.write(bytes)) return
    this.#channels.pauseResponse()
    this.#stalled ??= setTimeout(() => this.#giveUp(), this.#sendTimeoutMs).unref()
  }

  end(): void {
    if (this.#state === 'ended') return
    // Only a connection that breaks tells a client that something is missing.
    if (this.#length !== undefined && this.#bytes < this.#length && this.#response.req.method !== 'HEAD')
      return this.abort()
    this.#state = 'ended'
    clearTimeout(this.#stalled)
    this.#response.end()
  }

  /** The client gets what has been written, and sees that it has not got everything. */
  abort(): void {
    if (this.#stalled !== undefined) return this.#giveUp()
    this.#state = 'ended'
    // What was written in this turn is on its way to the socket until the turn ends.
    setImmediate(() => this.#response.socket?.destroySoon())
  }

  #giveUp(): void {
    this.#state = 'ended'
    clearTimeout(this.#stalled)
    this.#response.destroy()
  }

  readonly #onDrain = (): void => {
    clearTimeout(this.#stalled)
    this.#stalled = undefined
    if (this.#state === 'open') this.#channels.resumeResponse()
  }
}
