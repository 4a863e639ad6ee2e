// Layout of the shared memory of one thread: two byte rings with their control words. No behaviour.
// Each control word has a cache line pair of its own, so that the two sides don't invalidate each other's lines.

/** Int32 indexes of the control words of one ring. */
export const HEAD = 0 // bytes published, monotonic modulo 2^32; written by the producer
export const TAIL = 32 // bytes read, monotonic modulo 2^32; written by the consumer
export const STATE = 64 // of the consumer: AWAKE or ASLEEP
export const SPACE_WANTED = 96 // 1 = the producer has frames waiting and wants a bell when half of the ring is free
export const LARGE_TAIL = 128 // bytes of large frames read, monotonic modulo 2^32; written by the consumer
const CONTROL_WORDS = 256

export const AWAKE = 0
export const ASLEEP = 1

/** Length words with a meaning of their own. */
export const WRAP = -1 // the rest up to the end of the ring is unused
export const LARGE = -2 // followed by the byte length of a frame that comes as a transferred ArrayBuffer

export const DEFAULT_RING_BYTES = 1024 * 1024
const MIN_RING_BYTES = 256

/** One ring as one side sees it. */
export interface RingMemory {
  readonly control: Int32Array
  readonly data: Buffer
  /** The same bytes as `data`, for the length words. */
  readonly words: Int32Array
}

/** Creates the memory for two rings of `ringBytes` each, a power of two. */
export function createRingMemory(ringBytes: number = DEFAULT_RING_BYTES): SharedArrayBuffer {
  if (!Number.isInteger(Math.log2(ringBytes)) || ringBytes < MIN_RING_BYTES || ringBytes > 2 ** 30) {
    throw new RangeError(`ring size must be a power of two from ${MIN_RING_BYTES} to 2^30 bytes, not ${ringBytes}`)
  }
  return new SharedArrayBuffer(2 * (CONTROL_WORDS * 4 + ringBytes))
}

/** Makes used memory as if it had just been created. The bytes of old frames stay, unreachable. */
export function clearRingMemory(memory: SharedArrayBuffer): void {
  new Int32Array(memory, 0, 2 * CONTROL_WORDS).fill(0)
}

/** The ring that `side` writes (0 or 1); the other side reads it. */
export function ringOf(memory: SharedArrayBuffer, side: 0 | 1): RingMemory {
  const controlBytes = CONTROL_WORDS * 4
  const ringBytes = memory.byteLength / 2 - controlBytes
  const dataAt = 2 * controlBytes + side * ringBytes
  return {
    control: new Int32Array(memory, side * controlBytes, CONTROL_WORDS),
    data: Buffer.from(memory, dataAt, ringBytes),
    words: new Int32Array(memory, dataAt, ringBytes / 4),
  }
}

/** Bytes that a frame of `length` takes in the ring: its length word and itself, 4-byte aligned. */
export function ringSpace(length: number): number {
  return (length + 7) & ~3
}
