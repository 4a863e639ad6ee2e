import { expect, test } from 'vitest'
import { settlesWithin, withDeadline } from '../../../base/time/deadline.ts'

const never = new Promise<never>(() => {})
const late = () => new Error('no answer')

test('withDeadline gives what the promise gives, or the error when it is late', async () => {
  expect(await withDeadline(Promise.resolve(1), 60_000, late)).toBe(1)
  await expect(withDeadline(Promise.reject(new Error('broken')), 60_000, late)).rejects.toThrow('broken')
  await expect(withDeadline(never, 1, late)).rejects.toThrow('no answer')
})

test('settlesWithin tells whether it was in time, a failure included', async () => {
  expect(await settlesWithin(Promise.resolve(false), 60_000)).toBe(true)
  expect(await settlesWithin(Promise.reject(new Error('broken')), 60_000)).toBe(true)
  expect(await settlesWithin(never, 1)).toBe(false)
})
