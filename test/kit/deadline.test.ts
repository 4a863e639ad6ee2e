import { expect, test } from 'vitest'
import { settlesWithin, within } from '../../kit/deadline.ts'

const never = new Promise<never>(() => {})

test('within gives what the promise gives, or the message when it is late', async () => {
  expect(await within(60_000, Promise.resolve(1), 'late')).toBe(1)
  await expect(within(60_000, Promise.reject(new Error('broken')), 'late')).rejects.toThrow('broken')
  await expect(within(1, never, 'no answer within 1 ms')).rejects.toThrow('no answer within 1 ms')
})

test('settlesWithin tells whether it was in time, a failure included', async () => {
  expect(await settlesWithin(60_000, Promise.resolve(false))).toBe(true)
  expect(await settlesWithin(60_000, Promise.reject(new Error('broken')))).toBe(true)
  expect(await settlesWithin(1, never)).toBe(false)
})
