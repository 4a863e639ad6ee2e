import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { RowCache } from '../../../kit/sqlite/row-cache.ts'

describe('RowCache', () => {
  test('it drops the oldest rows when it is full, and never holds a large value', () => {
    const cache = new RowCache(100)
    for (let n = 0; n < 30; n++) cache.set(`k${n}`, { seq: n, value: 'x'.repeat(8) })
    expect(cache.get('k0')).toBeUndefined()
    expect(cache.get('k29')).toEqual({ seq: 29, value: 'xxxxxxxx' })
    expect(cache.size).toBeLessThanOrEqual(10)
    cache.set('k29', { seq: 29, value: 'y'.repeat(70_000) })
    expect(cache.get('k29')).toBeUndefined()
  })

  test('it counts an overwritten row once', () => {
    const cache = new RowCache(100)
    for (let n = 0; n < 1000; n++) cache.set('k', { seq: 1, value: String(n) })
    expect(cache.get('k')).toEqual({ seq: 1, value: '999' })
  })
})

describe('OrderedTable', () => {
  const names = fc.constantFrom('', 'a', 'b', 'ab', 'ü')
  const step = fc.oneof(
    fc.record({ do: fc.constant('edit' as const), scope: names, key: names, value: fc.string({ maxLength: 5 }) }),
    fc.record({ do: fc.constant('delete' as const), scope: names, key: names }),
    fc.record({ do: fc.constant('rollback' as const), scope: names, key: names, value: fc.string({ maxLength: 5 }) }),
  )

  test('it answers from its cache what a table without one answers from the database, rollbacks included', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const database = new DatabaseSync(':memory:')
        database.exec(ORDERED_TABLE_SCHEMA)
        let rolledBack = (): void => {}
        const table = new OrderedTable({ database, onRolledBack: (listener) => (rolledBack = listener) })
        for (const one of steps) {
          const fresh = new OrderedTable({ database, onRolledBack() {} })
          const expected = fresh.get(one.scope, one.key)
          expect(table.get(one.scope, one.key)).toBe(expected)
          if (one.do === 'edit') expect(table.edit(one.scope, one.key, () => one.value)).toBe(expected)
          else if (one.do === 'delete') expect(table.delete(one.scope, one.key)).toBe(expected)
          else {
            database.exec('BEGIN')
            table.edit(one.scope, one.key, () => one.value)
            database.exec('ROLLBACK')
            rolledBack()
          }
        }
        database.close()
      }),
    )
  })
})
