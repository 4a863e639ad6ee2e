// A Redis that is there and does not do what is asked of it: its memory is full, it is a replica, somebody has emptied it.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRedis } from '../../../plugins/queue/adapters/redis/open-redis.ts'
import { QUEUE_DEFAULTS } from '../../../plugins/queue/settings.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis } from '../../support/redis-server.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { runQueuePlugin } from './queue-run.ts'
import { DONE, Gate, queueRun } from './backend-run.ts'
import { redisEngine } from './redis-engines.ts'

describe.skipIf(lacks('redis-server'))('a Redis that refuses (needs redis-server)', () => {
  const start = async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    return server
  }

  test('with its memory full publishers are told so, and jobs are handled all the same', async () => {
    const server = await start()
    const { backend } = await redisEngine(server.url)
    const run = await queueRun(backend, { concurrency: 1, maxAttempts: 1 })
    const gate = new Gate()
    await run.put('runs', 'waits')
    await run.consume((payload) => (payload === 'runs' ? gate.pass() : DONE))
    await run.begun.take(1)
    const client = server.client()
    await client.config('SET', 'maxmemory', '1')
    await expect(run.put('refused')).rejects.toThrow(/OOM command not allowed when used memory > 'maxmemory'/)
    expect(await backend.stats(run.queue)).toMatchObject({ waiting: 1, active: 1 })
    gate.open()
    expect((await run.settled.take(2)).map(({ data, how }) => [data, how.kind])).toEqual([
      ['runs', 'done'],
      ['waits', 'done'],
    ])
    await client.config('SET', 'maxmemory', '0')
    await run.put('again')
    expect((await run.settled.take(3))[2]).toMatchObject({ data: 'again' })
  })

  test('a replica refuses at the start with what to do, and one that becomes a replica is waited for', async () => {
    const server = await start()
    const client = server.client()
    // Nobody is there: it keeps what it has.
    const primary = await unusedPort()
    await client.replicaof('127.0.0.1', primary)
    const config = { adapter: { name: 'redis', config: { redis_url: server.url } } }
    const refusal = /redis_url of iii-queue is a replica of 127\.0\.0\.1:\d+ and takes no writes.*Name the primary/
    await expect(runQueuePlugin(config)).rejects.toThrow(refusal)
    await client.replicaof('NO', 'ONE')
    const { backend } = await redisEngine(server.url)
    const run = await queueRun(backend)
    const gate = new Gate()
    await run.put('before')
    await run.consume(() => gate.pass())
    await run.begun.take(1)
    await client.replicaof('127.0.0.1', primary)
    await expect(run.put('refused')).rejects.toThrow(/READONLY|not reachable/)
    gate.open()
    await client.replicaof('NO', 'ONE')
    expect((await run.settled.take(1))[0]).toMatchObject({ data: 'before', how: { kind: 'done' } })
  })

  test('one that is emptied while it runs goes on with the same queues and subscriptions', async () => {
    const server = await start()
    const { backend } = await redisEngine(server.url, { leaseMs: 300 })
    const run = await queueRun(backend, { type: 'fifo' })
    const topic = `t-${randomUUID()}`
    const ref = await backend.subscribe({ topic, functionId: 'f', namespace: 'default' }, QUEUE_DEFAULTS)
    const got = new Collector<string>()
    await backend.consume(ref, { deliver: async ({ job }) => (got.add(job.data), DONE) })
    await run.consume()
    const client = server.client()
    await client.flushall()
    await expect.poll(() => client.hget(`queue:n:${run.queue.key}:meta`, 'type'), { timeout: 5_000 }).toBe('fifo')
    await expect.poll(() => backend.subscriptions(topic)).toHaveLength(1)
    await run.putWith(1, { group: 'a' })
    await backend.publish(topic, { data: '"after"' })
    expect((await run.settled.take(1))[0]).toMatchObject({ data: 1 })
    expect(await got.take(1)).toEqual(['"after"'])
  })

  test('a wrong password is told at the start, and not shown', async () => {
    const server = await startRedis({ args: ['--requirepass', 'right'] })
    onTestFinished(() => server.stop())
    const url = server.url.replace('redis://', 'redis://:s3cret@')
    const opening = openRedis({ config: { redis_url: url }, projectRoot: '/', log: collectingLog() })
    const error = (await opening.catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toMatch(/WRONGPASS|password/i)
    expect(error.message).not.toContain('s3cret')
  })
})
