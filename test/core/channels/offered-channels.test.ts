// Channels that a plugin offers, opened over real sockets and by other plugins.
import { expect, test } from 'vitest'
import type { ChannelReader } from '../../../sdk/channel-reader.ts'
import type { ChannelWriter } from '../../../sdk/channel-writer.ts'
import { Collector } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import { attach, collect } from './channel-sockets.ts'
import { offeringPlugin } from './offering-plugin.ts'

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
