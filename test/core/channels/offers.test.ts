// What the broker makes of offered channels, by links and a clock of the test: limits, time-outs, and who owns which ids.
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  ChannelBroker,
  type ChannelBrokerOptions,
  type ChannelRef,
  type SocketOpening,
} from '../../../core/channels/channel-broker.ts'
import type { ChannelEvent, OfferEvent } from '../../../core/model/link-events.ts'
import type { Worker } from '../../../core/model/worker.ts'
import { OfferRefusal } from '../../../protocol/offer-refusal.ts'
import { makeWorker } from '../router/calls.ts'

const MINUTE = 60_000
const PREFIX = '01234567-89ab-4cde-8f01-'

interface Plugin {
  readonly worker: Worker
  /** What it was told of its ends, as `<end> close <code> <reason>`. */
  readonly told: string[]
  readonly asked: { readonly ask: number; readonly ref: ChannelRef }[]
  say(event: ChannelEvent | OfferEvent): void
}

function makeBroker(options: ChannelBrokerOptions = {}): ChannelBroker {
  const broker = new ChannelBroker(options)
  onTestFinished(() => broker.close())
  return broker
}

function plugin(broker: ChannelBroker, prefix?: string): Plugin {
  const told: string[] = []
  const asked: Plugin['asked'] = []
  const { worker, link } = makeWorker()
  Object.assign(link, {
    channelClose: (end: number, code: number, reason: string) => void told.push(`${end} close ${code} ${reason}`),
    channelText: (end: number, text: Buffer) => void told.push(`${end} text ${text.toString()}`),
    channelCredit: () => {},
    channelAsk: (ask: number, ref: ChannelRef) => void asked.push({ ask, ref }),
  })
  const made: Plugin = { worker, told, asked, say: (event) => broker.takeEvent(worker, event) }
  if (prefix !== undefined) made.say({ kind: 'offers', prefix })
  return made
}

const ref = (number: number, direction: ChannelRef['direction'] = 'read', prefix = PREFIX): ChannelRef => ({
  channel_id: prefix + number.toString(16).padStart(12, '0'),
  access_key: `key ${number}`,
  direction,
})

/** What a socket would be answered; undefined while it waits. */
function socket(broker: ChannelBroker, { channel_id: id, access_key: key, direction }: ChannelRef) {
  const answers: SocketOpening[] = []
  const cancel = broker.openSocket(id, key, direction, (found) => answers.push(found))
  return {
    cancel,
    get answer() {
      const [found] = answers
      return typeof found === 'object' ? 'attach' : found
    },
  }
}

test('Only what begins like the announcement is asked for', () => {
  const broker = makeBroker()
  const owner = plugin(broker, PREFIX)
  expect(socket(broker, ref(1)).answer).toBeUndefined()
  expect(socket(broker, ref(1, 'read', '01234567-89ab-4cde-8f02-')).answer).toBe('unknown')
  expect(owner.asked).toEqual([{ ask: 1, ref: ref(1) }])
})

test.each(['', '01234567-89ab-4cde-8f01', `${PREFIX}0`, 'ABCDEF67-89ab-4cde-8f01-'])(
  'What is no beginning of an id is not taken for one: %j',
  (prefix) => {
    const broker = makeBroker()
    plugin(broker, prefix)
    expect(socket(broker, ref(1, 'read', prefix)).answer).toBe('unknown')
  },
)

test('A plugin has one announcement, and none takes that of another, as long as it is remembered', () => {
  const clock = { now: 0 }
  const broker = makeBroker({ now: () => clock.now })
  const [owner, thief] = [plugin(broker, PREFIX), plugin(broker, PREFIX)]
  owner.say({ kind: 'offers', prefix: '11234567-89ab-4cde-8f01-' })
  expect(socket(broker, ref(1, 'read', '11234567-89ab-4cde-8f01-')).answer).toBe('unknown')
  socket(broker, ref(1))
  broker.workerEnded(owner.worker)
  thief.say({ kind: 'offers', prefix: PREFIX })
  socket(broker, ref(2))
  expect([owner.asked.length, thief.asked.length]).toEqual([1, 0])
})

test('That a plugin has offered channels is remembered for a minute after its end', () => {
  const clock = { now: 0 }
  const broker = makeBroker({ now: () => clock.now })
  broker.workerEnded(plugin(broker, PREFIX).worker)
  clock.now = MINUTE - 1
  broker.sweep()
  expect(socket(broker, ref(1)).answer).toBe('attach')
  clock.now = MINUTE
  broker.sweep()
  expect(socket(broker, ref(1)).answer).toBe('unknown')
})

test('Of a thousand plugins that have ended at most that is remembered', () => {
  const broker = makeBroker()
  const prefixes = Array.from({ length: 1_001 }, (_, index) => `${index.toString(16).padStart(8, '0')}-89ab-4cde-8f01-`)
  for (const prefix of prefixes) broker.workerEnded(plugin(broker, prefix).worker)
  expect(socket(broker, ref(1, 'read', prefixes[0])).answer).toBe('unknown')
  expect(socket(broker, ref(1, 'read', prefixes[1])).answer).toBe('attach')
})

test('Openers beyond the number of those who may wait are refused for the moment, and plugins with 1009', () => {
  const broker = makeBroker({ maxAsks: 2 })
  const owner = plugin(broker, PREFIX)
  const waiting = [socket(broker, ref(1)), socket(broker, ref(2))]
  expect(socket(broker, ref(3)).answer).toBe('unavailable')
  const other = plugin(broker)
  other.say({ kind: 'open', end: 7, ref: ref(4) })
  expect(other.told).toEqual(['7 close 1009 There are too many channels; try again later'])
  owner.say({ kind: 'refused', ask: owner.asked[0]!.ask, reason: OfferRefusal.Unknown })
  expect(waiting[0]!.answer).toBe('unknown')
  expect(socket(broker, ref(5)).answer).toBeUndefined()
  waiting[1]!.cancel()
  expect(socket(broker, ref(6)).answer).toBeUndefined()
})

test('Offered channels that were opened count as channels', () => {
  const broker = makeBroker({ maxChannels: 2 })
  const owner = plugin(broker, PREFIX)
  const other = plugin(broker)
  other.say({ kind: 'open', end: 1, ref: ref(1) })
  owner.say({ kind: 'open', end: 1, ref: ref(1, 'write'), ask: 1 })
  expect(broker.size).toBe(1)
  other.say({ kind: 'open', end: 2, ref: ref(2) })
  expect(socket(broker, ref(3)).answer).toBe('unavailable')
  other.say({ kind: 'close', end: 1, code: 1000, reason: '' })
  expect(owner.told).toEqual(['1 close 1000 reader_gone'])
  expect(socket(broker, ref(3)).answer).toBeUndefined()
})

test('A plugin that does not answer is not waited for longer than the time allows', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const broker = makeBroker({ askMs: 500 })
  const owner = plugin(broker, PREFIX)
  const waiting = socket(broker, ref(1))
  const other = plugin(broker)
  other.say({ kind: 'open', end: 3, ref: ref(2, 'write') })
  vi.advanceTimersByTime(499)
  expect([waiting.answer, other.told]).toEqual([undefined, []])
  vi.advanceTimersByTime(1)
  expect(waiting.answer).toBe('unavailable')
  expect(other.told).toEqual(['3 close 1009 The plugin that has offered the channel does not answer; try again later'])
  owner.say({ kind: 'open', end: 1, ref: ref(1, 'write'), ask: 1 })
  owner.say({ kind: 'refused', ask: 2, reason: OfferRefusal.Over })
  expect(owner.told).toEqual(['1 close 1011 opener_gone'])
  expect(broker.size).toBe(0)
})

test('What an answer is to was asked of that plugin, or it is none', () => {
  const broker = makeBroker()
  const owner = plugin(broker, PREFIX)
  const stranger = plugin(broker, '11234567-89ab-4cde-8f01-')
  const waiting = socket(broker, ref(1))
  stranger.say({ kind: 'open', end: 1, ref: ref(1, 'write'), ask: 1 })
  stranger.say({ kind: 'refused', ask: 1, reason: OfferRefusal.Unknown })
  expect(stranger.told).toEqual(['1 close 1011 opener_gone'])
  expect(waiting.answer).toBeUndefined()
  owner.say({ kind: 'refused', ask: 1, reason: OfferRefusal.Over })
  expect(waiting.answer).toBe('attach')
})

test('A channel whose opener is gone when the plugin has opened it is ended', () => {
  const broker = makeBroker()
  const owner = plugin(broker, PREFIX)
  // As for a socket that was closed while its upgrade was answered: nothing is attached.
  expect(socket(broker, ref(1, 'write')).answer).toBeUndefined()
  owner.say({ kind: 'open', end: 1, ref: ref(1, 'read'), ask: 1 })
  expect(owner.told).toEqual(['1 close 1011 opener_gone'])
  expect(broker.size).toBe(0)
})

test('A hundred thousand finished channels at most are remembered', () => {
  const broker = makeBroker()
  const [first] = [broker.create().reader]
  broker.close()
  for (let index = 0; index < 100_000; index++) broker.create()
  expect(socket(broker, first).answer).toBe('attach')
  broker.close()
  expect(broker.remembered).toBe(100_000)
  expect(socket(broker, first).answer).toBe('unknown')
})
