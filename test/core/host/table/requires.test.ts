import { expect, test } from 'vitest'
import { inLevels, orderByRequires } from '../../../../core/host/table/requires.ts'

const order = (wanted: Record<string, string[]>) => orderByRequires(new Map(Object.entries(wanted)))

test('what is required comes in an earlier level', () => {
  expect(order({ a: ['b', 'c'], b: ['c'], c: [], d: [] }).levels).toEqual([['c', 'd'], ['b'], ['a']])
})

test('a circle names its members, and those that need one of them can not start either', () => {
  const { levels, problems } = order({ a: ['b'], b: ['c'], c: ['a'], outside: ['a'], fine: [] })
  expect(levels).toEqual([['fine']])
  expect([...problems.keys()].sort()).toEqual(['a', 'b', 'c', 'outside'])
  expect(problems.get('b')).toContain('a → b → c → a')
  expect(problems.get('outside')).toContain("'a'")
})

test('a plugin that requires itself is a circle', () => {
  expect(order({ a: ['a'] }).problems.get('a')).toContain('a → a')
})

test('a missing plugin is named', () => {
  expect(order({ a: ['ghost'] }).problems.get('a')).toContain("'ghost'")
})

test('items of one plugin share a level; those of a circle come last, and none is lost', () => {
  const item = (name: string, plugin: string, ...requires: string[]) => ({ name, plugin, requires })
  const levels = (...items: ReturnType<typeof item>[]) =>
    inLevels(items, (each) => each).map((level) => level.map(({ name }) => name))
  expect(levels(item('b', 'b', 'a', 'outside'), item('a', 'a'), item('a#1', 'a'))).toEqual([['a', 'a#1'], ['b']])
  expect(levels(item('x', 'x', 'y'), item('y', 'y', 'x'), item('z', 'z'))).toEqual([['z'], ['x', 'y']])
})
