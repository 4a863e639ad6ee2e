// The generated tables of pages that are written by hand are what the code says now.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { fillTables, tablesIn, tablesOf } from '../../scripts/reference/tables.ts'
import { memberTable, shapeText } from '../../scripts/reference/schema-text.ts'
import { pages, ROOT } from './snippets.ts'

const tables = await tablesOf(BUILT_INS, ABSENT_WORKERS)
const texts = new Map(pages().map((page) => [page, readFileSync(path.join(ROOT, page), 'utf8')]))

it.each([...texts].filter(([, text]) => tablesIn(text).length > 0))(
  'the tables of %s are up to date (write them with: npm run docs)',
  (_page, text) => {
    expect(text).toBe(fillTables(text, tables))
  },
)

it('every table stands on a page', () => {
  const used = new Set([...texts.values()].flatMap(tablesIn))
  expect([...tables.keys()].filter((name) => !used.has(name))).toEqual([])
})

it('refuses a table that does not exist', () => {
  expect(() => fillTables('<!-- table: no-such -->\n<!-- end -->', tables)).toThrow("no table is named 'no-such'")
})

describe('a schema in words', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'a | b' },
      mode: { enum: ['x', 'y'], default: 'x' },
      tags: { type: ['array', 'null'], items: { type: 'string' } },
      inner: { type: 'object', properties: { size: { type: 'integer' } } },
    },
    required: ['name'],
  }

  it('is a table of members', () => {
    expect(memberTable(schema).split('\n').slice(2)).toEqual([
      '| `name` | string | required | a \\| b |',
      '| `mode` | `x`, `y` | `"x"` |  |',
      '| `tags` | list of string |  |  |',
      '| `inner` | object |  |  |',
      '| `inner.size` | integer |  |  |',
    ])
  })

  it('is a shape', () => {
    expect(shapeText(schema)).toBe(
      '{ name: string, mode?: "x" | "y" = "x", tags?: string[] | null, inner?: { size?: integer } }',
    )
    expect(shapeText({ properties: { a: {} } }, { complete: true })).toBe('{ a: any }')
    expect(shapeText(undefined)).toBe('any')
  })
})
