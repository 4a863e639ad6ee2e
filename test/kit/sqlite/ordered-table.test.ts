import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'

function emptyTable(): OrderedTable {
  const database = new DatabaseSync(':memory:')
  database.exec(ORDERED_TABLE_SCHEMA)
  return new OrderedTable({ database, onRolledBack() {} })
}

test('behaves like a map of maps in insertion order, for any names', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'b', '', '\0', 'a\0b', '\ud800', '\ud801', '__proto__', 'ü', '𝒳'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  const step = fc.record({ kind: fc.constantFrom('set', 'delete'), scope: name, key: name })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = emptyTable()
      const model = new Map<string, Map<string, string>>()
      for (const [index, { kind, scope, key }] of steps.entries()) {
        const keys = model.get(scope) ?? new Map<string, string>()
        const old = keys.get(key)
        if (kind === 'set') {
          expect(table.edit(scope, key, () => `${index}`)).toBe(old)
          model.set(scope, keys.set(key, `${index}`))
        } else {
          expect(table.delete(scope, key)).toBe(old)
          keys.delete(key)
          if (keys.size === 0) model.delete(scope)
        }
        expect(table.get(scope, key)).toBe(keys.get(key))
      }
      expect(table.scopes().sort()).toEqual([...model.keys()].sort())
      for (const [scope, keys] of model) expect(table.values(scope)).toEqual([...keys.values()])
    }),
    { numRuns: 100 },
  )
})

test('hands the old value to the edit, and writes nothing when it throws', () => {
  const table = emptyTable()
  table.edit('s', 'k', (old) => `${old}`)
  expect(table.edit('s', 'k', (old) => `${old}+`)).toBe('undefined')
  expect(() =>
    table.edit('s', 'k', () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(table.get('s', 'k')).toBe('undefined+')
})
