// Changes of files one after the other, and how many wait.
import { expect, test } from 'vitest'
import { ChangesInTurn } from '../../../../plugins/directory/files/changes-in-turn.ts'
import { MAX_WAITING_CHANGES } from '../../../../plugins/directory/files/bounds.ts'

test('changes run in the order in which they came, and one that fails holds up none', async () => {
  const changes = new ChangesInTurn()
  const done: number[] = []
  const outcomes = await Promise.allSettled(
    [0, 1, 2, 3].map((n) =>
      changes.run(async () => {
        await new Promise<void>((resolve) => setImmediate(resolve))
        if (n === 1) throw new Error('no')
        done.push(n)
      }),
    ),
  )
  expect(done).toEqual([0, 2, 3])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
})

test('more than a thousand do not wait', async () => {
  const changes = new ChangesInTurn()
  const { promise, resolve } = Promise.withResolvers<void>()
  const waiting = Array.from({ length: MAX_WAITING_CHANGES }, () => changes.run(() => promise))
  await expect(changes.run(async () => {})).rejects.toMatchObject({ code: 'overloaded' })
  resolve()
  await Promise.all(waiting)
  await changes.run(async () => {})
  await changes.settled()
})
