import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Roster } from '../../../base/values/roster.ts'

interface Item {
  readonly name: number
  at: number
}

test('A roster holds what a set of the same changes holds', () => {
  const change = fc.record({ kind: fc.constantFrom('add', 'delete'), name: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const items = Array.from({ length: 10 }, (_, name): Item => ({ name, at: -1 }))
      const roster = new Roster<Item, 'at'>('at')
      const model = new Set<number>()
      for (const { kind, name } of changes) {
        if (kind === 'add') {
          roster.add(items[name]!)
          model.add(name)
        } else {
          expect(roster.delete(items[name]!)).toBe(model.delete(name))
        }
        expect(roster.size).toBe(model.size)
      }
      expect([...roster].map((item) => item.name).toSorted()).toEqual([...model].toSorted())
      expect(items.filter(({ at }) => at !== -1)).toHaveLength(model.size)
    }),
  )
})

test('Items may come and go while a roster is gone through', () => {
  const items = Array.from({ length: 4 }, (_, name): Item => ({ name, at: -1 }))
  const roster = new Roster<Item, 'at'>('at')
  for (const item of items) roster.add(item)
  const seen: number[] = []
  for (const item of roster) {
    seen.push(item.name)
    roster.delete(items[3]!)
    roster.delete(item)
  }
  expect(seen).toEqual([0, 1, 2, 3])
  expect(roster.size).toBe(0)
})

test('A roster that is cleared lets its items into it again', () => {
  const item: Item = { name: 1, at: -1 }
  const roster = new Roster<Item, 'at'>('at')
  roster.add(item)
  roster.clear()
  expect([roster.size, item.at]).toEqual([0, -1])
  roster.add(item)
  expect([...roster]).toEqual([item])
})
