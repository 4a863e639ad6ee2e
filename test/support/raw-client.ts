// A worker that speaks the wire protocol by hand: what an SDK hides can be sent and seen.
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { within } from './deadline.ts'

export interface Frame {
  readonly type: string
  readonly [member: string]: unknown
}

export interface Outcome {
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string; readonly stacktrace?: string }
  readonly [member: string]: unknown
}

export interface RawClientOptions {
  /** Announced as; null = no announce at all. Default: `tester`. */
  readonly name?: string | null
  readonly namespace?: string
  readonly pid?: number
  readonly path?: string
  readonly ws?: ClientOptions
  /** Frames to send as soon as the socket is open. */
  readonly first?: readonly object[]
}

type Handler = (data: never, frame: Frame) => unknown

const DEADLINE_MS = 5000

export class RawClient {
  readonly socket: WebSocket
  /** Every frame that came, oldest first. */
  readonly frames: Frame[] = []
  /** Set once the connection is closed. */
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #handlers = new Map<string, Handler>()
  readonly #waiting = new Set<() => void>()
  readonly #outcomes = new Map<string, Outcome>()
  readonly #callers = new Map<string, (outcome: Outcome) => void>()

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    this.socket.on('error', () => {})
    this.socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Frame))
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#wake()
      })
    })
    onTestFinished(() => this.socket.terminate())
  }

  /** Waits for the greeting and for the answer to the announce. */
  static async connect(url: string, options: RawClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(`${url}${options.path ?? '/'}`, options.ws)
    await client.opened()
    for (const frame of options.first ?? []) client.send(frame)
    await client.next('workerregistered')
    if (options.name !== null) await client.announce(options)
    return client
  }

  opened(): Promise<void> {
    return within(
      DEADLINE_MS,
      'an open socket',
      new Promise((resolve, reject) => {
        this.socket.once('open', () => resolve())
        this.socket.once('unexpected-response', (_request, response) =>
          reject(new Error(`HTTP ${response.statusCode}`)),
        )
        this.socket.once('error', reject)
      }),
    )
  }

  get workerId(): string {
    return String(this.#greeting()['worker_id'])
  }

  get token(): string {
    return String(this.#greeting()['reattach_token'])
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  async announce({ name = 'tester', namespace, pid = process.pid }: RawClientOptions = {}): Promise<Outcome> {
    const telling = { runtime: 'node', version: '0.22.1', name, pid, ...(namespace === undefined ? {} : { namespace }) }
    return this.call('engine::workers::register', telling)
  }

  /** Registers a function; without a handler its calls are only recorded. */
  provide(id: string, handler?: Handler, more: object = {}): void {
    this.send({ type: 'registerfunction', id, ...more })
    if (handler !== undefined) this.#handlers.set(id, handler)
  }

  /** Answers calls of an id, however it was registered. */
  handle(id: string, handler: Handler): void {
    this.#handlers.set(id, handler)
  }

  /** Provides, and returns when the engine has taken everything that was sent so far. */
  async provided(id: string, handler?: Handler, more: object = {}): Promise<void> {
    this.provide(id, handler, more)
    await this.settled()
  }

  /** Resolves when the engine has handled every frame that was sent before. */
  async settled(): Promise<void> {
    const before = this.frames.filter(({ type }) => type === 'pong').length
    this.send({ type: 'ping' })
    await this.until(() => this.frames.filter(({ type }) => type === 'pong').length > before, 'a pong')
  }

  /** Calls and waits for the `invocationresult`. */
  call(functionId: string, data?: unknown, more: object = {}): Promise<Outcome> {
    const id = randomUUID()
    this.send({
      type: 'invokefunction',
      invocation_id: id,
      function_id: functionId,
      ...(data === undefined ? {} : { data }),
      ...more,
    })
    const outcome = this.outcome(id)
    // Whoever does not await the outcome does not care for it.
    outcome.catch(() => {})
    return outcome
  }

  async outcome(invocationId: string): Promise<Outcome> {
    const known = this.#outcomes.get(invocationId)
    if (known !== undefined) return known
    const outcome = new Promise<Outcome>((resolve) => this.#callers.set(invocationId, resolve))
    return within(DEADLINE_MS, `the result of ${invocationId}`, outcome)
  }

  /** The `count`-th frame of a type, waiting for it. */
  async next(type: string, count = 1): Promise<Frame> {
    await this.until(() => this.of(type).length >= count, `${count} × ${type}`)
    return this.of(type)[count - 1] as Frame
  }

  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  /** Calls delivered to a function. */
  calls(functionId: string): Frame[] {
    return this.frames.filter(({ type, function_id }) => type === 'invokefunction' && function_id === functionId)
  }

  answer(call: Frame, outcome: object = {}): void {
    this.send({
      type: 'invocationresult',
      invocation_id: call['invocation_id'],
      function_id: call['function_id'],
      ...outcome,
    })
  }

  async find(is: (frame: Frame) => boolean, what: string): Promise<Frame> {
    await this.until(() => this.frames.some(is), what)
    return this.frames.find(is) as Frame
  }

  /** Waits until a condition on the frames holds; it is looked at after each frame. */
  async until(holds: () => boolean, what: string, ms = DEADLINE_MS): Promise<void> {
    const watch = async (): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    await within(ms, `${what}; frames: ${JSON.stringify(this.frames.slice(-5)).slice(0, 600)}`, watch())
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code)
    await this.closed
  }

  #greeting(): Frame {
    return this.of('workerregistered')[0] ?? { type: 'none' }
  }

  #receive(frame: Frame): void {
    this.frames.push(frame)
    if (frame.type === 'invocationresult') this.#settle(String(frame['invocation_id']), frame)
    const handler = frame.type === 'invokefunction' ? this.#handlers.get(String(frame['function_id'])) : undefined
    if (handler !== undefined) void this.#run(handler, frame)
    this.#wake()
  }

  #settle(invocationId: string, outcome: Outcome): void {
    if (!this.#outcomes.has(invocationId)) this.#outcomes.set(invocationId, outcome)
    this.#callers.get(invocationId)?.(outcome)
    this.#callers.delete(invocationId)
  }

  async #run(handler: Handler, frame: Frame): Promise<void> {
    let outcome: object
    try {
      const result = await handler(frame['data'] as never, frame)
      outcome = result === undefined ? {} : { result }
    } catch (error) {
      const { code = 'invocation_failed', message } = error as Error & { code?: string }
      outcome = { error: { code, message } }
    }
    this.answer(frame, outcome)
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
