// Reads a socket past its stream, into one piece of memory that all sockets share. What Node does for each read (64 KiB of fresh memory,
// an ArrayBuffer that the collector has to look after, a tick in which the stream asks whether it should read on) costs more than
// a small read itself, and most of what a router throws away is that.
// Node has this for sockets that it connects (`onread` of `net.connect`) and not for those that it accepts, so the same is set here by hand.
// Where Node has it no longer, sockets are read as ever (docs/decisions/2026-11-30-direct-read.md).
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What Node reads at most in one go. */
const READ_BYTES = 64 * 1024

interface Handle {
  useUserBuffer?(memory: Buffer): void
}

/** How `net.Socket` knows that its reads go into memory of a user's. */
type Read = (this: Socket, length: number, memory: Buffer) => boolean

const names = readNames()
let shared: Buffer | undefined
/** Memory for the next read of the socket whose read is being handled. */
let next: Buffer | undefined

/**
 * From now on, what comes is handed to `take`, and not to listeners of `data`; all else of the socket is as before. What comes while it is
 * paused goes to these, as ever. Each chunk is its receiver's to keep.
 * @param take one function may serve all sockets
 * @returns false: nothing has changed. It is no socket of `node:net`, or has bytes that nobody has read, or is paused (what is read past the
 * stream would go on coming), or is closed.
 */
export function readDirectly(socket: Duplex, take: (this: Duplex, chunk: Buffer) => void): boolean {
  if (names === undefined || !(socket instanceof Socket)) return false
  if (socket.readableLength > 0 || socket.isPaused() || socket.destroyed) return false
  const { _handle: handle } = socket as { _handle?: Handle | null }
  const [buffer, callback, generator] = names
  if (typeof handle?.useUserBuffer !== 'function' || Object.hasOwn(socket, 'pause')) return false
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES)
  const read: Read = function (length, memory) {
    const chunk = taken(length, memory)
    if (this.isPaused() || this.readableLength > 0) return Duplex.prototype.push.call(this, chunk)
    take.call(this, chunk)
    return true
  }
  // Node would read no more at once, and hear nothing of a peer that is gone. So the stream takes what comes meanwhile, as much as it does.
  const { pause } = Duplex.prototype
  Object.assign(socket, { [buffer]: shared, [callback]: read, [generator]: nextMemory, pause })
  handle.useUserBuffer(shared)
  return true
}

/** Small reads are copied side by side. What fills the memory is part of a bulk, whose next read gets memory of its own. */
function taken(length: number, memory: Buffer): Buffer {
  if (length < READ_BYTES) {
    next = shared
    const copy = Buffer.allocUnsafe(length)
    memory.copy(copy, 0, 0, length)
    return copy
  }
  next = Buffer.allocUnsafeSlow(READ_BYTES)
  return memory === shared ? Buffer.from(memory) : memory
}

function nextMemory(): Buffer | undefined {
  return next
}

/** The keys under which `net.Socket` keeps memory, callback and source of memory; undefined where it has none. */
function readNames(): readonly [symbol, symbol, symbol] | undefined {
  const own = Object.getOwnPropertySymbols(new Socket())
  const [buffer, callback, generator] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    own.find(({ description }) => description === name),
  )
  return buffer === undefined || callback === undefined || generator === undefined
    ? undefined
    : [buffer, callback, generator]
}
