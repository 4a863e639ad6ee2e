// Channels with plugins as ends, their credit windows, the sweep and the tombstones, by a clock of the test (spec 01 §16.3–16.4).
import { expect, onTestFinished, test } from 'vitest'
import type { WebSocket } from 'ws'
import { ChannelBroker, type ChannelBrokerOptions, type ChannelRef } from '../../../core/channels/channel-broker.ts'
import type { ChannelLink } from '../../../core/channels/plugin-ends.ts'
import type { ChannelEvent } from '../../../core/model/link-events.ts'
import type { Worker } from '../../../core/model/worker.ts'
import { CHANNEL_WINDOW_BYTES, itemCost } from '../../../protocol/ring/credit.ts'
import { makeWorker } from '../router/calls.ts'

const MINUTE = 60_000

test('Items go from plugin to plugin in order and with their kind, then the end', () => {
  const { broker, writer, reader } = pair()
  writer.item('text', 'a')
  writer.item('binary', 'b')
  writer.item('binary', '')
  writer.say({ kind: 'close', end: 1, code: 1000, reason: 'stream_complete' })
  expect(reader.got).toEqual(['1 text a', '1 binary b', '1 binary ', '1 close 1000 '])
  expect(broker.size).toBe(0)
})

test('The bytes of an event are copied: they are the ring’s again when it returns', () => {
  const broker = makeBroker()
  const refs = broker.create()
  const [writer, reader] = [end(broker, refs.writer), end(broker, refs.reader, { open: false })]
  const shared = Buffer.from('mine')
  writer.say({ kind: 'text', end: 1, bytes: shared })
  shared.fill('x')
  reader.open()
  expect(reader.got).toEqual(['1 text mine'])
})

test('What plugins write goes through memory that is used again, to a plugin as to a socket', () => {
  const seen = new Set<ArrayBufferLike>()
  const broker = makeBroker()
  const refs = [broker.create(), broker.create()] as const
  const [first, second] = refs.map(({ writer }) => end(broker, writer))
  const reader = end(broker, refs[0].reader)
  Object.assign(reader.worker.link, { channelBinary: (_end: number, bytes: Buffer) => void seen.add(bytes.buffer) })
  const { channel_id: id, access_key: key } = refs[1].reader
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    on: () => {},
    close: () => {},
    send: (bytes: Buffer, _options: unknown, sent: () => void) => {
      seen.add(bytes.buffer)
      sent()
    },
  } as unknown as WebSocket
  broker.openSocket(id, key, 'read', (found) => typeof found === 'object' && found.attach(socket))
  for (let index = 0; index < 100; index++) {
    for (const writer of [first!, second!]) writer.item('binary', 'x'.repeat(60_000))
    reader.say({ kind: 'credit', end: 1, bytes: itemCost(60_000) })
  }
  expect(seen.size).toBeLessThanOrEqual(3)
})

test('A reader gets no more than its window before it grants more', () => {
  const { writer, reader } = pair()
  const size = 60_000
  for (let index = 0; index < 10; index++) writer.item('binary', 'x'.repeat(size))
  const within = Math.ceil(CHANNEL_WINDOW_BYTES / itemCost(size))
  expect(reader.got).toHaveLength(within)
  reader.say({ kind: 'credit', end: 1, bytes: itemCost(size) })
  expect(reader.got).toHaveLength(within + 1)
  reader.say({ kind: 'credit', end: 1, bytes: 5 * itemCost(size) })
  expect(reader.got.length).toBeGreaterThanOrEqual(within + 5)
})

test('A writer is granted what has left the buffer, and nothing while there is no reader', () => {
  const broker = makeBroker()
  const refs = broker.create()
  const [writer, reader] = [end(broker, refs.writer), end(broker, refs.reader, { open: false })]
  for (let index = 0; index < 4; index++) writer.item('binary', 'x'.repeat(60_000))
  expect(writer.got).toEqual([])
  reader.open()
  const granted = writer.got.map((line) => Number(line.split(' ')[2])).reduce((sum, bytes) => sum + bytes, 0)
  expect(granted).toBeGreaterThan(3 * 60_000)
  expect(granted).toBeLessThanOrEqual(4 * itemCost(60_000))
})

test('A reader that closes ends the writer, and one whose plugin ends does, too', () => {
  const first = pair()
  first.reader.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  expect(first.writer.got).toEqual(['1 close 1000 reader_gone'])
  const second = pair()
  second.broker.workerEnded(second.reader.worker)
  expect(second.writer.got).toEqual(['1 close 1000 reader_gone'])
  expect([first.broker.size, second.broker.size]).toEqual([0, 0])
})

test('A writer whose plugin ends leaves its reader with 1011, behind the items', () => {
  const { broker, writer, reader } = pair()
  writer.item('text', 'a')
  broker.workerEnded(writer.worker)
  expect(reader.got).toEqual(['1 text a', '1 close 1011 writer_lost'])
})

test('Events about an end that the channel has ended, and of a worker that is gone, are ignored', () => {
  const { broker, writer, reader } = pair()
  reader.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  writer.item('text', 'late')
  writer.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  reader.say({ kind: 'credit', end: 1, bytes: 5 })
  expect(writer.got).toEqual(['1 close 1000 reader_gone'])
  const refs = broker.create()
  writer.worker.phase = 'gone'
  writer.say({ kind: 'open', end: 2, ref: refs.writer })
  expect(writer.got).toHaveLength(1)
})

test.each([
  ['no ref at all', null],
  ['a wrong key', { channel_id: 'known', access_key: 'wrong', direction: 'read' }],
  ['an unknown id', { channel_id: 'x', access_key: 'y', direction: 'read' }],
  ['members of other types', { channel_id: 5, access_key: {}, direction: 'read' }],
])('A plugin that opens %s is told 404', (_what, ref) => {
  const broker = makeBroker()
  const plugin = end(broker, undefined)
  plugin.say({ kind: 'open', end: 4, ref })
  expect(plugin.got).toEqual(['4 close 404 Channel not found'])
})

test('An end that is taken is refused to a plugin', () => {
  const { broker, refs, reader } = pair()
  const second = end(broker, refs.reader)
  expect(second.got).toEqual(['1 close 1000 taken'])
  expect(reader.got).toEqual([])
})

test('Above its number of channels the broker answers overloaded, until one has ended', () => {
  const broker = makeBroker({ maxChannels: 2 })
  const refs = broker.create()
  broker.create()
  expect(() => broker.create()).toThrow(expect.objectContaining({ code: 'overloaded' }))
  const [writer] = [end(broker, refs.writer), end(broker, refs.reader)]
  writer.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  expect(broker.size).toBe(1)
  broker.create()
})

test('A channel that nobody used for five minutes is gone, one with both ends is not', () => {
  const clock = { now: 0 }
  const broker = makeBroker({ now: () => clock.now })
  const unused = broker.create().reader
  const used = broker.create()
  const half = broker.create()
  end(broker, used.writer)
  end(broker, used.reader)
  const waiting = end(broker, half.reader)
  clock.now = 5 * MINUTE - 1
  broker.sweep()
  expect(broker.size).toBe(3)
  clock.now = 5 * MINUTE
  broker.sweep()
  expect(broker.size).toBe(1)
  expect(
    [unused, half.writer, used.reader].map(({ channel_id: id, access_key: key }) => knows(broker, id, key)),
  ).toEqual([false, false, true])
  expect(waiting.got).toEqual(['1 close 1000 channel unused'])
})

test('A finished channel is remembered for a minute, with its key, so that a late end is closed and not refused', () => {
  const clock = { now: 0 }
  const broker = makeBroker({ now: () => clock.now })
  const refs = broker.create()
  const [writer] = [end(broker, refs.writer), end(broker, refs.reader)]
  writer.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  const { channel_id: id, access_key: key } = refs.reader
  expect([knows(broker, id, key), knows(broker, id, 'wrong')]).toEqual([true, false])
  const late = end(broker, refs.reader)
  expect(late.got).toEqual(['1 close 1000 taken'])
  clock.now = MINUTE - 1
  broker.sweep()
  expect(knows(broker, id, key)).toBe(true)
  clock.now = MINUTE
  broker.sweep()
  expect(knows(broker, id, key)).toBe(false)
})

test('Closing the broker ends both ends with 1001', () => {
  const { broker, writer, reader } = pair()
  broker.close()
  expect([writer.got, reader.got]).toEqual([['1 close 1001 shutting down'], ['1 close 1001 shutting down']])
})

/** A socket with this id and key would be upgraded. */
function knows(broker: ChannelBroker, id: string, key: string): boolean {
  let found: unknown
  broker.openSocket(id, key, 'read', (opening) => (found = opening))
  return typeof found === 'object'
}

interface PluginEnd {
  readonly worker: Worker
  /** What the plugin was told, as `<end> <kind> <what>`. */
  readonly got: string[]
  say(event: ChannelEvent): void
  item(kind: 'text' | 'binary', text: string): void
  open(): void
}

function makeBroker(options: ChannelBrokerOptions = {}): ChannelBroker {
  const broker = new ChannelBroker(options)
  onTestFinished(() => broker.close())
  return broker
}

function pair(): {
  broker: ChannelBroker
  refs: { writer: ChannelRef; reader: ChannelRef }
  writer: PluginEnd
  reader: PluginEnd
} {
  const broker = makeBroker()
  const refs = broker.create()
  return { broker, refs, writer: end(broker, refs.writer), reader: end(broker, refs.reader) }
}

/** A plugin whose end number 1 is the one of the ref. */
function end(broker: ChannelBroker, ref: ChannelRef | undefined, { open = ref !== undefined } = {}): PluginEnd {
  const got: string[] = []
  const { worker, link } = makeWorker()
  const channels: ChannelLink = {
    channelText: (number, text) => void got.push(`${number} text ${text.toString()}`),
    channelBinary: (number, bytes) => void got.push(`${number} binary ${bytes.toString()}`),
    channelClose: (number, code, reason) => void got.push(`${number} close ${code} ${reason}`),
    channelCredit: (number, bytes) => void got.push(`${number} credit ${bytes}`),
  }
  Object.assign(link, channels)
  const plugin: PluginEnd = {
    worker,
    got,
    say: (event) => broker.takeEvent(worker, event),
    item: (kind, text) => broker.takeEvent(worker, { kind, end: 1, bytes: Buffer.from(text) }),
    open: () => broker.takeEvent(worker, { kind: 'open', end: 1, ref }),
  }
  if (open) plugin.open()
  return plugin
}
