// What was found valid is remembered over starts: the same outcome as the validator's, no values on the disk, bounded.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KnownValid } from '../../../base/values/known-valid.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    port: { type: 'integer', default: 1 },
    inner: { type: 'object', default: {}, properties: { list: { type: 'array', default: [1] } } },
    items: { type: 'array', items: { type: 'object', properties: { on: { default: true } } } },
    secret: { type: 'string' },
  },
}

function place() {
  const file = join(tempFolder(), 'cache', 'known-valid.json')
  return { file, open: (salt = '1') => new KnownValid(file, salt) }
}

test('it gives what the validator gave, after a restart too, and the value that went in stays as it was', async () => {
  const { open } = place()
  const value = { secret: 's', inner: {}, items: [{}, { on: false }] }
  const completed = validateAgainstSchema(SCHEMA, value)
  if (!('value' in completed)) throw new Error('it fits')
  const first = open()
  expect(first.find(SCHEMA, value)).toBeUndefined()
  first.add(SCHEMA, value, completed.value)
  expect(first.find(SCHEMA, value)).toEqual(completed.value)
  await first.save()
  expect(open().find(SCHEMA, value)).toEqual(completed.value)
  expect(value).toEqual({ secret: 's', inner: {}, items: [{}, { on: false }] })
})

test('another value, another schema and another version are not known', async () => {
  const { open } = place()
  const known = open()
  known.add(SCHEMA, { port: 1 }, { port: 1 })
  await known.save()
  expect(open().find(SCHEMA, { port: 2 })).toBeUndefined()
  expect(open().find({ type: 'object' }, { port: 1 })).toBeUndefined()
  expect(open('2').find(SCHEMA, { port: 1 })).toBeUndefined()
})

test('no value gets on the disk, and nobody else may read the file', async () => {
  const { file, open } = place()
  const known = open()
  known.add(SCHEMA, { secret: 'hunter2' }, { secret: 'hunter2', port: 1 })
  await known.save()
  expect(readFileSync(file, 'utf8')).not.toContain('hunter2')
  expect(statSync(file).mode & 0o077).toBe(0)
})

test.each([[NaN], [undefined], [new Date(0)], [1n], [new Map()]])('%o is no JSON and always checked', (odd) => {
  const known = place().open()
  known.add({}, { odd }, { odd })
  expect(known.find({}, { odd })).toBeUndefined()
  expect(known.find({}, { odd: null })).toBeUndefined()
})

test('what became of a value by more than added members is not remembered', () => {
  const known = place().open()
  known.add({}, { a: 1 }, { a: 2 })
  known.add({}, { b: [1] }, { b: [1, 2] })
  known.add({}, { c: 1 }, {})
  for (const value of [{ a: 1 }, { b: [1] }, { c: 1 }]) expect(known.find({}, value)).toBeUndefined()
})

test('a damaged file, one of another shape and a folder that can not be written are no cache', async () => {
  const { file, open } = place()
  mkdirSync(join(file, '..'))
  for (const content of ['{', '{}', '[["key",5],5]', 'null']) {
    writeFileSync(file, content)
    expect(open().find(SCHEMA, {})).toBeUndefined()
  }
  const nowhere = new KnownValid(join(file, 'below-a-file', 'x.json'), '1')
  nowhere.add(SCHEMA, {}, {})
  await nowhere.save()
  expect(nowhere.find(SCHEMA, {})).toEqual({})
})

test('256 outcomes are kept, those asked for last', async () => {
  const { file, open } = place()
  const first = open()
  for (let n = 0; n < 256; n++) first.add({}, { n }, { n })
  await first.save()
  const second = open()
  expect(second.find({}, { n: 0 })).toEqual({ n: 0 })
  for (let n = 300; n < 400; n++) second.add({}, { n }, { n })
  await second.save()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(256)
  expect(open().find({}, { n: 0 })).toEqual({ n: 0 })
  expect(open().find({}, { n: 399 })).toEqual({ n: 399 })
  expect(open().find({}, { n: 1 })).toBeUndefined()
})

test('in memory too they are no more than that', () => {
  const known = place().open()
  for (let n = 0; n < 1_000; n++) {
    known.add({}, { n }, { n })
    // Asked for all the time.
    expect(known.find({}, { n: 0 })).toEqual({ n: 0 })
  }
  const kept = Array.from({ length: 1_000 }, (_, n) => known.find({}, { n })).filter((value) => value !== undefined)
  expect(kept).toEqual([{ n: 0 }, ...Array.from({ length: 255 }, (_, i) => ({ n: 745 + i }))])
})

describe('property', () => {
  test('whatever defaults a schema fills in come back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (one, two, given) => {
        const schema = { type: 'object', properties: { one: { default: one }, two: { default: two } } }
        const outcome = validateAgainstSchema(schema, given)
        if (!('value' in outcome)) return
        const known = new KnownValid('/nowhere/known-valid.json', '1')
        known.add(schema, given, outcome.value)
        expect(known.find(schema, given)).toEqual(outcome.value)
      }),
    )
  })
})
