// Which requests to upgrade are read without Node's parser, and that both find the same in them.
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readPlainUpgrade } from '../../../base/net/plain-upgrade.ts'

const KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
const FIRST = 'GET / HTTP/1.1'
const REST = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', KEY]
const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`

const socket = new net.Socket()
const read = (text: string) => {
  const request = readPlainUpgrade(Buffer.from(text, 'latin1'), socket)
  return request && { ...request, socket: undefined }
}

let byNode: (text: string) => Promise<unknown>
beforeAll(async () => {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  byNode = async (text) => {
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    client.end(text, 'latin1')
    const [request, end] = (await once(server, 'upgrade')) as [http.IncomingMessage, net.Socket]
    end.destroy()
    const { method, url, headers, rawHeaders } = request
    return { method, url, headers, rawHeaders }
  }
  return () => server.close()
})

test.each([
  ['as the SDKs send it', head(FIRST, ...REST)],
  ['with a query and a path', head('GET /ws/channels/1?key=a%20b&dir=read HTTP/1.1', ...REST)],
  [
    'as browsers send it',
    head(
      FIRST,
      ...REST,
      'Origin: http://x',
      'Cookie: a=1; b=2',
      'Sec-WebSocket-Extensions: permessage-deflate',
      'Empty:',
    ),
  ],
  ['in other letters', head(FIRST, 'HOST:x', 'uPGRADE:WebSocket', 'CONNECTION:   upgrade  ', 'X-a: b: c')],
])('A request %s is read as Node reads it', async (_what, text) => {
  expect(await byNode(text)).toEqual({ ...read(text), socket: undefined })
})

test('Whatever else stands in its headers, what is read is what Node reads', async () => {
  const characters = [...'abzAZ09:;,=/ "\\-_%~'].map((one) => fc.constant(one))
  const value = fc.string({ unit: fc.oneof(...characters), maxLength: 30 })
  const name = fc.string({ unit: fc.constantFrom(...'abXY-0'), minLength: 1, maxLength: 5 }).map((one) => `X-${one}`)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 5 }), async (more) => {
      const text = head(FIRST, ...REST, ...more.map(([key, written]) => `${key}:${written}`))
      const request = read(text)
      const names = new Set(more.map(([key]) => key.toLowerCase()))
      if (request === undefined) expect(names.size).toBeLessThan(more.length)
      else expect(await byNode(text)).toEqual(request)
    }),
    { numRuns: 100 },
  )
})

describe('Left to Node is a request', () => {
  test.each([
    ['of another method', head('POST / HTTP/1.1', ...REST)],
    ['of HTTP/1.0', head('GET / HTTP/1.0', ...REST)],
    ['for a whole URL', head('GET http://x/ HTTP/1.1', ...REST)],
    ['with a blank in its target', head('GET /a b HTTP/1.1', ...REST)],
    ['without a host', head(FIRST, ...REST.slice(1))],
    ['to two hosts', head(FIRST, ...REST, 'host: y')],
    ['with two keys', head(FIRST, ...REST, KEY)],
    ['that repeats any header', head(FIRST, ...REST, 'X-A: 1', 'x-a: 2')],
    ['that would be no upgrade', head(FIRST, 'Host: x', 'Connection: close')],
    ['to another protocol', head(FIRST, 'Host: x', 'Upgrade: h2c', 'Connection: Upgrade')],
    ['with more than one kind of connection', head(FIRST, 'Host: x', 'Upgrade: websocket', 'Connection: a, Upgrade')],
    ['with a body', head(FIRST, ...REST, 'Content-Length: 3')],
    ['with a body in chunks', head(FIRST, ...REST, 'Transfer-Encoding: chunked')],
    ['that waits to be told to go on', head(FIRST, ...REST, 'Expect: 100-continue')],
    ['with a header on two lines', head(FIRST, ...REST, 'X-A: 1', ' 2')],
    ['with a blank before a colon', head(FIRST, ...REST, 'X-A : 1')],
    ['with a header without a name', head(FIRST, ...REST, ': 1')],
    ['with a line that is no header', head(FIRST, ...REST, 'nothing')],
    ['with a tab', head(FIRST, ...REST, 'X-A: 1\t2')],
    ['with other letters', head(FIRST, ...REST, 'X-A: \xe4')],
    ['with a zero byte', head(FIRST, ...REST, 'X-A: \0')],
    ['named like a member of all objects', head(FIRST, ...REST, 'constructor: 1')],
    ['that ends its lines otherwise', head(FIRST, ...REST).replaceAll('\r\n', '\n')],
    ['that is not whole', head(FIRST, ...REST).slice(0, -2)],
    ['with something behind it', `${head(FIRST, ...REST)}\x81`],
    ['with an empty line before it', `\r\n${head(FIRST, ...REST)}`],
    ['of more than 8 KB', head(FIRST, ...REST, `X-A: ${'a'.repeat(8 * 1024)}`)],
    ['that says nothing', ''],
  ])('%s', (_what, text) => {
    expect(read(text)).toBeUndefined()
  })
})

describe('Behind a head that is the same but for its key', () => {
  const OTHER = 'BBBBBBBBBBBBBBBBBBBBBA=='
  const first = head(FIRST, ...REST, 'X-A: 1')
  const withKey = (text: string, key: string): string => text.replaceAll('AAAAAAAAAAAAAAAAAAAAAA==', key)

  test.each([
    ['another key is read', withKey(first, OTHER)],
    ['another header is read', head(FIRST, ...REST, 'X-A: 2')],
    ['another path is read', head('GET /b HTTP/1.1', ...REST, 'X-A: 1')],
    ['a longer one is read', head(FIRST, ...REST, 'X-A: 1', 'X-B: 2')],
    ['one without a key is read', head(FIRST, ...REST.slice(0, -1), 'X-A: 1')],
    ['a line that ends within the key is read', withKey(first, `${'A'.repeat(20)}\r\nB:`)],
    ['a key that is none is read', withKey(first, 'a key of 24 characters!!')],
  ])('%s as Node reads it', async (_what, text) => {
    expect(read(first)).toBeDefined()
    expect(await byNode(text)).toEqual({ ...read(text), socket: undefined })
  })

  test('what stands elsewhere as well is no key', async () => {
    const twice = head('GET /?key=AAAAAAAAAAAAAAAAAAAAAA== HTTP/1.1', ...REST)
    expect(read(twice)).toBeDefined()
    const text = withKey(twice, OTHER)
    expect(await byNode(text)).toEqual({ ...read(text), socket: undefined })
  })

  test('who changes what was read changes nothing of the next', () => {
    expect(read(first)).toBeDefined()
    const request = readPlainUpgrade(Buffer.from(withKey(first, OTHER)), socket)
    Object.assign(request?.headers ?? {}, { host: 'changed' })
    request?.rawHeaders.splice(0)
    expect(read(first)).toMatchObject({
      headers: { host: 'x' },
      rawHeaders: expect.arrayContaining(['Host']) as string[],
    })
  })
})

test('A head that is wrong at its end is given up after one pass, however often it could be read in another way', () => {
  const lines = Array.from({ length: 1_000 }, (_, index) => `a${index}: `)
  expect(read(`${FIRST}\r\n${lines.join('\r\n')}\r\n\0`)).toBeUndefined()
})
