// A RabbitMQ server that is there and does not do what is asked of it: short of memory, cut off in the middle of a publish, with an unknown virtual host.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BackendState } from '../../../../plugins/queue/adapters/backend.ts'
import { openRabbit } from '../../../../plugins/queue/adapters/rabbitmq/open-rabbit.ts'
import { DONE, Gate, queueRun } from '../../../plugins/queue/backend-run.ts'
import { runQueuePlugin } from '../../../plugins/queue/queue-run.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { Collector } from '../../../support/deadline.ts'
import { lacks } from '../../../support/needs.ts'
import { named, rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('a server that refuses (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('short of memory: the state says so, publishers are told, and jobs are handled all the same', async () => {
    const states = new Collector<BackendState>()
    const backend = await openRabbit({
      config: { amqp_url: scene.server.url },
      projectRoot: '/',
      log: collectingLog() as never,
      onStateChange: states.add,
    })
    onTestFinished(() => backend.close(1_000))
    const run = await queueRun(backend, { concurrency: 1 })
    const gate = new Gate()
    await run.put('runs', 'waits')
    await run.consume((payload) => (payload === 'runs' ? gate.pass() : DONE))
    await run.begun.take(1)
    await scene.server.control('set_vm_memory_high_watermark', '0.000001')
    onTestFinished(() => scene.server.control('set_vm_memory_high_watermark', '0.6'))
    // The server says so when somebody publishes.
    const pending = run.put('on its way')
    expect(await states.take(1, 10_000)).toEqual(['blocked'])
    await expect(run.put('refused')).rejects.toMatchObject({
      code: 'plugin_unavailable',
      message: expect.stringMatching(/takes no messages at present \(.*memory.*\); nothing was stored/),
    })
    gate.open()
    expect((await run.settled.take(2, 10_000)).map(({ data, how }) => [data, how.kind])).toEqual([
      ['runs', 'done'],
      ['waits', 'done'],
    ])
    await scene.server.control('set_vm_memory_high_watermark', '0.6')
    await pending
    expect(await states.take(2, 10_000)).toEqual(['blocked', 'connected'])
    await run.put('after')
    expect(new Set((await run.begun.take(4)).slice(2))).toEqual(new Set(['on its way', 'after']))
  })

  test('cut off before the confirm: the publisher is told that it may be stored, and it is not lost', async () => {
    const sockets = new Set<Socket>()
    let isDeaf = false
    const proxy = createServer((client) => {
      const upstream = connect(scene.server.port, '127.0.0.1')
      for (const socket of [client, upstream]) {
        sockets.add(socket)
        socket.on('error', () => {})
      }
      client.pipe(upstream)
      upstream.on('data', (chunk: Buffer) => void (isDeaf || client.write(chunk)))
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    onTestFinished(() => {
      proxy.close()
      for (const socket of sockets) socket.destroy()
    })
    const { port } = proxy.address() as AddressInfo
    const backend = await scene.openAt(`amqp://guest:guest@127.0.0.1:${port}`)
    onTestFinished(() => backend.close(1_000))
    const run = await queueRun(backend)
    await run.put('before')
    isDeaf = true
    const told = run.put('unsure').catch((error: unknown) => error)
    const channel = await scene.other()
    const count = async (): Promise<number> => (await channel.checkQueue(named(run.queue.name).main)).messageCount
    await expect.poll(count).toBe(2)
    isDeaf = false
    for (const socket of sockets) socket.destroy()
    expect(await told).toMatchObject({ message: expect.stringContaining('may be stored or not') })
    await expect.poll(() => backend.state).toBe('connected')
    await run.consume()
    expect(await run.begun.take(2)).toEqual(['before', 'unsure'])
  })

  test('an unknown virtual host is told at the start', async () => {
    const opening = scene.openAt(`${scene.server.url}/nowhere`)
    await expect(opening).rejects.toThrow(/\/nowhere \(.*refused the virtual host: it is not there.*add_vhost/)
  })

  test('a queue with other arguments keeps the worker from starting, with what to do', async () => {
    const channel = await scene.other()
    await channel.assertQueue(named('taken').main, { durable: true, arguments: { 'x-max-length': 5 } })
    const config = {
      adapter: { name: 'rabbitmq', config: { amqp_url: scene.server.url } },
      queue_configs: { taken: {} },
    }
    await expect(runQueuePlugin(config)).rejects.toThrow(
      /The queue taken is on RabbitMQ with other settings.*delete its queues there/,
    )
  })
})
