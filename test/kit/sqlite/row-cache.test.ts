import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { RowCache } from '../../../kit/sqlite/row-cache.ts'

describe('RowCache', () => {
  const valueOf = (cache: RowCache, scope: string, key: string) => cache.get(scope, key)?.value

  test('it drops the oldest rows when it is full, and never holds a large value', () => {
    const cache = new RowCache(1_000)
    for (let n = 0; n < 30; n++) cache.add('s', `k${n}`, n, 'x'.repeat(8))
    expect(cache.get('s', 'k0')).toBeUndefined()
    expect(cache.get('s', 'k29')).toMatchObject({ seq: 29, value: 'xxxxxxxx' })
    expect(cache.size).toBeLessThanOrEqual(10)
    cache.overwrite('s', 'k29', cache.get('s', 'k29')!, 'y'.repeat(70_000))
    expect(cache.get('s', 'k29')).toBeUndefined()
    const large = cache.add('s', 'large', 30, 'y'.repeat(70_000))
    expect(large.value).toHaveLength(70_000)
    expect(cache.get('s', 'large')).toBeUndefined()
    cache.overwrite('s', 'large', large, 'small')
    expect(cache.get('s', 'large')).toMatchObject({ seq: 30, value: 'small' })
  })

  test('it drops the rows of the oldest scopes first, and many scopes with little in them count for more than that', () => {
    const cache = new RowCache(10_000)
    for (let n = 0; n < 1_000; n++) cache.add(`s${n}`, 'k', n, '1')
    expect(valueOf(cache, 's0', 'k')).toBeUndefined()
    expect(valueOf(cache, 's999', 'k')).toBe('1')
    expect(cache.size).toBeLessThanOrEqual(40)
  })

  test('it counts an overwritten row once', () => {
    const cache = new RowCache(1_000)
    const row = cache.add('s', 'k', 1, '')
    for (let n = 0; n < 1000; n++) cache.overwrite('s', 'k', row, String(n))
    expect(cache.get('s', 'k')).toMatchObject({ seq: 1, value: '999' })
  })

  test('a row that was dropped while it was looked at is cached anew when it is overwritten', () => {
    const cache = new RowCache(1_400)
    cache.add('old', 'k', 1, '1')
    cache.add('big', 'k', 2, 'x'.repeat(500))
    // The scope is the oldest, so what is added to it is the first to go.
    const row = cache.add('old', 'l', 3, 'y'.repeat(300))
    expect(cache.get('old', 'l')).toBeUndefined()
    cache.overwrite('old', 'l', row, '2')
    expect(valueOf(cache, 'old', 'l')).toBe('2')
    expect(valueOf(cache, 'big', 'k')).toHaveLength(500)
  })

  test('it holds what a map of maps holds, less what it has dropped, whatever happens', () => {
    const names = fc.constantFrom('', 'a', 'b', 'ab')
    const step = fc.record({
      do: fc.constantFrom('set', 'delete', 'clear'),
      scope: names,
      key: names,
      size: fc.nat(400),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new RowCache(2_000)
        const model = new Map<string, string>()
        for (const [index, { do: what, scope, key, size }] of steps.entries()) {
          const name = `${scope}/${key}`
          const known = cache.get(scope, key)
          if (known !== undefined) expect(known.value).toBe(model.get(name))
          if (what === 'clear') cache.clear()
          else if (what === 'delete') {
            cache.delete(scope, key)
            expect(cache.get(scope, key)).toBeUndefined()
          } else {
            const value = `${index} ${'x'.repeat(size)}`
            const row = known ?? cache.add(scope, key, index, model.get(name) ?? '')
            cache.overwrite(scope, key, row, value)
            model.set(name, value)
          }
        }
      }),
    )
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
