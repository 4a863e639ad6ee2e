// Several engines on one RabbitMQ server: what they share, and what each of them does alone.
import { randomUUID } from 'node:crypto'
import type { GetMessage } from 'amqplib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectSdk, V22 } from '../../../clients/versions.ts'
import { Gate } from '../../../plugins/queue/backend-run.ts'
import { startQueueEngine } from '../../../plugins/queue/queue-engine.ts'
import { Collector } from '../../../support/deadline.ts'
import { lacks } from '../../../support/needs.ts'
import { RawClient } from '../../../support/raw-client.ts'
import { unusedPort } from '../../../support/unused-port.ts'
import { named, rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('engines on one server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('of a fifo queue one engine delivers the jobs, and another when it has ended', async () => {
    const settings = { type: 'fifo', concurrency: 4 } as const
    const first = await scene.run(settings, `q-${randomUUID()}`)
    const second = await scene.run(settings, first.queue.name)
    const consumption = await first.consume()
    await second.consume()
    for (let number = 0; number < 20; number++) await second.putWith(number, { group: `${number % 2}` })
    await first.settled.take(20)
    expect(second.begun.items).toEqual([])
    await consumption.stop(1_000)
    await second.putWith('next', { group: 'a' })
    expect(await second.begun.take(1)).toEqual(['next'])
  })

  test('engines share the jobs of a standard queue', async () => {
    const gate = new Gate()
    const first = await scene.run({ concurrency: 2 }, `q-${randomUUID()}`)
    const second = await scene.run({ concurrency: 2 }, first.queue.name)
    await first.consume(() => gate.pass())
    await second.consume(() => gate.pass())
    await first.put(1, 2, 3, 4, 5)
    await Promise.all([first.begun.take(2), second.begun.take(2)])
    gate.open()
    await expect.poll(() => first.settled.items.length + second.settled.items.length).toBe(5)
  })

  test('a whole engine enqueues, delivers and buries, and one without a server does not start', async () => {
    const settings = `queue_configs: { mail: { max_retries: 1, backoff_ms: 5 } }`
    const config = (url: string) => `{ adapter: { name: rabbitmq, config: { amqp_url: '${url}' } }, ${settings} }`
    const running = await startQueueEngine(config(scene.server.url))
    onTestFinished(() => running.close())
    const client = connectSdk(V22, running.engine.url)
    const got = new Collector<unknown>()
    client.registerFunction('mail::send', (payload: unknown) => {
      got.add(payload)
      throw new Error('no')
    })
    const receipt = (await client.trigger({
      function_id: 'mail::send',
      payload: { to: 'ada' },
      action: { type: 'enqueue', queue: 'mail' },
    })) as { messageReceiptId: string }
    expect(await got.take(2)).toEqual([{ to: 'ada' }, { to: 'ada' }])
    const channel = await scene.other()
    await expect.poll(async () => (await channel.checkQueue(named('mail').dead)).messageCount).toBe(1)
    const dead = (await channel.get(named('mail').dead, { noAck: true })) as GetMessage
    expect(dead.properties.messageId).toBe(receipt.messageReceiptId)
    const nobody = `amqp://u:s3cret@127.0.0.1:${await unusedPort()}`
    await expect(startQueueEngine(config(nobody))).rejects.toThrow(/amqp:\/\/u:\*{8}@.*not reachable/)
  })

  test('queue::define says what the server does not allow, and all goes on as it was', async () => {
    const adapter = `{ name: rabbitmq, config: { amqp_url: '${scene.server.url}' } }`
    const queue = `d-${randomUUID()}`
    const running = await startQueueEngine(`{ adapter: ${adapter}, queue_configs: { ${queue}: { backoff_ms: 5 } } }`)
    onTestFinished(() => running.close())
    const client = await RawClient.connect(running.engine.url)
    for (const [name, config, reason] of [
      [queue, { backoff_ms: 50 }, "RabbitMQ can't change backoff_ms"],
      [queue, { backoff_ms: 5, max_bytes: 1 }, 'max_bytes'],
      ['n'.repeat(260), {}, 'which allows 255: shorten the name'],
    ] as const) {
      const { error } = await client.call('queue::define', { queue: name, config })
      expect(error).toMatchObject({ code: 'queue_define_failed', message: expect.stringContaining(reason) })
    }
    await client.provided('f', () => null)
    await client.call('f', 1, { action: { type: 'enqueue', queue } })
    await client.until(() => client.calls('f').length === 1, 'the delivery')
    const { result } = await client.call('iii::queue::status', { queue })
    expect(result).toMatchObject({ consumers: 10 })
    const published = await client.call('iii::durable::publish', { topic: 'n'.repeat(260), data: 1 })
    expect(published.error).toMatchObject({ code: 'unsupported' })
    const job = { queue, function_id: 'f', data: 1, messageReceiptId: randomUUID(), dedup_key: 'k'.repeat(100_000) }
    expect((await client.call('engine::queue::enqueue', job)).error).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/headers.*Nothing was stored\. Shorten its deduplication key/),
    })
  })
})
