// A worker that speaks the protocol frame by frame, so that a test decides what is read, answered and sent, and when.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { within } from '../../support/deadline.ts'

export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}
export interface Delivery {
  readonly invocation_id: string
  readonly function_id: string
  readonly data: unknown
}
/** What it returns is the answer; without a handler a call is never answered. */
export type RawHandler = (data: any, delivery: Delivery) => unknown

const CALL_MS = 20_000

export class RawWorker {
  readonly socket: WebSocket
  /** Resolves with the close code. */
  readonly closed: Promise<number>
  /** Calls that came in, whether or not they were answered. */
  deliveries = 0
  /** Frames that are no JSON, which clients drop. */
  readonly unreadable: string[] = []
  readonly #handlers = new Map<string, RawHandler | undefined>()
  readonly #waiting = new Map<string, (answer: Answer) => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = once(socket, 'close').then(([code]) => code as number)
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => this.#receive(data))
    socket.once('close', () => this.#lost())
  }

  /** Resolves once the engine knows the worker under `name` and what it then registers takes effect at once. */
  static async connect(url: string, name = 'raw'): Promise<RawWorker> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 })
    const worker = new RawWorker(socket)
    await within(CALL_MS, 'a connection', once(socket, 'open'))
    await worker.call('engine::workers::register', { name, runtime: 'raw' })
    return worker
  }

  /** Resolves once the function can be called. */
  async register(id: string, handler?: RawHandler): Promise<void> {
    this.#handlers.set(id, handler)
    this.send({ type: 'registerfunction', id })
    await this.call('engine::functions::info', { function_id: id })
  }

  send(message: object | string | Buffer): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
  }

  /** Resolves with the answer, and rejects when none comes within `ms`. */
  call(functionId: string, data: unknown, ms = CALL_MS): Promise<Answer> {
    const invocationId = randomUUID()
    const answer = this.answerTo(invocationId, ms, `an answer of ${functionId}`)
    this.send({ type: 'invokefunction', invocation_id: invocationId, function_id: functionId, data })
    return answer
  }

  /** As `call`, for a frame that the test writes itself. */
  answerTo(invocationId: string, ms = CALL_MS, what = 'an answer'): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(invocationId, resolve)
    return within(ms, what, promise)
  }

  /** The result of a call that is to succeed. */
  async result(functionId: string, data: unknown, ms?: number): Promise<unknown> {
    const { result, error } = await this.call(functionId, data, ms)
    if (error !== undefined) throw new Error(`${functionId}: ${error.code}: ${error.message}`)
    return result
  }

  async close(): Promise<void> {
    this.socket.close()
    await this.closed
  }

  /** Ends the connection without a word; also one that is held back and could not say any. */
  async drop(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }

  #receive(data: Buffer): void {
    const message = this.#parse(data.toString())
    if (message === undefined) return
    if (message.type === 'invocationresult') {
      const resolve = this.#waiting.get(message.invocation_id)
      this.#waiting.delete(message.invocation_id)
      resolve?.(message)
    } else if (message.type === 'invokefunction') {
      this.deliveries++
      if (!this.#handlers.has(message.function_id)) return this.#refuse(message)
      const handler = this.#handlers.get(message.function_id)
      if (handler !== undefined) void this.#run(handler, message)
    }
  }

  #parse(text: string): ({ type: string } & Delivery & Answer) | undefined {
    try {
      return JSON.parse(text)
    } catch {
      this.unreadable.push(text)
      return undefined
    }
  }

  #refuse({ invocation_id, function_id }: Delivery): void {
    const error = { code: 'function_not_found', message: 'Function not found' }
    this.send({ type: 'invocationresult', invocation_id, function_id, error })
  }

  async #run(handler: RawHandler, delivery: Delivery): Promise<void> {
    const { invocation_id, function_id, data } = delivery
    const result = await handler(data, delivery)
    if (this.socket.readyState === WebSocket.OPEN)
      this.send({ type: 'invocationresult', invocation_id, function_id, result })
  }

  #lost(): void {
    const error = { code: 'CONNECTION_LOST', message: 'the connection of the caller ended' }
    for (const resolve of this.#waiting.values()) resolve({ error })
    this.#waiting.clear()
  }
}
