// Channels that a plugin offers, opened over real sockets and by other plugins.
import net from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ChannelReader } from '../../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../../sdk/channel-writer.ts'
import { Collector, within } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import { attach, collect } from './channel-sockets.ts'
import { offeringPlugin, receiver, silentOwner } from './offering-plugin.ts'

test('An offer that nobody opens is not known to the engine', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const offers = Array.from({ length: 100 }, () => iii.offerChannel('read', () => {}))
  expect(iii.offeredChannels).toBe(100)
  expect(core.core.channels.size).toBe(0)
  for (const offer of offers) expect(offer.withdraw()).toBe(true)
  expect(iii.offeredChannels).toBe(0)
})

test('Who opens an offered reading end reads what the plugin writes, and its clean end', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const opened = new Collector<ChannelWriter>()
  const { ref, withdraw } = iii.offerChannel('read', opened.add)
  expect(ref).toMatchObject({ direction: 'read', access_key: expect.any(String) as string })
  const reader = collect(await attach(core, ref))
  const [writer] = await opened.take(1)
  expect(withdraw()).toBe(false)
  writer!.sendMessage('first')
  writer!.write(Buffer.from('second'))
  writer!.close()
  expect(await reader.closed).toEqual({ code: 1000, reason: '' })
  expect(reader.items).toEqual(['first', Buffer.from('second')])
  expect(core.core.channels.size).toBe(0)
})

test('Whoever reads learns that a writer which gave up has not written everything', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const opened = new Collector<ChannelWriter>()
  const { ref } = iii.offerChannel('read', opened.add)
  const reader = collect(await attach(core, ref))
  const [writer] = await opened.take(1)
  writer!.write(Buffer.from('half'))
  writer!.abort()
  expect((await reader.closed).code).toBe(1011)
})

test('Who opens an offered writing end is read by the plugin', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const seen = new Collector<unknown>()
  const { ref } = iii.offerChannel('write', (reader: ChannelReader) => {
    reader.onMessage(seen.add)
    reader.onBinary((bytes) => seen.add(bytes.toString()))
    reader.onEnd(seen.add)
  })
  const writer = await attach(core, ref)
  writer.send('text')
  writer.send(Buffer.from('bytes'))
  writer.close(1000)
  expect(await seen.take(3)).toEqual(['text', 'bytes', { clean: true, code: 1000, reason: '' }])
})

test('A wrong key, the other direction and an id that was never offered are 404, and the offer stands', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const { ref } = iii.offerChannel('read', (writer) => writer.close())
  const next = `${ref.channel_id.slice(0, -1)}2`
  const found = (changed: Partial<typeof ref>): Promise<unknown> =>
    attach(core, { ...ref, ...changed }).catch((error: Error) => error.message)
  expect(await found({ access_key: 'wrong' })).toBe('HTTP 404 Channel not found')
  expect(await found({ direction: 'write' })).toBe('HTTP 404 Channel not found')
  expect(await found({ channel_id: next })).toBe('HTTP 404 Channel not found')
  expect(await found({ channel_id: crypto.randomUUID() })).toBe('HTTP 404 Channel not found')
  expect((await collect(await attach(core, ref)).closed).code).toBe(1000)
})

test('An offer that was withdrawn, or opened before, is upgraded and closed', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const withdrawn = iii.offerChannel('read', () => {})
  withdrawn.withdraw()
  expect(await collect(await attach(core, withdrawn.ref)).closed).toEqual({ code: 1005, reason: '' })
  const writers = new Collector<ChannelWriter>()
  const { ref } = iii.offerChannel('read', writers.add)
  const first = collect(await attach(core, ref))
  expect((await collect(await attach(core, ref)).closed).code).toBe(1005)
  const [writer] = await writers.take(1)
  writer!.close()
  expect((await first.closed).code).toBe(1000)
  expect((await collect(await attach(core, ref)).closed).code).toBe(1005)
  expect(writers.items).toHaveLength(1)
})

test('An opener waits for the plugin, and gives up when its socket goes: the plugin is told that nobody is there', async () => {
  const core = await startCore()
  const owner = silentOwner(core)
  const ref = owner.ref('read')
  const socket = new WebSocket(`${core.url()}/ws/channels/${ref.channel_id}?key=${ref.access_key}&dir=read`)
  socket.on('error', () => {})
  const [asked] = await owner.asked.take(1)
  expect(asked!.ref).toEqual(ref)
  socket.terminate()
  const told = new Collector<unknown>()
  owner.transport.start(receiver((...close) => told.add(close)))
  // The server reads nothing of a socket that waits, so it learns of its end by the answer.
  owner.transport.openChannel(1, { ...ref, direction: 'write' }, asked!.ask)
  const [end, , reason] = (await told.take(1))[0] as [number, number, string]
  expect(end).toBe(1)
  expect(['opener_gone', 'reader_gone']).toContain(reason)
  await expect.poll(() => core.core.channels.size).toBe(0)
})

test('What an opener sends before it was answered waits in its socket, and comes first', async () => {
  const core = await startCore()
  const owner = silentOwner(core)
  const ref = owner.ref('write')
  const socket = net.connect(core.listener().port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const head = `GET /ws/channels/${ref.channel_id}?key=${ref.access_key}&dir=write HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
  // Two frames with a mask of zeros: one with the request, one behind it.
  socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 0x83, 0, 0, 0, 0]), Buffer.from('one')]))
  const [asked] = await owner.asked.take(1)
  socket.write(Buffer.concat([Buffer.from([0x82, 0x83, 0, 0, 0, 0]), Buffer.from('two')]))
  const got = new Collector<string>()
  owner.transport.start({
    ...receiver(() => {}),
    onChannelText: (_end, text) => got.add(text),
    onChannelBinary: (_end, bytes) => got.add(Buffer.from(bytes).toString()),
  })
  owner.transport.openChannel(1, { ...ref, direction: 'read' }, asked!.ask)
  expect(await got.take(2)).toEqual(['one', 'two'])
})

test('On a listener with rbac the key of an offered channel is enough, and nothing else is', async () => {
  const core = await startCore({
    listeners: [{ rbac: {} }],
    prepare: (host) => host.seat('session-policy', () => null),
  })
  const { iii } = offeringPlugin(core)
  const { ref } = iii.offerChannel('read', (writer) => writer.close())
  const guessed = await attach(core, { ...ref, access_key: crypto.randomUUID() }).catch((error: Error) => error.message)
  expect(guessed).toBe('HTTP 404 Channel not found')
  expect((await collect(await attach(core, ref)).closed).code).toBe(1000)
})

test('When its plugin crashes before it has answered, the opener is upgraded and told that the other end is lost', async () => {
  const core = await startCore()
  const owner = silentOwner(core)
  const [reading, writing] = [owner.ref('read'), owner.ref('write')]
  const sockets = [attach(core, reading), attach(core, writing)]
  await owner.asked.take(2)
  owner.crash()
  const [reader, writer] = (await Promise.all(sockets)).map(collect)
  expect(await reader!.closed).toEqual({ code: 1011, reason: 'writer_lost' })
  expect(await writer!.closed).toEqual({ code: 1000, reason: 'reader_gone' })
})

test('Whose plugin is gone, and was there a moment ago, is told the same', async () => {
  const core = await startCore()
  const { iii, crash } = offeringPlugin(core)
  const [read, write] = [iii.offerChannel('read', () => {}), iii.offerChannel('write', () => {})]
  // The announcement crosses before the plugin goes.
  await attach(core, iii.offerChannel('read', () => {}).ref)
  crash()
  expect(await collect(await attach(core, read.ref)).closed).toEqual({ code: 1011, reason: 'writer_lost' })
  expect(await collect(await attach(core, write.ref)).closed).toEqual({ code: 1000, reason: 'reader_gone' })
})

test('When the plugin goes after the opening, the other end is told', async () => {
  const core = await startCore()
  const { iii, crash } = offeringPlugin(core)
  const opened = new Collector<ChannelWriter>()
  const reader = collect(await attach(core, iii.offerChannel('read', opened.add).ref))
  const writer = collect(await attach(core, iii.offerChannel('write', () => {}).ref))
  opened.items[0]!.sendMessage('so far')
  await reader.take(1)
  crash()
  expect(await reader.closed).toEqual({ code: 1011, reason: 'writer_lost' })
  expect(await writer.closed).toEqual({ code: 1000, reason: 'reader_gone' })
})

test('Two generations of a plugin offer beside each other, each its own channels', async () => {
  const core = await startCore()
  const [before, after] = [offeringPlugin(core, 'same'), offeringPlugin(core, 'same')]
  const say =
    (text: string) =>
    (writer: ChannelWriter): void => {
      writer.sendMessage(text)
      writer.close()
    }
  const [early, late] = [before, after].map(({ iii }, index) => iii.offerChannel('read', say(`${index}`)).ref)
  const first = collect(await attach(core, late!))
  const second = collect(await attach(core, early!))
  await Promise.all([first.closed, second.closed])
  expect([first.items, second.items]).toEqual([['1'], ['0']])
  const { ref } = after.iii.offerChannel('read', say('after the end of the other'))
  before.crash()
  const third = collect(await attach(core, ref))
  await third.closed
  expect(third.items).toEqual(['after the end of the other'])
})

test('When the one who opened it goes, the plugin is told at once', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const seen = new Collector<unknown>()
  const reader = await attach(
    core,
    iii.offerChannel('read', (writer) => writer.onGone(() => seen.add('reader gone'))).ref,
  )
  const writer = await attach(core, iii.offerChannel('write', (end) => end.onEnd(seen.add)).ref)
  reader.terminate()
  expect(await seen.take(1)).toEqual(['reader gone'])
  writer.terminate()
  expect((await seen.take(2))[1]).toEqual({ clean: false, code: 1011, reason: 'writer_lost' })
})

test('A plugin that pauses its end holds the writer outside back, and gets everything in order once it goes on', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const readers = new Collector<ChannelReader>()
  let got = 0
  const inOrder = new Collector<number>()
  const over = Promise.withResolvers<unknown>()
  const { ref } = iii.offerChannel('write', (reader) => {
    readers.add(reader)
    reader.onBinary((bytes) => {
      got += bytes.length
      inOrder.add(bytes.readUInt32LE(0))
    })
    reader.onEnd(over.resolve)
    reader.pause()
  })
  const socket = await attach(core, ref)
  const frames = 400
  for (let index = 0; index < frames; index++) {
    const frame = Buffer.alloc(65_536)
    frame.writeUInt32LE(index)
    socket.send(frame)
  }
  socket.close(1000)
  const other = await core.connect()
  let before = NaN
  do {
    before = socket.bufferedAmount
    for (let round = 0; round < 30; round++) await other.settled()
  } while (socket.bufferedAmount !== before)
  expect(before).toBeGreaterThan(4 * 1024 * 1024)
  expect(got).toBe(0)
  const [reader] = await readers.take(1)
  reader!.resume()
  expect(await within(10_000, 'the end', over.promise)).toMatchObject({ clean: true })
  expect(got).toBe(frames * 65_536)
  expect(inOrder.items).toEqual(Array.from({ length: frames }, (_, index) => index))
})

test('A reader outside that does not read holds the plugin back', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const total = 64 * 1024 * 1024
  let written = 0
  const begin = new Collector<() => void>()
  const { ref } = iii.offerChannel('read', (writer) => {
    const piece = Buffer.alloc(65_536)
    const pump = (): void => {
      while (written < total) {
        written += piece.length
        if (!writer.write(piece)) return
      }
      writer.close()
    }
    writer.onDrain(pump)
    begin.add(pump)
  })
  const reader = collect(await attach(core, ref))
  const other = await core.connect()
  reader.socket.pause()
  begin.items[0]!()
  let before = NaN
  do {
    before = written
    for (let round = 0; round < 30; round++) await other.settled()
  } while (written !== before)
  expect(written).toBeLessThan(total / 2)
  reader.socket.resume()
  await within(20_000, 'the end', reader.closed)
  expect(reader.items.reduce((sum, item) => sum + item.length, 0)).toBe(total)
})

test('When the opening fails in the plugin, the opener is not left alone', async () => {
  const core = await startCore()
  const { iii, problems } = offeringPlugin(core)
  const { ref } = iii.offerChannel('read', () => {
    throw new Error('on purpose')
  })
  expect((await collect(await attach(core, ref)).closed).code).toBe(1000)
  expect(problems).toEqual(['The opening of an offered channel failed: on purpose'])
})

test('Ten thousand offers that nobody opens leave nothing behind', async () => {
  const core = await startCore()
  const { iii } = offeringPlugin(core)
  const offers = Array.from({ length: 10_000 }, (_, index) => iii.offerChannel(index % 2 ? 'read' : 'write', () => {}))
  expect(new Set(offers.map(({ ref }) => ref.channel_id)).size).toBe(10_000)
  expect(new Set(offers.map(({ ref }) => ref.access_key)).size).toBe(10_000)
  for (const { withdraw } of offers) expect(withdraw()).toBe(true)
  expect([iii.offeredChannels, core.core.channels.size, core.core.channels.remembered]).toEqual([0, 0, 0])
  expect(offers[5_000]!.withdraw()).toBe(false)
  for (const index of [0, 9_999]) {
    expect((await collect(await attach(core, offers[index]!.ref)).closed).code).toBe(1005)
  }
  expect([core.core.channels.size, core.core.channels.remembered]).toEqual([0, 0])
})

test('When the engine closes, those who wait for a plugin are not kept', async () => {
  const core = await startCore()
  const owner = silentOwner(core)
  const waiting = attach(core, owner.ref('read')).then(
    (socket) => collect(socket).closed,
    (error: Error) => error.message,
  )
  await owner.asked.take(1)
  await core.close()
  expect(await waiting).toMatch(/^HTTP 503/)
})

describe('another plugin', () => {
  test('opens either end, and what it writes before the answer is there', async () => {
    const core = await startCore()
    const [{ iii }, { iii: other }] = [offeringPlugin(core), offeringPlugin(core, 'other')]
    const seen = new Collector<unknown>()
    const given = iii.offerChannel('write', (reader) => {
      reader.onMessage(seen.add)
      reader.onBinary((bytes) => seen.add(bytes.toString()))
      reader.onEnd(seen.add)
    })
    const writer = other.openChannel(given.ref) as ChannelWriter
    writer.sendMessage('a')
    writer.write('b')
    writer.close()
    expect(await seen.take(3)).toEqual(['a', 'b', { clean: true, code: 1000, reason: '' }])
    const taken = iii.offerChannel('read', (end) => {
      end.write('c')
      end.close()
    })
    expect((await (other.openChannel(taken.ref) as ChannelReader).readAll()).toString()).toBe('c')
    await expect.poll(() => core.core.channels.size).toBe(0)
  })

  test('or the very plugin opens what it has offered', async () => {
    const core = await startCore()
    const { iii } = offeringPlugin(core)
    const { ref } = iii.offerChannel('read', (end) => {
      end.write('own')
      end.close()
    })
    expect((await (iii.openChannel(ref) as ChannelReader).readAll()).toString()).toBe('own')
  })

  test('is told that there is no such channel, by a wrong key or the other direction', async () => {
    const core = await startCore()
    const [{ iii }, { iii: other }] = [offeringPlugin(core), offeringPlugin(core, 'other')]
    const { ref } = iii.offerChannel('write', () => {})
    const wrong = other.openChannel({ ...ref, direction: 'read' }) as ChannelReader
    await expect(wrong.readAll()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const gone = new Collector<string>()
    const writer = other.openChannel({ ...ref, access_key: 'wrong' }) as ChannelWriter
    writer.onGone(() => gone.add('gone'))
    writer.sendMessage('x')
    await gone.take(1)
    expect(iii.offeredChannels).toBe(1)
    expect(core.core.channels.size).toBe(0)
  })

  test('finds the end of a channel that was withdrawn, or whose plugin is gone', async () => {
    const core = await startCore()
    const [{ iii, crash }, { iii: other }] = [offeringPlugin(core), offeringPlugin(core, 'other')]
    const ends = new Collector<unknown>()
    const [withdrawn, left] = [iii.offerChannel('read', () => {}), iii.offerChannel('read', () => {})]
    withdrawn.withdraw()
    const first = other.openChannel(withdrawn.ref) as ChannelReader
    first.onEnd(ends.add)
    await ends.take(1)
    crash()
    const second = other.openChannel(left.ref) as ChannelReader
    second.onEnd(ends.add)
    expect(await ends.take(2)).toEqual([
      { clean: true, code: 1000, reason: 'taken' },
      { clean: false, code: 1011, reason: 'writer_lost' },
    ])
  })

  test('that closes its end before the answer leaves the owner with a reader that is gone', async () => {
    const core = await startCore()
    const [{ iii }, { iii: other }] = [offeringPlugin(core), offeringPlugin(core, 'other')]
    const gone = new Collector<string>()
    const { ref } = iii.offerChannel('read', (writer) => writer.onGone(() => gone.add('gone')))
    const reader = other.openChannel(ref) as ChannelReader
    reader.close()
    await gone.take(1)
    await expect.poll(() => core.core.channels.size).toBe(0)
  })

  test('that waits is told when the owner crashes', async () => {
    const core = await startCore()
    const owner = silentOwner(core)
    const { iii: other } = offeringPlugin(core, 'other')
    const ends = new Collector<unknown>()
    const reader = other.openChannel(owner.ref('read')) as ChannelReader
    reader.onEnd(ends.add)
    await owner.asked.take(1)
    owner.crash()
    expect(await ends.take(1)).toEqual([{ clean: false, code: 1011, reason: 'writer_lost' }])
  })
})
