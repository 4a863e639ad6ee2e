// Channels over either surface, and from one to the other (spec 08 §7, §17; checks 18–20, 30).
import { describe, expect, it } from 'vitest'
import { BROWSER_ENDS, MAX_UNSENT_BYTES } from '../../../sdk/browser/channels.ts'
import { BROWSER_SOCKETS } from '../../../sdk/transports/browser-sockets.ts'
import { SocketChannels } from '../../../sdk/transports/socket-channels.ts'
import { SOCKET_LIMITS } from '../../../sdk/transports/socket-options.ts'
import { Collector, within } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import { connect, failureOf, SURFACES } from './clients.ts'

const BYTES = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251)
const pairs = SURFACES.flatMap((writing) => SURFACES.map((reading) => ({ writing, reading })))

describe.each(pairs)('a channel from $writing.name to $reading.name', ({ writing, reading }) => {
  it('brings bytes and texts, each in order, to a reader in a payload', async () => {
    const core = await startCore()
    const reader = connect(reading.sdk, core.url())
    const texts: string[] = []
    const read = Promise.withResolvers<Uint8Array>()
    reader.registerFunction('sink::take', ({ deep: [{ source }] }) => {
      expect(source).toBeInstanceOf(reading.sdk.ChannelReader)
      source.onMessage((text: string) => texts.push(text))
      source.readAll().then(read.resolve, read.reject)
      return 'taking'
    })
    const writer = connect(writing.sdk, core.url())
    const channel = await writer.createChannel()
    const payload = { deep: [{ source: channel.readerRef }] }
    await expect.poll(() => writer.trigger({ function_id: 'sink::take', payload }).catch(() => null)).toBe('taking')
    channel.writer.sendMessage('{"first":"ü"}')
    channel.writer.write(BYTES)
    channel.writer.sendMessage('last')
    channel.writer.close()
    const got = await within(10_000, 'the end of the channel', read.promise)
    expect(Buffer.compare(got, BYTES)).toBe(0)
    expect(texts).toEqual(['{"first":"ü"}', 'last'])
  })
})

describe.each(SURFACES)('a channel with $name', ({ sdk }) => {
  it('is read by a reader that is made from the address and a ref, whatever query the address has', async () => {
    const core = await startCore()
    const iii = connect(sdk, `${core.url()}/?token=x`)
    const channel = await sdk.createChannel<Awaited<ReturnType<typeof iii.createChannel>>>(iii, 4)
    const reader = new sdk.ChannelReader(iii.address, channel.readerRef)
    const writer = new sdk.ChannelWriter(iii.address, channel.writerRef)
    const whole = reader.readAll()
    writer.write('from a ref')
    writer.close()
    expect(new TextDecoder().decode(await whole)).toBe('from a ref')
  })

  it('has its direction from the end, not from the ref, and an end stands for its ref in a payload', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const channel = await iii.createChannel()
    const reader = new sdk.ChannelReader(iii.address, channel.writerRef)
    expect(JSON.parse(JSON.stringify({ end: channel.writer }))).toEqual({ end: channel.writerRef })
    iii.registerFunction('sink::write', ({ end }) => {
      const writer = new sdk.ChannelWriter(iii.address, end)
      writer.write('passed on')
      writer.close()
    })
    await iii.trigger({ function_id: 'sink::write', payload: { end: channel.writer } })
    expect(new TextDecoder().decode(await reader.readAll())).toBe('passed on')
  })

  it('says that there is no such channel', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const { readerRef } = await iii.createChannel()
    const reader = new sdk.ChannelReader(core.url(), { ...readerRef, access_key: 'wrong' })
    expect(await failureOf(reader.readAll())).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('tells a reader that only listens for texts, and one whose writer never wrote, that it has ended', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const [one, other] = [await iii.createChannel(), await iii.createChannel()]
    const texts = new Collector<string>()
    one.reader.onMessage(texts.add)
    one.writer.sendMessage('hello')
    expect(await texts.take(1)).toEqual(['hello'])
    one.writer.close()
    const rest = other.reader.readAll()
    other.writer.close()
    expect((await within(5_000, 'the end', rest)).length).toBe(0)
  })

  it('gives binary items to callbacks as they come', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const { reader, writer } = await iii.createChannel()
    const items = new Collector<string>()
    reader.onBinary((bytes) => items.add(new TextDecoder().decode(bytes)))
    writer.write('one')
    writer.write('two')
    expect(await items.take(2)).toEqual(['one', 'two'])
    reader.close()
  })

  it('ends with the worker', async () => {
    const core = await startCore()
    const iii = connect(sdk, core.url())
    const { reader, writer } = await iii.createChannel()
    const whole = reader.readAll().then(
      (bytes) => bytes.length,
      () => 'failed',
    )
    writer.write('x')
    await iii.shutdown()
    expect(await within(5_000, 'the end', whole)).toBeLessThan(2)
  })
})

describe('refs', () => {
  it.each(SURFACES)('are found by $name at any depth, and not inside each other', ({ sdk }) => {
    const ref = { channel_id: 'c', access_key: 'k', direction: 'read' as const }
    expect(sdk.isChannelRef(ref)).toBe(true)
    expect(sdk.isChannelRef({ ...ref, direction: 'both' })).toBe(false)
    expect(sdk.extractChannelRefs({ a: { b: [{ c: { ...ref, more: ref } }] }, d: [ref] })).toEqual([
      ['a.b[0].c', { ...ref, more: ref }],
      ['d[0]', ref],
    ])
    expect(sdk.extractChannelRefs(ref)).toEqual([['', ref]])
    expect([sdk.ChannelDirection.Read, sdk.ChannelItem.Text('t')]).toEqual(['read', { type: 'text', value: 't' }])
  })
})

it('a page that does not read what is written to it is not filled with it', async () => {
  const core = await startCore()
  const iii = connect(SURFACES[0].sdk, core.url())
  const { writer, readerRef } = await iii.createChannel()
  const channels = new SocketChannels(core.url(), BROWSER_SOCKETS, { ...SOCKET_LIMITS, maxUntakenBytes: 1 << 20 })
  const closed = new Collector<[code: number, reason: string]>()
  let bytes = 0
  channels.receiver = {
    onChannelText() {},
    onChannelBinary: (_end, piece) => void (bytes += piece.length),
    onChannelClose: (_end, code, reason) => closed.add([code, reason]),
    onChannelCredit() {},
  }
  channels.open(1, readerRef)
  writer.stream.on('error', () => {})
  writer.write(new Uint8Array(4 << 20))
  expect(await closed.take(1)).toEqual([[1009, `More than ${1 << 20} bytes were written and not read`]])
  expect(bytes).toBeLessThanOrEqual(1 << 20)
})

it('reading fails where a channel brought too much', async () => {
  const transport = { openChannel() {}, channelText() {}, channelBinary() {}, channelClose() {}, channelCredit() {} }
  const { Reader } = BROWSER_ENDS
  const ref = { channel_id: 'c', access_key: 'k', direction: 'read' as const }
  const reader = new Reader(transport, 1, ref, { onAttached() {}, onEnded() {} })
  const whole = failureOf(reader.readAll())
  reader.closedByPeer(1009, 'too much')
  expect(await whole).toMatchObject({ code: 'overloaded', message: 'overloaded: too much' })
})

it('a page that writes faster than its reader reads is told to stop', () => {
  const transport = { openChannel() {}, channelText() {}, channelBinary() {}, channelClose() {}, channelCredit() {} }
  const { Writer } = BROWSER_ENDS
  const ref = { channel_id: 'c', access_key: 'k', direction: 'write' as const }
  const writer = new Writer(transport, 1, ref, { onAttached() {}, onEnded() {} })
  writer.sendBinary(new Uint8Array(MAX_UNSENT_BYTES + 1))
  expect(() => writer.sendMessage('one more')).toThrow('overloaded: More than 67108864 bytes wait for the reader')
  writer.close()
  expect(() => writer.sendMessage('one more')).toThrow('The channel is closed')
})
