// One reading for all who ask while it is under way, and none of them gets what is older than its question.
import { expect, test } from 'vitest'
import { SharedScan } from '../../../kit/registry/shared-scan.ts'

test('who asks during a reading shares the next one, and a failure is nobody else’s', async () => {
  let readings = 0
  const scan = new SharedScan(async () => {
    const number = ++readings
    await Promise.resolve()
    if (number === 2) throw new Error('unreadable')
    return number
  })
  const asked = [scan.get(), scan.get(), scan.get()]
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(readings).toBe(2)
  expect(await scan.get()).toBe(3)
  expect(await Promise.all([scan.get(), scan.get(), scan.get()])).toEqual([4, 5, 5])
})
