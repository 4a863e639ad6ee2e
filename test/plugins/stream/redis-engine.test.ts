// Stream clients of whole engines on one Redis (check 50 of spec 02).
import { describe, expect, onTestFinished, test } from 'vitest'
import { within } from '../../support/deadline.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { StreamClient } from '../../support/stream-client.ts'

const entry = (url: string, port: number) =>
  `{ name: iii-stream, config: { port: ${port}, adapter: { name: redis, config: { redis_url: '${url}' } } } }`

const card = (id: string, data: unknown) => ({ stream_name: 'board', group_id: 'g', item_id: id, data })

async function twoEngines() {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  const open = async () => {
    const port = await unusedPort()
    const engine = await startRemoteEngine([entry(server.url, port)])
    return { worker: await RawClient.connect(engine.url), url: `ws://127.0.0.1:${port}/`, engine }
  }
  return { server, one: await open(), other: await open() }
}

describe.skipIf(lacks('redis-server'))('stream clients of engines on one Redis (needs redis-server)', () => {
  test('see what is written on either, and what iii publishes; functions fire where it was written', async () => {
    const { server, one, other } = await twoEngines()
    for (const { worker } of [one, other]) {
      await worker.provided('test::on-card', () => 1)
      const config = { stream_name: 'board' }
      worker.send({
        type: 'registertrigger',
        id: crypto.randomUUID(),
        trigger_type: 'stream',
        function_id: 'test::on-card',
        config,
      })
      await worker.settled()
    }
    const clients = [await StreamClient.connect(one.url), await StreamClient.connect(other.url)]
    for (const client of clients)
      expect((await client.joined('s', 'board', 'g')).event).toEqual({ type: 'sync', data: [] })
    await one.worker.call('stream::set', card('a', 1))
    await other.worker.call('stream::set', card('a', 2))
    await other.worker.call('stream::send', { stream_name: 'board', group_id: 'g', type: 'ping', data: 3 })
    const published = {
      type: 'stream',
      timestamp: Date.now(),
      streamName: 'board',
      groupId: 'g',
      id: 'b',
      event: { type: 'create', data: 4 },
    }
    await server.client().publish('stream::events', JSON.stringify(published))
    for (const client of clients) {
      await client.until(() => client.frames.length === 5, 'four events')
      expect(client.types).toEqual(['sync', 'create', 'update', 'event', 'create'])
      expect(client.received).toEqual([1, 2, 3, 4])
    }
    const [near, far] = clients.map(({ frames }) => frames.slice(1).map(({ position }) => position))
    expect(near).toEqual(far)
    expect(near!.map((position) => position?.split('-')[1])).toEqual(['1', '2', '3', undefined])
    await other.worker.until(() => other.worker.calls('test::on-card').length === 2, 'the triggers')
    expect(one.worker.calls('test::on-card')).toHaveLength(1)
  }, 30_000)

  test('a client that is cut off here comes back there, and gets what it has missed', async () => {
    const { one, other } = await twoEngines()
    const client = await StreamClient.connect(one.url)
    await client.joined('s', 'board', 'g')
    await one.worker.call('stream::set', card('a', 1))
    await client.until(() => client.frames.length === 2, 'the event')
    const { lastPosition } = client
    client.socket.terminate()
    await other.worker.call('stream::set', card('a', 2))
    await one.worker.call('stream::set', card('b', 3))
    const again = await StreamClient.connect(other.url)
    again.join('s', 'board', 'g', { position: lastPosition })
    await again.until(() => again.frames.length === 3, 'what was missed')
    expect(again.types).toEqual(['resume', 'update', 'create'])
    expect(again.received).toEqual([2, 3])
  }, 30_000)

  test('when Redis is killed, writes fail with their code, clients stay, and miss nothing once it is back', async () => {
    const { server, one, other } = await twoEngines()
    const client = await StreamClient.connect(one.url)
    await client.joined('s', 'board', 'g')
    await other.worker.call('stream::set', card('a', 1))
    await client.until(() => client.frames.length === 2, 'the event')
    await server.kill()
    const { error } = await within(2_000, 'the failure', other.worker.call('stream::set', card('a', 'lost')))
    expect(error).toMatchObject({ code: 'STREAM_SET_ERROR' })
    expect(error!.message).toContain(`Redis at 127.0.0.1:${server.port}`)
    await server.restart()
    const write = async (): Promise<void> => {
      while ((await other.worker.call('stream::set', card('a', 2))).error !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    await within(10_000, 'a write', write())
    await client.until(() => client.received.includes(2), 'the event after the restart')
    expect(client.received).toEqual([1, 2])
    expect(client.socket.readyState).toBe(client.socket.OPEN)
  }, 30_000)
})
