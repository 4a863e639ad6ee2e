// A RabbitMQ server that is killed under load, or stands still: nothing that was acknowledged is lost, and everything goes on by itself.
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../../base/time/clock.ts'
import type { Backend, BackendState } from '../../../../plugins/queue/adapters/backend.ts'
import { RABBIT_LIMITS } from '../../../../plugins/queue/adapters/rabbitmq/limits.ts'
import { openRabbit } from '../../../../plugins/queue/adapters/rabbitmq/open-rabbit.ts'
import { RabbitConnection } from '../../../../plugins/queue/adapters/rabbitmq/rabbit-connection.ts'
import { readRabbitSettings } from '../../../../plugins/queue/adapters/rabbitmq/rabbit-settings.ts'
import { report } from '../../network/engine-under-test.ts'
import { DONE, Gate, job, queueRun } from '../../../plugins/queue/backend-run.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { Collector, within } from '../../../support/deadline.ts'
import { lacks } from '../../../support/needs.ts'
import { startRabbit, type RabbitServer } from '../../../support/rabbitmq-server.ts'

const KILLS = 4
const PUBLISHERS = 8
const GROUPS = 5

/** @param query of the URL */
const start = async (query = '') => {
  const server: RabbitServer = await startRabbit()
  onTestFinished(() => server.stop())
  const states = new Collector<BackendState>()
  const log = collectingLog()
  const backend: Backend = await openRabbit({
    config: { amqp_url: server.url + query },
    projectRoot: '/',
    log: log as never,
    onStateChange: states.add,
  })
  onTestFinished(() => backend.close(1_000))
  return { server, states, backend }
}

test.skipIf(lacks('rabbitmq-server'))(
  'killed under load: all that was acknowledged is handled, in the order of its group (needs rabbitmq-server)',
  async () => {
    const { server, states, backend } = await start()
    const plain = await queueRun(backend, { concurrency: 16, maxAttempts: 100 })
    const ordered = await queueRun(backend, { type: 'fifo', concurrency: GROUPS, maxAttempts: 100 })
    const acknowledged = new Set<number>()
    const handled = new Map<number, number>()
    const firsts = new Map<string, number[]>()
    const changed = new Collector<number>()
    const handle = (n: number): typeof DONE => {
      handled.set(n, (handled.get(n) ?? 0) + 1)
      changed.add(n)
      return DONE
    }
    await plain.consume((n: number) => handle(n))
    await ordered.consume((n: number, delivery) => {
      const group = delivery.job.group!
      if (!handled.has(n)) firsts.set(group, [...(firsts.get(group) ?? []), n])
      return handle(n)
    })
    let next = 0
    const over = new AbortController()
    let refusals = 0
    const publish = async (publisher: number): Promise<void> => {
      while (!over.signal.aborted) {
        const n = next++
        const run = n % 2 === 0 ? plain : ordered
        const group = `${publisher % GROUPS}-${publisher}`
        try {
          await backend.enqueue([{ queue: run.queue, job: job(n, n % 2 === 0 ? {} : { group }) }])
          acknowledged.add(n)
        } catch {
          refusals++
        }
      }
    }
    const publishers = Array.from({ length: PUBLISHERS }, (_, publisher) => publish(publisher))
    for (let kill = 0; kill < KILLS; kill++) {
      await changed.take(changed.items.length + 300, 30_000)
      await server.restart()
      await states.take((kill + 1) * 2, 30_000)
    }
    await changed.take(changed.items.length + 300, 30_000)
    over.abort()
    await Promise.all(publishers)
    const missing = (): number[] => [...acknowledged].filter((n) => !handled.has(n))
    await expect.poll(missing, { timeout: 60_000 }).toEqual([])
    for (const [group, numbers] of firsts) {
      const inOrder = numbers.toSorted((a, b) => a - b)
      expect([group, numbers]).toEqual([group, inOrder])
    }
    expect(states.items).toEqual(Array.from({ length: KILLS }, () => ['reconnecting', 'connected']).flat())
    expect(backend.state).toBe('connected')
    // Each kill can repeat what ran, and what was acknowledged without the broker having heard of it: no more.
    const again = [...handled.values()].filter((times) => times > 1).length
    report(`${acknowledged.size} acknowledged, ${refusals} refused, ${again} handled more than once`)
    expect(again).toBeLessThan(handled.size / 4)
  },
)

test.skipIf(lacks('rabbitmq-server'))(
  'what runs while the server is restarted is not run again (needs rabbitmq-server)',
  async () => {
    const { server, states, backend } = await start()
    const run = await queueRun(backend, { concurrency: 3 })
    const [endsBefore, endsAfter] = [new Gate(), new Gate()]
    await run.put('ends while it is away', 'ends later')
    await run.consume((payload) => (payload === 'ends later' ? endsAfter.pass() : endsBefore.pass()))
    await run.begun.take(2)
    await server.kill()
    await states.take(1)
    expect(backend.state).toBe('reconnecting')
    endsBefore.open()
    await server.restart()
    await states.take(2, 30_000)
    await run.settled.take(1, 10_000)
    endsAfter.open()
    const ends = await run.settled.take(2, 10_000)
    expect(ends.map(({ data, how }) => [data, how.kind])).toEqual([
      ['ends while it is away', 'done'],
      ['ends later', 'done'],
    ])
    await run.put('next')
    expect(await run.begun.take(3)).toEqual(['ends while it is away', 'ends later', 'next'])
    expect(await backend.stats(run.queue)).toMatchObject({ waiting: 0 })
  },
)

test.skipIf(lacks('rabbitmq-server'))(
  'while the server is away publishers are told, and one that stands still is given up (needs rabbitmq-server)',
  async () => {
    const { server, states, backend } = await start('?heartbeat=2')
    const run = await queueRun(backend)
    const settings = readRabbitSettings({ amqp_url: server.url })
    const limits = { ...RABBIT_LIMITS, maxWaiting: 1, waitMs: 100 }
    const limited = new RabbitConnection({ ...settings, limits, clock: systemClock, log: collectingLog() })
    await limited.open()
    onTestFinished(() => limited.close())
    server.pause()
    const waiting = run.put('x').catch((error: unknown) => error)
    // Two heartbeats go by.
    await states.take(1, 60_000)
    expect(await within(10_000, 'the answer', waiting)).toMatchObject({
      message: expect.stringMatching(/may be stored or not/),
    })
    await server.kill()
    await expect(run.put('y')).rejects.toMatchObject({
      code: 'plugin_unavailable',
      message: expect.stringMatching(/not reachable; nothing was stored/),
    })
    const [waits, isRefused] = await Promise.allSettled([limited.publishing(), limited.publishing()])
    expect([waits, isRefused]).toMatchObject([
      { reason: { code: 'plugin_unavailable' } },
      { reason: { code: 'overloaded', message: expect.stringContaining('1 calls wait') } },
    ])
    await server.restart()
    await states.take(2, 30_000)
    await run.put('z')
    await run.consume()
    await expect.poll(() => run.begun.items).toContain('z')
    expect(run.begun.items).not.toContain('y')
  },
)
