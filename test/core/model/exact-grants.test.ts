import { expect, test } from 'vitest'
import { ExactGrants } from '../../../core/model/exact-grants.ts'

test("the engine's own are always among them", () => {
  const own = new ExactGrants([])
  expect(own.covers('engine::plugins::stop')).toBe(true)
  expect(own.covers('engine::register_trigger')).toBe(true)
  expect(own.covers('engine::functions::list')).toBe(false)
})

test('those of workers are ids or patterns', () => {
  const grants = new ExactGrants(['notes::wipe', 'worker::*'])
  expect(grants.covers('notes::wipe')).toBe(true)
  expect(grants.covers('notes::wiped')).toBe(false)
  expect(grants.covers('worker::add')).toBe(true)
})
