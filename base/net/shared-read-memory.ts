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

/** Takes what it has a use for of the `length` bytes at the beginning of `memory`, without keeping it, and returns how many bytes that was. */
export type TakeFirst<S extends Duplex> = (this: S, memory: Buffer, length: number) => number

const TAKE_FIRST = Symbol('takes first')

interface Sharing extends Socket {
  readonly [TAKE_FIRST]: TakeFirst<Duplex> | undefined
}

const names = readNames()
let shared: Buffer | undefined
/** Memory for the next read of the socket whose read is being handled. */
let next: Buffer | undefined

/**
 * From now on what comes is read into memory that all such sockets share, and pushed into the socket's stream as ever, each chunk its
 * receiver's to keep.
 * @param takeFirst is offered each read before any of it is copied.
 * @returns false: nothing has changed. It is no socket of `node:net`, or is closed, or Node does it otherwise.
 */
export function shareReadMemory<S extends Duplex>(socket: S, takeFirst?: TakeFirst<S>): boolean {
  if (names === undefined || !(socket instanceof Socket)) return false
  const { _handle: handle } = socket as { _handle?: Handle | null }
  if (typeof handle?.useUserBuffer !== 'function') return false
  const [buffer, callback, generator] = names
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES)
  // Node would stop reading at once, and hear nothing of a peer that is gone. So the stream takes what comes meanwhile, as much as it does.
  const { pause } = Duplex.prototype
  Object.assign(socket, { [buffer]: shared, [callback]: read, [generator]: nextMemory, [TAKE_FIRST]: takeFirst, pause })
  handle.useUserBuffer(shared)
  return true
}

const read: Read = function (length, memory) {
  next = shared
  const from = (this as Sharing)[TAKE_FIRST]?.(memory, length) ?? 0
  return from === length || this.push(kept(memory, from, length))
}

/** Small reads are copied side by side. What fills the memory is part of a bulk, whose next read gets memory of its own. */
function kept(memory: Buffer, from: number, length: number): Buffer {
  const isFull = length === READ_BYTES
  if (isFull) next = Buffer.allocUnsafeSlow(READ_BYTES)
  if (isFull && memory !== shared) return from === 0 ? memory : memory.subarray(from)
  const copy = Buffer.allocUnsafe(length - from)
  memory.copy(copy, 0, from, length)
  return copy
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
