// Channel ends over a recorded transport: items, credit, ends (spec 08 §7).
import { once } from 'node:events'
import { beforeEach, describe, expect, it } from 'vitest'
import { CHANNEL_WINDOW_BYTES, itemCost } from '../../protocol/ring/credit.ts'
import type { ChannelReader } from '../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../sdk/channel-writer.ts'
import { Handle } from '../../sdk/handle.ts'
import { within } from '../support/deadline.ts'
import { RecordingTransport } from './recording-transport.ts'

const REF = { channel_id: 'c', access_key: 'k' }
let transport: RecordingTransport
let iii: Handle

beforeEach(() => {
  transport = new RecordingTransport()
  iii = new Handle(transport)
})

const kinds = () => transport.items.items.map(({ kind }) => kind)
const bytesSent = () =>
  transport.items.items.reduce((sum, { kind, value }) => sum + (kind === 'binary' ? (value as Buffer).length : 0), 0)

it('createChannel asks the engine and returns both ends and both refs', async () => {
  const created = iii.createChannel(8)
  const call = transport.calls.items[0]!
  expect(call).toMatchObject({ functionId: 'engine::channels::create', payload: '{"buffer_size":8}' })
  const refs = { writer: { ...REF, direction: 'write' }, reader: { ...REF, direction: 'read' } }
  transport.receiver.onResult(call.callId!, JSON.stringify(refs))
  const channel = await created
  expect(channel.writerRef).toEqual(refs.writer)
  expect(channel.readerRef).toEqual(refs.reader)
  channel.writer.sendMessage('hi')
  expect(transport.items.items).toEqual([
    { kind: 'open', end: 1, value: refs.writer },
    { kind: 'text', end: 1, value: 'hi' },
  ])
})

describe('a writer', () => {
  let writer: ChannelWriter
  beforeEach(() => {
    writer = iii.openChannel({ ...REF, direction: 'write' }) as ChannelWriter
  })

  it('sends binary data in items of at most 64 KiB, and text in order with it', () => {
    writer.write(Buffer.alloc(100_000, 1))
    writer.sendMessage('between')
    writer.stream.write('end')
    const sizes = transport.items.items.map(({ value }) => (Buffer.isBuffer(value) ? value.length : value))
    expect(sizes.slice(1)).toEqual([65_536, 34_464, 'between', 3])
  })

  it('stops when its window is used up, and goes on as the reader takes', async () => {
    const data = Buffer.alloc(1024 * 1024, 7)
    const finished = once(writer.stream, 'finish')
    expect(writer.write(data)).toBe(true)
    writer.sendMessage('last')
    writer.close()
    const first = bytesSent()
    expect(first).toBeGreaterThanOrEqual(CHANNEL_WINDOW_BYTES - 65_536)
    expect(first).toBeLessThanOrEqual(CHANNEL_WINDOW_BYTES + 65_536)
    for (let granted = 0; granted < 20; granted++) transport.receiver.onChannelCredit(1, CHANNEL_WINDOW_BYTES / 4)
    await within(5_000, 'finish', finished)
    expect(bytesSent()).toBe(data.length)
    expect(kinds().slice(-2)).toEqual(['text', 'close'])
  })

  it('that never sent anything tells the reader that it ends', async () => {
    writer.close()
    await transport.items.take(2)
    expect(transport.items.items).toMatchObject([
      { kind: 'open' },
      { kind: 'close', value: { code: 1000, reason: 'channel_close' } },
    ])
  })

  it('says stream_complete when its stream ends', async () => {
    writer.stream.end('x')
    await transport.items.take(3)
    expect(transport.items.items[2]).toMatchObject({ kind: 'close', value: { code: 1000, reason: 'stream_complete' } })
  })

  it('is destroyed without an error when the reader is gone', async () => {
    writer.write(Buffer.alloc(1024 * 1024))
    const closed = once(writer.stream, 'close')
    transport.receiver.onChannelClose(1, 1000, 'reader_gone')
    await within(5_000, 'close', closed)
    expect(writer.stream.destroyed).toBe(true)
    expect(kinds()).not.toContain('close')
    // As much as it takes: nobody is there to read it.
    writer.write('more')
  })

  it('says to whoever writes after its end that it has ended', () => {
    writer.close()
    expect(() => writer.write('late')).toThrow('The channel was closed')
    expect(() => writer.sendMessage('late')).toThrow('The channel was closed')
  })
})

describe('a reader', () => {
  let reader: ChannelReader
  beforeEach(() => {
    reader = iii.openChannel({ ...REF, direction: 'read' }) as ChannelReader
  })

  it('attaches when it is first used, by onMessage too', () => {
    expect(kinds()).toEqual([])
    const texts: string[] = []
    reader.onMessage((text) => texts.push(text))
    reader.onMessage((text) => texts.push(`${text}!`))
    expect(kinds()).toEqual(['open'])
    transport.receiver.onChannelText(1, 'a')
    expect(texts).toEqual(['a', 'a!'])
  })

  it('reads all binary data until the end, text aside', async () => {
    const all = reader.readAll()
    transport.receiver.onChannelBinary(1, Buffer.from('one '))
    transport.receiver.onChannelText(1, 'message')
    transport.receiver.onChannelBinary(1, Buffer.alloc(0))
    transport.receiver.onChannelBinary(1, Buffer.from('two'))
    transport.receiver.onChannelClose(1, 1000, 'stream_complete')
    expect((await within(5_000, 'end', all)).toString()).toBe('one two')
  })

  it('gives no credit for what its stream has not asked for, and all of it in the end', async () => {
    const item = 32 * 1024
    reader.stream.once('readable', () => {})
    await transport.items.take(1)
    for (let number = 0; number < 8; number++) transport.receiver.onChannelBinary(1, Buffer.alloc(item))
    const credit = () =>
      transport.items.items.reduce((sum, { kind, value }) => sum + (kind === 'credit' ? (value as number) : 0), 0)
    expect(credit()).toBeLessThan(4 * itemCost(item))
    const all = reader.readAll()
    await transport.items.take(3)
    transport.receiver.onChannelClose(1, 1000, '')
    expect((await within(5_000, 'end', all)).length).toBe(8 * item)
    expect(credit()).toBeGreaterThan(5 * itemCost(item))
  })

  it('calls back for each binary item, those that came before too', () => {
    reader.onMessage(() => {})
    transport.receiver.onChannelBinary(1, Buffer.from('a'))
    const seen: string[] = []
    reader.onBinary((bytes) => seen.push(bytes.toString()))
    transport.receiver.onChannelBinary(1, Buffer.from('b'))
    expect(seen).toEqual(['a', 'b'])
  })

  it('fails when there is no such channel', async () => {
    const all = reader.readAll()
    await transport.items.take(1)
    transport.receiver.onChannelClose(1, 404, 'Channel not found')
    await expect(within(5_000, 'failure', all)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('tells the writer when it closes', () => {
    reader.close()
    expect(transport.items.items).toMatchObject([{ kind: 'open' }, { kind: 'close', value: { code: 1000 } }])
  })

  it('ends when the connection closes', async () => {
    const all = reader.readAll()
    transport.receiver.onChannelBinary(1, Buffer.from('part'))
    iii.close()
    expect((await within(5_000, 'end', all)).toString()).toBe('part')
  })
})
