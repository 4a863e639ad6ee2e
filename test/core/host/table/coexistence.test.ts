// What instances may not contradict when they run side by side.
import { expect, test } from 'vitest'
import type { PluginDeclaration } from '../../../../core/host/builds/bundle.ts'
import { contradictions, type Standing } from '../../../../core/host/table/coexistence.ts'

const standing = (name: string, declared: Partial<PluginDeclaration> = {}): Standing => {
  const [plugin = name] = name.split('#')
  return {
    name,
    plugin,
    declaration: { name: plugin, requires: [], seats: [], overlap: false, ...declared },
    repeatable: declared.repeatable === true,
    origin: `iii-config.yaml:${name}`,
  }
}
const originOf = (name: string): string => `iii-config.yaml:${name}`
const problems = (all: Standing[], down?: ReadonlyMap<string, string>) =>
  Object.fromEntries(contradictions(all, originOf, down))

test('a seat has one holder, also among the instances of one plugin: the later one is refused', () => {
  const seats = { seats: ['telemetry'], repeatable: true }
  expect(problems([standing('a', seats), standing('a#1', seats), standing('b', seats)])).toEqual({
    'a#1': "plugin 'a#1' claims the seat 'telemetry', which plugin 'a' holds",
    b: "plugin 'b' claims the seat 'telemetry', which plugin 'a' holds",
  })
})

test('one that is refused holds no seat', () => {
  const seats = { seats: ['telemetry'] }
  expect(Object.keys(problems([standing('a'), standing('a#1', seats), standing('b', seats)]))).toEqual(['a#1'])
})

test('a further entry needs a plugin that is repeatable, and the problem names both places', () => {
  expect(problems([standing('a'), standing('a#1')])).toEqual({
    'a#1': expect.stringMatching(/iii-config\.yaml:a and iii-config\.yaml:a#1.*repeatable: true/),
  })
  expect(problems([standing('a', { repeatable: true }), standing('a#1', { repeatable: true })])).toEqual({})
})

test('what is required is there when any instance of it is, and one that was refused does not count', () => {
  const needy = standing('needy', { requires: ['a'] })
  expect(problems([needy, standing('a#1', { repeatable: true })])).toEqual({})
  expect(Object.keys(problems([needy, standing('a#1')]))).toEqual(['a#1', 'needy'])
})

test('what is required and is down is told with its reason', () => {
  const { needy } = problems([standing('needy', { requires: ['a'] })], new Map([['a', 'no database']]))
  expect(needy).toBe("'needy' requires the plugin 'a', which can't start: no database")
})
