// What a plugin's handle does for channels that it offers, and what ends tell without streams, over a recorded transport.
import { beforeEach, describe, expect, it } from 'vitest'
import { CHANNEL_WINDOW_BYTES, itemCost } from '../../protocol/ring/credit.ts'
import { OfferRefusal } from '../../protocol/offer-refusal.ts'
import type { ChannelReader } from '../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../sdk/channel-writer.ts'
import type { ChannelRef } from '../../sdk/handle-types.ts'
import { MAX_OFFERS } from '../../sdk/offered-channels.ts'
import { PluginHandle } from '../../sdk/plugin-handle.ts'
import type { OfferTransport } from '../../sdk/transport.ts'
import { RecordingTransport } from './recording-transport.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

class OfferingTransport extends RecordingTransport implements OfferTransport {
  onChannelAsked: OfferTransport['onChannelAsked']
  fanOuts: OfferTransport['fanOuts']
  passCallsOn(): void {}
  readonly announced: string[] = []
  readonly refused: [ask: number, reason: OfferRefusal][] = []
  readonly answered: (number | undefined)[] = []

  announceOffers(prefix: string): void {
    this.announced.push(prefix)
  }
  refuseChannel(ask: number, reason: OfferRefusal): void {
    this.refused.push([ask, reason])
  }
  fanOut(): void {}
  override openChannel(end: number, ref: ChannelRef, ask?: number): void {
    this.answered.push(ask)
    super.openChannel(end, ref)
  }
}

let transport: OfferingTransport
let iii: PluginHandle

beforeEach(() => {
  transport = new OfferingTransport()
  iii = new PluginHandle(transport, { onProblem() {} })
})

const kinds = (): string[] => transport.items.items.map(({ kind }) => kind)

describe('an offer', () => {
  it('sends nothing but the announcement with the first', () => {
    const { ref } = iii.offerChannel('read', () => {})
    const other = iii.offerChannel('write', () => {}).ref
    expect(transport.announced).toEqual([ref.channel_id.slice(0, 24)])
    expect(transport.items.items).toEqual([])
    expect(ref).toEqual({
      channel_id: expect.stringMatching(UUID) as string,
      access_key: expect.stringMatching(UUID) as string,
      direction: 'read',
    })
    expect(other.direction).toBe('write')
    expect(other.channel_id.slice(0, 24)).toBe(ref.channel_id.slice(0, 24))
    expect(other.channel_id).not.toBe(ref.channel_id)
    expect(other.access_key).not.toBe(ref.access_key)
  })

  it('is announced by no handle that offers nothing', () => {
    expect(transport.announced).toEqual([])
  })

  it('is opened once, by the other end', () => {
    const ends: unknown[] = []
    const { ref, withdraw } = iii.offerChannel('read', (end) => ends.push(end))
    transport.onChannelAsked?.(5, ref)
    transport.onChannelAsked?.(6, ref)
    expect(transport.items.items).toEqual([{ kind: 'open', end: 1, value: { ...ref, direction: 'write' } }])
    expect(transport.answered).toEqual([5])
    expect(transport.refused).toEqual([[6, OfferRefusal.Over]])
    expect(ends).toHaveLength(1)
    expect(withdraw()).toBe(false)
    expect(iii.offeredChannels).toBe(0)
  })

  it('is refused above its number, until one is withdrawn', () => {
    const first = iii.offerChannel('read', () => {})
    for (let number = 1; number < MAX_OFFERS; number++) iii.offerChannel('write', () => {})
    expect(() => iii.offerChannel('read', () => {})).toThrow(
      expect.objectContaining({ code: 'overloaded', message: expect.stringContaining('100000') as string }),
    )
    first.withdraw()
    iii.offerChannel('read', () => {})
  })
})

describe('a reader', () => {
  let reader: ChannelReader
  let seen: unknown[]
  beforeEach(() => {
    seen = []
    const { ref } = iii.offerChannel('write', (end) => (reader = end))
    transport.onChannelAsked?.(1, ref)
    reader.onMessage((text) => seen.push(text))
    reader.onBinary((bytes) => seen.push(bytes.toString()))
    reader.onEnd((end) => seen.push(end))
  })

  const text = (value: string): void => transport.receiver.onChannelText(1, value)
  const binary = (value: string): void => transport.receiver.onChannelBinary(1, Buffer.from(value))
  const close = (code: number, reason = ''): void => transport.receiver.onChannelClose(1, code, reason)
  const end = (code: number, reason = ''): object => ({ clean: code === 1000, code, reason })

  it('hands out texts and bytes in order, and the end once, behind them', () => {
    text('a')
    binary('b')
    text('c')
    close(1000)
    close(1011)
    expect(seen).toEqual(['a', 'b', 'c', end(1000)])
  })

  it.each([
    [1011, 'writer_lost'],
    [1001, 'shutting down'],
    [404, 'Channel not found'],
  ])('tells an end of code %i from a clean one', (code, reason) => {
    close(code, reason)
    expect(seen).toEqual([end(code, reason)])
  })

  it('tells of the end when the connection ends', () => {
    iii.close()
    expect(seen).toEqual([end(1001, 'connection closed')])
  })

  it('holds everything back while it is paused, and grants nothing for it', () => {
    reader.pause()
    const item = 'x'.repeat(CHANNEL_WINDOW_BYTES / 2)
    text(item)
    binary(item)
    close(1000)
    expect(seen).toEqual([])
    expect(kinds()).toEqual(['open'])
    reader.resume()
    expect(seen).toEqual([item, item, end(1000)])
    expect(transport.items.items.slice(1)).toEqual(
      [item, item].map(() => ({ kind: 'credit', end: 1, value: itemCost(item.length) })),
    )
  })

  it('may be paused again by a callback, between any two items', () => {
    reader.onBinary(() => reader.pause())
    reader.pause()
    for (const value of ['a', 'b', 'c']) binary(value)
    close(1000)
    const after: number[] = []
    for (let round = 0; round < 4; round++) {
      reader.resume()
      after.push(seen.length)
    }
    expect(after).toEqual([1, 2, 3, 4])
    expect(seen).toEqual(['a', 'b', 'c', end(1000)])
  })

  it('that is closed while it is paused forgets what was held, tells the writer, and calls back no more', () => {
    reader.pause()
    text('held')
    reader.close()
    close(1000)
    reader.resume()
    expect(seen).toEqual([])
    expect(kinds()).toEqual(['open', 'close'])
  })
})

describe('a writer', () => {
  let writer: ChannelWriter
  beforeEach(() => {
    const { ref } = iii.offerChannel('read', (end) => (writer = end))
    transport.onChannelAsked?.(1, ref)
  })

  it('says when to wait and when to go on, each time', () => {
    let drained = 0
    writer.onDrain(() => drained++)
    const piece = Buffer.alloc(65_536)
    for (let round = 1; round <= 2; round++) {
      let written = 0
      while (writer.write(piece)) if (++written > 100) throw new Error('it never says wait')
      expect(drained).toBe(round - 1)
      for (let granted = 0; granted < 40; granted++) transport.receiver.onChannelCredit(1, itemCost(piece.length))
      expect(drained).toBe(round)
    }
  })

  it('tells when its reader is gone, also who asks late, and takes what is written then', () => {
    let gone = 0
    writer.onGone(() => gone++)
    transport.receiver.onChannelClose(1, 1000, 'reader_gone')
    expect(gone).toBe(1)
    writer.onGone(() => gone++)
    expect(gone).toBe(2)
    writer.write('nobody')
    writer.sendMessage('reads this')
    writer.close()
    expect(kinds()).toEqual(['open'])
  })

  it('that has closed does not call that gone', async () => {
    let gone = 0
    writer.onGone(() => gone++)
    writer.close()
    await transport.items.take(2)
    iii.close()
    expect(gone).toBe(0)
  })
})
