// Jobs that wait for their time on the broker: listed and counted by whichever engine, and copies of a subscription with a delay.
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../../../../plugins/queue/adapters/backend.ts'
import { QUEUE_DEFAULTS } from '../../../../plugins/queue/settings.ts'
import { DONE, FAILED } from '../../../plugins/queue/backend-run.ts'
import { Collector } from '../../../support/deadline.ts'
import { lacks } from '../../../support/needs.ts'
import { rabbitScene } from './rabbit-scene.ts'

const PAGE = { offset: 0, limit: 10 }

describe.skipIf(lacks('rabbitmq-server'))('delays on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  test('what another engine has delayed is counted and listed, and stays in its place', async () => {
    const one = await scene.run({ backoffMs: 60_000 }, `q-${randomUUID()}`)
    const two = await scene.run({ backoffMs: 60_000 }, one.queue.name)
    const now = Date.now()
    const times = [400_000, 90_000, 30_000, 100_000]
    for (const ms of times) await one.putWith(ms, { runAt: now + ms })
    await one.put('fails')
    const consumption = await one.consume(() => FAILED)
    await one.settled.take(1)
    await consumption.stop(1_000)
    for (let look = 0; look < 2; look++) {
      const listed = await two.backend.delayed(two.queue, PAGE)
      expect(listed.map(({ data }) => JSON.parse(data) as unknown)).toEqual([30_000, 'fails', 90_000, 100_000, 400_000])
      expect(listed[1]).toMatchObject({ attempts: 1, runAt: expect.any(Number) })
      expect(Math.abs(listed[1]!.runAt! - now - 60_000)).toBeLessThan(10_000)
    }
    expect(await two.backend.stats(two.queue)).toMatchObject({ waiting: 0, delayed: 5, dead: 0 })
  })

  test('a job that is looked at while it waits comes at its time', async () => {
    const { putWith, consume, begun, backend, queue } = await scene.run()
    const runAt = Date.now() + 1_500
    await putWith('x', { runAt })
    await consume()
    while (Date.now() < runAt - 200) {
      const listed = await backend.delayed(queue, PAGE)
      if (listed.length > 0) expect(listed[0]).toMatchObject({ runAt })
    }
    await begun.take(1)
    expect(Date.now() - runAt).toBeLessThan(2_000)
    expect(Date.now()).toBeGreaterThanOrEqual(runAt)
  })

  test('more delayed jobs than are looked through are counted, and the list says why there is none', async () => {
    const backend = await scene.limited({ maxScanned: 2 })
    const { queueRun } = await import('../../../plugins/queue/backend-run.ts')
    const run = await queueRun(backend)
    for (const n of [1, 2, 3]) await run.putWith(n, { runAt: Date.now() + 60_000 })
    await expect(backend.delayed(run.queue, PAGE)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/has 3 delayed jobs.*for 2 at most: iii::queue::status counts them/),
    })
    expect(await backend.stats(run.queue)).toMatchObject({ delayed: 3 })
  })

  describe('a subscription with a delay', () => {
    const subscribed = async () => {
      const topic = `t@-${randomUUID()}`
      const engine = async (): Promise<Backend> => {
        const backend = await scene.open()
        onTestFinished(() => backend.close(1_000))
        return backend
      }
      const subscribe = (backend: Backend, delayMs: number) =>
        backend.subscribe({ topic, functionId: 'f', namespace: 'default' }, { ...QUEUE_DEFAULTS, delayMs })
      const got = new Collector<[unknown, number]>()
      const consume = async (backend: Backend, ref: Awaited<ReturnType<typeof subscribe>>) =>
        backend.consume(ref, {
          deliver: async ({ job }) => (got.add([JSON.parse(job.data), Date.now()]), DONE),
        })
      return { topic, engine, subscribe, consume, got }
    }

    test('delivers after it, what iii publishes as well, and what names a time at that time', async () => {
      const { topic, engine, subscribe, consume, got } = await subscribed()
      const backend = await engine()
      const ref = await subscribe(backend, 1_000)
      await consume(backend, ref)
      const began = Date.now()
      await backend.publish(topic, { data: '"ours"' })
      const theirs = { id: 'x', topic, data: 'theirs', attempts_made: 0, max_attempts: 3, created_at: began }
      const channel = await scene.other()
      channel.publish(`iii.${topic}.exchange`, '', Buffer.from(JSON.stringify(theirs)))
      await backend.publish(topic, { data: '"at once"', runAt: 1 })
      await backend.publish(topic, { data: '"later"', runAt: began + 2_000 })
      const all = await got.take(4)
      expect(all.map(([data]) => data)).toEqual(['at once', 'ours', 'theirs', 'later'])
      expect(all[1]![1] - began).toBeGreaterThanOrEqual(1_000)
      expect(all[3]![1] - began).toBeGreaterThanOrEqual(2_000)
    })

    test('may get another delay from an engine that comes later: what waits keeps its time', async () => {
      const { topic, engine, subscribe, consume, got } = await subscribed()
      const first = await engine()
      const ref = await subscribe(first, 600_000)
      await first.publish(topic, { data: '"slow"' })
      await first.close(1_000)
      const second = await engine()
      await subscribe(second, 200)
      await second.publish(topic, { data: '"quick"' })
      expect(await second.stats(ref)).toMatchObject({ delayed: 2 })
      await consume(second, ref)
      expect((await got.take(1)).map(([data]) => data)).toEqual(['quick'])
      await second.close(1_000)
      const third = await engine()
      await subscribe(third, 0)
      await third.publish(topic, { data: '"at once"' })
      await consume(third, ref)
      expect((await got.take(2)).map(([data]) => data)).toEqual(['quick', 'at once'])
      const [slow] = await third.delayed(ref, PAGE)
      expect(slow).toMatchObject({ data: '"slow"' })
      expect(got.items).toHaveLength(2)
    })

    test('gets nothing any more when it has ended, and one that is too long is refused', async () => {
      const { topic, engine, subscribe } = await subscribed()
      const backend = await engine()
      const ref = await subscribe(backend, 60_000)
      await backend.unsubscribe({ topic, functionId: 'f', namespace: 'default' })
      await backend.publish(topic, { data: '1' })
      expect(await backend.backlog(topic)).toBe(1)
      expect(await backend.stats(ref)).toMatchObject({ waiting: 0, delayed: 0 })
      await expect(subscribe(backend, 2 ** 32)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('more than 4294967.295 s (delaySeconds)'),
      })
    })
  })
})
