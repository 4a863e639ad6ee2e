import { expect, it } from 'vitest'
import {
  MAX_CONTROL_CHARACTERS,
  MAX_STREAM_HEADERS,
  StreamHead,
} from '../../../../plugins/http/exchange/control-message.ts'

const headOf = (...messages: unknown[]) => {
  const invalid: string[] = []
  const head = new StreamHead((name) => invalid.push(name))
  for (const message of messages) head.take(typeof message === 'string' ? message : JSON.stringify(message))
  return { status: head.status, headers: head.headers, contentType: head.contentType, invalid }
}

it('the last status and the last of equal headers count', () => {
  expect(
    headOf(
      { type: 'set_status', status_code: 201 },
      { type: 'set_headers', headers: { 'Content-Type': 'a/b', 'x-a': '1' } },
      { type: 'set_headers', headers: { 'content-type': 'c/d' } },
      { type: 'set_status', status_code: 206 },
    ),
  ).toEqual({
    status: 206,
    headers: [
      ['content-type', 'c/d'],
      ['x-a', '1'],
    ],
    contentType: 'c/d',
    invalid: [],
  })
})

it.each([100, 199, 600, 42, 200.5, '201', null])('%j is no status', (status_code) => {
  expect(headOf({ type: 'set_status', status_code }).status).toBe(200)
})

it.each(['', 'null', '[]', '"set_status"', '{"type":"set_headers","headers":7}', '{"type":"other"}', '{'])(
  '%s says nothing',
  (text) => {
    expect(headOf(text)).toEqual({ status: 200, headers: [], contentType: undefined, invalid: [] })
  },
)

it('headers about the connection are left out, and those that can not be sent with a word', () => {
  const headers = {
    connection: 'close',
    'transfer-encoding': 'chunked',
    'x\n': 'a',
    'x-b': 'a\r\nb',
    'content-length': '-1',
    n: 1,
  }
  expect(headOf({ type: 'set_headers', headers })).toMatchObject({
    headers: [],
    invalid: ['x\n', 'x-b', 'content-length'],
  })
})

it('headers and their messages have bounds', () => {
  const many = Object.fromEntries(Array.from({ length: MAX_STREAM_HEADERS + 1 }, (_, n) => [`x-${n}`, 'a']))
  const { headers } = headOf(
    { type: 'set_headers', headers: many },
    { type: 'set_headers', headers: { 'x-0': 'b', 'x-new': 'b' } },
  )
  expect(headers).toHaveLength(MAX_STREAM_HEADERS)
  expect(headers[0]).toEqual(['x-0', 'b'])
  const long = { type: 'set_status', status_code: 201, more: 'x'.repeat(MAX_CONTROL_CHARACTERS) }
  expect(headOf(long).status).toBe(200)
})
