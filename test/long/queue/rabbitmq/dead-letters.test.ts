// A job that has used up its attempts: its copy among the dead letters, and its message in the queue until it is acknowledged.
import { randomUUID } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { GetMessage } from 'amqplib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FAILED, queueRun } from '../../../plugins/queue/backend-run.ts'
import { lacks } from '../../../support/needs.ts'
import { named, rabbitScene } from './rabbit-scene.ts'

/** Method `ack` of class `basic`, as it stands in a frame. */
const BASIC_ACK = Buffer.from([0, 60, 0, 80])

/** A proxy that breaks all connections when an acknowledgement of a delivery comes by, which the server does not get. */
async function startAckCutter(port: number): Promise<{ readonly port: number; readonly cut: Promise<void> }> {
  const sockets = new Set<Socket>()
  const { promise: cut, resolve } = Promise.withResolvers<void>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk: Buffer) => {
      if (!chunk.includes(BASIC_ACK)) return void upstream.write(chunk)
      server.close()
      for (const socket of sockets) socket.destroy()
      resolve()
    })
    upstream.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, cut }
}

describe.skipIf(lacks('rabbitmq-server'))('dead letters on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('all are redriven that somebody has just looked at', async () => {
    const count = 3_000
    const { backend, queue } = await scene.run({}, `q-${randomUUID()}`)
    const channel = await scene.other()
    const { dead } = named(queue.name)
    const letter = { exhausted_at: 1, error: 'no', job: { id: 'x', function_id: 'f', data: 1, attempts_made: 1 } }
    for (let index = 0; index < count; index++) channel.sendToQueue(dead, Buffer.from(JSON.stringify(letter)))
    await expect.poll(async () => (await channel.checkQueue(dead)).messageCount).toBe(count)
    for (let round = 0; round < 3; round++) {
      await backend.deadLetters(queue, { offset: 0, limit: 1, order: 'newest' })
      expect((await backend.stats(queue)).dead).toBe(count)
    }
    await backend.deadLetters(queue, { offset: 0, limit: 1, order: 'newest' })
    expect(await backend.redrive(queue, 'all')).toBe(count)
  })

  test.each([
    ['named queue', false],
    ['subscription', true],
  ])('after a crash between the copy and the acknowledgement a job is dead once: %s', async (_what, isTopic) => {
    const proxy = await startAckCutter(scene.server.port)
    const name = `q-${randomUUID()}`
    const settings = { maxAttempts: 1 }
    const first = await queueRun(await scene.openAt(`amqp://guest:guest@127.0.0.1:${proxy.port}`), settings, name)
    onTestFinished(() => first.backend.close(0))
    const second = await scene.run(settings, name)
    const { QUEUE_DEFAULTS } = await import('../../../../plugins/queue/settings.ts')
    const subscribe = (backend: typeof first.backend) =>
      backend.subscribe({ topic: name, functionId: 'f', namespace: 'default' }, { ...QUEUE_DEFAULTS, ...settings })
    const consumer = { deliver: async () => FAILED }
    const refs = isTopic
      ? [await subscribe(first.backend), await subscribe(second.backend)]
      : [first.queue, second.queue]
    if (isTopic) await second.backend.publish(name, { data: '"poison"' })
    else await second.put('poison')
    await first.backend.consume(refs[0]!, consumer)
    await proxy.cut
    const there = await second.backend.stats(refs[1]!)
    expect(there.dead).toBe(1)
    const settled = Promise.withResolvers<string>()
    await second.backend.consume(refs[1]!, { ...consumer, settled: (_job, { kind }) => settled.resolve(kind) })
    expect(await settled.promise).toBe('dead')
    await expect.poll(() => second.backend.stats(refs[1]!)).toMatchObject({ waiting: 0, active: 0, dead: 1 })
    const letters = await second.backend.deadLetters(refs[1]!, { offset: 0, limit: 5, order: 'newest' })
    expect(letters).toMatchObject([{ job: { data: '"poison"', attempts: 1 }, error: { code: 'boom' } }])
  })

  test('a job that fails anew under the id of another dead letter is one more', async () => {
    const { queue, backend, putWith, consume, settled } = await scene.run({ maxAttempts: 1 })
    for (const payload of ['one', 'two']) await putWith(payload, { id: 'the same' })
    await consume(() => FAILED)
    await settled.take(2)
    expect(await backend.stats(queue)).toMatchObject({ dead: 2 })
    expect(await backend.redrive(queue, { ids: ['the same'] })).toBe(2)
  })

  test('the copy has what iii reads there: id, headers with their types, the payload as it was', async () => {
    const { queue, putWith, consume, settled } = await scene.run({ maxAttempts: 3, backoffMs: 1, maxPriority: 9 })
    const members = { id: 'receipt', functionId: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1', priority: 4 }
    await putWith({ n: 1.5 }, members)
    await consume(() => FAILED)
    await settled.take(3)
    const channel = await scene.other()
    const { content, properties } = (await channel.get(named(queue.name).dead, { noAck: true })) as GetMessage
    expect(content.toString()).toBe('{"n":1.5}')
    expect(properties).toMatchObject({
      messageId: 'receipt',
      priority: 4,
      contentType: 'application/json',
      deliveryMode: 2,
      headers: { function_id: 'f', namespace: 'n', traceparent: 't', baggage: 'b=1', 'x-attempt': 2 },
    })
  })
})
