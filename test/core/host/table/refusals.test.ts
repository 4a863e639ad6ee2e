import { expect, test } from 'vitest'
import { Refusals } from '../../../../core/host/table/refusals.ts'

test('the newest refusal is shown; another comes to light when it ends', () => {
  const refusals = new Refusals()
  refusals.add('code', 'build', 'does not compile', 0)
  refusals.add('configuration', 'config', 'does not fit', 1_000)
  expect(refusals.shown).toMatchObject({ reason: 'config' })
  expect(refusals.clear('configuration')).toBe(true)
  expect(refusals.shown).toMatchObject({ reason: 'build' })
  expect(refusals.clear('configuration')).toBe(false)
  expect(refusals.clear('code')).toBe(true)
  expect(refusals.shown).toBeUndefined()
})

test('a subject is refused since the first time until it is in force', () => {
  const refusals = new Refusals()
  refusals.add('code', 'build', 'one', 0)
  refusals.add('code', 'start', 'two', 60_000)
  expect(refusals.shown).toEqual({ since: '1970-01-01T00:00:00.000Z', reason: 'start', error: 'two' })
  refusals.clear('code')
  refusals.add('code', 'build', 'three', 60_000)
  expect(refusals.shown?.since).toBe('1970-01-01T00:01:00.000Z')
})

test('that it is held up is shown where nothing of its own is refused', () => {
  const refusals = new Refusals()
  refusals.add('code', 'build', 'does not compile', 0)
  refusals.add('configuration', 'held_up', 'waits for another', 1_000)
  expect(refusals.shown).toMatchObject({ reason: 'build' })
  refusals.clear('code')
  expect(refusals.shown).toMatchObject({ reason: 'held_up' })
})
