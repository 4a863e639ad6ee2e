import { describe, expect, test } from 'vitest'
import { ENGINE_SCHEMA } from '../../../core/config/engine-options.ts'
import { ENTRY_SCHEMA } from '../../../core/config/entry-schema.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { configFileSchema } from '../../../core/config/file-schema.ts'
import { LISTENER_SCHEMA } from '../../../core/config/listener-schema.ts'
import { validateAgainstSchema, type SchemaProblem } from '../../../base/values/schema-validation.ts'

function problems(schema: Record<string, unknown>, value: unknown): readonly SchemaProblem[] {
  const result = validateAgainstSchema(schema, value)
  return 'problems' in result ? result.problems : []
}

const SCHEMA = {
  type: 'object',
  properties: {
    greeting: { type: 'string', default: 'Hello' },
    size: { type: 'integer', minimum: 1 },
    inner: { type: 'object', default: {}, properties: { list: { type: 'array', default: [1] } } },
    api_key: { type: 'integer' },
  },
  required: ['size'],
  additionalProperties: false,
}

describe('validateAgainstSchema', () => {
  test('gives a frozen copy with defaults and leaves the value alone', () => {
    const value = { size: 2 }
    const result = validateAgainstSchema<{ inner: { list: number[] } }>(SCHEMA, value)
    expect(result).toEqual({ value: { size: 2, greeting: 'Hello', inner: { list: [1] } } })
    expect(value).toEqual({ size: 2 })
    if ('value' in result) expect(() => result.value.inner.list.push(2)).toThrow(TypeError)
  })

  test('says what a condition asks for once, and why', () => {
    const needs = 'round things need a radius'
    const schema = {
      if: { properties: { shape: { const: 'round' } }, required: ['shape'] },
      then: {
        description: needs,
        required: ['radius'],
        properties: { radius: { type: 'integer', description: needs } },
      },
    }
    const messages = (value: unknown) => problems(schema, value).map(({ message }) => message)
    expect(messages({ shape: 'round' })).toEqual([`missing 'radius': ${needs}`])
    expect(messages({ shape: 'round', radius: 'wide' })).toEqual([`must be integer, got "wide": ${needs}`])
    expect(messages({ shape: 'flat' })).toEqual([])
  })

  test('says once which key is no name, with the description of what names are', () => {
    const named = (description?: string) => ({ propertyNames: { description, minLength: 2, pattern: '^\\S*$' } })
    expect(problems(named(), { 'a b': 1 })).toEqual([
      { pointer: '/a b', value: 'a b', rule: 'pattern', message: 'the name "a b" must match pattern "^\\S*$"' },
    ])
    expect(problems(named('a word'), { c: 1 }).map(({ message }) => message)).toEqual(['the name "c" must be a word'])
  })

  test('defaults of one result are not those of the next', () => {
    const first = validateAgainstSchema(SCHEMA, { size: 1 })
    const second = validateAgainstSchema(SCHEMA, { size: 1 })
    if (!('value' in first) || !('value' in second)) throw new Error('refused')
    expect(first.value).not.toBe(second.value)
  })

  test('reports all problems with pointer, value and rule', () => {
    expect(problems(SCHEMA, { greeting: 7, siez: 1, inner: { list: 'x' } })).toEqual([
      { pointer: '', value: expect.anything(), rule: 'required', message: "missing 'size'" },
      {
        pointer: '/siez',
        value: 1,
        rule: 'additionalProperties',
        message: expect.stringContaining("unknown key 'siez'. Did you mean 'size'?"),
      },
      { pointer: '/greeting', value: 7, rule: 'type', message: 'must be string, got 7' },
      { pointer: '/inner/list', value: 'x', rule: 'type', message: 'must be array, got "x"' },
    ])
  })

  test('escapes keys in pointers', () => {
    expect(problems({ type: 'object', additionalProperties: false }, { 'a/b~c': 1 })[0]?.pointer).toBe('/a~1b~0c')
  })

  test('shows no secrets', () => {
    const [problem] = problems(SCHEMA, { size: 1, api_key: 'hunter2' })
    expect(problem?.message).toBe('must be integer, got a value that is not shown')
    expect(problems({ type: 'integer' }, 'redis://me:hunter2@host')[0]?.message).not.toContain('hunter2')
  })

  test('cuts long values', () => {
    expect(problems({ type: 'integer' }, 'x'.repeat(1000))[0]?.message.length).toBeLessThan(120)
  })

  test.each([
    { type: 'nonsense' },
    { properties: { a: { minimum: 'x' } } },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    { $ref: '#/definitions/none' },
    { $async: true, type: 'object' },
    { pattern: '(' },
  ])('says so when the schema %o is broken', (schema) => {
    expect(problems(schema, {})).toEqual([
      expect.objectContaining({ rule: 'schema', message: expect.stringMatching(/^the schema itself is invalid: ./) }),
    ])
  })

  test('two schemas may have the same $id', () => {
    expect(problems({ $id: 'x', type: 'integer' }, 'a')).toHaveLength(1)
    expect(problems({ $id: 'x', type: 'string' }, 'a')).toHaveLength(0)
  })

  test('more schemas than are kept still validate', () => {
    for (let minimum = 0; minimum < 300; minimum++)
      expect(problems({ type: 'integer', minimum }, minimum - 1)).toHaveLength(1)
    expect(problems({ type: 'integer', minimum: 0 }, 0)).toHaveLength(0)
  })

  test('refuses what is no plain data', () => {
    expect(problems({}, { handler: () => 1 })[0]).toMatchObject({ rule: 'data' })
  })

  test.each([
    ['listener', LISTENER_SCHEMA],
    ['engine', ENGINE_SCHEMA],
    ['entry', ENTRY_SCHEMA],
    ['file', configFileSchema({ mine: SCHEMA }, ALL_NAMES)],
  ])('the %s schema of the engine is itself sound', (_name, schema) => {
    const result = validateAgainstSchema(schema, {})
    expect('problems' in result ? result.problems.filter(({ rule }) => rule === 'schema') : []).toEqual([])
  })
})
