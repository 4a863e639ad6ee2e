// Writes to one socket: past its stream while nothing waits, and else through it.
import type { Duplex } from 'node:stream'
import { writeDirectly, type DirectWriter } from './direct-write.ts'

/** Written to learn when all before it is. */
const NOTHING = Buffer.alloc(0)

export class SocketWriter implements DirectWriter {
  readonly #socket: Duplex
  /** Bytes of a write past the stream that the system has not taken yet. */
  #direct = 0
  #onDirect: (() => void) | undefined
  /** The stream was given something that it may not have passed on yet. */
  #usesStream = false

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes that were handed over and that the system has not taken. */
  get unwritten(): number {
    return this.#usesStream ? this.#direct + this.#inStream() : this.#direct
  }

  /** True: the system has taken all of it, as nearly always. False: `afterwards` tells when it has. */
  write(buffers: readonly Buffer[]): boolean {
    // What the stream writes behind what waits past it comes after that.
    if (buffers.length === 1 && this.unwritten === 0) {
      const [only] = buffers as readonly [Buffer]
      const outcome = writeDirectly(this.#socket, only, this)
      if (outcome === 'done') return true
      if (outcome === 'waiting') {
        this.#direct = only.length
        return false
      }
    }
    this.#usesStream = true
    writeToStream(this.#socket, buffers)
    return this.unwritten === 0
  }

  /** Calls back, once, when all that was handed over so far was written, or never will be. A callback of each write would cost a tick. */
  afterwards(done: () => void): void {
    if (this.#direct > 0 && !this.#usesStream) this.#onDirect = done
    else this.#socket.write(NOTHING, done)
  }

  directlyWritten(): void {
    const done = this.#onDirect
    this.#direct = 0
    this.#onDirect = undefined
    done?.()
  }

  #inStream(): number {
    const { writableLength } = this.#socket
    if (writableLength === 0) this.#usesStream = false
    return writableLength
  }
}

function writeToStream(socket: Duplex, buffers: readonly Buffer[]): void {
  if (buffers.length > 1) socket.cork()
  for (const buffer of buffers) socket.write(buffer)
  if (buffers.length > 1) socket.uncork()
}
