import { expect, test } from 'vitest'
import { WorkerNames } from '../../../core/config/worker-names.ts'
import type { BuiltInAbout } from '../../../sdk/built-in.ts'

const names = (...abouts: BuiltInAbout[]) =>
  new WorkerNames(abouts.map((about) => ({ folder: `/workers/${about.name}`, about })))

test('two workers of one name are a mistake of the table, whichever of their names it is', () => {
  expect(() => names({ name: 'iii-a' }, { name: 'iii-a' })).toThrow("two workers of the table are named 'iii-a'")
  expect(() => names({ name: 'iii-a', alias: 'b' }, { name: 'b' })).toThrow("two workers of the table are named 'b'")
  expect(() => names({ name: 'iii-worker-manager' })).toThrow("named 'iii-worker-manager'")
})

test('without a table only the parts of the engine are known', () => {
  const none = new WorkerNames()
  expect(none.all.map(({ name }) => name)).toEqual(['iii-worker-manager', 'iii-engine-functions'])
  expect(none.isRepeatable('iii-worker-manager')).toBe(true)
  expect(none.ofTriggerType('any')).toBeUndefined()
  expect(none.exactGrants.covers('engine::plugins::stop')).toBe(true)
})

test('who would provide a trigger type or a function is found by patterns too', () => {
  const known = names({ name: 'iii-a', triggerTypes: ['a::*::on-change'], functionIds: ['a::*'] })
  expect(known.ofTriggerType('a::x::on-change')).toBe('iii-a')
  expect(known.ofTriggerType('a::x')).toBeUndefined()
  expect(known.ofFunction('a::b::c')).toBe('iii-a')
})

test('a mandatory worker is kept out by its variable, unless that is empty', () => {
  const known = names({ name: 'iii-a', mandatory: true, keptOutBy: 'NO_A' })
  expect(known.mandatory({})).toContain('iii-a')
  expect(known.mandatory({ NO_A: '' })).toContain('iii-a')
  expect(known.mandatory({ NO_A: '1' })).not.toContain('iii-a')
})
