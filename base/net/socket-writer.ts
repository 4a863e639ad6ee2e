// Writes to one socket: past its stream while nothing waits, and else through it.
import type { Duplex } from 'node:stream'
import { writeDirectly } from './direct-write.ts'

/** Written to learn when all before it is. */
const NOTHING = Buffer.alloc(0)

export class SocketWriter {
  readonly #socket: Duplex
  /** Bytes of a write past the stream that the system has not taken yet. */
  #direct = 0

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes that were handed over and that the system has not taken. */
  get unwritten(): number {
    return this.#socket.writableLength + this.#direct
  }

  /** True: the system has taken all of it, as nearly always. False: `done` is called later, once, also if it never will. */
  write(buffers: readonly Buffer[], done: () => void): boolean {
    const socket = this.#socket
    // What the stream writes behind what waits past it comes after that.
    if (this.unwritten > 0) {
      writeToStream(socket, buffers, done)
      return false
    }
    if (buffers.length === 1) {
      const [only] = buffers as readonly [Buffer]
      const outcome = writeDirectly(socket, only, () => {
        this.#direct = 0
        done()
      })
      if (outcome === 'done') return true
      if (outcome === 'waiting') {
        this.#direct = only.length
        return false
      }
    }
    writeToStream(socket, buffers)
    if (socket.writableLength === 0) return true
    // A callback of each write would cost a turn of `nextTick`.
    socket.write(NOTHING, done)
    return false
  }
}

function writeToStream(socket: Duplex, buffers: readonly Buffer[], done?: () => void): void {
  const last = buffers.length - 1
  if (last > 0) socket.cork()
  for (let index = 0; index < last; index++) socket.write(buffers[index])
  socket.write(buffers[last], done)
  if (last > 0) socket.uncork()
}
