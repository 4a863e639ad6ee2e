// Producer and consumer of one ring against a plain queue, in one thread: what is written comes out, in order and whole.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRingMemory,
  HEAD,
  LARGE_TAIL,
  ringOf,
  ringSpace,
  SPACE_WANTED,
  STATE,
  TAIL,
} from '../../../protocol/ring/memory.ts'
import { RingConsumer } from '../../../protocol/ring/ring-consumer.ts'
import { RingProducer } from '../../../protocol/ring/ring-producer.ts'

interface Pair {
  readonly producer: RingProducer
  readonly consumer: RingConsumer
  readonly control: Int32Array
  readonly wakes: () => number
  readonly spaceBells: () => number
}

/** `start`: where head and tail stand at first. */
function createPair(ringBytes: number, start = 0): Pair {
  const ring = ringOf(createRingMemory(ringBytes), 0)
  for (const word of [HEAD, TAIL, LARGE_TAIL]) ring.control[word] = start
  let wakes = 0
  let spaceBells = 0
  const consumer = new RingConsumer(ring, () => {
    spaceBells++
    producer.flush()
  })
  const producer = new RingProducer(ring, { wake: () => wakes++, sendLarge: (bytes) => consumer.receiveLarge(bytes) })
  return { producer, consumer, control: ring.control, wakes: () => wakes, spaceBells: () => spaceBells }
}

/** A frame whose bytes tell its number, so that a torn or exchanged one shows. */
function frameOf(number: number, length: number): Buffer {
  const frame = Buffer.alloc(length, number % 251)
  if (length >= 4) frame.writeUInt32LE(number)
  return frame
}

function write(producer: RingProducer, frame: Buffer, room = frame.length): void {
  const at = producer.reserve(room)
  producer.target.set(frame, at)
  producer.commit(frame.length)
}

function drain(consumer: RingConsumer, maxFrames = Infinity): Buffer[] {
  const frames: Buffer[] = []
  consumer.drain((bytes, start, end) => frames.push(Buffer.from(bytes.subarray(start, end))), maxFrames, Infinity)
  return frames
}

const step = fc.oneof(
  fc.record({ length: fc.oneof(fc.nat(12), fc.nat(300), fc.nat(1500)), spare: fc.nat(40) }),
  fc.record({ read: fc.nat(20) }),
)

describe('a ring', () => {
  it('gives out what was written, in order and whole, for any sizes, pauses and starting points', () => {
    const start = fc.oneof(
      fc.constant(0),
      fc.nat(100).map((n) => -4 * n),
      fc.nat(100).map((n) => 0x7fffffff - 3 - 4 * n),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(256, 512, 1024, 4096),
        start,
        fc.array(step, { maxLength: 200 }),
        (ringBytes, from, steps) => {
          const { producer, consumer } = createPair(ringBytes, from & ~3)
          const written: Buffer[] = []
          const read: Buffer[] = []
          for (const each of steps) {
            if ('read' in each) {
              read.push(...drain(consumer, each.read))
              continue
            }
            const frame = frameOf(written.length, each.length)
            written.push(frame)
            write(producer, frame, frame.length + each.spare)
          }
          read.push(...drain(consumer))
          expect(read).toEqual(written)
          expect(producer.queuedBytes).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('goes on when its counters pass 2^32', () => {
    const { producer, consumer, control } = createPair(256, -64)
    for (let number = 0; number < 100; number++) {
      write(producer, frameOf(number, number % 50))
      expect(drain(consumer)).toEqual([frameOf(number, number % 50)])
    }
    expect(control[HEAD]).toBeGreaterThan(0)
  })

  it('takes a frame that just fits and one that ends at its last byte', () => {
    const { producer, consumer } = createPair(256)
    const lengths = [60, 60, 60, 60]
    lengths.forEach((length, number) => write(producer, frameOf(number, length)))
    expect(lengths.reduce((sum, length) => sum + ringSpace(length), 0)).toBe(256)
    expect(producer.queuedFrames).toBe(0)
    write(producer, frameOf(4, 0))
    expect(producer.queuedFrames).toBe(1)
    expect(drain(consumer).map((frame) => frame.length)).toEqual([60, 60, 60, 60, 0])
  })

  it('keeps what finds no room, counts it, and asks for one bell when half is free', () => {
    const { producer, consumer, control, spaceBells } = createPair(256)
    for (let number = 0; number < 20; number++) write(producer, frameOf(number, 28))
    expect(producer.queuedFrames).toBe(12)
    expect(producer.waitingBytes).toBe(12 * 28)
    expect(producer.queuedBytes).toBe(256 + 12 * 28)
    expect(control[SPACE_WANTED]).toBe(1)
    expect(drain(consumer, 3)).toHaveLength(3)
    expect(spaceBells()).toBe(0)
    expect(drain(consumer, 1)).toEqual([frameOf(3, 28)])
    expect(spaceBells()).toBe(1)
    expect(producer.queuedFrames).toBe(8)
    expect(drain(consumer)).toHaveLength(16)
    expect(producer.waitingBytes).toBe(0)
  })

  it('stops at a large frame until its bytes are there, and keeps the order around it', () => {
    const ring = ringOf(createRingMemory(256), 0)
    const onTheWay: ArrayBuffer[] = []
    const producer = new RingProducer(ring, { wake: () => {}, sendLarge: (bytes) => onTheWay.push(bytes) })
    const consumer = new RingConsumer(ring, () => producer.flush())
    write(producer, frameOf(1, 10))
    write(producer, frameOf(2, 5000))
    write(producer, frameOf(3, 10))
    const seen: number[] = []
    const read = () => consumer.drain((bytes, start) => seen.push(bytes.readUInt32LE(start)), 100, Infinity)
    expect(read()).toBe('waiting')
    expect(seen).toEqual([1])
    expect(read()).toBe('waiting')
    consumer.receiveLarge(onTheWay[0]!)
    expect(read()).toBe('empty')
    expect(seen).toEqual([1, 2, 3])
  })

  it('lets only a bounded number of bytes of large frames be under way', () => {
    const ring = ringOf(createRingMemory(4096), 0)
    let underWay = 0
    const consumer = new RingConsumer(ring, () => producer.flush())
    const producer: RingProducer = new RingProducer(ring, {
      wake: () => {},
      sendLarge: (bytes) => {
        underWay += bytes.byteLength
        consumer.receiveLarge(bytes)
      },
    })
    const mebibyte = 1024 * 1024
    for (let number = 0; number < 40; number++) write(producer, frameOf(number, mebibyte))
    expect(underWay).toBe(16 * mebibyte)
    expect(producer.queuedBytes).toBeGreaterThanOrEqual(40 * mebibyte)
    const seen: number[] = []
    consumer.drain((bytes, start) => seen.push(bytes.readUInt32LE(start)), Infinity, Infinity)
    expect(seen).toEqual(Array.from({ length: 40 }, (_, number) => number))
  })

  it('moves its tail past a frame whose reader throws', () => {
    const { producer, consumer } = createPair(256)
    write(producer, frameOf(1, 8))
    write(producer, frameOf(2, 8))
    expect(() =>
      consumer.drain(
        () => {
          throw new Error('reader')
        },
        10,
        Infinity,
      ),
    ).toThrow('reader')
    expect(drain(consumer)).toEqual([frameOf(2, 8)])
  })

  it('wakes a sleeping consumer once', () => {
    const { producer, consumer, control, wakes } = createPair(1024)
    write(producer, frameOf(0, 8))
    expect(wakes()).toBe(0)
    expect(consumer.sleep()).toBe(false)
    drain(consumer)
    expect(consumer.sleep()).toBe(true)
    write(producer, frameOf(1, 8))
    write(producer, frameOf(2, 8))
    expect(wakes()).toBe(1)
    expect(control[STATE]).toBe(0)
  })

  it('wakes at the end of a hold, and not for each frame', () => {
    const { producer, consumer, wakes } = createPair(4096)
    consumer.sleep()
    producer.hold()
    for (let number = 0; number < 10; number++) write(producer, frameOf(number, 8))
    expect(wakes()).toBe(0)
    producer.release()
    expect(wakes()).toBe(1)
  })

  it('tells since when nothing is read, and forgets it with any progress', () => {
    const { producer, consumer } = createPair(1024)
    expect(producer.unreadSince(1000)).toBeUndefined()
    write(producer, frameOf(0, 8))
    write(producer, frameOf(1, 8))
    expect(producer.unreadSince(2000)).toBe(2000)
    expect(producer.unreadSince(7000)).toBe(2000)
    drain(consumer, 1)
    expect(producer.unreadSince(8000)).toBe(8000)
    drain(consumer)
    expect(producer.unreadSince(9000)).toBeUndefined()
  })

  it('refuses sizes that are no power of two', () => {
    expect(() => createRingMemory(1000)).toThrow(RangeError)
    expect(() => createRingMemory(64)).toThrow(RangeError)
  })
})
