// Channels of others: nobody gets in without id and key, nor twice, and no session uses them up (spec 01 §16).
import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Channel, MAX_SHARED_BYTES } from '../../core/channels/channel.ts'
import { ChannelBroker } from '../../core/channels/channel-broker.ts'
import { within } from '../support/deadline.ts'
import { hostile, type Hostile } from './hostile-scene.ts'

interface Ref {
  readonly channel_id: string
  readonly access_key: string
}

async function channel({ trusted }: Hostile): Promise<Ref> {
  const { result } = await trusted.call('engine::channels::create', {})
  return (result as { writer: Ref }).writer
}

/** `open`, or the status of the answer. */
function knock(scene: Hostile, path: string): Promise<{ outcome: string; socket: WebSocket }> {
  const socket = new WebSocket(`${scene.core.url(1)}${path}`)
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  return new Promise((resolve) => {
    socket.once('open', () => resolve({ outcome: 'open', socket }))
    socket.once('unexpected-response', (_request, { statusCode }) => resolve({ outcome: String(statusCode), socket }))
  })
}

test('Guessed ids and keys, those of other channels and odd forms of the right ones find no channel', async () => {
  const scene = await hostile()
  const [one, two] = [await channel(scene), await channel(scene)]
  const { channel_id: id, access_key: key } = one
  const attempts = [
    `/ws/channels/${randomUUID()}?key=${randomUUID()}&dir=read`,
    `/ws/channels/${id}?key=${randomUUID()}&dir=read`,
    `/ws/channels/${id}?key=${two.access_key}&dir=read`,
    `/ws/channels/${two.channel_id}?key=${key}&dir=write`,
    `/ws/channels/${id}?key=${key.slice(0, -1)}&dir=read`,
    `/ws/channels/${id}?key=${key}%00&dir=read`,
    `/ws/channels/${id}?key=${key.toUpperCase()}&dir=read`,
    `/ws/channels/${id.toUpperCase()}?key=${key}&dir=read`,
    `/ws/channels/__proto__?key=&dir=read`,
    `/ws/channels/${id}%20?key=${key}&dir=read`,
  ]
  const outcomes = await Promise.all(attempts.map(async (path) => (await knock(scene, path)).outcome))
  expect(outcomes).toEqual(attempts.map(() => '404'))
  expect((await knock(scene, `/ws/channels/${id}?key=&dir=read`)).outcome).toMatch(/^40[04]$/)
  expect((await knock(scene, `/ws/channels/${id}?key=${key}&dir=read`)).outcome).toBe('open')
})

test('An end that is taken, and one that has closed, is not given a second time', async () => {
  const scene = await hostile()
  const { channel_id: id, access_key: key } = await channel(scene)
  const path = (dir: string): string => `/ws/channels/${id}?key=${key}&dir=${dir}`
  const reader = (await knock(scene, path('read'))).socket
  const writer = (await knock(scene, path('write'))).socket
  const texts: string[] = []
  reader.on('message', (data: Buffer) => texts.push(data.toString()))
  for (const dir of ['read', 'write']) {
    const { socket } = await knock(scene, path(dir))
    socket.on('message', () => texts.push('overheard'))
    if (socket.readyState === socket.OPEN) socket.send('injected')
    await new Promise((resolve) => socket.once('close', resolve))
  }
  const ended = new Promise((resolve) => reader.once('close', resolve))
  writer.send('for the reader')
  writer.close(1000)
  await ended
  expect(texts).toEqual(['for the reader'])
  const { socket } = await knock(scene, path('read'))
  socket.on('message', () => texts.push('overheard'))
  await new Promise((resolve) => socket.once('close', resolve))
  expect(texts).toEqual(['for the reader'])
})

test('A session that creates channels without end is stopped, others are not, and ended ones count no more', async () => {
  const { core, session, trusted } = await hostile()
  const create = { type: 'invokefunction', function_id: 'engine::channels::create', data: {} }
  for (let index = 0; index < 1000; index++) session.send(create)
  await session.settled()
  expect((await session.call('engine::channels::create', {})).error).toMatchObject({
    code: 'overloaded',
    message: expect.stringContaining('This session has 1000 channels'),
  })
  expect((await trusted.call('engine::channels::create', {})).error).toBeUndefined()
  core.core.channels.close()
  expect((await session.call('engine::channels::create', {})).error).toBeUndefined()
})

test('The limit of a session is its own', () => {
  const broker = new ChannelBroker({ maxOfSession: 1 })
  onTestFinished(() => broker.close())
  const [one, two] = [{}, {}] as never[]
  broker.create(1, one)
  broker.create(1, two)
  expect(() => broker.create(1, one)).toThrow('This session has 1 channels')
})

test('The channels of a session hold so much together, and those of others are not held up', () => {
  const finished = (): void => {}
  const shared = { bytes: 0 }
  const writers = Array.from({ length: 40 }, () => {
    const channel = new Channel('id', 'key', 64, 0, finished, shared)
    const end = { pause: vi.fn(), resume: vi.fn(), taken: vi.fn(), close: vi.fn() }
    channel.attachWriter(end)
    return { channel, end }
  })
  const item = { bytes: Buffer.alloc(7 * 1024 * 1024), isBinary: true }
  for (const { channel } of writers) channel.write(item)
  expect(shared.bytes).toBeLessThanOrEqual(2 * MAX_SHARED_BYTES)
  const paused = writers.filter(({ end }) => end.pause.mock.calls.length > 0)
  expect(paused).toHaveLength(9)
  const ended = writers.filter(({ end }) => end.close.mock.calls.length > 0)
  expect(ended).toHaveLength(22)
  expect(ended[0]?.end.close).toHaveBeenCalledWith(1013, 'too much waits in the channels of this session')
  const other = new Channel('id', 'key', 64, 0, finished)
  const end = { pause: vi.fn(), resume: vi.fn(), taken: vi.fn(), close: vi.fn() }
  other.attachWriter(end)
  other.write(item)
  expect(end.pause).not.toHaveBeenCalled()
  const [first] = paused
  first?.channel.attachReader({ ready: true, send: () => {}, close: () => {} })
  expect(first?.end.resume).toHaveBeenCalledOnce()
})

test('What a session has created holds its bytes together', async () => {
  const scene = await hostile()
  const ended = Promise.withResolvers<number>()
  for (let index = 0; index < 20; index++) {
    const { result } = await scene.session.call('engine::channels::create', {})
    const { channel_id: id, access_key: key } = (result as { writer: Ref }).writer
    const { socket } = await knock(scene, `/ws/channels/${id}?key=${key}&dir=write`)
    socket.on('close', (code) => ended.resolve(code))
    socket.send(Buffer.alloc(7 * 1024 * 1024))
  }
  expect(await within(10_000, 'the end of a channel', ended.promise)).toBe(1013)
})
