// A worker that loads an engine from a test: prepared frames over a plain WebSocket, an answer function per call, and counts
// of all that came back, what nobody waited for included. `raw-client.ts` is for looking at single frames.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { within } from './deadline.ts'

export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

export interface ClientCounts {
  /** Calls that want an answer. */
  sent: number
  /** Of these, answered, errors included. */
  answered: number
  /** Answers that are errors. */
  failed: number
  /** Answers to nothing, or to what was answered before. */
  unexpected: number
  /** Calls of this client's own functions. */
  delivered: number
}

/** What it returns is the answer. */
export type LoadHandler = (data: any) => unknown

const CALL_MS = 30_000
const MAX_FRAME_BYTES = 256 * 1024 * 1024

interface ReceivedFrame extends Answer {
  readonly type: string
  readonly invocation_id?: string
  readonly function_id?: string
  readonly data?: unknown
}

export class LoadClient {
  readonly counts: ClientCounts = { sent: 0, answered: 0, failed: 0, unexpected: 0, delivered: 0 }
  readonly #socket: WebSocket
  readonly #closed: Promise<unknown>
  /** Keeps the ids of several clients apart, and short. */
  readonly #prefix = `${randomUUID().slice(0, 8)}-`
  #lastId = 0
  readonly #waiting = new Map<string, (answer: Answer) => void>()
  readonly #handlers = new Map<string, LoadHandler>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.#closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('message', (bytes: Buffer) => this.#receive(JSON.parse(bytes.toString()) as ReceivedFrame))
    socket.once('close', () => this.#lost())
  }

  /** Resolves once the engine knows the worker by its name. */
  static async connect(url: string, name: string): Promise<LoadClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES })
    const client = new LoadClient(socket)
    await within(CALL_MS, `a connection to ${url}`, once(socket, 'open'))
    await client.result('engine::workers::register', { name, runtime: 'load' })
    return client
  }

  /** Calls that are not answered yet. */
  get unanswered(): number {
    return this.#waiting.size
  }

  /** Calls with `json` as the payload. `onAnswer` is called once: with the answer, or with CONNECTION_LOST. */
  request(functionId: string, json: string, onAnswer: (answer: Answer) => void, action?: object): void {
    const id = this.#prefix + ++this.#lastId
    this.#waiting.set(id, onAnswer)
    this.counts.sent++
    const how = action === undefined ? '' : `,"action":${JSON.stringify(action)}`
    this.#socket.send(
      `{"type":"invokefunction","invocation_id":"${id}","function_id":"${functionId}","data":${json}${how}}`,
    )
  }

  /** Rejects when no answer comes within `ms`. */
  call(functionId: string, data: unknown = {}, ms = CALL_MS): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.request(functionId, JSON.stringify(data), resolve)
    return within(ms, `an answer of ${functionId}`, promise)
  }

  /** Puts a job for the function into a queue. */
  enqueue(functionId: string, data: unknown, queue: string, ms = CALL_MS): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.request(functionId, JSON.stringify(data), resolve, { type: 'enqueue', queue })
    return within(ms, `a receipt for a job of ${functionId}`, promise)
  }

  /** The result of a call that is to succeed. */
  async result(functionId: string, data?: unknown, ms?: number): Promise<any> {
    const { result, error } = await this.call(functionId, data, ms)
    if (error) throw new Error(`${functionId}: ${error.code}: ${error.message}`)
    return result
  }

  /** The error of a call that is to fail. */
  async failure(functionId: string, data?: unknown, ms?: number): Promise<{ code: string; message: string }> {
    const { result, error } = await this.call(functionId, data, ms)
    if (!error) throw new Error(`${functionId} was to fail and answered ${JSON.stringify(result)}`)
    return error
  }

  /** Resolves once the function can be called. */
  async register(id: string, handler: LoadHandler): Promise<void> {
    this.#handlers.set(id, handler)
    this.send({ type: 'registerfunction', id })
    await this.result('engine::functions::info', { function_id: id })
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  async close(): Promise<void> {
    this.#socket.close()
    await this.#closed
  }

  /** Ends the connection as if the process had died. */
  terminate(): void {
    this.#socket.terminate()
  }

  #receive(frame: ReceivedFrame): void {
    if (frame.type === 'invocationresult') this.#settle(frame)
    else if (frame.type === 'invokefunction') void this.#run(frame)
  }

  #settle(frame: ReceivedFrame): void {
    const id = frame.invocation_id ?? ''
    const onAnswer = this.#waiting.get(id)
    if (onAnswer === undefined) {
      this.counts.unexpected++
      return
    }
    this.#waiting.delete(id)
    this.counts.answered++
    if (frame.error) this.counts.failed++
    onAnswer(frame)
  }

  async #run({ invocation_id, function_id = '', data }: ReceivedFrame): Promise<void> {
    this.counts.delivered++
    const handler = this.#handlers.get(function_id)
    if (handler === undefined) return
    const returned = handler(data)
    const result = returned instanceof Promise ? await returned : returned
    if (invocation_id === undefined || this.#socket.readyState !== WebSocket.OPEN) return
    this.send({ type: 'invocationresult', invocation_id, function_id, result })
  }

  #lost(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const onAnswer of waiting) onAnswer({ error: { code: 'CONNECTION_LOST', message: 'the connection ended' } })
  }
}
