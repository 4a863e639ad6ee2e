// Stream clients of engines that are bridged to the same one (spec 06 check 41).
import { expect, onTestFinished, test } from 'vitest'
import { engineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { StreamClient } from '../../support/stream-client.ts'

const CENTRAL = ['{ name: iii-stream, config: { port: 0 } }', '{ name: iii-pubsub }']

const bridged = (url: string, port: number) =>
  `{ name: iii-stream, config: { port: ${port}, adapter: { name: bridge, config: { bridge_url: '${url}' } } } }`

const card = (id: string, data: unknown) => ({ stream_name: 'board', group_id: 'g', item_id: id, data })

test('clients of one engine see what is written on the other, and bound functions fire where it is written', async () => {
  const central = await startRemoteEngine(CENTRAL)
  const [port, otherPort] = [await unusedPort(), await unusedPort()]
  const one = await startRemoteEngine([bridged(central.url, port)])
  const other = await startRemoteEngine([bridged(central.url, otherPort)])
  const [near, far] = [await RawClient.connect(one.url), await RawClient.connect(other.url)]
  for (const worker of [near, far]) {
    await worker.provided('test::on-card', () => 1)
    worker.send({
      type: 'registertrigger',
      id: crypto.randomUUID(),
      trigger_type: 'stream',
      function_id: 'test::on-card',
      config: { stream_name: 'board' },
    })
    await worker.settled()
  }
  expect((await far.call('stream::set', card('a', { title: 'first' }))).error).toBeUndefined()
  const clients = [
    await StreamClient.connect(`ws://127.0.0.1:${port}/`),
    await StreamClient.connect(`ws://127.0.0.1:${otherPort}/`),
  ]
  for (const client of clients) {
    expect((await client.joined('s', 'board', 'g')).event).toEqual({ type: 'sync', data: [{ title: 'first' }] })
  }
  await far.call('stream::set', card('a', { title: 'second' }))
  await near.call('stream::delete', card('a', null))
  await near.call('stream::send', { stream_name: 'board', group_id: 'g', type: 'ping', data: 7 })
  for (const client of clients) {
    await client.until(() => client.frames.length === 4, 'three events')
    expect(client.types).toEqual(['sync', 'update', 'delete', 'event'])
    expect(client.received).toEqual([{ title: 'second' }, { title: 'second' }, 7])
    expect(client.lastPosition).toBeUndefined()
  }
  const fired = (worker: RawClient) =>
    worker.calls('test::on-card').map(({ data }) => (data as { event: { type: string } }).event.type)
  await far.until(() => fired(far).length === 2, 'the triggers of the writes there')
  await near.until(() => fired(near).length === 2, 'the triggers of the writes here')
  expect([fired(far), fired(near)]).toEqual([
    ['create', 'update'],
    ['delete', 'event'],
  ])
}, 30_000)

test('when the central engine is killed, clients are closed once it is back, and join again with what is there', async () => {
  const folder = await engineFolder(CENTRAL.map((line) => `  - ${line}\n`).join(''))
  onTestFinished(() => folder.remove())
  const central = await folder.start()
  const port = await unusedPort()
  const engine = await startRemoteEngine([bridged(folder.url, port)])
  const worker = await RawClient.connect(engine.url)
  expect((await worker.call('stream::set', card('a', 1))).error).toBeUndefined()
  const client = await StreamClient.connect(`ws://127.0.0.1:${port}/`)
  await client.joined('s', 'board', 'g')
  await central.kill()
  expect((await worker.call('stream::set', card('a', 2))).error).toMatchObject({ code: 'STREAM_SET_ERROR' })
  expect((await worker.call('stream::send', { stream_name: 'board', group_id: 'g', type: 'x' })).error).toMatchObject({
    code: 'STREAM_SEND_ERROR',
  })
  await folder.start()
  expect((await client.closed).reason).toContain('join again')
  const again = await StreamClient.connect(`ws://127.0.0.1:${port}/`)
  expect((await again.joined('s', 'board', 'g')).event).toEqual({ type: 'sync', data: [1] })
  await worker.call('stream::set', card('a', 3))
  await again.until(() => again.types.includes('update'), 'the update')
}, 40_000)

test('an engine bridged to itself ends the circle of a write, and tells an event once', async () => {
  const [port, clients] = [await unusedPort(), await unusedPort()]
  const url = `ws://127.0.0.1:${port}`
  const engine = await startRemoteEngine([bridged(url, clients), '{ name: iii-pubsub }'], port)
  const worker = await RawClient.connect(engine.url)
  expect((await worker.call('stream::set', card('a', 1))).error).toMatchObject({
    code: 'bridge_error',
    message: expect.stringContaining('bridged in a circle') as string,
  })
  const event = { type: 'stream', timestamp: 1, streamName: 'board', groupId: 'g', id: null, event: { type: 'x' } }
  const seen: unknown[] = []
  await worker.provided('test::on-event', (data) => void seen.push(data))
  const config = { topic: 'stream.events' }
  worker.send({
    type: 'registertrigger',
    id: crypto.randomUUID(),
    trigger_type: 'subscribe',
    function_id: 'test::on-event',
    config,
  })
  await worker.settled()
  const sent = await worker.call('stream::send', { stream_name: 'board', group_id: 'g', type: 'once' })
  expect(sent.error).toBeUndefined()
  await worker.call('publish', { topic: 'stream.events', data: event })
  await worker.until(() => worker.calls('test::on-event').length === 2, 'both events')
  expect(seen[1]).toEqual(event)
})
