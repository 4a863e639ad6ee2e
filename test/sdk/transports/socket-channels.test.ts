import { expect, test } from 'vitest'
import type { ChannelReader } from '../../../sdk/channel-reader.ts'
import { startCore } from '../../support/test-core.ts'
import { within } from '../../support/deadline.ts'
import { openSocket } from './socket-run.ts'

test('a channel carries 3 MB and messages from one worker to another, in order and with its end', async () => {
  const core = await startCore()
  const sender = openSocket(`${core.url()}?ignored=1`)
  const receiver = openSocket(core.url())
  receiver.iii.registerFunction('sink::read', async ({ reader }: { reader: ChannelReader }) => {
    const texts: string[] = []
    reader.onMessage((text) => texts.push(text))
    return { bytes: (await reader.readAll()).length, texts }
  })
  await receiver.iii.listFunctions()
  const { writer, readerRef } = await sender.iii.createChannel()
  const result = sender.iii.trigger({ function_id: 'sink::read', payload: { reader: readerRef } })
  writer.sendMessage('begin')
  for (let piece = 0; piece < 30; piece++) writer.write(Buffer.alloc(100_000, piece))
  writer.sendMessage('end')
  writer.close()
  expect(await result).toEqual({ bytes: 3_000_000, texts: ['begin', 'end'] })
})

test('a writer waits for a reader that does not read', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url())
  const { writer, reader } = await iii.createChannel(4)
  let written = 0
  const total = 64
  for (let item = 0; item < total; item++) writer.stream.write(Buffer.alloc(1_000_000), () => written++)
  reader.onMessage(() => {})
  await iii.listFunctions()
  expect(written).toBeLessThan(total)
  writer.close()
  expect((await within(15_000, 'all data', reader.readAll())).length).toBe(total * 1_000_000)
})

test('a channel that does not exist is an error for the reader', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url())
  const reader = iii.openChannel({
    channel_id: crypto.randomUUID(),
    access_key: 'x',
    direction: 'read',
  }) as ChannelReader
  await expect(reader.readAll()).rejects.toThrow('Channel not found')
})

test('a reader that leaves ends its writer', async () => {
  const core = await startCore()
  const { iii } = openSocket(core.url())
  const { writer, reader } = await iii.createChannel()
  reader.onMessage(() => reader.close())
  const closed = new Promise<void>((resolve) => writer.stream.once('close', () => resolve()))
  writer.sendMessage('x')
  await within(5_000, 'the end of the writer', closed)
})
