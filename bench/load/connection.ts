// One raw WebSocket connection of the load generator: a TCP socket, hand-made frames, one write per batch.
// It spares what a WebSocket library does per message, so that the generator stays cheaper than what it measures.
import { connect, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { encodeMasked, FrameReader, Opcode } from './websocket-frame.ts'

/** Socket data is used up within the read callback, so all connections of the process read into the same memory. */
const READ_BUFFER = Buffer.allocUnsafeSlow(1024 * 1024)
/** A batch above this is written before the next frame joins it. */
const BATCH_BYTES = 128 * 1024
const OUT_BYTES = BATCH_BYTES + 72 * 1024
/** Written-out buffers kept for the next batch, over all connections. */
const SPARE_LIMIT = 128
const spares: Buffer[] = []
const EMPTY = Buffer.alloc(0)
const HANDSHAKE_MS = 10_000
/** How long the other end may take to close its side. */
const GOODBYE_MS = 2_000
/** Close code 1000. */
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8])

export interface ConnectionEvents {
  /** A text or binary payload in `buffer[start … end)`, valid until the call returns. */
  onFrame(buffer: Buffer, start: number, end: number): void
  /** All frames of one read are handled; what they led to is sent next. */
  onBatchEnd?(): void
  /** The connection ended, for whatever reason; not called after `close()`. */
  onEnd?(reason: Error): void
  /** The socket has closed, whoever wanted it. */
  onClosed?(): void
}

export class Connection {
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #reader: FrameReader
  #head = ''
  #upgraded: PromiseWithResolvers<void> | undefined = Promise.withResolvers<void>()
  #ended = false
  /** Frames of the batch; patched in place between `append` and `flush`. */
  out: Buffer = EMPTY
  #outLength = 0

  /** Connects and upgrades. Rejects when the other end is not a WebSocket server or does not answer in 10 s. */
  static async open(url: string, events: ConnectionEvents): Promise<Connection> {
    const connection = new Connection(new URL(url), events)
    await connection.#upgraded?.promise
    return connection
  }

  private constructor(url: URL, events: ConnectionEvents) {
    this.#events = events
    this.#reader = new FrameReader((opcode, buffer, start, end) => this.#onFrame(opcode, buffer, start, end))
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port === '' ? 80 : url.port),
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length, buffer) => this.#onRead(length, buffer as Buffer) },
    })
    this.#socket.setTimeout(HANDSHAKE_MS, () => this.#end(new Error(`No answer from ${url.href} within 10 s.`)))
    this.#socket.on('error', (error) => this.#end(error))
    this.#socket.on('close', () => {
      this.#end(new Error(`${url.href} closed the connection.`))
      events.onClosed?.()
    })
    const key = randomBytes(16).toString('base64')
    this.#socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    )
  }

  /** Copies a whole frame into the batch and returns where in `out` it begins. */
  append(frame: Buffer): number {
    if (this.#outLength >= BATCH_BYTES) this.flush()
    const at = this.#outLength
    const length = at + frame.length
    if (length > this.out.length) this.#grow(length)
    this.out.set(frame, at)
    this.#outLength = length
    return at
  }

  /** Encodes and appends a message; for everything that is not sent by the hundred thousand. */
  appendMessage(message: object): void {
    this.append(encodeMasked(JSON.stringify(message)))
  }

  /** Hands the batch to the kernel. */
  flush(): void {
    if (this.#outLength === 0 || this.#ended) return
    const { out } = this
    this.#socket.write(out.subarray(0, this.#outLength), () => {
      if (spares.length < SPARE_LIMIT) spares.push(out)
    })
    this.out = EMPTY
    this.#outLength = 0
  }

  /** Says goodbye as a worker that ends in order does: an engine would else keep its functions for its return (spec 01 §8.10). */
  close(): void {
    if (this.#ended) return
    if (this.#upgraded === undefined) {
      this.append(encodeMasked(NORMAL_CLOSURE, Opcode.Close))
      this.flush()
    }
    this.#ended = true
    this.#socket.end()
    this.#socket.setTimeout(GOODBYE_MS, () => this.#socket.destroy())
  }

  /** Ends it at once: nothing of it is left on this machine, where a closed connection would keep its port for a minute. */
  abort(): void {
    this.#ended = true
    this.#socket.resetAndDestroy()
  }

  #onRead(length: number, buffer: Buffer): boolean {
    if (this.#ended) return true
    try {
      if (this.#upgraded === undefined) this.#reader.push(buffer, 0, length)
      else this.#onHandshake(buffer, length)
      this.#events.onBatchEnd?.()
      this.flush()
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }

  #onHandshake(buffer: Buffer, length: number): void {
    const before = this.#head.length
    this.#head += buffer.latin1Slice(0, length)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return
    const status = this.#head.slice(0, this.#head.indexOf('\r\n'))
    if (!status.startsWith('HTTP/1.1 101')) throw new Error(`The server refused the WebSocket: ${status}`)
    this.#socket.setTimeout(0)
    this.#upgraded?.resolve()
    this.#upgraded = undefined
    this.#head = ''
    this.#reader.push(buffer, end + 4 - before, length)
  }

  #onFrame(opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === Opcode.Text || opcode === Opcode.Binary) return this.#events.onFrame(buffer, start, end)
    if (opcode === Opcode.Close) throw new Error('The server closed the WebSocket.')
    if (opcode !== Opcode.Ping) return
    this.append(encodeMasked(Buffer.from(buffer.subarray(start, end)), Opcode.Pong))
    this.flush()
  }

  /** An idle connection holds no buffer: a thousand of them cost nothing. */
  #grow(length: number): void {
    if (this.out === EMPTY) this.out = spares.pop() ?? Buffer.allocUnsafeSlow(OUT_BYTES)
    if (length <= this.out.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(length, this.out.length * 2))
    grown.set(this.out.subarray(0, this.#outLength))
    this.out = grown
  }

  #end(reason: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.destroy()
    if (this.#upgraded === undefined) this.#events.onEnd?.(reason)
    else this.#upgraded.reject(reason)
  }
}
