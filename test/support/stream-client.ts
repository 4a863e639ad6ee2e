// A client of the stream WebSocket in tests: keeps every frame and waits for what it is told to.
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { within } from './deadline.ts'
import { ANSWER_TYPES, type StreamFrame } from './stream-frame.ts'

export interface StreamClientOptions extends ClientOptions {
  readonly protocols?: string[]
}

const DEADLINE_MS = 5_000

export class StreamClient {
  readonly socket: WebSocket
  readonly frames: StreamFrame[] = []
  /** The texts as they came. */
  readonly texts: string[] = []
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #waiting = new Set<() => void>()

  constructor(url: string, { protocols = [], ...options }: StreamClientOptions = {}) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
    this.socket.on('error', () => {})
    this.socket.on('message', (data: Buffer) => {
      this.texts.push(data.toString())
      this.frames.push(JSON.parse(data.toString()) as StreamFrame)
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#wake()
      })
    })
    onTestFinished(() => this.socket.terminate())
  }

  /** Rejects with the HTTP status when the upgrade is refused. */
  static async connect(url: string, options?: StreamClientOptions): Promise<StreamClient> {
    const client = new StreamClient(url, options)
    const opened = new Promise<void>((resolve, reject) => {
      client.socket.once('open', () => resolve())
      client.socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`HTTP ${response.statusCode}`)),
      )
      client.socket.once('error', reject)
    })
    await within(DEADLINE_MS, `a connection to ${url}`, opened)
    return client
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Sends a join; `more` goes into its data. */
  join(subscriptionId: string, streamName: string, groupId: string, more: object = {}): void {
    this.send({ type: 'join', data: { subscriptionId, streamName, groupId, ...more } })
  }

  /** Joins and waits for the `sync`. */
  async joined(subscriptionId: string, streamName: string, groupId: string, more: object = {}): Promise<StreamFrame> {
    const before = this.of('sync').length
    this.join(subscriptionId, streamName, groupId, more)
    await this.until(() => this.of('sync').length > before, `the sync of ${subscriptionId}`)
    return this.of('sync')[before]!
  }

  leave(subscriptionId: string, streamName: string, groupId: string): void {
    this.send({ type: 'leave', data: { subscriptionId, streamName, groupId } })
  }

  of(eventType: string): StreamFrame[] {
    return this.frames.filter(({ event }) => event.type === eventType)
  }

  /** `data` of all events but those of this side: what the subscriptions brought. */
  get received(): unknown[] {
    return this.frames
      .filter(({ event }) => !ANSWER_TYPES.has(event.type))
      .map(({ event }) => (event.type === 'event' ? event.event!.data : event.data))
  }

  get types(): string[] {
    return this.frames.map(({ event }) => event.type)
  }

  get lastPosition(): string | undefined {
    return this.frames.findLast(({ position }) => position !== undefined)?.position
  }

  /** Waits until a condition holds; it is looked at after each frame. */
  async until(holds: () => boolean, what: string, ms = DEADLINE_MS): Promise<void> {
    const watch = async (): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    await within(ms, what, watch()).catch((error: Error) => {
      throw new Error(`${error.message}; frames: ${this.texts.slice(-5).join('\n').slice(0, 600)}`)
    })
  }

  async take(count: number, ms?: number): Promise<StreamFrame[]> {
    await this.until(() => this.frames.length >= count, `${count} frames (there are ${this.frames.length})`, ms)
    return this.frames.slice(0, count)
  }

  /** Resolves when the server has answered a ping: everything that was written before has come. */
  async settled(): Promise<void> {
    const pong = new Promise<void>((resolve) => this.socket.once('pong', () => resolve()))
    this.socket.ping()
    await within(DEADLINE_MS, 'a pong', pong)
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code)
    await this.closed
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
