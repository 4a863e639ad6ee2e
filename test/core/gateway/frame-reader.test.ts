import { once } from 'node:events'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import {
  closeCode,
  closeCodeAfterPongs,
  closePairs,
  frame,
  pair as anyPair,
  type Pair,
  type PairOptions,
} from './frame-reader-scene.ts'

afterEach(closePairs)

describe.each([
  ['into memory of its own', 0],
  ['into memory that it shares', 16],
])('readFramesDirectly from a socket that is read %s', (_way, small) => {
  const pair = (maxPayload?: number, options?: PairOptions): Promise<Pair> =>
    anyPair(maxPayload, { smallReads: small, ...options })

  it('gets small frames that way', async () => {
    const { client, server, messages, next } = await pair()
    const socket = server['_socket' as never] as Socket
    const memory = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kBuffer')!
    client.write(frame('x'))
    await next(1)
    expect(messages).toEqual([['x', false]])
    expect(socket[memory as never] === null).toBe(small === 0)
  })

  it('reads nothing while it is paused, and all of it in order afterwards', async () => {
    const { client, server, messages, next } = await pair()
    server.pause()
    await new Promise<unknown>((resolve) => client.write(Buffer.concat([frame('a'), frame('b')]), resolve))
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(messages).toEqual([])
    server.resume()
    client.write(frame('c'))
    await next(3)
    expect(messages.map(([text]) => text)).toEqual(['a', 'b', 'c'])
  })

  it('hands out frames of one read in order, whatever their mask and kind', async () => {
    const { client, messages, next } = await pair()
    client.write(
      Buffer.concat([
        frame('one'),
        frame('', { key: 0 }),
        frame(Buffer.from([0xff, 0]), { opcode: 2 }),
        frame('x'.repeat(200)),
      ]),
    )
    await next(4)
    expect(messages).toEqual([
      ['one', false],
      ['', false],
      ['\xff\0', true],
      ['x'.repeat(200), false],
    ])
  })

  it.each([
    ['text', frame('new')],
    ['binary', frame('new', { opcode: 2 })],
    ['unfinished', frame('new', { final: false })],
    ['large', frame('x'.repeat(70_000))],
  ])(
    'closes with 1002 for a %s frame inside a fragmented message, however the bytes are cut',
    async (_what, inside) => {
      const begun = Buffer.concat([
        frame('a', { final: false }),
        frame('ping', { opcode: 9 }),
        frame('b', { opcode: 0, final: false }),
      ])
      const rest = Buffer.concat([inside, frame('c', { opcode: 0 }), frame('after')])
      const stream = Buffer.concat([frame('before'), begun, rest])
      // Every byte up to and into the frame inside, and the whole at once.
      for (let cut = 1; cut <= Math.min(stream.length, 60); cut++) {
        const { client, messages } = await pair()
        const code = closeCodeAfterPongs(client)
        client.write(stream.subarray(0, cut))
        await new Promise((resolve) => setImmediate(resolve))
        client.write(stream.subarray(cut))
        expect(await code, `cut at ${cut}`).toBe(1002)
        expect(messages).toEqual([['before', false]])
        client.destroy()
      }
    },
  )

  it('takes a message in fragments for over when its last one came, and reads on directly', async () => {
    const { client, server, messages, next } = await pair()
    const stream = Buffer.concat([
      frame('a', { final: false }),
      frame('b', { opcode: 0, final: false }),
      frame('c', { opcode: 0 }),
      frame('d', { opcode: 2, final: false }),
      frame('', { opcode: 0 }),
      frame('after'),
    ])
    const { _receiver: receiver } = server as unknown as { _receiver: NodeJS.EventEmitter }
    let throughWs = 0
    receiver.on('message', () => throughWs++)
    client.write(stream)
    await next(3)
    expect(messages).toEqual([
      ['abc', false],
      ['d', true],
      ['after', false],
    ])
    expect(throughWs).toBe(2)
  })

  it('leaves fragments and pings between them to ws, and goes on afterwards', async () => {
    const { client, messages, next } = await pair()
    const pong = once(client, 'data')
    client.write(
      Buffer.concat([
        frame('a', { final: false }),
        frame('ping', { opcode: 9 }),
        frame('b', { opcode: 0, final: true }),
        frame('after'),
      ]),
    )
    await next(2)
    expect(messages).toEqual([
      ['ab', false],
      ['after', false],
    ])
    expect((await pong)[0]).toEqual(Buffer.concat([Buffer.from([0x8a, 4]), Buffer.from('ping')]))
  })

  it('closes with 1007 for a text frame that is not UTF-8, and with 1009 for one above the limit', async () => {
    const first = await pair()
    first.client.write(Buffer.concat([frame('fine'), frame(Buffer.from([0xc3, 0x28]))]))
    expect(await closeCode(first.client)).toBe(1007)
    expect(first.messages).toEqual([['fine', false]])
    const second = await pair(100)
    second.client.write(frame('y'.repeat(101)))
    expect(await closeCode(second.client)).toBe(1009)
  })

  it.each([false, true])(
    'hands out nothing behind a violation, in the same read or in a later one (lends: %s)',
    async (takesLent) => {
      const { client, messages, server } = await pair(1 << 20, { takesLent })
      const code = closeCode(client)
      const large = frame(Buffer.alloc(60_000, 7), { opcode: 2 })
      client.write(Buffer.concat([frame('a'), frame('', { opcode: 3 }), frame('b'), large.subarray(0, 100)]))
      expect(await code).toBe(1002)
      client.end(Buffer.concat([large.subarray(100), frame('c')]))
      await once(server, 'close')
      expect(messages).toEqual([['a', false]])
    },
  )

  it('closes a connection whose client does not mask', async () => {
    const { client } = await pair()
    client.write(Buffer.from([0x81, 1, 0x61]))
    expect(await closeCode(client)).toBe(1002)
  })

  it('ends cleanly on a close frame, and ignores what follows it', async () => {
    const { client, messages } = await pair()
    client.write(Buffer.concat([frame('last'), frame(Buffer.from([3, 232]), { opcode: 8 }), frame('too late')]))
    expect(await closeCode(client)).toBe(1000)
    expect(messages).toEqual([['last', false]])
  })

  it.each([2, 5, 7])('tells of a close frame when it is there, once, cut after %i bytes', async (cut) => {
    const { client, closed, server, messages, next } = await pair()
    const bytes = Buffer.concat([frame('a'), frame(Buffer.from([15, 160]), { opcode: 8 })])
    const start = frame('a').length
    client.write(bytes.subarray(0, start + cut))
    await next(1)
    expect([closed, messages]).toEqual([[], [['a', false]]])
    client.write(bytes.subarray(start + cut))
    expect(await closeCode(client)).toBe(4000)
    // The client's side is still open.
    expect([closed, server.readyState]).toEqual([[4000], 2])
    client.end()
    await once(server, 'close')
    expect(closed).toEqual([4000])
  })

  it('reads the same messages however the bytes are cut', async () => {
    const aFrame = fc.record({
      text: fc.oneof(
        fc.string({ maxLength: 10 }),
        fc.string({ minLength: 120, maxLength: 130 }),
        fc.constant('é'.repeat(35_000)),
      ),
      key: fc.constantFrom(0, 0x01020304, 0xffeeddcc),
      split: fc.boolean(),
    })
    const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.array(aFrame, { minLength: 1, maxLength: 6 }), cuts, async (frames, sizes) => {
        const { client, messages, next } = await pair()
        const stream = Buffer.concat(
          frames.map(({ text, key, split }) => {
            const payload = Buffer.from(text)
            if (!split) return frame(payload, { key })
            return Buffer.concat([
              frame(payload.subarray(0, 1), { key, final: false }),
              frame(payload.subarray(1), { key, opcode: 0 }),
            ])
          }),
        )
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          client.write(stream.subarray(at, at + (turn < 40 ? size : stream.length)))
          at += turn < 40 ? size : stream.length
          if (turn < 40) await new Promise((resolve) => setImmediate(resolve))
        }
        await next(frames.length)
        expect(messages.map(([data]) => data)).toEqual(frames.map(({ text }) => Buffer.from(text).toString('latin1')))
        client.destroy()
      }),
      { numRuns: 40 },
    )
  })

  it('puts large binary frames together in lent memory, however they are cut, in order with all others', async () => {
    const sizes = [0, 5, 8_191, 8_192, 30_000, 65_535, 65_536, 65_537, 100_000]
    const aFrame = fc.record({
      size: fc.constantFrom(...sizes),
      opcode: fc.constantFrom(1, 2, 2),
      key: fc.constantFrom(0, 1, 0x12345678, 0xffffffff),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(aFrame, { minLength: 1, maxLength: 6 }), cuts, async (frames, pieces) => {
        const { client, messages, lent, next } = await pair(1 << 20, { takesLent: true })
        const payloads = frames.map(({ size }, index) => Buffer.alloc(size, `${index}abcdefg`))
        const stream = Buffer.concat(frames.map(({ opcode, key }, index) => frame(payloads[index]!, { opcode, key })))
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const piece = turn < 20 ? pieces[turn % pieces.length]! : stream.length
          client.write(stream.subarray(at, at + piece))
          at += piece
          if (turn < 20) await new Promise((resolve) => setImmediate(resolve))
        }
        await next(frames.length)
        expect(messages.length).toBe(frames.length)
        for (const [index, [data, isBinary]] of messages.entries()) {
          expect(isBinary).toBe(frames[index]!.opcode === 2)
          expect(data === payloads[index]!.toString('latin1')).toBe(true)
        }
        for (const size of lent) expect(size >= 8_178 && size <= 65_536).toBe(true)
        client.destroy()
      }),
      { numRuns: 40 },
    )
  })

  it('lends for a frame that comes in two reads, and not where that was not asked for', async () => {
    for (const lends of [true, false]) {
      const { client, read, lent, messages, next } = await pair(1 << 20, { takesLent: lends })
      const bytes = frame(Buffer.alloc(65_536, 7), { opcode: 2 })
      const read100 = read()
      client.write(bytes.subarray(0, 100))
      await read100
      client.write(bytes.subarray(100))
      await next(1)
      expect(messages[0]![0].length).toBe(65_536)
      expect(lent).toEqual(lends ? [65_536] : [])
    }
  })

  it.each([
    ['small messages', 100, false],
    ['messages in memory of their own', 70_000, false],
    ['messages put together by ws', 300_000, false],
    ['messages in lent memory', 70_000, true],
  ])('counts %s as ended although each read ends within another one', async (_, size, takesLent) => {
    const { client, reader, read, next } = await pair(1 << 20, { takesLent })
    const bytes = frame(Buffer.alloc(size, 7), { opcode: 2 })
    const half = bytes.length >> 1
    const readHalf = read()
    client.write(bytes.subarray(0, half))
    await readHalf
    const began = performance.now()
    await expect.poll(() => performance.now(), { interval: 1 }).toBeGreaterThan(began + 2)
    client.write(Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)]))
    await next(1)
    const now = performance.now()
    expect(reader.isStuck(now - began - 1, now, true)).toBe(false)
    expect(reader.isStuck(-1, now, true)).toBe(true)
  })

  it('hands out large messages whole, in order with all others, however they are cut', async () => {
    const sizes = [0, 5, 16_000, 16_377, 30_000, 65_535, 65_536, 200_000, 262_130, 262_131, 300_000]
    const aFrame = fc.record({
      size: fc.constantFrom(...sizes),
      opcode: fc.constantFrom(1, 1, 2),
      key: fc.constantFrom(0, 1, 0x12345678, 0xffffffff),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(aFrame, { minLength: 1, maxLength: 6 }), cuts, async (frames, pieces) => {
        const { client, server, messages, next } = await pair()
        // What was handed out is kept, and what comes later is read elsewhere.
        const kept: Buffer[] = []
        server.on('message', (data: Buffer) => kept.push(data))
        const payloads = frames.map(({ size }, index) => Buffer.alloc(size, `${index}abcdéfg`))
        // None of them ends within a letter.
        for (const payload of payloads) payload.fill('x', Math.max(0, payload.length - 1))
        for (const payload of payloads) if (payload.at(-2) === 0xc3) payload[payload.length - 2] = 0x78
        const stream = Buffer.concat(frames.map(({ opcode, key }, index) => frame(payloads[index]!, { opcode, key })))
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const piece = turn < 20 ? pieces[turn % pieces.length]! : stream.length
          client.write(stream.subarray(at, at + piece))
          at += piece
          if (turn < 20) await new Promise((resolve) => setImmediate(resolve))
        }
        await next(frames.length)
        expect(messages.map(([, isBinary]) => isBinary)).toEqual(frames.map(({ opcode }) => opcode === 2))
        expect(kept.map((data, index) => data.equals(payloads[index]!))).toEqual(frames.map(() => true))
        client.destroy()
      }),
      { numRuns: 40 },
    )
  })

  it('closes with 1007 for a large text frame that comes in two reads and is not UTF-8', async () => {
    for (const key of [0, 0x12345678]) {
      const { client, read, messages } = await pair()
      const code = closeCode(client)
      const payload = Buffer.alloc(70_000, 'x')
      payload[69_000] = 0xff
      const bytes = frame(payload, { key })
      const readPart = read()
      client.write(bytes.subarray(0, 40_000))
      await readPart
      client.write(Buffer.concat([bytes.subarray(40_000), frame('behind it')]))
      expect(await code).toBe(1007)
      expect(messages).toEqual([])
    }
  })

  it('hands out nothing while it is paused within a row of large messages, and the rest in order', async () => {
    const { client, server, messages, next } = await pair()
    const socket = server['_socket' as never] as Socket
    const texts = Array.from({ length: 12 }, (_, index) => `${index}`.padStart(70_000, ' '))
    server.on('message', () => {
      if (messages.length === 3 || messages.length === 7) server.pause()
    })
    client.write(Buffer.concat(texts.map((text) => frame(text))))
    for (const count of [3, 7]) {
      await next(count)
      await expect.poll(() => socket.readableLength, { interval: 1 }).toBeGreaterThan(0)
      expect(messages.length).toBe(count)
      server.resume()
    }
    await next(12)
    expect(messages.map(([text]) => text === texts[Number(text)])).toEqual(texts.map(() => true))
    expect(messages.map(([text]) => Number(text))).toEqual(texts.map((_, index) => index))
  })

  it.each([
    ['a message in memory of its own', 40_000, 0],
    ['a message in memory of its own that is masked', 40_000, 0x12345678],
    ['a message that ws puts together', 300_000, 0x12345678],
  ])('goes on within %s with what waits in a paused stream when the socket fails', async (_what, size, key) => {
    const { client, server, messages } = await pair()
    const socket = server['_socket' as never] as Socket
    const readBefore = socket.bytesRead
    // By itself what is read later would be a frame of its own.
    const payload = Buffer.concat([Buffer.alloc(size, 'a'), frame('no frame', { key: 0 }), Buffer.alloc(5_000, 'b')])
    const bytes = frame(payload, { opcode: 2, key })
    const cut = bytes.length - payload.length + size
    client.write(bytes.subarray(0, cut))
    await expect.poll(() => socket.bytesRead - readBefore, { interval: 1 }).toBe(cut)
    server.pause()
    const rest = Buffer.concat([bytes.subarray(cut), frame('behind')])
    client.write(rest)
    await expect.poll(() => socket.readableLength, { interval: 1 }).toBe(rest.length)
    client.resetAndDestroy()
    await once(server, 'close')
    expect(messages).toEqual([
      [payload.toString('latin1'), true],
      ['behind', false],
    ])
  })

  it('hears of the end', async () => {
    const { client, server, messages } = await pair()
    client.end(frame('last'))
    await once(server, 'close')
    expect(messages).toEqual([['last', false]])
  })

  it('still refuses a frame above the limit when it lends', async () => {
    const { client } = await pair(20_000, { takesLent: true })
    const code = closeCode(client)
    client.write(frame(Buffer.alloc(30_000), { opcode: 2 }))
    expect(await code).toBe(1009)
  })
})

/** Where a stream of frames is cut, over and over. */
const cuts = fc.array(fc.constantFrom(1, 3, 13, 14, 15, 8_000, 65_522, 65_536), { minLength: 1, maxLength: 8 })

describe('readFramesDirectly from a socket whose stream is paused for a while', () => {
  const pair = anyPair

  it('reads on after a pause in which more came than a stream keeps', async () => {
    const { client, server, messages, next } = await pair()
    const socket = server['_socket' as never] as Socket
    server.pause()
    const bytes = frame(Buffer.alloc(40_000, 7), { opcode: 2 })
    for (let sent = 0; sent < 100; sent++) client.write(bytes)
    await expect.poll(() => socket.readableLength, { interval: 1 }).toBeGreaterThanOrEqual(socket.readableHighWaterMark)
    expect(messages).toEqual([])
    server.resume()
    await next(100)
    client.write(frame('after'))
    await next(101)
    expect(messages.at(-1)).toEqual(['after', false])
  })

  it('hands reads on past the stream, in order with what waits in a stream that is paused', async () => {
    const { client, server, messages, next } = await pair()
    const socket = server['_socket' as never] as Socket
    const emitted: string[] = []
    const emit = socket.emit.bind(socket)
    socket.emit = (event: string | symbol, ...args: unknown[]) => {
      emitted.push(String(event))
      return (emit as (event: string | symbol, ...args: unknown[]) => boolean)(event, ...args)
    }
    const send = (text: string): void => void client.write(frame(Buffer.from(text)))
    send('past it')
    await next(1)
    expect(emitted).not.toContain('data')
    server.pause()
    send('waits')
    await expect.poll(() => socket.readableLength, { interval: 1 }).toBeGreaterThan(0)
    send('waits too')
    const held = frame(Buffer.from('waits')).length + frame(Buffer.from('waits too')).length
    await expect.poll(() => socket.readableLength, { interval: 1 }).toBe(held)
    expect(messages.length).toBe(1)
    server.resume()
    send('behind')
    await next(4)
    const heard = once(socket, 'data')
    send('heard by others')
    expect((await heard).length).toBe(1)
    await next(5)
    expect(messages.map(([text]) => text)).toEqual(['past it', 'waits', 'waits too', 'behind', 'heard by others'])
  })

  it('stops reading while the stream is paused, and goes on', async () => {
    const { client, server, messages, next } = await pair()
    const socket = server['_socket' as never] as Socket
    const block = 'x'.repeat(60_000)
    /** More than the system takes by itself. */
    const COUNT = 250
    client.write(frame(Buffer.from(block)))
    await next(1)
    for (let round = 0; round < 2; round++) {
      server.pause()
      const from = messages.length
      for (let count = 0; count < COUNT; count++) client.write(frame(Buffer.from(`${round}.${count} ${block}`)))
      await expect.poll(() => client.writableLength, { interval: 1 }).toBeGreaterThan(0)
      await expect.poll(() => socket.readableLength, { interval: 1 }).toBeGreaterThan(0)
      expect(messages.length).toBe(from)
      server.resume()
      await next(from + COUNT)
      expect(messages.slice(from).map(([text]) => text.split(' ')[0])).toEqual(
        Array.from({ length: COUNT }, (_, count) => `${round}.${count}`),
      )
    }
  })

  it('stays paused when the read after which it would share its memory is the one that pauses it', async () => {
    const { client, server, messages, next } = await pair(1 << 20, { smallReads: 15 })
    const socket = server['_socket' as never] as Socket
    server.once('message', () => server.pause())
    client.write(frame('pauses'))
    await next(1)
    client.write(frame('waits'))
    await expect.poll(() => socket.readableLength, { interval: 1 }).toBe(frame('waits').length)
    expect(messages.length).toBe(1)
    server.resume()
    await next(2)
    expect(messages.map(([text]) => text)).toEqual(['pauses', 'waits'])
  })
})

it('gives an owner that takes messages those that it reads, and leaves those of ws their event', async () => {
  const taken: string[] = []
  const { client, messages, next } = await anyPair(1 << 20, {
    messageCame: (payload) => void taken.push(payload.toString('latin1')),
  })
  client.write(Buffer.concat([frame('direct'), frame('a', { final: false }), frame('b', { opcode: 0, final: true })]))
  await next(1)
  expect(taken).toEqual(['direct'])
  expect(messages).toEqual([['ab', false]])
})
