// What is limited on the way between the engine and RabbitMQ.
import { describe, expect, test } from 'vitest'
import { DONE, FAILED, Gate, queueRun } from '../../../plugins/queue/backend-run.ts'
import { lacks } from '../../../support/needs.ts'
import { named, rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('limits on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  describe('limits', () => {
    test.each([{ maxUnconfirmed: 2 }, { maxUnconfirmedBytes: 30 }])(
      'jobs that wait to be stored: %j',
      async (limits) => {
        const { put, consume, begun } = await queueRun(await scene.limited(limits))
        const stored = await Promise.allSettled([1, 2, 3, 4].map((n) => put(`payload ${n}`)))
        expect(stored.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
        expect((stored[2] as PromiseRejectedResult).reason).toMatchObject({ code: 'overloaded' })
        await put('after')
        await consume()
        expect(await begun.take(3)).toEqual(['payload 1', 'payload 2', 'after'])
      },
    )

    test.each([
      [{ maxIdle: 4 }, 7],
      [{ maxHeldBytes: 8 }, 3],
    ])('jobs in hand behind a busy group: %j leaves %i on the server', async (limits, left) => {
      const backend = await scene.limited(limits)
      const { putWith, consume, begun, settled, queue } = await queueRun(backend, { type: 'fifo', concurrency: 2 })
      for (let number = 0; number < 12; number++) await putWith(number, { group: 'busy' })
      await putWith('other', { group: 'other' })
      const gate = new Gate()
      await consume((payload) => (payload === 0 ? gate.pass() : DONE))
      const channel = await scene.other()
      await expect.poll(async () => (await channel.checkQueue(named(queue.name).main)).messageCount).toBe(left)
      expect(begun.items).toEqual([0])
      gate.open()
      await settled.take(13)
    })

    test('dead letters that are looked through', async () => {
      const backend = await scene.limited({ maxScanned: 2 })
      const { put, consume, settled, queue } = await queueRun(backend, { maxAttempts: 1 })
      await put(1, 2, 3)
      await consume(() => FAILED)
      await settled.take(3)
      const refused = { code: 'unsupported', message: expect.stringContaining('looks through 2') }
      await expect(backend.redrive(queue, { ids: ['x'] })).rejects.toMatchObject(refused)
      await expect(backend.deadLetters(queue, { offset: 0, limit: 1, order: 'newest' })).rejects.toMatchObject(refused)
      expect(await backend.deadLetters(queue, { offset: 0, limit: 1, order: 'oldest' })).toHaveLength(1)
      await expect(backend.peek(queue, { offset: 0, limit: 3 })).rejects.toMatchObject({ code: 'unsupported' })
      expect(await backend.redrive(queue, 'all')).toBe(3)
    })
  })
})
