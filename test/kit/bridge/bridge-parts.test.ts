import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBridgeUrl } from '../../../kit/bridge/bridge-url.ts'
import { countHop, MAX_HOPS } from '../../../kit/bridge/hops.ts'
import { arrayParts, objectParts } from '../../../kit/bridge/json-parts.ts'
import { readChange, readNames, readUpdate, readValues } from '../../../kit/bridge/remote-answers.ts'
import { operationsText } from '../../../kit/bridge/wire-operations.ts'
import { InputReader } from '../../../kit/functions/input-reader.ts'
import { decodeUpdateOperations } from '../../../kit/update/decode-operations.ts'
import type { UpdateOperation } from '../../../kit/update/update-operations.ts'

describe('the address of another engine', () => {
  test.each([
    [undefined, 'ws://localhost:49134/'],
    [null, 'ws://localhost:49134/'],
    ['ws://0.0.0.0:49134', 'ws://127.0.0.1:49134/'],
    ['ws://[::]:5', 'ws://[::1]:5/'],
    ['wss://user:pass@engine.example/base?token=1#part', 'wss://user:pass@engine.example/base?token=1'],
  ])('%s is %s', (given, address) => expect(readBridgeUrl(given, 'setting')).toBe(address))

  test.each([['http://localhost:1'], ['localhost:49134'], [''], ['ws://'], [49134], [{}]])('%s is none', (given) => {
    expect(() => readBridgeUrl(given, 'adapter.config.bridge_url of iii-x')).toThrow(
      /^adapter\.config\.bridge_url of iii-x must be the ws:\/\/ or wss:\/\/ address of an engine/,
    )
  })

  test.each([
    ['http://user:secret@host/', 'http://host/'],
    ['ws://user:sec/secret@host', 'ws://host'],
    ['ws://user:s?secret@host:1?token=secret', 'ws://host:1'],
    ['user:secret@host', 'host'],
    ['ws://host:99999/?token=secret', 'ws://host:99999/'],
  ])('what is wrong with %s is said without its secrets', (given, shown) => {
    expect(() => readBridgeUrl(given, 'setting')).toThrow(`got string "${shown}".`)
  })
})

describe('hops', () => {
  test('each bridge counts one, whatever else stands in the baggage', () => {
    expect(countHop(undefined, 'f')).toBe('iii.hops=1')
    expect(countHop('a=1, iii.hops = 3 ,b=2;p', 'f')).toBe('a=1,b=2;p,iii.hops=4')
    expect(countHop('iii.hops=2,iii.hops=7', 'f')).toBe('iii.hops=8')
    expect(countHop('iii.hops=many', 'f')).toBe('iii.hops=many,iii.hops=1')
  })

  test('16 are possible, the 17th is refused with bridge_error', () => {
    let baggage: string | undefined
    for (let hop = 0; hop < MAX_HOPS; hop++) baggage = countHop(baggage, 'f')
    expect(baggage).toBe('iii.hops=16')
    expect(() => countHop(baggage, 'state::get')).toThrow(
      expect.objectContaining({ code: 'bridge_error', message: expect.stringMatching(/state::get.*circle/) as string }),
    )
  })
})

describe('parts of JSON', () => {
  test('every object and array comes apart into the text of its parts', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()), (object, array) => {
        const spaced = (value: unknown) => [JSON.stringify(value), ` ${JSON.stringify(value, null, '\t')}\n`]
        for (const text of spaced(object)) {
          const parts = [...objectParts(text)!].map(([name, part]) => [name, JSON.parse(part) as unknown])
          expect(Object.fromEntries(parts)).toEqual(JSON.parse(text))
        }
        for (const text of spaced(array)) {
          expect(arrayParts(text)!.map((part) => JSON.parse(part) as unknown)).toEqual(JSON.parse(text))
        }
      }),
    )
  })

  test('parts keep their exact text; of equal names the last one counts', () => {
    expect(objectParts('{"a":1,"a": 9007199254740993 ,"\\u0062":-0.50e-7}')).toEqual(
      new Map([
        ['a', '9007199254740993'],
        ['b', '-0.50e-7'],
      ]),
    )
  })

  test.each(['', 'null', '"x"', '{', '{"a"}', '{"a":}', '{"a":1,}', '{"a":1}x', '[1,]', '[1', '[', '[1]2', '[nul]'])(
    '%s is neither object nor array',
    (text) => expect([objectParts(text), arrayParts(text)]).toEqual([undefined, undefined]),
  )
})

describe('answers of another engine', () => {
  test('a change is read, and null in old_value is none', () => {
    expect(readChange('f', '{"old_value":null,"new_value":null}')).toEqual({
      oldValue: undefined,
      newValue: 'null',
      errors: [],
    })
    expect(readUpdate('f', '{"new_value":{"n":1},"old_value":[1],"errors":[{"op_index":0}],"more":1}')).toEqual({
      oldValue: '[1]',
      newValue: '{"n":1}',
      errors: [{ op_index: 0 }],
    })
  })

  test('what has another shape is an error that names the function and shows it', () => {
    expect(() => readChange('state::set', undefined)).toThrow(/answered state::set with no value instead of an object/)
    expect(() => readUpdate('state::update', '{"old_value":1}')).toThrow(/state::update with {"old_value":1} instead/)
    expect(() => readValues('state::list', '{}')).toThrow(/instead of an array/)
    expect(() => readNames('x', '[1]')).toThrow(/instead of an array of strings/)
    expect(() => readNames('x', JSON.stringify('y'.repeat(500)))).toThrow(/^.{0,200}$/)
  })
})

test('operations on the wire are decoded to what they were', () => {
  const operations: UpdateOperation[] = [
    { type: 'set', path: [], value: null },
    { type: 'set', path: ['a.b'], value: { x: 1 } },
    { type: 'merge', path: ['a', 'b'], value: {} },
    { type: 'merge', path: [], value: {} },
    { type: 'append', path: ['a'], value: 1 },
    { type: 'increment', path: ['n'], by: 2 ** 63 },
    { type: 'decrement', path: [], by: -3 },
    { type: 'remove', path: ['gone'] },
  ]
  const ops: unknown = JSON.parse(operationsText(operations))
  expect(decodeUpdateOperations({ ops }, new InputReader('state::update'))).toEqual(operations)
})
