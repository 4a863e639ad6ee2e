import { expect, test } from 'vitest'
import { TurnQueue } from '../../../../core/host/generations/turn-queue.ts'

test('tasks run one at a time, in order', async () => {
  const queue = new TurnQueue()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`${name} starts`)
    await new Promise((resolve) => setImmediate(resolve))
    log.push(`${name} ends`)
    return name
  }
  expect(await Promise.all([queue.enqueue('a', task('a')), queue.enqueue('b', task('b'))])).toEqual(['a', 'b'])
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends'])
})

test('of the waiting tasks of one key only the newest runs, for all who wait', async () => {
  const queue = new TurnQueue()
  const ran: number[] = []
  const wish = (n: number) => queue.enqueue('a', async () => (ran.push(n), n))
  const running = queue.enqueue('first', async () => 0)
  expect(await Promise.all([running, wish(1), wish(2), wish(3)])).toEqual([0, 3, 3, 3])
  expect(ran).toEqual([3])
})

test('a task that fails does not keep the next one from running', async () => {
  const queue = new TurnQueue()
  const failing = queue.enqueue('a', async () => {
    throw new Error('no')
  })
  const next = queue.enqueue('b', async () => 'yes')
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('yes')
  await queue.idle()
})
