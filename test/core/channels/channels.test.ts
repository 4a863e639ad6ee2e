// Channels between sockets (spec 01 §16, checks 42–47).
import net from 'node:net'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import type { ChannelRef } from '../../../core/channels/channel-broker.ts'
import { within } from '../../support/deadline.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { attach, collect, open, type Reading } from './channel-sockets.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test.each([[{}], [{ buffer_size: 0 }], [{ buffer_size: null }], [{ buffer_size: 5000 }]])(
  'Creating with %j gives two refs with one id and key',
  async (input) => {
    const core = await startCore()
    const { result } = await (await core.connect()).call('engine::channels::create', input)
    const { writer, reader } = result as { writer: ChannelRef; reader: ChannelRef }
    expect(writer).toEqual({
      channel_id: expect.stringMatching(UUID),
      access_key: expect.stringMatching(UUID),
      direction: 'write',
    })
    expect(reader).toEqual({ ...writer, direction: 'read' })
  },
)

test.each([-1, 1.5, '5', true])('buffer_size %j is a deserialization_error', async (buffer_size) => {
  const core = await startCore()
  const { error } = await (await core.connect()).call('engine::channels::create', { buffer_size })
  expect(error?.code).toBe('deserialization_error')
})

test('Wrong id or key is 404, the same for both; a missing or unknown direction is 400', async () => {
  const core = await startCore()
  const { reader } = core.core.channels.create()
  const status = async (id: string, query: string): Promise<string> =>
    open(`${core.url()}/ws/channels/${id}${query}`).then(
      () => 'open',
      (error: Error) => error.message,
    )
  const [id, key] = [reader.channel_id, reader.access_key]
  expect(await status(id, `?key=wrong&dir=read`)).toBe('HTTP 404 Channel not found')
  expect(await status(crypto.randomUUID(), `?key=${key}&dir=read`)).toBe('HTTP 404 Channel not found')
  expect(await status(id, `?key=${key}`)).toMatch(/^HTTP 400/)
  expect(await status(id, `?key=${key}&dir=READ`)).toMatch(/^HTTP 400/)
  expect(await status(id, '?dir=read')).toMatch(/^HTTP 400/)
  expect(await status(id, `?key=${key}&dir=read`)).toBe('open')
})

test('The reader gets every item in order, with its kind and its boundaries, empty ones too, and then 1000', async () => {
  const { writer, reader } = await ends(await startCore())
  const items: (string | Buffer)[] = [
    'first',
    Buffer.alloc(65_536, 1),
    Buffer.alloc(0),
    '',
    Buffer.alloc(200_000, 2),
    'lást',
  ]
  for (const item of items) writer.send(item)
  writer.close(1000, 'stream_complete')
  expect(await reader.closed).toEqual({ code: 1000, reason: '' })
  expect(reader.items).toEqual(items)
})

test('A late reader gets what was written by a writer that is gone, and the close', async () => {
  const core = await startCore()
  const { reader, writer } = core.core.channels.create()
  const socket = await attach(core, writer)
  for (const item of ['a', 'b', 'c']) socket.send(item)
  socket.close(1000)
  await new Promise((resolve) => socket.once('close', resolve))
  const late = collect(await attach(core, reader))
  expect((await late.closed).code).toBe(1000)
  expect(late.items).toEqual(['a', 'b', 'c'])
})

test('Without a reader the writer stalls within bounded memory, and everything arrives once there is one', async () => {
  const core = await startCore()
  const { reader, writer } = core.core.channels.create(4)
  const socket = await attach(core, writer)
  const frames = 320
  for (let index = 0; index < frames; index++) socket.send(Buffer.alloc(65_536, index % 251))
  let before = NaN
  // The writer is stalled when the round trips of another connection see no further progress.
  const other = await core.connect()
  do {
    before = socket.bufferedAmount
    for (let round = 0; round < 30; round++) await other.settled()
  } while (socket.bufferedAmount !== before)
  expect(before).toBeGreaterThan(1024 * 1024)
  const late = collect(await attach(core, reader))
  const items = (await late.take(frames)) as Buffer[]
  expect(
    items.every((item, index) => item.length === 65_536 && item[0] === index % 251 && item[65_535] === index % 251),
  ).toBe(true)
})

test('Above 8 MiB the writer is paused, however few items those are', async () => {
  const core = await startCore()
  const { reader, writer } = core.core.channels.create(1024)
  const socket = await attach(core, writer)
  for (let index = 0; index < 40; index++) socket.send(Buffer.alloc(1024 * 1024, index))
  const other = await core.connect()
  let before = NaN
  do {
    before = socket.bufferedAmount
    for (let round = 0; round < 30; round++) await other.settled()
  } while (socket.bufferedAmount !== before)
  expect(before).toBeGreaterThan(16 * 1024 * 1024)
  const late = collect(await attach(core, reader))
  expect(await late.take(40)).toHaveLength(40)
})

test('A slow reader holds the writer back and gets everything', async () => {
  const core = await startCore()
  const { reader, writer } = await ends(core, 2)
  reader.socket.pause()
  const frames = 200
  for (let index = 0; index < frames; index++) writer.send(Buffer.alloc(65_536, index % 251))
  const other = await core.connect()
  for (let round = 0; round < 50; round++) await other.settled()
  reader.socket.resume()
  const items = (await reader.take(frames)) as Buffer[]
  expect(items.every((item, index) => item[0] === index % 251)).toBe(true)
})

test('A second reader or writer gets an upgrade and a close without code; the first is not affected', async () => {
  const core = await startCore()
  const { refs, reader, writer } = await ends(core)
  for (const ref of [refs.reader, refs.writer]) {
    const second = await attach(core, ref)
    expect(await new Promise((resolve) => second.once('close', resolve))).toBe(1005)
  }
  writer.send('still')
  expect(await reader.take(1)).toEqual(['still'])
})

test('When the reader goes the writer is closed with 1000 reader_gone', async () => {
  const { reader, writer } = await ends(await startCore())
  writer.send('one')
  await reader.take(1)
  const closed = new Promise((resolve) => writer.once('close', (code, reason) => resolve([code, reason.toString()])))
  reader.socket.terminate()
  expect(await within(2000, 'the close', closed)).toEqual([1000, 'reader_gone'])
})

test('A writer that is stalled learns that its reader is gone', async () => {
  const core = await startCore()
  const { reader, writer } = await ends(core, 1)
  reader.socket.pause()
  for (let index = 0; index < 100; index++) writer.send(Buffer.alloc(65_536))
  const closed = new Promise((resolve) => writer.once('close', resolve))
  reader.socket.terminate()
  await within(3000, 'the close', closed)
  expect(core.core.channels.size).toBe(0)
})

test.each([
  ['is cut off', (socket: WebSocket) => socket.terminate()],
  ['leaves with 1001', (socket: WebSocket) => socket.close(1001)],
])('When the writer %s the reader gets the rest and 1011 writer_lost', async (_what, leave) => {
  const { reader, writer } = await ends(await startCore())
  await new Promise<void>((resolve) => writer.send('rest', () => resolve()))
  await reader.take(1)
  leave(writer)
  expect(await reader.closed).toEqual({ code: 1011, reason: 'writer_lost' })
})

test('A writer that the engine itself closes does not look complete to its reader', async () => {
  const core = await startCore({ listeners: [{}, {}] })
  const { reader: ref, writer } = core.core.channels.create()
  const reader = collect(await attach(core, ref, 1))
  await attach(core, writer, 0)
  await core.listener(0).close()
  expect(await reader.closed).toEqual({ code: 1011, reason: 'writer_lost' })
})

test('What a reader sends is ignored, and both ends answer pings', async () => {
  const { reader, writer } = await ends(await startCore())
  reader.socket.send('nobody wants this')
  for (const socket of [reader.socket, writer]) {
    const pong = new Promise<string>((resolve) => socket.once('pong', (data) => resolve(data.toString())))
    socket.ping('p')
    expect(await within(2000, 'a pong', pong)).toBe('p')
  }
  writer.send('wanted')
  expect(await reader.take(1)).toEqual(['wanted'])
})

test('A channel outlives the worker that created it', async () => {
  const core = await startCore()
  const creator = await core.connect()
  const { result } = await creator.call('engine::channels::create', {})
  const refs = result as { writer: ChannelRef; reader: ChannelRef }
  await creator.close()
  const writer = await attach(core, refs.writer)
  const reader = collect(await attach(core, refs.reader))
  writer.send('works')
  expect(await reader.take(1)).toEqual(['works'])
})

test('A base URL with a query still reaches the channel, and no stray worker comes of it', async () => {
  const core = await startCore()
  const { writer, reader } = core.core.channels.create()
  const glued = ({ channel_id: id, access_key: key, direction }: ChannelRef): string =>
    `${core.url()}/?token=x/ws/channels/${id}?key=${key}&dir=${direction}`
  const [to, from] = [await open(glued(writer)), collect(await open(glued(reader)))]
  to.send('through')
  expect(await from.take(1)).toEqual(['through'])
  expect([...core.core.router.workers.values()].filter(({ link }) => link.kind === 'socket')).toEqual([])
})

test('Channels of a listener with rbac need no session: the key is enough', async () => {
  const core = await startCore({
    listeners: [{ rbac: {} }],
    prepare: (host) => host.seat('session-policy', () => null),
  })
  const { writer, reader } = core.core.channels.create()
  const to = await attach(core, writer)
  const from = collect(await attach(core, reader))
  to.send('in')
  expect(await from.take(1)).toEqual(['in'])
})

test('Refs inside a payload reach the callee as they are', async () => {
  const core = await startCore()
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('ref::f', (data: { a: unknown }) => data.a)
  const { reader } = core.core.channels.create()
  expect((await caller.call('ref::f', { a: [{ r: reader }] })).result).toEqual([{ r: reader }])
})

test('A channel that dies takes no worker with it', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const { reader, writer } = await ends(core)
  writer.terminate()
  await reader.closed
  await worker.settled()
  expect(worker.socket.readyState).toBe(1)
})

test('A reader that vanishes between write and close frees the channel', async () => {
  const core = await startCore()
  const { reader: ref, writer } = core.core.channels.create()
  const to = await attach(core, writer)
  to.send('x')
  to.close(1000)
  await new Promise((resolve) => to.once('close', resolve))
  const socket = net.connect(core.listener().port, '127.0.0.1')
  socket.write(
    `GET /ws/channels/${ref.channel_id}?key=${ref.access_key}&dir=read HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  await within(2000, 'the upgrade', new Promise((resolve) => socket.once('data', resolve)))
  socket.destroy()
  expect(core.core.channels.size).toBe(0)
})

async function ends(
  core: TestCore,
  bufferSize?: number,
): Promise<{ refs: { writer: ChannelRef; reader: ChannelRef }; writer: WebSocket; reader: Reading }> {
  const refs = core.core.channels.create(bufferSize)
  const reader = collect(await attach(core, refs.reader))
  return { refs, reader, writer: await attach(core, refs.writer) }
}
