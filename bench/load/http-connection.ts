// One raw keep-alive connection of HTTP load: a prepared request goes out, its number patched in place, and the next one only after the
// answer. It spares what an HTTP client does per request, so that the generator stays cheaper than what it measures.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { judge, readHead } from './http-answer.ts'
import { requestOf, type HttpRoute } from './http-route.ts'
import type { LearnedBytes } from './learned-bytes.ts'
import { nOf, payloadJson, writeN } from './payload.ts'

/** Socket data is used up within the read callback, so all connections of the process read into the same memory. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
const NOTHING = Buffer.alloc(0)

/** What all connections of a run share. */
export interface HttpConversation {
  /** The form of the answers so far. */
  form: LearnedBytes | undefined
  /** Number of the next request. */
  sequence: number
  /** `wrong`: undefined for an answer that was right; `parsed`: it had to be parsed. */
  onAnswer(connection: HttpConnection, wrong: string | undefined, parsed: boolean): void
  onEnd(reason: Error): void
}

export class HttpConnection {
  readonly #socket: Socket
  readonly #conversation: HttpConversation
  readonly #value: string
  readonly #request: Buffer
  readonly #nAt: number
  #n = 0
  #partial: Buffer = NOTHING
  #state: 'idle' | 'asked' | 'closed' = 'idle'
  /** When the request that is answered was sent, on the clock of `performance.now`. */
  since = 0

  static async open(url: string, route: HttpRoute, conversation: HttpConversation): Promise<HttpConnection> {
    const connection = new HttpConnection(new URL(url), route, conversation)
    await once(connection.#socket, 'connect')
    connection.#socket.on('error', (error) => connection.#end(error))
    connection.#socket.on('close', () => connection.#end(new Error(`${url} closed the connection.`)))
    return connection
  }

  private constructor(url: URL, route: HttpRoute, conversation: HttpConversation) {
    this.#conversation = conversation
    this.#value = payloadJson(route.payloadBytes)
    const { bytes, nAt } = requestOf(route, url.host)
    this.#request = bytes
    this.#nAt = nAt
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length, buffer) => this.#onRead(length, buffer as Buffer) },
    })
  }

  ask(now: number): void {
    this.#state = 'asked'
    this.#n = nOf(this.#conversation.sequence++)
    writeN(this.#request, this.#nAt, this.#n)
    this.since = now
    // The request before this one has been answered, so nobody reads these bytes any more.
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#state = 'closed'
    this.#socket.resetAndDestroy()
  }

  #onRead(length: number, buffer: Buffer): boolean {
    if (this.#state === 'closed') return true
    if (this.#state === 'idle') {
      this.#end(new Error('The server sent something that was not asked for.'))
      return true
    }
    const { form } = this.#conversation
    if (this.#partial === NOTHING && form?.matches(buffer, 0, length) === true && form.n === this.#n) {
      this.#answered(undefined, false)
      return true
    }
    try {
      this.#onUnknownForm(Buffer.concat([this.#partial, buffer.subarray(0, length)]))
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }

  #onUnknownForm(bytes: Buffer): void {
    this.#partial = bytes
    const head = readHead(bytes)
    if (head === undefined || head.end > bytes.length) return
    if (head.end < bytes.length) throw new Error('The server sent more than its content-length.')
    this.#partial = NOTHING
    const { form } = this.#conversation
    if (form?.matches(bytes, 0, bytes.length) === true && form.n === this.#n) return this.#answered(undefined, false)
    const verdict = judge(bytes, head, this.#value, this.#n)
    if ('wrong' in verdict) return this.#answered(verdict.wrong, true)
    this.#conversation.form = verdict.form
    this.#answered(undefined, true)
  }

  #answered(wrong: string | undefined, parsed: boolean): void {
    this.#state = 'idle'
    this.#conversation.onAnswer(this, wrong, parsed)
  }

  #end(reason: Error): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#socket.destroy()
    this.#conversation.onEnd(reason)
  }
}
