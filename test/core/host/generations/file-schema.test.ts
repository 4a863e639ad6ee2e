import { expect, test } from 'vitest'
import { fileSchemaOf } from '../../../../core/host/generations/file-schema.ts'

test('A minimum for the file counts in place of the other one, wherever it stands', () => {
  const limit = { type: 'integer', minimum: 1, 'x-file-minimum': 0 }
  const schema = { properties: { a: limit, list: { items: [{ properties: { b: limit } }] }, c: { minimum: 1 } } }
  const before = structuredClone(schema)
  const own = { type: 'integer', minimum: 0 }
  expect(fileSchemaOf(schema)).toEqual({
    properties: { a: own, list: { items: [{ properties: { b: own } }] }, c: { minimum: 1 } },
  })
  expect(schema).toEqual(before)
  expect(fileSchemaOf(schema)).toBe(fileSchemaOf(schema))
})

test('A schema without one is its own', () => {
  const schema = { properties: { a: { minimum: 1 } } }
  expect(fileSchemaOf(schema)).toBe(schema)
})
