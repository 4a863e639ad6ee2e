// Requests whose end a proxy and the server might see in different places: whoever sends one must not get a second request through
// (request smuggling, RFC 9112 §11.2).
import { describe, expect, it } from 'vitest'
import { answersTo, RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp, type HttpRun } from '../http-run.ts'

const SMUGGLED = 'GET /secret HTTP/1.1\r\nHost: a\r\n\r\n'

/** Routes for the request that is sent and the one that it carries, and what was called. */
async function smuggling(): Promise<{ run: HttpRun; calls: string[] }> {
  const run = await runHttp()
  const calls: string[] = []
  await run.serve('in', 'POST /in', async ({ request_body }) => {
    const ended = new Promise<boolean>((resolve) => request_body.onEnd(({ clean }) => resolve(clean)))
    const body = String(await request_body.readAll())
    calls.push((await ended) ? `in ${body}` : 'in, cut off')
    return { body }
  })
  await run.serve('secret', 'GET /secret', () => {
    calls.push('secret')
    return {}
  })
  return { run, calls }
}

const post = (headers: readonly string[], rest: string): string =>
  requestText('POST /in', headers, rest, { keepAlive: true })
const chunked = (rest: string): string => post(['Transfer-Encoding: chunked'], rest)

describe('what is refused at its head, and closes the connection', () => {
  it.each([
    ['a length and chunks', post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['chunks and a length', post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['two lengths', post(['Content-Length: 4', 'Content-Length: 40'], `abcd${SMUGGLED}`), 400],
    ['one length twice', post(['Content-Length: 4', 'Content-Length: 4'], `abcd${SMUGGLED}`), 400],
    ['a list of lengths', post(['Content-Length: 4, 40'], `abcd${SMUGGLED}`), 400],
    ['a length below zero', post(['Content-Length: -1'], SMUGGLED), 400],
    ['a length with a sign', post(['Content-Length: +4'], `abcd${SMUGGLED}`), 400],
    ['a hexadecimal length', post(['Content-Length: 0x4'], `abcd${SMUGGLED}`), 400],
    ['a length with a blank in it', post(['Content-Length: 4 4'], `abcd${SMUGGLED}`), 400],
    ['no length where one is promised', post(['Content-Length: '], SMUGGLED), 400],
    ['a length beyond all numbers', post(['Content-Length: 99999999999999999999999'], SMUGGLED), 400],
    ['an encoding that nearly is chunked', post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${SMUGGLED}`), 501],
    ['the encoding identity', post(['Transfer-Encoding: identity'], SMUGGLED), 501],
    ['chunks of something packed', post(['Transfer-Encoding: gzip, chunked'], `0\r\n\r\n${SMUGGLED}`), 501],
    ['chunks inside of something', post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['chunks twice', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a blank before the colon', post(['Transfer-Encoding : chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a vertical tab before the value', post(['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a folded header', post(['Transfer-Encoding:\r\n chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a line end without CR', post(['X: a\nTransfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a CR within a value', post(['X: a\rTransfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`), 400],
    ['a NUL in a value', post(['X: a\0b'], SMUGGLED), 400],
    ['a NUL in a name', post(['X\0: a'], SMUGGLED), 400],
    ['line ends without CR throughout', SMUGGLED.replaceAll('\r\n', '\n'), 400],
    ['chunks in HTTP/1.0', post(['Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`).replace('1.1', '1.0'), 400],
    ['two hosts', post(['Host: b', 'Content-Length: 0'], SMUGGLED), 400],
    ['no host', `POST /in HTTP/1.1\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`, 400],
    ['a host with a path in it', `POST /in HTTP/1.1\r\nHost: a/b\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`, 400],
    ['HTTP/0.9', `POST /in\r\n\r\n${SMUGGLED}`, 505],
  ])('%s', async (_what, bytes, status) => {
    const { run, calls } = await smuggling()
    const answers = await answersTo(run.url, bytes)
    expect(answers.map((answer) => answer.status)).toEqual([status])
    expect(answers[0]?.headers['connection']).toBe('close')
    expect(calls).toEqual([])
  })
})

describe('what breaks off within its body, and closes the connection', () => {
  it.each([
    ['a chunk longer than it says', chunked(`5\r\nhelloXX\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a size with 0x', chunked(`0x5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a size below zero', chunked(`-5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a size beyond all numbers', chunked(`FFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a blank behind the size', chunked(`5 \r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a size that ends without CR', chunked(`5\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['a line end in an extension', chunked(`5;a=\nb\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
    ['an extension without end', chunked(`5;a=${'b'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`)],
  ])('%s', async (_what, bytes) => {
    const { run, calls } = await smuggling()
    const [answer, ...more] = await answersTo(run.url, bytes)
    expect([400, 413]).toContain(answer?.status)
    expect(more).toEqual([])
    expect(calls).not.toContain('secret')
    expect(calls).not.toContain('in hello')
  })
})

it('extensions of chunks and trailers are no part of the body, nor headers of the request', async () => {
  const { run, calls } = await smuggling()
  const bytes = requestText('POST /in', ['Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0\r\nHost: b\r\n\r\n')
  expect((await answersTo(run.url, bytes)).map(({ status }) => status)).toEqual([200])
  expect(calls).toEqual(['in hello'])
})

it('the body of a GET is its body and not the next request', async () => {
  const { run, calls } = await smuggling()
  await run.serve('out', 'GET /out', async ({ request_body }) => ({ body: String(await request_body.readAll()) }))
  const bytes = requestText('GET /out', [`Content-Length: ${SMUGGLED.length}`], SMUGGLED)
  expect(await answersTo(run.url, bytes)).toMatchObject([{ status: 200, body: JSON.stringify(SMUGGLED) }])
  expect(calls).toEqual([])
})

it('a body that nobody reads is not taken for the next request', async () => {
  const { run, calls } = await smuggling()
  await run.serve('deaf', 'POST /deaf', () => ({ body: 'deaf' }))
  const client = await RawHttp.open(run.url)
  client.send(requestText('POST /deaf', [`Content-Length: ${SMUGGLED.length}`], SMUGGLED, { keepAlive: true }))
  client.send(requestText('POST /nowhere', [`Content-Length: ${SMUGGLED.length}`], SMUGGLED))
  expect((await client.rest()).map(({ status }) => status)).toEqual([200, 404])
  expect(calls).toEqual([])
})

it('what follows a body of declared length is the next request, or none at all', async () => {
  const { run, calls } = await smuggling()
  const answers = await answersTo(run.url, `${post(['Content-Length: 2'], 'abcd')}`)
  expect(answers.at(-1)).toMatchObject({ status: 400, headers: { connection: 'close' } })
  expect(calls.filter((call) => call !== 'in ab')).toEqual([])
})
