// A Redis that dies and comes back, with what it has acknowledged on its disk.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRedis } from '../../../plugins/queue/adapters/redis/open-redis.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.ts'
import { DONE, FAILED, Gate, job, queueRun } from './backend-run.ts'
import { redisEngine } from './redis-engines.ts'

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

describe.skipIf(lacks('redis-server'))('while Redis is away (needs redis-server)', () => {
  test('jobs are refused with what to do, the state says so, and all goes on when it is back', async () => {
    const server = await start()
    const { backend, states } = await redisEngine(server.url)
    const run = await queueRun(backend)
    const gate = new Gate()
    await run.put('runs meanwhile', 'fails meanwhile')
    await run.consume(async (payload) => {
      if (payload === 'after') return DONE
      await gate.pass()
      return payload === 'runs meanwhile' || run.begun.items.length > 2 ? DONE : FAILED
    })
    await run.begun.take(2)
    await server.kill()
    expect(await states.take(1)).toEqual(['reconnecting'])
    expect(backend.state).toBe('reconnecting')
    await expect(run.put('refused')).rejects.toMatchObject({
      code: 'plugin_unavailable',
      message: expect.stringContaining('the engine keeps trying. Nothing was sent.'),
    })
    gate.open()
    await server.restart()
    expect(await states.take(2, 10_000)).toEqual(['reconnecting', 'connected'])
    await run.put('after')
    const ends = await run.settled.take(4)
    expect(ends.map(({ data, how }) => `${data} ${how.kind}`).sort()).toEqual([
      'after done',
      'fails meanwhile done',
      'fails meanwhile retry',
      'runs meanwhile done',
    ])
    expect(await backend.stats(run.queue)).toMatchObject({ waiting: 0, active: 0, delayed: 0, dead: 0 })
  })

  test('killed under load, five times: nothing acknowledged is lost, and no more than what ran comes twice', async () => {
    const server = await start()
    const name = `q-${randomUUID()}`
    const settings = { concurrency: 8, maxAttempts: 100 }
    const engines = [await redisEngine(server.url), await redisEngine(server.url)]
    const handled = new Map<number, number>()
    const runs = await Promise.all(engines.map(({ backend }) => queueRun(backend, settings, name)))
    for (const run of runs) {
      await run.consume(async (number: number) => {
        handled.set(number, (handled.get(number) ?? 0) + 1)
        await new Promise((resolve) => setImmediate(resolve))
        return DONE
      })
    }
    const acknowledged = new Set<number>()
    let next = 0
    const load = new AbortController()
    const publish = async (index: number): Promise<void> => {
      while (!load.signal.aborted) {
        const number = next++
        const { queue } = runs[index]!
        await engines[index]!.backend.enqueue([{ queue, job: job(number) }]).then(
          () => acknowledged.add(number),
          () => new Promise((resolve) => setTimeout(resolve, 5)),
        )
      }
    }
    const publishers = Array.from({ length: 16 }, (_, index) => publish(index % 2))
    for (let kill = 1; kill <= 5; kill++) {
      const goal = acknowledged.size + 150
      await expect.poll(() => acknowledged.size, { timeout: 10_000 }).toBeGreaterThan(goal)
      await server.restart()
    }
    await expect
      .poll(() => engines.every(({ backend }) => backend.state === 'connected'), { timeout: 10_000 })
      .toBe(true)
    load.abort()
    await Promise.all(publishers)
    const missing = () => [...acknowledged].filter((number) => !handled.has(number)).length
    await expect.poll(missing, { timeout: 10_000 }).toBe(0)
    const twice = [...handled.values()].reduce((sum, count) => sum + count - 1, 0)
    expect(twice).toBeLessThanOrEqual(5 * 2 * settings.concurrency)
    const idle = { waiting: 0, active: 0, delayed: 0 }
    await expect.poll(() => engines[0]!.backend.stats(runs[0]!.queue)).toMatchObject(idle)
  }, 60_000)

  test('nobody is taken for dead because Redis was away for longer than a lease', async () => {
    const server = await start()
    const back = new Gate()
    const leaseMs = 60_000
    const one = await redisEngine(
      server.url,
      { leaseMs },
      back.pass().then(() => {}),
    )
    const two = await redisEngine(server.url, { leaseMs })
    const run = await queueRun(one.backend)
    const other = await queueRun(two.backend, {}, run.queue.name)
    const gate = new Gate()
    await run.put('slow')
    await run.consume(() => gate.pass())
    await run.begun.take(1)
    await other.consume()
    // As if the lease had ended while Redis was away.
    await server.client().zadd('queue::engines', 1, one.backend.engine)
    await server.restart()
    expect(await two.states.take(2, 10_000)).toEqual(['reconnecting', 'connected'])
    back.open()
    await one.states.take(2, 10_000)
    gate.open()
    expect((await run.settled.take(1))[0]!.how).toEqual({ kind: 'done' })
    expect(other.begun.items).toEqual([])
  })

  test('a Redis that was emptied is filled again', async () => {
    const server = await start()
    const { backend, states } = await redisEngine(server.url)
    const run = await queueRun(backend, { type: 'fifo', maxJobs: 2 })
    await run.consume()
    await server.client().flushall()
    await server.restart()
    await states.take(2, 10_000)
    await run.putWith(1, { group: 'a' })
    await run.settled.take(1)
    expect(await server.client().hget(`queue:n:${run.queue.key}:meta`, 'type')).toBe('fifo')
  })

  test('what Redis refuses to write is kept and tried again', async () => {
    const server = await start()
    const { backend, log } = await redisEngine(server.url)
    const run = await queueRun(backend, { concurrency: 1 })
    const client = server.client()
    await client.config('SET', 'min-replicas-to-write', '1')
    await expect(run.put('refused')).rejects.toThrow(/refused a script.*NOREPLICAS/)
    await client.config('SET', 'min-replicas-to-write', '0')
    const gate = new Gate()
    await run.put('one', 'two')
    await run.consume(() => gate.pass())
    await run.begun.take(1)
    await client.config('SET', 'min-replicas-to-write', '1')
    gate.open()
    await expect.poll(() => log.lines.some(({ message }) => message.includes('refuses to give out jobs'))).toBe(true)
    expect(run.settled.items).toEqual([])
    await client.config('SET', 'min-replicas-to-write', '0')
    expect((await run.settled.take(2)).map(({ data, how }) => [data, how.kind])).toEqual([
      ['one', 'done'],
      ['two', 'done'],
    ])
  })

  test('a server that is not there at the start is an error that names address and setting', async () => {
    const server = await start()
    await server.kill()
    const opening = openRedis({ config: { redis_url: server.url }, projectRoot: '/', log: collectingLog() })
    await expect(opening).rejects.toThrow(/127\.0\.0\.1:\d+.*adapter\.config\.redis_url of iii-queue/s)
  })

  test('a server that may throw values away is warned of', async () => {
    const server = await start({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    const log = collectingLog()
    const backend = await openRedis({ config: { redis_url: server.url }, projectRoot: '/', log })
    onTestFinished(() => backend.close(0))
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings).toEqual([expect.stringContaining('Set `maxmemory-policy noeviction` there.')])
    expect(warnings[0]).toContain(`127.0.0.1:${server.port}`)
  })
})
