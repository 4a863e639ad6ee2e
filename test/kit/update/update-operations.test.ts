import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputReader } from '../../../kit/functions/input-reader.ts'
import { nestingDepth, type JsonValue } from '../../../base/values/json-value.ts'
import { decodeUpdateOperations } from '../../../kit/update/decode-operations.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { applyUpdate, updateText, type UpdateOperation } from '../../../kit/update/update-operations.ts'

const MISSING = undefined
const reader = new InputReader('state::update')

/** Decodes JSON operations and applies them. */
function update(current: JsonValue | undefined, ...ops: unknown[]) {
  const { value, errors } = applyUpdate(
    current,
    decodeUpdateOperations({ ops: JSON.parse(JSON.stringify(ops)) }, reader),
  )
  return { value, codes: errors.map(({ code }) => code), errors }
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 1
  for (let level = 0; level < depth; level++) value = { a: value }
  return value
}

describe('each operation', () => {
  const cases: [name: string, start: JsonValue | undefined, op: unknown, value: JsonValue, code?: string][] = [
    ['set replaces the root', { a: 1 }, { type: 'set', path: '', value: null }, null],
    ['set without a value stores null', {}, { type: 'set', path: 'a' }, { a: null }],
    ['set takes dots literally', {}, { type: 'set', path: 'a.b', value: 1 }, { 'a.b': 1 }],
    ['set needs an object', 'leaf', { type: 'set', path: 'f', value: 1 }, 'leaf', 'set.target_not_object'],
    ['set needs an object, not an array', [1], { type: 'set', path: '0', value: 1 }, [1], 'set.target_not_object'],
    ['merge takes an absent path as root', { a: 1 }, { type: 'merge', value: { b: 2 } }, { a: 1, b: 2 }],
    ['merge takes a null path as root', { a: 1 }, { type: 'merge', path: null, value: { b: 2 } }, { a: 1, b: 2 }],
    ['merge takes an empty path as root', { a: 1 }, { type: 'merge', path: '', value: { b: 2 } }, { a: 1, b: 2 }],
    ['merge takes an empty list as root', { a: 1 }, { type: 'merge', path: [], value: { b: 2 } }, { a: 1, b: 2 }],
    ['merge stores null members', { a: 1 }, { type: 'merge', value: { a: null } }, { a: null }],
    ['merge is shallow', { a: { x: 1 } }, { type: 'merge', value: { a: { y: 1 } } }, { a: { y: 1 } }],
    ['merge leaves a root that is no object alone', 'leaf', { type: 'merge', value: { b: 2 } }, 'leaf'],
    ['merge with a path replaces such a root', 'leaf', { type: 'merge', path: 'f', value: { t: 1 } }, { f: { t: 1 } }],
    [
      'merge replaces null on the way',
      { s: null },
      { type: 'merge', path: ['s', 'x'], value: { t: 1 } },
      { s: { x: { t: 1 } } },
    ],
    [
      'merge replaces arrays on the way',
      { s: [1] },
      { type: 'merge', path: ['s', 'x'], value: { t: 1 } },
      { s: { x: { t: 1 } } },
    ],
    [
      'merge keeps siblings',
      { s: { x: { a: 1 }, y: 2 } },
      { type: 'merge', path: ['s', 'x'], value: { b: 1 } },
      { s: { x: { a: 1, b: 1 }, y: 2 } },
    ],
    ['merge wants an object', {}, { type: 'merge', value: [1] }, {}, 'merge.value.not_an_object'],
    ['increment counts from nothing', MISSING, { type: 'increment', path: 'n', by: 3 }, { n: 3 }],
    ['decrement counts from nothing', MISSING, { type: 'decrement', path: 'n', by: 3 }, { n: -3 }],
    ['increment makes the root of a missing item', MISSING, { type: 'increment', path: '', by: 2 }, 2],
    ['decrement makes the root of a missing item', MISSING, { type: 'decrement', path: '', by: 2 }, -2],
    ['decrement subtracts from the root', 5, { type: 'decrement', path: '', by: 3 }, 2],
    ['increment of fractions', { n: 1.5 }, { type: 'increment', path: 'n', by: 1 }, { n: 2.5 }],
    ['increment refuses text', { n: 'x' }, { type: 'increment', path: 'n', by: 1 }, { n: 'x' }, 'increment.not_number'],
    [
      'increment refuses null',
      { n: null },
      { type: 'increment', path: 'n', by: 1 },
      { n: null },
      'increment.not_number',
    ],
    [
      'increment by 0 checks too',
      { n: 'x' },
      { type: 'increment', path: 'n', by: 0 },
      { n: 'x' },
      'increment.not_number',
    ],
    [
      'increment refuses an existing object as root',
      {},
      { type: 'increment', path: '', by: 1 },
      {},
      'increment.not_number',
    ],
    ['decrement refuses text', { n: 'x' }, { type: 'decrement', path: 'n', by: 1 }, { n: 'x' }, 'decrement.not_number'],
    [
      'increment needs an object',
      'leaf',
      { type: 'increment', path: 'f', by: 1 },
      'leaf',
      'increment.target_not_object',
    ],
    [
      'decrement needs an object',
      'leaf',
      { type: 'decrement', path: 'f', by: 1 },
      'leaf',
      'decrement.target_not_object',
    ],
    ['increment does not see inherited members', {}, { type: 'increment', path: 'toString', by: 1 }, { toString: 1 }],
    ['append makes text of a missing root', MISSING, { type: 'append', value: 'h' }, 'h'],
    ['append makes an array of a missing root', MISSING, { type: 'append', value: { k: 1 } }, [{ k: 1 }]],
    ['append makes text of a missing member', MISSING, { type: 'append', path: 'a', value: 'x' }, { a: 'x' }],
    [
      'append makes an array at a longer path',
      MISSING,
      { type: 'append', path: ['a', 'b'], value: 'x' },
      { a: { b: ['x'] } },
    ],
    [
      'append keeps text for a null at a longer path',
      { a: { b: null } },
      { type: 'append', path: ['a', 'b'], value: 'x' },
      { a: { b: 'x' } },
    ],
    ['append treats one segment as the text form', {}, { type: 'append', path: ['a'], value: 'x' }, { a: 'x' }],
    ['append adds an array as one element', { e: [] }, { type: 'append', path: 'e', value: [1, 2] }, { e: [[1, 2]] }],
    ['append joins text', { t: 'a' }, { type: 'append', path: 't', value: 'b' }, { t: 'ab' }],
    [
      'append refuses a number for text',
      { t: 'a' },
      { type: 'append', path: 't', value: 1 },
      { t: 'a' },
      'append.type_mismatch',
    ],
    ['append refuses objects', { e: {} }, { type: 'append', path: 'e', value: 1 }, { e: {} }, 'append.type_mismatch'],
    ['append refuses an existing object as root', {}, { type: 'append', value: 1 }, {}, 'append.type_mismatch'],
    [
      'append refuses booleans',
      { e: true },
      { type: 'append', path: ['e'], value: 1 },
      { e: true },
      'append.type_mismatch',
    ],
    [
      'append does not replace an array root',
      [1, 2],
      { type: 'append', path: ['a', 'b'], value: 1 },
      [1, 2],
      'append.target_not_object',
    ],
    ['append drops an array on the way', { a: [1] }, { type: 'append', path: ['a', 'b'], value: 4 }, { a: { b: [4] } }],
    ['append needs an object', 'leaf', { type: 'append', path: 'f', value: 1 }, 'leaf', 'append.target_not_object'],
    ['remove deletes a member', { a: 1, b: 2 }, { type: 'remove', path: 'a' }, { b: 2 }],
    ['remove of a missing member succeeds', { a: 1 }, { type: 'remove', path: 'x' }, { a: 1 }],
    ['remove of the root leaves null', { a: 1 }, { type: 'remove', path: '' }, null],
    ['remove needs an object', 'leaf', { type: 'remove', path: 'f' }, 'leaf', 'remove.target_not_object'],
  ]
  test.each(cases)('%s', (_name, start, op, value, code) => {
    const result = update(start, op)
    expect(result.value).toEqual(value)
    expect(result.codes).toEqual(code === undefined ? [] : [code])
  })
})

describe('a list of operations', () => {
  test('without operations a missing item becomes an empty object', () => {
    expect(update(MISSING)).toEqual({ value: {}, codes: [], errors: [] })
  })

  test('goes on after an error and names its index', () => {
    const { value, errors } = update(
      { buffer: [] },
      { type: 'append', path: 'buffer', value: '1' },
      { type: 'append', path: ['__proto__', 'p'], value: true },
      { type: 'append', path: 'buffer', value: '3' },
    )
    expect(value).toEqual({ buffer: ['1', '3'] })
    expect(errors).toEqual([
      { op_index: 1, code: 'append.path.proto_polluted', message: expect.stringContaining('__proto__') },
    ])
  })

  test('forgets that the item was missing after the first change only', () => {
    expect(update(MISSING, { type: 'remove', path: 'x' }, { type: 'increment', path: '', by: 2 }).value).toBe(2)
    expect(update(MISSING, { type: 'set', path: 'x', value: 1 }, { type: 'increment', path: '', by: 2 })).toMatchObject(
      {
        value: { x: 1 },
        codes: ['increment.not_number'],
      },
    )
  })

  test('keeps 50,000 appends to one array, in order', () => {
    const ops = Array.from({ length: 50_000 }, (_, i): UpdateOperation => ({
      type: 'append',
      path: ['list'],
      value: i,
    }))
    const { value } = applyUpdate({ list: [] }, ops)
    expect((value as { list: number[] }).list).toEqual(Array.from({ length: 50_000 }, (_, i) => i))
  })
})

describe('limits', () => {
  const long = 'é'.repeat(128) + 'x'
  const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
  const withValue = {
    set: { value: 1 },
    merge: { value: {} },
    increment: { by: 1 },
    decrement: { by: 1 },
    append: { value: 1 },
    remove: {},
  }

  test.each(Object.entries(withValue))('%s refuses a segment of 257 bytes and the prototype names', (type, rest) => {
    expect(update({}, { type, path: long, ...rest }).errors).toMatchObject([
      { code: `${type}.path.segment_too_long`, message: expect.stringMatching(/257.*256/) },
    ])
    expect(update({}, { type, path: 'x'.repeat(256), ...rest }).codes).toEqual([])
    for (const path of ['__proto__', 'constructor', 'prototype']) {
      expect(update({}, { type, path, ...rest })).toMatchObject({ value: {}, codes: [`${type}.path.proto_polluted`] })
    }
  })

  test.each(['merge', 'append'])('%s refuses 33 segments and empty ones', (type) => {
    const path = Array.from({ length: 33 }, () => 'a')
    expect(update({}, { type, path, value: {} }).errors).toMatchObject([
      { code: `${type}.path.too_deep`, message: expect.stringMatching(/33.*32/) },
    ])
    expect(update({}, { type, path: path.slice(1), value: {} }).codes).toEqual([])
    expect(update({}, { type, path: ['a', ''], value: {} }).errors).toMatchObject([
      { code: `${type}.path.empty_segment`, message: expect.stringContaining('[a, ]') },
    ])
  })

  test('merge refuses 1,025 members, prototype names at the top and 17 levels', () => {
    expect(update({}, { type: 'merge', value: members(1024) }).codes).toEqual([])
    expect(update({}, { type: 'merge', value: members(1025) }).codes).toEqual(['merge.value.too_many_keys'])
    const polluting = applyUpdate({}, [{ type: 'merge', path: [], value: JSON.parse('{"__proto__":{"p":1}}') }])
    expect(polluting.errors).toMatchObject([{ code: 'merge.value.proto_polluted' }])
    expect(update({}, { type: 'merge', value: nested(16) }).codes).toEqual([])
    expect(update({}, { type: 'merge', value: nested(17) }).codes).toEqual(['merge.value.too_deep'])
  })

  test('nesting is counted without using the stack', () => {
    expect([nestingDepth(1), nestingDepth({}), nestingDepth([[]]), nestingDepth(nested(100_000))]).toEqual([
      0, 1, 2, 100_000,
    ])
  })
})

describe('the wire shape', () => {
  const refused: [name: string, op: unknown, member: string][] = [
    ['a fraction', { type: 'increment', path: 'n', by: 1.5 }, 'ops[0].by'],
    ['text as amount', { type: 'increment', path: 'n', by: '1' }, 'ops[0].by'],
    ['an amount beyond 64 bits', { type: 'increment', path: 'n', by: 1e19 }, 'ops[0].by'],
    ['no amount', { type: 'decrement', path: 'n' }, 'ops[0].by'],
    ['an array path on set', { type: 'set', path: ['a'], value: 1 }, 'ops[0].path'],
    ['a null path on remove', { type: 'remove', path: null }, 'ops[0].path'],
    ['no path on set', { type: 'set', value: 1 }, 'ops[0].path'],
    ['a number as segment', { type: 'append', path: ['a', 1], value: 1 }, 'ops[0].path[1]'],
    ['a number as path', { type: 'merge', path: 1, value: {} }, 'ops[0].path'],
    ['no value on merge', { type: 'merge' }, 'ops[0].value'],
    ['no value on append', { type: 'append', path: 'a' }, 'ops[0].value'],
    ['an upper-case type', { type: 'Set', path: 'a', value: 1 }, 'ops[0].type'],
    ['no type', { set: 1 }, 'ops[0].type'],
    ['no object', 'set', 'ops[0]'],
  ]
  test.each(refused)('refuses %s', (_name, op, member) => {
    expect(() => update({}, op)).toThrow(
      expect.objectContaining({ code: 'deserialization_error', message: expect.stringContaining(`\`${member}\``) }),
    )
  })

  test('names the known types when one is unknown', () => {
    expect(() => update({}, { type: 'push' })).toThrow(/set, merge, increment, decrement, append, remove/)
  })

  test('ignores unknown members', () => {
    expect(update({}, { type: 'set', path: 'a', value: 1, comment: 'x' }).value).toEqual({ a: 1 })
  })
})

describe('properties', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'toString', '__proto__', 'constructor', 'prototype', '', 'a.b'),
    fc.string(),
  )
  // As JSON gives it back: it knows no negative zero.
  const json = fc
    .oneof(
      { withCrossShrink: true },
      fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>,
      fc.constantFrom<JsonValue>(
        JSON.parse('{"__proto__":{"polluted":1}}'),
        JSON.parse('{"a":{"__proto__":1,"constructor":2}}'),
        1,
        'text',
        [1],
        null,
      ),
    )
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)
  const one = fc.array(name, { maxLength: 1 }).map((path) => path.filter((segment) => segment !== ''))
  const many = fc.array(name, { maxLength: 34 })
  const by = fc.integer()
  const operation: fc.Arbitrary<UpdateOperation> = fc.oneof(
    fc.record({ type: fc.constant('set' as const), path: one, value: json }),
    fc.record({ type: fc.constant('merge' as const), path: many, value: json }),
    fc.record({ type: fc.constant('increment' as const), path: one, by }),
    fc.record({ type: fc.constant('decrement' as const), path: one, by }),
    fc.record({ type: fc.constant('append' as const), path: many, value: json }),
    fc.record({ type: fc.constant('remove' as const), path: one }),
  )
  const start = fc.option(json, { nil: undefined })
  const operations = fc.array(operation, { maxLength: 8 })

  test('it never throws, changes nothing that goes in, and no prototype', () => {
    fc.assert(
      fc.property(start, operations, (current, ops) => {
        const before = JSON.stringify([current, ops])
        const prototypes = [Object.prototype, Array.prototype, Function.prototype].map(
          (it) => Reflect.ownKeys(it).length,
        )
        const { value, errors } = applyUpdate(current, ops)
        expect(JSON.stringify([current, ops])).toBe(before)
        expect([Object.prototype, Array.prototype, Function.prototype].map((it) => Reflect.ownKeys(it).length)).toEqual(
          prototypes,
        )
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        expect(JSON.parse(JSON.stringify(value))).toEqual(value)
        expect(errors.length).toBeLessThanOrEqual(ops.length)
        for (const container of [value]) {
          if (typeof container === 'object' && container !== null) {
            expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(container))
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('an operation that fails leaves the value as it was', () => {
    fc.assert(
      fc.property(json, operation, (current, op) => {
        const { value, errors } = applyUpdate(current, [op])
        if (errors.length > 0) expect(JSON.stringify(value)).toBe(JSON.stringify(current))
      }),
      { numRuns: 2_000 },
    )
  })

  test('a list does what its operations do one after another, once the item exists', () => {
    fc.assert(
      fc.property(json, operations, (current, ops) => {
        let stepwise: JsonValue = current
        const codes: string[] = []
        for (const op of ops) {
          const step = applyUpdate(stepwise, [op])
          stepwise = step.value
          codes.push(...step.errors.map(({ code }) => code))
        }
        const whole = applyUpdate(current, ops)
        expect(JSON.stringify(whole.value)).toBe(JSON.stringify(stepwise))
        expect(whole.errors.map(({ code }) => code)).toEqual(codes)
      }),
      { numRuns: 2_000 },
    )
  })

  describe('numbers that a double does not hold', () => {
    const BIG = '9007199254740993'
    const update = (current: string, ...operations: object[]) =>
      updateText(
        current,
        decodeUpdateOperations({ ops: new RawJson(JSON.stringify(operations).replaceAll('"BIG"', BIG)) }, reader),
      )

    test('keep every digit beside what changes, and where they are put in', () => {
      const put = [
        { type: 'set', path: 's', value: 'BIG' },
        { type: 'merge', path: 'm', value: { id: 'BIG' } },
        { type: 'append', path: 'list', value: 'BIG' },
        { type: 'increment', path: 'n', by: 1 },
      ]
      expect(update(`{"id":${BIG},"list":[1e400],"n":1}`, ...put)).toEqual({
        text: `{"id":${BIG},"list":[1e400,${BIG}],"n":2,"s":${BIG},"m":{"id":${BIG}}}`,
        errors: [],
      })
    })

    test('are numbers: added to as doubles, and no objects', () => {
      expect(update(`{"n":${BIG}}`, { type: 'increment', path: 'n', by: 2 }).text).toBe('{"n":9007199254740994}')
      expect(update('{"n":0}', { type: 'decrement', path: 'n', by: 'BIG' }).text).toBe('{"n":-9007199254740992}')
      expect(update('{"n":1e400}', { type: 'increment', path: 'n', by: 1 }).errors).toMatchObject([
        { code: 'increment.not_number' },
      ])
      expect(update(BIG, { type: 'set', path: 'a', value: 1 }).errors).toMatchObject([
        { code: 'set.target_not_object', message: expect.stringContaining('it is of type number') },
      ])
      expect(update(`{"n":${BIG}}`, { type: 'append', path: 'n', value: 'x' }).errors).toMatchObject([
        { code: 'append.type_mismatch', message: expect.stringContaining('n is of type number') },
      ])
      expect(update('{}', { type: 'merge', path: 'm', value: 'BIG' }).errors).toMatchObject([
        { code: 'merge.value.not_an_object', message: expect.stringContaining('of type number') },
      ])
      expect(update(`{"a":${BIG}}`, { type: 'merge', path: ['a', 'b'], value: { c: 1 } }).text).toBe(
        '{"a":{"b":{"c":1}}}',
      )
    })

    test('are refused by their own text where none of them may stand', () => {
      expect(() => update('{}', { type: 'set', path: 'BIG', value: 1 })).toThrow(`must be a string, got number ${BIG}`)
      expect(() => decodeUpdateOperations({ ops: new RawJson('[9007199254740993]') }, reader)).toThrow(
        '`ops[0]` must be an object, got number 9007199254740993',
      )
      expect(() => update('{}', { type: 'increment', path: 'n', by: 1.5 })).toThrow('an integer of at most 64 bits')
    })
  })

  test('a stored member named __proto__ survives an update as a plain member', () => {
    const { text } = updateText('{"__proto__":{"p":1},"a":1}', [{ type: 'set', path: ['a'], value: 2 }])
    expect(text).toBe('{"__proto__":{"p":1},"a":2}')
  })

  test('decoding anything either throws deserialization_error or gives operations', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (ops) => {
        try {
          expect(Array.isArray(decodeUpdateOperations({ ops }, reader))).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'deserialization_error' })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
