// Two real threads over one ring memory: order, wake-ups, full rings, large frames.
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { createRingMemory, ringOf } from '../../../protocol/ring/memory.ts'
import { RingConsumer } from '../../../protocol/ring/ring-consumer.ts'
import { RingDuplex, type RingOptions, type RingPort } from '../../../protocol/ring/ring-duplex.ts'
import { RingProducer } from '../../../protocol/ring/ring-producer.ts'
import { within } from '../../support/deadline.ts'

const ended: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

function startEcho(options: {
  ringBytes: number
  pauseEvery?: number
  pauseMs?: number
  ring?: Partial<RingOptions>
}): RingDuplex {
  const memory = createRingMemory(options.ringBytes)
  const { port1, port2 } = new MessageChannel()
  const thread = new Worker(new URL('./threads/echo-thread.ts', import.meta.url), {
    workerData: {
      memory,
      port: port2,
      pauseEvery: options.pauseEvery ?? 0,
      pauseMs: options.pauseMs ?? 0,
      ring: { one_core: options.ring?.one_core },
    },
    transferList: [port2],
  })
  const duplex = new RingDuplex(memory, 0, port1, options.ring)
  ended.push(
    () => thread.terminate(),
    () => duplex.close(),
  )
  return duplex
}

function write(duplex: RingDuplex, number: number, length: number): void {
  const at = duplex.reserve(length)
  duplex.target.fill(number % 251, at, at + length)
  duplex.target.writeUInt32LE(number, at)
  duplex.commit(length)
}

/** Reads numbered frames and checks each; resolves after `count`. */
function expectFrames(
  duplex: RingDuplex,
  count: number,
  lengthOf: (number: number) => number,
  onFrame?: (number: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    duplex.start((bytes, start, end) => {
      const number = bytes.readUInt32LE(start)
      const whole = end - start === lengthOf(number) && (end - start === 4 || bytes[end - 1] === number % 251)
      if (number !== next || !whole)
        reject(new Error(`frame ${number} of ${end - start} bytes came in place of ${next}`))
      next++
      onFrame?.(number)
      if (next === count) resolve()
    })
  })
}

/** The last frame counts as read when its reader has returned, which may be after its echo has arrived. */
async function untilEmpty(duplex: RingDuplex): Promise<void> {
  while (duplex.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
}

/** Sizes that look random and can be told from the number. */
const randomLength = (most: number) => (number: number) => 4 + ((Math.imul(number, 2654435761) >>> 0) % most)

describe.each([false, true])('two threads, on one core: %s,', (one_core) => {
  it('exchange 200,000 frames of random sizes in order', async () => {
    const duplex = startEcho({ ringBytes: 64 * 1024, ring: { one_core } })
    const lengthOf = randomLength(400)
    const count = 200_000
    let sent = 0
    const more = () => {
      if (sent < count) write(duplex, sent, lengthOf(sent++))
    }
    const all = expectFrames(duplex, count, lengthOf, more)
    for (let i = 0; i < 500; i++) more()
    await within(18_000, 'all frames', all)
    await within(5_000, 'the last frame to be counted as read', untilEmpty(duplex))
  })

  it('lose no wake-up when both fall asleep and pause at random', async () => {
    const duplex = startEcho({ ringBytes: 4096, pauseEvery: 7, pauseMs: 0.2, ring: { one_core } })
    const lengthOf = randomLength(100)
    const count = 3000
    let sent = 0
    // One to three frames under way, so that each side is asleep most of the time.
    const more = (number: number) => {
      if (number % 3 === 0)
        setImmediate(() => {
          for (let i = 0; i < 3 && sent < count; i++) write(duplex, sent, lengthOf(sent++))
        })
    }
    const all = expectFrames(duplex, count, lengthOf, more)
    write(duplex, 0, lengthOf(sent++))
    await within(18_000, 'all frames', all)
    expect(sent).toBe(count)
  })

  it('lose nothing when the ring is full and the reader is slow, and count what waits', async () => {
    const drained = { count: 0 }
    const duplex = startEcho({
      ringBytes: 4096,
      pauseEvery: 50,
      pauseMs: 1,
      ring: { one_core, congested_bytes: 200_000 },
    })
    const lengthOf = randomLength(200)
    const count = 20_000
    const all = new Promise<void>((resolve, reject) => {
      let next = 0
      duplex.start(
        (bytes, start, end) => {
          if (bytes.readUInt32LE(start) !== next || end - start !== lengthOf(next))
            reject(new Error(`not frame ${next}`))
          if (++next === count) resolve()
        },
        () => drained.count++,
      )
    })
    let bytes = 0
    for (let number = 0; number < count; number++) {
      write(duplex, number, lengthOf(number))
      bytes += lengthOf(number)
    }
    expect(duplex.congested).toBe(true)
    expect(duplex.queuedBytes).toBeGreaterThan(bytes - 4096)
    await within(18_000, 'all frames', all)
    expect(duplex.congested).toBe(false)
    await within(5_000, 'the last frame to be counted as read', untilEmpty(duplex))
    expect(drained.count).toBeGreaterThan(0)
  })

  it('keep the order of large frames among small ones', async () => {
    const duplex = startEcho({ ringBytes: 16 * 1024, ring: { one_core } })
    const lengthOf = (number: number) => (number % 5 === 0 ? 100_000 + number : 4 + (number % 300))
    const count = 500
    const all = expectFrames(duplex, count, lengthOf)
    for (let number = 0; number < count; number++) write(duplex, number, lengthOf(number))
    await within(18_000, 'all frames', all)
    await within(5_000, 'the last frame to be counted as read', untilEmpty(duplex))
  })

  it('flood each other with large frames and both go on', async () => {
    const duplex = startEcho({ ringBytes: 4096, ring: { one_core } })
    const mebibyte = 1024 * 1024
    const count = 60
    const all = expectFrames(duplex, count, () => mebibyte)
    for (let number = 0; number < count; number++) write(duplex, number, mebibyte)
    await within(18_000, 'all frames', all)
    await within(5_000, 'the last frame to be counted as read', untilEmpty(duplex))
  })
})

it('hands out what the other thread had published before it ended', async () => {
  const memory = createRingMemory(1024)
  const { port1, port2 } = new MessageChannel()
  const code = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ RingDuplex }) => {
      const duplex = new RingDuplex(workerData.memory, 1, workerData.port)
      for (let number = 0; number < 20; number++) {
        const at = duplex.reserve(4)
        duplex.target.writeUInt32LE(number, at)
        duplex.commit(4)
      }
      process.exit(1)
    })`
  const module = new URL('../../../protocol/ring/ring-duplex.ts', import.meta.url).href
  const thread = new Worker(code, { eval: true, workerData: { memory, port: port2, module }, transferList: [port2] })
  await within(5_000, 'exit', once(thread, 'exit'))
  const duplex = new RingDuplex(memory, 0, port1)
  const seen: number[] = []
  duplex.start((bytes, start) => seen.push(bytes.readUInt32LE(start)))
  duplex.drainRemaining()
  expect(seen).toEqual(Array.from({ length: 20 }, (_, number) => number))
  expect(duplex.open).toBe(false)
})

it('hands out and writes nothing after it was closed', () => {
  const { port1 } = new MessageChannel()
  const duplex = new RingDuplex(createRingMemory(1024), 0, port1)
  let drained = 0
  duplex.start(
    () => {},
    () => drained++,
  )
  duplex.close()
  write(duplex, 1, 8)
  expect(duplex.queuedBytes).toBe(0)
  expect(drained).toBe(1)
})

describe('what a thread writes outside of a drain', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('wakes a reader that sleeps for the first frame at once, and for the others at the end of the turn', async () => {
    const memory = createRingMemory(64 * 1024)
    let bells = 0
    const port: RingPort = { postMessage: () => bells++, on: () => port, off: () => port, close: () => {} } as never
    const thread = new RingDuplex(memory, 1, port, { one_core: false })
    ended.push(() => thread.close())
    const engine = new RingConsumer(ringOf(memory, 1), () => {})
    const read: number[] = []
    const readAndSleep = () => {
      engine.stayAwake()
      engine.drain((bytes, start) => read.push(bytes.readUInt32LE(start)), 100, 1_000)
      expect(engine.sleep()).toBe(true)
    }
    readAndSleep()
    for (let number = 0; number < 5; number++) {
      write(thread, number, 8)
      expect(bells).toBe(1)
      // A reader that is quicker than the writer.
      readAndSleep()
    }
    write(thread, 5, 8)
    await turn()
    expect(bells).toBe(2)
    readAndSleep()
    expect(read).toEqual([0, 1, 2, 3, 4, 5])
    write(thread, 6, 8)
    expect(bells).toBe(3)
  })

  it('reaches the reader also when it ends right afterwards', () => {
    const memory = createRingMemory(64 * 1024)
    let bells = 0
    const port: RingPort = { postMessage: () => bells++, on: () => port, off: () => port, close: () => {} } as never
    const thread = new RingDuplex(memory, 1, port, { one_core: false })
    const engine = new RingConsumer(ringOf(memory, 1), () => {})
    engine.sleep()
    write(thread, 0, 8)
    engine.stayAwake()
    engine.drain(() => {}, 100, 1_000)
    engine.sleep()
    write(thread, 1, 8)
    expect(bells).toBe(1)
    thread.close()
    expect(bells).toBe(2)
  })
})

describe('on one core', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  function createSide(side: 0 | 1) {
    const memory = createRingMemory(64 * 1024)
    const bells = { count: 0 }
    let onMessage: ((message: unknown) => void) | undefined
    const port = {
      postMessage: () => bells.count++,
      on: (_name: string, listener: (message: unknown) => void) => void (onMessage = listener),
      off: () => {},
      close: () => {},
    }
    const duplex = new RingDuplex(memory, side, port as never, { one_core: true })
    ended.push(() => duplex.close())
    const reader = new RingConsumer(ringOf(memory, side), () => {})
    const writer = new RingProducer(ringOf(memory, side === 0 ? 1 : 0), { wake: () => {}, sendLarge: () => {} })
    return { duplex, bells, reader, writer, ring: () => onMessage?.(null) }
  }

  it.each([0, 1] as const)('frames of a turn wake the reader once, at its end: side %i', async (side) => {
    const { duplex, bells, reader } = createSide(side)
    reader.sleep()
    for (let number = 0; number < 100; number++) write(duplex, number, 8)
    expect(bells.count).toBe(0)
    await turn()
    expect(bells.count).toBe(1)
    // One that is awake needs none.
    reader.stayAwake()
    write(duplex, 100, 8)
    await turn()
    expect(bells.count).toBe(1)
  })

  it.each([0, 1] as const)('answers that come after promises wake with those of the drain: side %i', async (side) => {
    const { duplex, bells, reader, writer, ring } = createSide(side)
    duplex.start((bytes, start) => {
      const number = bytes.readUInt32LE(start)
      write(duplex, number, 8)
      void Promise.resolve().then(() => write(duplex, number, 8))
    })
    await turn()
    reader.sleep()
    for (let number = 0; number < 3; number++) {
      const at = writer.reserve(8)
      writer.target.writeUInt32LE(number, at)
      writer.commit(8)
    }
    ring()
    expect(bells.count).toBe(0)
    await turn()
    expect(bells.count).toBe(1)
    const read: number[] = []
    reader.drain((bytes, start) => read.push(bytes.readUInt32LE(start)), 100, 1_000)
    expect(read).toEqual([0, 1, 2, 0, 1, 2])
  })

  it('a side that closes wakes the reader for what it had written', () => {
    const { duplex, bells, reader } = createSide(1)
    reader.sleep()
    write(duplex, 0, 8)
    expect(bells.count).toBe(0)
    duplex.close()
    expect(bells.count).toBe(1)
  })
})
