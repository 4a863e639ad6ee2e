// Results of functions that would break the answer apart: line ends in headers, lengths that lie, statuses that are none.
import { describe, expect, it } from 'vitest'
import { answersTo, RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp, type HttpRun } from '../http-run.ts'

/** Headers of every answer. */
const OWN = [
  'content-type',
  'vary',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'content-length',
  'date',
  'connection',
]

async function answering(result: unknown): Promise<HttpRun> {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => result)
  return run
}

describe('a header that can not be sent is left out, and the log says so', () => {
  it.each([
    ['a line end in a value', { 'X-A': 'b\r\nSet-Cookie: c=d' }],
    ['a line end in a name', { 'X-A\r\nSet-Cookie': 'c=d' }],
    ['the end of the head in a value', { 'X-A': 'b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n' }],
    ['a line feed alone', { 'X-A': 'b\nSet-Cookie: c=d' }],
    ['a NUL', { 'X-A': 'b\0' }],
    ['a name with a blank', { 'X A': 'b' }],
    ['a name with a colon', { 'X:A': 'b' }],
    ['no name', { '': 'b' }],
    ['a line of a list with a line end', ['X-A: b\r\nSet-Cookie: c=d']],
  ])('%s', async (_what, headers) => {
    const run = await answering({ headers, body: 1 })
    const [answer, ...more] = await answersTo(run.url, requestText('GET /'))
    expect(answer).toMatchObject({ status: 200, body: '1' })
    expect(answer?.headerList.map(([name]) => name).filter((name) => !OWN.includes(name))).toEqual([])
    expect(more).toEqual([])
    expect(run.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })
})

it.each([
  ['capitals of other alphabets whose low byte is a line end', '\u010d\u010aSet-Cookie: c=d'],
  ['half a character', '\ud800'],
])('%s end up as bytes of one value', async (_what, value) => {
  const run = await answering({ headers: { 'X-A': value }, body: 1 })
  const [answer] = await answersTo(run.url, requestText('GET /'))
  expect(answer?.headers['set-cookie']).toBeUndefined()
  expect(Buffer.from(answer?.headers['x-a'] ?? '', 'latin1').toString()).toBe(value.toWellFormed())
})

it('how an answer is framed is not the function’s to say', async () => {
  const headers = {
    'Transfer-Encoding': 'chunked',
    'Content-Length': '3',
    Connection: 'keep-alive',
    Upgrade: 'h2c',
    Trailer: 'X',
  }
  const run = await answering({ headers, body: 'abcdef' })
  const [answer, ...more] = await answersTo(run.url, requestText('GET /'))
  expect(more).toEqual([])
  expect(answer).toMatchObject({
    status: 200,
    body: '"abcdef"',
    headers: { 'content-length': '8', connection: 'close' },
  })
  expect(answer?.headerList.map(([name]) => name).sort()).toEqual([...OWN].sort())
})

it.each([['200 OK\r\nX: y'], [100], [101], [199], [1000], [65_736], [-200], [200.5], [null], [{}]])(
  'the status %j counts as 200',
  async (status_code) => {
    const run = await answering({ status_code, body: 1 })
    expect(await answersTo(run.url, requestText('GET /'))).toMatchObject([{ status: 200, body: '1' }])
  },
)

it.each([204, 304])(
  'a body with status %i is not sent, where it would be taken for the next answer',
  async (status_code) => {
    const run = await answering({
      status_code,
      body: 'HTTP/1.1 200 OK\r\n\r\n',
      headers: { 'content-type': 'text/plain' },
    })
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /', [], '', { keepAlive: true }))
    expect(await client.next()).toMatchObject({ status: status_code, body: '' })
    client.send(requestText('GET /nowhere'))
    expect((await client.rest()).map(({ status }) => status)).toEqual([404])
  },
)

it('the answer to HEAD has no body, whatever the function returns', async () => {
  const run = await answering({ body: 'HTTP/1.1 200 OK\r\n\r\n' })
  const client = await RawHttp.open(run.url, 'HEAD')
  client.send(requestText('HEAD /', [], '', { keepAlive: true }))
  expect(await client.next()).toMatchObject({ status: 200 })
  client.send(requestText('HEAD /nowhere'))
  expect((await client.rest()).map(({ status }) => status)).toEqual([404])
})

describe('a streamed answer', () => {
  const streaming = async (messages: readonly (object | string)[], bytes: readonly string[]): Promise<HttpRun> => {
    const run = await runHttp()
    await run.serve('f', 'GET /', ({ response }) => {
      for (const message of messages)
        response.sendMessage(typeof message === 'string' ? message : JSON.stringify(message))
      for (const text of bytes) response.write(Buffer.from(text))
      response.close()
      return null
    })
    return run
  }

  it('is not broken apart by its headers', async () => {
    const headers = {
      'X-A': 'b\r\nSet-Cookie: c=d',
      'X-B\r\n': 'c',
      'Transfer-Encoding': 'identity',
      Connection: 'close',
      'X-C': 'd',
    }
    const run = await streaming([{ type: 'set_headers', headers }], ['hello'])
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /', [], '', { keepAlive: true }))
    const answer = await client.next()
    expect(answer).toMatchObject({
      status: 200,
      body: 'hello',
      headers: { 'x-c': 'd', 'transfer-encoding': 'chunked' },
    })
    expect(Object.keys(answer!.headers).filter((name) => /^(x-[ab]|set-cookie)/.test(name))).toEqual([])
    client.send(requestText('GET /nowhere'))
    expect((await client.rest()).map(({ status }) => status)).toEqual([404])
  })

  it.each([
    ['is longer than it promised', '3'],
    ['is shorter than it promised', '30'],
  ])('that %s ends with its connection', async (_what, length) => {
    const run = await streaming([{ type: 'set_headers', headers: { 'content-length': length } }], ['hello', ' you'])
    const client = await RawHttp.open(run.url)
    client.send(requestText('GET /', [], '', { keepAlive: true }) + requestText('GET /nowhere'))
    await client.until(/content-length: \d+/)
    await client.closed()
    expect(await client.until(/^/)).not.toContain('404')
  })

  it.each([99, 100, 101, 600, 200.5, '200', null])('does not take %j for a status', async (status_code) => {
    const run = await streaming(
      [{ type: 'set_status', status_code }, 'no JSON', '[]', 'null', '{"type":"set_headers","headers":7}'],
      ['x'],
    )
    expect(await answersTo(run.url, requestText('GET /'))).toMatchObject([{ status: 200, body: 'x' }])
  })
})
