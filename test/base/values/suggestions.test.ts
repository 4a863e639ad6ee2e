// "Did you mean" for names from outside, and what looking for them may cost.
import { expect, it } from 'vitest'
import { MAX_CANDIDATES, MAX_PER_SECOND, Suggestions } from '../../../base/values/suggestions.ts'

it.each([
  ['state::gett', " Did you mean 'state::get'?"],
  ['state:get', " Did you mean 'state::get'?"],
  ['State::Get', " Did you mean 'state::get'?"],
  ['orders::create', ''],
  ['x', ''],
])('for %s it is "%s"', (name, expected) => {
  expect(new Suggestions().for(name, ['state::get', 'state::set', 'orders::delete'])).toBe(expected)
})

it('passes over what may not be named, also where it is nearer', () => {
  const may = (candidate: string): boolean => candidate !== 'state::get'
  expect(new Suggestions().for('state::gett', ['state::get', 'state::gets'], may)).toBe(" Did you mean 'state::gets'?")
  expect(new Suggestions().for('state::gett', ['state::get'], may)).toBe('')
})

it('are looked for a few times a second, and then no more until the next', () => {
  let now = 0
  const suggestions = new Suggestions(() => now)
  const find = (): string => suggestions.for('state::gett', ['state::get'])
  for (let n = 0; n < MAX_PER_SECOND; n++) expect(find()).not.toBe('')
  expect(find()).toBe('')
  now += 999
  expect(find()).toBe('')
  now += 1
  expect(find()).not.toBe('')
})

it('are not looked for among more names than the limit, nor for a long name', () => {
  const names = Array.from({ length: MAX_CANDIDATES }, (_, index) => `name::${index}`)
  expect(new Suggestions().for('state::gett', ['state::get', ...names])).not.toBe('')
  expect(new Suggestions().for('state::gett', [...names, 'state::get'])).toBe('')
  expect(new Suggestions().for(`${'x'.repeat(256)}`, ['x'.repeat(255)])).not.toBe('')
  expect(new Suggestions().for(`${'x'.repeat(257)}`, ['x'.repeat(256)])).toBe('')
})
