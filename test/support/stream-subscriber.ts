// A client of the stream port that does what a careful one does: it remembers its last position, comes back when the connection
// ends, and asks for what it missed.
import { WebSocket } from 'ws'
import { within } from './deadline.ts'
import { ANSWER_TYPES, type StreamFrame } from './stream-frame.ts'

export interface SubscriberOptions {
  /** Called for each create, update, delete and event frame. */
  readonly onEvent?: (frame: StreamFrame) => void
  /** Wait before it connects again, in milliseconds. Default 20. */
  readonly retryMs?: number
}

export class StreamSubscriber {
  /** Frames of type `sync`. */
  readonly syncs: StreamFrame[] = []
  /** The `recovered` member of each answer to a position. */
  readonly resumes: boolean[] = []
  /** How connections ended that had been opened. */
  readonly closes: { readonly code: number; readonly reason: string }[] = []
  events = 0
  /** The last frame's; where the next connection goes on. */
  position: string | undefined
  readonly #url: string
  readonly #options: SubscriberOptions
  #socket: WebSocket | undefined
  #closed = false
  #wake: (() => void)[] = []

  /** @param url such as `ws://127.0.0.1:3112/stream/board/g1` */
  constructor(url: string, options: SubscriberOptions = {}) {
    this.#url = url
    this.#options = options
    this.#connect()
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Resolves when `isSo`; looked at whenever a frame came or the connection ended. */
  until(isSo: () => boolean, what: string, ms = 20_000): Promise<void> {
    const loop = async (): Promise<void> => {
      while (!isSo()) await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return within(ms, what, loop())
  }

  /** Resolves when the first answer to the join is there. */
  async joined(): Promise<this> {
    await this.until(() => this.syncs.length > 0 || this.resumes.length > 0, `the first answer of ${this.#url}`)
    return this
  }

  /** Cuts the connection, as a broken network does. It comes back by itself. */
  cut(): void {
    this.#socket?.terminate()
  }

  close(): void {
    this.#closed = true
    this.#socket?.terminate()
  }

  #connect(): void {
    const query = this.position === undefined ? '' : `?position=${this.position}`
    const socket = new WebSocket(this.#url + query, { perMessageDeflate: false })
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('message', (bytes: Buffer) => this.#receive(JSON.parse(bytes.toString()) as StreamFrame))
    let opened = false
    socket.once('open', () => (opened = true))
    socket.once('close', (code, reason) => {
      if (opened) this.closes.push({ code, reason: reason.toString() })
      this.#notify()
      if (!this.#closed) setTimeout(() => !this.#closed && this.#connect(), this.#options.retryMs ?? 20).unref()
    })
  }

  #receive(frame: StreamFrame): void {
    const { event } = frame
    if (frame.position !== undefined) this.position = frame.position
    if (event.type === 'sync') this.syncs.push(frame)
    else if (event.type === 'resume') this.resumes.push(event.recovered === true)
    else if (!ANSWER_TYPES.has(event.type)) {
      this.events++
      this.#options.onEvent?.(frame)
    }
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }
}
