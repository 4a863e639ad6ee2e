// How engines know bindings as the same: by what is bound, numbered where it is bound twice.
import { expect, test } from 'vitest'
import { EqualBindings } from '../../../kit/triggers/equal-bindings.ts'
import type { TriggerBinding } from '../../../sdk/handle-types.ts'

const binding = (id: string, more: Partial<TriggerBinding> = {}): TriggerBinding => ({
  id,
  function_id: 'f',
  config: { topic: 't', condition_function_id: 'c' },
  ...more,
})

/** The names of an engine, in the order of the bindings. */
function namesOf(...bindings: TriggerBinding[]): string[] {
  const names = new EqualBindings()
  for (const each of bindings) names.add(each)
  return bindings.map(({ id }) => names.nameOf(id))
}

test('equal bindings have one name on every engine, whatever their ids and the order of their keys', () => {
  const [here] = namesOf(binding('made up here'))
  expect(namesOf(binding('there', { config: { condition_function_id: 'c', topic: 't' } }))).toEqual([here])
  expect(namesOf(binding('there', { namespace: 'default' }))).toEqual([here])
})

test.each([
  ['function', { function_id: 'g' }],
  ['config', { config: { topic: 't' } }],
  ['namespace', { namespace: 'n' }],
  ['metadata', { metadata: { k: 1 } }],
])('another %s is another name', (_what, more) => {
  const [one, other] = namesOf(binding('one'), binding('other', more))
  expect(one).not.toBe(other)
})

test('equal ones of one engine are told apart, the same way on all of them', () => {
  const here = namesOf(binding('a'), binding('b'), binding('c'))
  expect(new Set(here).size).toBe(3)
  expect(namesOf(binding('x'), binding('y'), binding('z'))).toEqual(here)
})

test('what goes leaves no gap: the last one takes its name', () => {
  const names = new EqualBindings()
  const ids = ['a', 'b', 'c']
  for (const id of ids) names.add(binding(id))
  const [first, second] = ids.map((id) => names.nameOf(id))
  names.remove('a')
  names.remove('never there')
  expect([names.nameOf('c'), names.nameOf('b')]).toEqual([first, second])
  names.remove('b')
  names.remove('c')
  names.add(binding('d'))
  expect(names.nameOf('d')).toBe(first)
  expect(() => names.nameOf('a')).toThrow('"a"')
})

test('an id that is bound anew has the name of what it is bound to now', () => {
  const names = new EqualBindings()
  names.add(binding('a'))
  names.add(binding('b'))
  const [first, second] = [names.nameOf('a'), names.nameOf('b')]
  names.add(binding('b'))
  expect(names.nameOf('b')).toBe(second)
  names.add(binding('a', { function_id: 'g' }))
  expect([names.nameOf('b'), names.nameOf('a') === first]).toEqual([first, false])
})
