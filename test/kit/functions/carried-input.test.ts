// The input of a function that passes a part of it on: everything as JSON.parse has it, but that part as the text that was sent.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { registerBuiltIn } from '../../../kit/functions/built-in-function.ts'
import { readCarriedInput } from '../../../kit/functions/carried-input.ts'
import type { FunctionOptions, Handler } from '../../../sdk/handle-types.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { randomJson } from '../../protocol/scanner/random-frame.ts'

const read = (json: string) => readCarriedInput(json, ['value', 'data'], 'test::f') as Record<string, unknown>

/** The carried text of `{"value":…}`. */
function carried(value: string): string | undefined {
  const { value: found } = read(`{"value":${value}}`)
  return found instanceof RawJson ? found.json : undefined
}

/** The same, of what is kept for a moment only and is a small part of its input. */
function carriedBriefly(value: string): unknown {
  const json = `{"before":"${'b'.repeat(300)}","value": ${value} ,"after":1}`
  const { value: found } = readCarriedInput(json, ['value'], 'test::f', true) as Record<string, RawJson>
  return found!.json
}

describe('a carried member', () => {
  it.each([
    '1',
    '-0',
    '9007199254740993',
    '1e400',
    'null',
    '""',
    '"a\\u0041\\ud800"',
    '"ü€😀"',
    '{ "a" : [ 1,  2 ],\n"a":3 }',
    JSON.stringify({ text: 'x'.repeat(100_000) }),
  ])('stays the text that was sent: %.40s', (value) =>
    expect([carried(value), carriedBriefly(value)]).toEqual([value, value]),
  )

  it('loses the white space around it', () => {
    expect((read('{"value" : \n {"a" : 1}\t}')['value'] as RawJson).json).toBe('{"a" : 1}')
  })

  it('is meant however its name is escaped, and the last one of the name counts', () => {
    const input = read('{"value":1,"\\u0076alue":[2],"scope":"a","scope":"b"}')
    expect(input).toEqual({ value: new RawJson('[2]'), scope: 'b' })
  })

  it('is not one of the same name further inside', () => {
    expect(read('{"scope":{"value":1},"value":{"value":2}}')).toEqual({
      scope: { value: 1 },
      value: new RawJson('{"value":2}'),
    })
  })
})

describe('the other members', () => {
  it('are those of JSON.parse', () => {
    const json = '{"a":"text","b":"t\\u00e4xt","c":[1,{"d":null}],"e":-1.5,"":true,"toString":1,"ü":"€","long":"x"}'
    expect(read(json)).toEqual(JSON.parse(json))
  })

  it('may be named like the prototype and then are members', () => {
    const input = read('{"__proto__":{"value":1}}')
    expect(Object.hasOwn(input, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
  })

  it('are read without the id of the caller, which the engine adds', () => {
    expect(read('{"value":1,"_caller_worker_id":"w"}')).toEqual({ value: new RawJson('1') })
  })
})

it('random inputs are what JSON.parse makes of them', () => {
  const names = ['value', 'data', 'scope', 'k', '__proto__', 'a b', 'ü']
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), fc.integer()), { maxLength: 6 }), (members) => {
      const json = ` {${members.map(([name, from]) => ` ${JSON.stringify(name)} : ${randomJson(from)} `).join(',')}} `
      const input = read(json)
      const parsed = Object.entries(input).map(([name, value]) => [
        name,
        value instanceof RawJson ? JSON.parse(value.json) : value,
      ])
      expect(Object.fromEntries(parsed)).toEqual(JSON.parse(json))
      for (const name of ['value', 'data']) if (Object.hasOwn(input, name)) expect(input[name]).toBeInstanceOf(RawJson)
    }),
    { numRuns: 2000 },
  )
})

describe('what is no JSON', () => {
  it.each([
    '{"value":01}',
    '{"value":{"a":1,}}',
    '{"value":[1 2]}',
    '{"value":{"a" "b"}}',
    '{"value":"\\x"}',
    '{"value":nul}',
    '{"value":1,}',
    '{"value" 1}',
    '{"value":1} 2',
    '{"value":1',
    '{value:1}',
    '',
    '{"a":{]},"value":1}',
  ])('is refused by name and reason: %s', (json) => {
    let reason = ''
    try {
      JSON.parse(json)
    } catch (error) {
      reason = (error as Error).message
    }
    expect(reason).not.toBe('')
    expect(() => read(json)).toThrow(
      expect.objectContaining({ code: 'invalid_message', message: `The payload of test::f is no JSON: ${reason}` }),
    )
  })
})

describe('a function that declares what it carries', () => {
  const register = (): { handler: Handler; options: FunctionOptions | undefined } => {
    const registered: { handler: Handler; options: FunctionOptions | undefined }[] = []
    const registerFunction = (id: string, handler: Handler, options?: FunctionOptions) => {
      registered.push({ handler, options })
      return { id, unregister: () => {} }
    }
    registerBuiltIn(
      { registerFunction },
      {
        id: 'test::keep',
        description: 'Keeps a value.',
        request: { type: 'object' },
        response: {},
        carried: ['value'],
        decode: (input, reader) => [reader.string(input, 'key'), reader.carried(input, 'value')] as const,
        run: ([key, value]) => `${key}=${value}`,
      },
    )
    return registered[0]!
  }

  it('is registered for the text of its payload', () => expect(register().options).toMatchObject({ raw: true }))

  it('decodes it', () => expect(register().handler('{"key":"k","value":[1.0]}')).toBe('k=[1.0]'))

  it.each([
    ['{"value":1}', 'member `key` is missing (a string)'],
    ['{"key":5,"value":1}', 'member `key` must be a string, got number 5'],
    ['{"key":"k"}', 'member `value` is missing (any JSON value)'],
    ['null', 'the input must be an object, got null'],
    ['[1]', 'the input must be an object, got an array of 1'],
    ['"x"', 'the input must be an object, got string "x"'],
  ])('refuses %s as every function does', (json, problem) => {
    const message = `Failed to deserialize input for test::keep: ${problem}`
    expect(() => register().handler(json)).toThrow(expect.objectContaining({ code: 'deserialization_error', message }))
  })
})
