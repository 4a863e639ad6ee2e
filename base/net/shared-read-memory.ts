// Reads a socket into one piece of memory that all such sockets share. What Node makes for each read, 64 KiB of fresh memory and an
// ArrayBuffer that the collector has to look after, costs more than a small read itself.
// Node has this for sockets that it connects (`onread` of `net.connect`) and not for those that it accepts, so the same is set here by hand.
// Where Node has it no longer, sockets are read as ever (docs/decisions/2026-11-30-shared-read-memory.md).
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What Node reads at most in one go. */
const READ_BYTES = 64 * 1024

interface Handle {
  useUserBuffer?(memory: Buffer): void
}

/** How `net.Socket` takes what came into memory of a user's: false = it reads no more until its stream asks. */
type Read = (this: Socket, length: number, memory: Buffer) => boolean

const names = readNames()
let shared: Buffer | undefined
/** Memory for the next read of the socket whose read is being handled. */
let next: Buffer | undefined

/**
 * From now on what comes is read into memory that all such sockets share, and pushed into the socket's stream as ever, each chunk its
 * receiver's to keep.
 * @returns false: nothing has changed. It is no socket of `node:net`, or is closed, or Node does it otherwise.
 */
export function shareReadMemory(socket: Duplex): boolean {
  if (names === undefined || !(socket instanceof Socket)) return false
  const { _handle: handle } = socket as { _handle?: Handle | null }
  if (typeof handle?.useUserBuffer !== 'function') return false
  const [buffer, callback, generator] = names
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES)
  // Node would stop reading at once, and hear nothing of a peer that is gone. So the stream takes what comes meanwhile, as much as it does.
  const { pause } = Duplex.prototype
  Object.assign(socket, { [buffer]: shared, [callback]: read, [generator]: nextMemory, pause })
  handle.useUserBuffer(shared)
  return true
}

const read: Read = function (length, memory) {
  return this.push(taken(length, memory))
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
