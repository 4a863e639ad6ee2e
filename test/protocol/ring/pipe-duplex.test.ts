// The pipe duplex over a pair of ports in memory: order, batches, and the window that bounds what is under way.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PipeDuplex, type PipeOptions, type PipePort } from '../../../protocol/ring/pipe-duplex.ts'
import { within } from '../../support/deadline.ts'

interface End {
  readonly duplex: PipeDuplex
  readonly sent: Uint8Array[]
}

/** Two connected ends. Messages are copied, as a process channel does, and arrive when `deliver` lets them. */
function createPair(options: Partial<PipeOptions> = {}): { a: End; b: End; hold: (on: boolean) => void } {
  const listeners: (((batch: Uint8Array) => void) | undefined)[] = [undefined, undefined]
  let held = false
  const waiting: (() => void)[] = []
  const end = (side: 0 | 1): End => {
    const sent: Uint8Array[] = []
    const port: PipePort = {
      send(batch) {
        const copy = Uint8Array.from(batch)
        sent.push(copy)
        const deliver = () => listeners[1 - side]?.(copy)
        if (held) waiting.push(deliver)
        else setImmediate(deliver)
      },
      onMessage: (listener) => void (listeners[side] = listener),
      close: () => void (listeners[side] = undefined),
    }
    return { duplex: new PipeDuplex(port, options), sent }
  }
  const hold = (on: boolean) => {
    held = on
    if (!on) for (const deliver of waiting.splice(0)) deliver()
  }
  return { a: end(0), b: end(1), hold }
}

function write(duplex: PipeDuplex, number: number, length: number): void {
  const at = duplex.reserve(length)
  duplex.target.fill(number % 251, at, at + length)
  duplex.target.writeUInt32LE(number, at)
  duplex.commit(length)
}

/** Resolves with the numbers of the first `count` frames, each checked to be whole. */
function read(duplex: PipeDuplex, count: number, lengths: readonly number[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const seen: number[] = []
    duplex.start((bytes, start, end) => {
      const number = bytes.readUInt32LE(start)
      if (end - start !== lengths[number])
        reject(new Error(`frame ${number} has ${end - start} bytes, not ${lengths[number]}`))
      if (end - start > 4 && bytes[end - 1] !== number % 251) reject(new Error(`frame ${number} is torn`))
      seen.push(number)
      if (seen.length === count) resolve(seen)
    })
    if (count === 0) resolve(seen)
  })
}

describe('a pipe', () => {
  it('carries frames of any sizes in order', async () => {
    const lengths = fc.array(
      fc.oneof(fc.nat(60), fc.nat(3000), fc.nat(9000)).map((n) => n + 4),
      { minLength: 1, maxLength: 120 },
    )
    await fc.assert(
      fc.asyncProperty(lengths, async (sizes) => {
        const { a, b } = createPair({ window_bytes: 4096, batch_bytes: 1024 })
        a.duplex.start(() => {})
        const all = read(b.duplex, sizes.length, sizes)
        sizes.forEach((length, number) => write(a.duplex, number, length))
        expect(await within(5_000, 'all frames', all)).toEqual(sizes.map((_, number) => number))
      }),
      { numRuns: 60 },
    )
  })

  it('sends the frames of one tick as one message', async () => {
    const { a, b } = createPair()
    a.duplex.start(() => {})
    const all = read(b.duplex, 50, Array<number>(50).fill(40))
    for (let number = 0; number < 50; number++) write(a.duplex, number, 40)
    await within(5_000, 'all frames', all)
    expect(a.sent).toHaveLength(1)
  })

  it('holds back and counts what exceeds the window until the other side has read', async () => {
    const { a, b, hold } = createPair({ window_bytes: 10_000, batch_bytes: 2000, congested_bytes: 50_000 })
    let drained = 0
    a.duplex.start(
      () => {},
      () => drained++,
    )
    const all = read(b.duplex, 100, Array<number>(100).fill(1000))
    hold(true)
    for (let number = 0; number < 100; number++) write(a.duplex, number, 1000)
    const onTheWay = a.sent.reduce((sum, batch) => sum + batch.length, 0)
    expect(onTheWay).toBeLessThanOrEqual(10_000)
    expect(a.duplex.queuedBytes).toBeGreaterThanOrEqual(100_000)
    expect(a.duplex.congested).toBe(true)
    hold(false)
    await within(5_000, 'all frames', all)
    expect(a.duplex.congested).toBe(false)
    expect(drained).toBe(1)
  })

  it('tells since when nothing is read, and falls silent when all is read', async () => {
    const { a, b, hold } = createPair()
    a.duplex.start(() => {})
    const all = read(b.duplex, 1, [100])
    expect(a.duplex.unreadSince(1)).toBeUndefined()
    hold(true)
    write(a.duplex, 0, 100)
    expect(a.duplex.unreadSince(2)).toBe(2)
    expect(a.duplex.unreadSince(9)).toBe(2)
    await new Promise((resolve) => setImmediate(resolve))
    hold(false)
    await within(5_000, 'the frame', all)
    const quiet = async () => {
      while (a.duplex.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await within(5_000, 'the report of the reader', quiet())
    expect(a.duplex.unreadSince(10)).toBeUndefined()
    expect([a.sent.length, b.sent.length]).toEqual([1, 1])
  })
})
