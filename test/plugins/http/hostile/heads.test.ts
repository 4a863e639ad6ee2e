// Request lines and headers that are too long, strange, or meant to be taken for something else.
import { describe, expect, it } from 'vitest'
import { answersTo, RawHttp, requestText } from '../../../support/raw-http.ts'
import { runHttp, type HandlerRequest, type HttpRun } from '../http-run.ts'

/** Everything that a function was told of its request, for each that was called. */
async function listening(): Promise<{ run: HttpRun; requests: HandlerRequest[] }> {
  const run = await runHttp()
  const requests: HandlerRequest[] = []
  const take = (request: HandlerRequest): object => {
    requests.push(request)
    return { body: 'here' }
  }
  await run.serve('root', 'GET /', take)
  await run.serve('secret', 'GET /secret', take)
  await run.serve('files', 'GET /files/:name', take)
  await run.serve('in', 'POST /in', take)
  return { run, requests }
}

const statusesOf = async (run: HttpRun, bytes: string): Promise<number[]> =>
  (await answersTo(run.url, bytes)).map(({ status }) => status)

describe('what is too long is refused, and the connection closed', () => {
  it.each([
    ['a header', requestText('GET /', [`X: ${'a'.repeat(20_000)}`])],
    [
      'headers together',
      requestText(
        'GET /',
        Array.from({ length: 40 }, (_, at) => `X-${at}: ${'a'.repeat(500)}`),
      ),
    ],
    [
      'headers in number',
      requestText(
        'GET /',
        Array.from({ length: 5_000 }, () => 'X:1'),
      ),
    ],
    ['a query', requestText(`GET /?${'a'.repeat(20_000)}`)],
    ['a path', requestText(`GET /${'a/'.repeat(10_000)}`)],
  ])('%s', async (_what, bytes) => {
    const { run, requests } = await listening()
    expect(await answersTo(run.url, bytes)).toMatchObject([{ status: 431, headers: { connection: 'close' } }])
    expect(requests).toEqual([])
  })

  it('and long ones below that arrive whole', async () => {
    const { run, requests } = await listening()
    const [query, value] = ['q'.repeat(6_000), 'v'.repeat(6_000)]
    expect(await statusesOf(run, requestText(`GET /?${query}`, [`X: ${value}`]))).toEqual([200])
    expect(requests[0]).toMatchObject({ query_params: { [query]: '' }, headers: { x: value } })
  })

  it('and as many headers as there may be arrive, the last as well as the first', async () => {
    const { run, requests } = await listening()
    const headers = Array.from({ length: 900 }, (_, at) => `x${at}:1`)
    expect(await statusesOf(run, requestText('GET /', headers))).toEqual([200])
    expect(requests[0]?.headers).toMatchObject({ x0: '1', x899: '1', connection: 'close' })
  })
})

describe('a path is compared as it was sent', () => {
  it.each([
    ['dots', '/files/../secret', 404],
    ['encoded dots', '/files/%2e%2e/secret', 404],
    ['two slashes', '//secret', 404],
    ['an encoded slash', '/files%2fsecret', 404],
    ['a parameter of a segment', '/secret;x', 404],
    ['an encoded letter', '/%73ecret', 404],
    ['capitals', '/SECRET', 404],
    ['a slash behind', '/secret/', 404],
  ])('%s', async (_what, path, status) => {
    const { run, requests } = await listening()
    expect(await statusesOf(run, requestText(`GET ${path}`))).toEqual([status])
    expect(requests).toEqual([])
  })

  it.each(['%zz', '%', 'a%00b', '%2e%2e', '..', '%ff', 'a%2fb', '*', ':name', '__proto__'])(
    'and the parameter %s is not decoded',
    async (name) => {
      const { run, requests } = await listening()
      expect(await statusesOf(run, requestText(`GET /files/${name}`))).toEqual([200])
      expect(requests[0]?.path_params).toEqual({ name })
    },
  )

  it.each([
    ['a NUL', '/files/a\0b'],
    ['a blank', '/files/a b'],
    ['a byte above ASCII', '/files/\xe4'],
    ['a backslash in front', '\\secret'],
    ['no slash in front', 'secret'],
  ])('%s is no target', async (_what, target) => {
    const { run, requests } = await listening()
    expect(await statusesOf(run, requestText(`GET ${target}`))).toEqual([400])
    expect(requests).toEqual([])
  })
})

it.each(['a=%zz', '%', 'a=%ff', 'a=%c3%28', 'ok=1&a=%ed%a0%80'])(
  'the query %s gives 400 and says why',
  async (query) => {
    const { run, requests } = await listening()
    const [answer] = await answersTo(run.url, requestText(`GET /?${query}`))
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('Write a percent sign as %25') })
    expect(requests).toEqual([])
  },
)

describe('other targets', () => {
  it.each([
    ['a whole URL', 'http://other.example/files/x?q=1', { url: '/files/x?q=1', path_params: { name: 'x' } }],
    ['a whole URL without a path', 'http://other.example', { url: '/' }],
    ['a whole URL with a path in its query', 'http://other.example?x=/secret', { url: '/?x=/secret' }],
    ['a whole URL in capitals', 'HTTP://other.example/secret', { url: '/secret' }],
  ])('%s', async (_what, target, expected) => {
    const { run, requests } = await listening()
    expect(await statusesOf(run, requestText(`GET ${target}`))).toEqual([200])
    expect(requests).toMatchObject([expected])
  })

  it.each([
    ['GET *', 404],
    ['GET ftp://other/secret', 404],
    ['OPTIONS *', 200],
    ['CONNECT a:80', 405],
    ['TRACE /secret', 405],
    ['PROPFIND /secret', 405],
    ['BREW /secret', 400],
    ['get /secret', 400],
  ])('%s gives %i', async (line, status) => {
    const { run, requests } = await listening()
    expect(await statusesOf(run, requestText(line))).toEqual([status])
    expect(requests).toEqual([])
  })
})

describe('names that JavaScript knows', () => {
  const names = ['__proto__', 'constructor', 'tostring', 'hasownproperty']

  it('are headers, queries and parameters like any other', async () => {
    const { run, requests } = await listening()
    await run.serve('g', 'GET /p/:__proto__/:constructor', (request) => {
      requests.push(request)
      return {}
    })
    const query = names.map((name) => `${name}=q`).join('&')
    expect(
      await statusesOf(
        run,
        requestText(
          `GET /p/1/2?${query}`,
          names.map((name) => `${name}: h`),
        ),
      ),
    ).toEqual([200])
    const [request] = requests
    const members = (of: object): object =>
      Object.fromEntries(Object.entries(of).filter(([name]) => names.includes(name)))
    // JSON.parse makes members of their own of them, and no prototypes.
    expect(Object.keys(members(request!.headers))).toEqual(expect.arrayContaining(names))
    expect(Object.keys(members(request!.query_params))).toEqual(expect.arrayContaining(names))
    expect(Object.entries(request!.path_params)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
    expect(Object.getPrototypeOf(request!.headers)).toBe(Object.prototype)
  })

  it('are no routes', async () => {
    const { run } = await listening()
    for (const name of names) expect(await statusesOf(run, requestText(`GET /${name}`))).toEqual([404])
  })
})

describe('versions and connections', () => {
  it('HTTP/1.0 is served without a host, and its connection closed', async () => {
    const { run } = await listening()
    const answers = await answersTo(run.url, 'GET / HTTP/1.0\r\n\r\n')
    expect(answers).toMatchObject([{ status: 200, headers: { connection: 'close' } }])
  })

  it('HTTP/1.0 keeps its connection where it asks for it', async () => {
    const { run } = await listening()
    const client = await RawHttp.open(run.url)
    for (let round = 0; round < 2; round++) {
      client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
      expect(await client.next()).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } })
    }
  })

  it.each([
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['what is nothing at all', 'hello there\r\n\r\n'],
  ])('%s is refused', async (_what, bytes) => {
    const { run } = await listening()
    expect(await statusesOf(run, bytes)).toEqual([400])
  })

  it.each(['websocket', 'h2c'])('a request to upgrade to %s is answered as any other', async (protocol) => {
    const { run, requests } = await listening()
    const client = await RawHttp.open(run.url)
    client.send(
      requestText('POST /in', ['Connection: Upgrade', `Upgrade: ${protocol}`, 'Content-Length: 4'], 'abcd', {
        keepAlive: true,
      }),
    )
    expect(await client.next()).toMatchObject({ status: 200 })
    client.send(requestText('GET /secret'))
    expect((await client.rest()).map(({ status }) => status)).toEqual([200])
    expect(requests.map(({ url }) => url)).toEqual(['/in', '/secret'])
  })

  it('an expectation that nobody knows gives 417', async () => {
    const { run, requests } = await listening()
    expect(await statusesOf(run, requestText('POST /in', ['Expect: 200-maybe', 'Content-Length: 4'], 'abcd'))).toEqual([
      417,
    ])
    expect(requests).toEqual([])
  })
})

it('pipelined requests are answered in their order and worked on one after the other', async () => {
  const { run } = await listening()
  let inWork = 0
  let most = 0
  await run.serve('turn', 'GET /turn/:number', async ({ path_params }) => {
    most = Math.max(most, ++inWork)
    await new Promise((resolve) => setImmediate(resolve))
    inWork--
    return { body: path_params['number'] }
  })
  const client = await RawHttp.open(run.url)
  const numbers = Array.from({ length: 100 }, (_, at) => String(at))
  client.send(numbers.map((number) => requestText(`GET /turn/${number}`, [], '', { keepAlive: true })).join(''))
  const bodies: unknown[] = []
  while (bodies.length < numbers.length) bodies.push(JSON.parse((await client.next())?.body ?? 'null'))
  expect(bodies).toEqual(numbers)
  expect(most).toBe(1)
})
