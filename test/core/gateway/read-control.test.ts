// Frames that register functions are read without a scan: what the scanner would refuse is left to it.
import { expect, test } from 'vitest'
import { readControl, readRegistration } from '../../../core/gateway/read-control.ts'

function read(text: string) {
  return readRegistration(Buffer.from(text))
}

test('a registration is read as it was sent', () => {
  const formats = '"request_format":{"type":"object"},"metadata":{"id":12345678901234567890}'
  const message = read(`{"type":"registerfunction","id":"a::f","description":"Ü",${formats},"response_format":null}`)
  expect(message).toMatchObject({ type: 'registerfunction', id: 'a::f', description: 'Ü' })
  expect(message).not.toHaveProperty('response_format')
  expect(JSON.stringify(message?.metadata)).toBe('{"id":12345678901234567890}')
})

test.each([
  ['another message', '{"type":"unregisterfunction","id":"a::f"}'],
  ['another spelling', '{ "type":"registerfunction","id":"a::f"}'],
  ['a type that comes later and counts', '{"type":"registerfunction","id":"a::f","type":"unregisterfunction"}'],
  ['a call in the clothes of one', '{"type":"registerfunction","function_id":"a::f","type":"invokefunction"}'],
  ['no JSON', '{"type":"registerfunction","id":"a::f"'],
  ['JSON and more', '{"type":"registerfunction","id":"a::f"}}'],
  ['no id', '{"type":"registerfunction","id":""}'],
  ['a namespace that is none', '{"type":"registerfunction","id":"a::f","namespace":7}'],
  ['only the beginning', '{"type":"registerfunction"'],
])('%s is left to the scanner', (_what, text) => {
  expect(read(text)).toBeUndefined()
})

test('what a session may not say is dropped, what a worker says stays', () => {
  const frame = Buffer.from(
    '{"type":"registertrigger","id":"t","trigger_type":"x","function_id":"f","config":{"_caller_worker_id":"w"}}',
  )
  expect(readControl(frame, false)).toMatchObject({ config: { _caller_worker_id: 'w' } })
  expect(readControl(frame, true)).toMatchObject({ config: {} })
})

test('a frame that is no JSON says why', () => {
  expect(readControl(Buffer.from('{'), false)).toMatchObject({ problem: expect.stringContaining('JSON') as string })
})
