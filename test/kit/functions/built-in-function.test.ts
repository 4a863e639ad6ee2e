import { expect, test } from 'vitest'
import { registerBuiltIn, type BuiltInFunction } from '../../../kit/functions/built-in-function.ts'
import type { FunctionOptions, Handler } from '../../../sdk/handle-types.ts'

const greet: BuiltInFunction<string> = {
  id: 'test::greet',
  description: 'Greets.',
  request: { type: 'object', required: ['name'] },
  response: { type: 'string' },
  decode: (input, reader) => reader.string(input, 'name'),
  run: (name) => `hello ${name}`,
}

function register(declaration: BuiltInFunction<string>) {
  const registered: { id: string; handler: Handler; options: FunctionOptions | undefined }[] = []
  const registerFunction = (id: string, handler: Handler, options?: FunctionOptions) => {
    registered.push({ id, handler, options })
    return { id, unregister: () => {} }
  }
  const ref = registerBuiltIn({ registerFunction }, declaration)
  expect(ref.id).toBe(declaration.id)
  return registered[0]!
}

test('publishes description and schemas', () => {
  const { id, options } = register(greet)
  expect(id).toBe('test::greet')
  expect(options).toEqual({
    description: 'Greets.',
    request_format: greet.request,
    response_format: greet.response,
    live_channel_refs: false,
  })
})

test('decodes the input, ignores unknown members, and accepts empty text', () => {
  const { handler } = register(greet)
  expect(handler({ name: '', more: 1 })).toBe('hello ')
})

test.each([
  [{}, 'Failed to deserialize input for test::greet: member `name` is missing (a string)'],
  [{ name: 1 }, 'Failed to deserialize input for test::greet: member `name` must be a string, got number 1'],
  [{ name: null }, 'Failed to deserialize input for test::greet: member `name` must be a string, got null'],
  [{ name: ['x'] }, 'Failed to deserialize input for test::greet: member `name` must be a string, got an array of 1'],
  [
    JSON.parse('{"__proto__":{"name":"x"}}'),
    'Failed to deserialize input for test::greet: member `name` is missing (a string)',
  ],
  [null, 'Failed to deserialize input for test::greet: the input must be an object, got null'],
  [[], 'Failed to deserialize input for test::greet: the input must be an object, got an array of 0'],
  [
    'x'.repeat(100),
    `Failed to deserialize input for test::greet: the input must be an object, got string "${'x'.repeat(59)}…`,
  ],
])('refuses %j by naming function and member', (input, message) => {
  const { handler } = register(greet)
  expect(() => handler(input)).toThrow(expect.objectContaining({ code: 'deserialization_error', message }))
})

test('an optional input may be absent or null', () => {
  const { handler } = register({ ...greet, optionalInput: true, decode: () => 'you' })
  expect([handler(undefined), handler(null), handler({})]).toEqual(['hello you', 'hello you', 'hello you'])
  expect(() => handler('text')).toThrow(expect.objectContaining({ code: 'deserialization_error' }))
})
