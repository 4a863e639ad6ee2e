// Connections: used again, opened only to addresses that were checked, limited in number.
import { describe, expect, onTestFinished, test } from 'vitest'
import { CONNECTION_LIMITS } from '../../../plugins/http-functions/exchange/connections.ts'
import { apiServer, type ApiServer } from './api-server.ts'
import { OPEN, runHttpFunctions } from './run-http-functions.ts'

describe('a connection', () => {
  test('is used for one request after the other', async () => {
    const api = await apiServer(() => 1)
    const run = await runHttpFunctions()
    await run.register({ url: `${api.url}/a` })
    await run.register({ url: `${api.url}/b` }, 'g')
    for (const id of ['f', 'g', 'f', 'g']) await run.call({}, id)
    expect(api.requests.map(({ url }) => url)).toEqual(['/a', '/b', '/a', '/b'])
    expect(api.connections).toBe(1)
  })

  test('holds nothing of the requests before', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))
    const api = await apiServer(() => 1)
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    for (let count = 0; count < 30; count++) await run.call()
    expect(api.connections).toBe(1)
    expect(warnings).toEqual([])
  })

  test('whose server has ended it is replaced', async () => {
    const api = await apiServer((_request, response) => void response.setHeader('connection', 'close').end('1'))
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    for (let count = 0; count < 3; count++) await run.call()
    expect(api.connections).toBe(3)
  })

  test.each([
    ['GET', 'is replaced, and the request made again', '2'],
    ['POST', 'fails, since the endpoint may have seen it', 'http_request_failed'],
  ])('that breaks when %s uses it again %s', async (method, _what, expected) => {
    const api = await apiServer(({ socket }) => {
      const isFirst = socket === api.requests[0]!.socket
      if (isFirst && api.requests.length > 1) return void socket.resetAndDestroy()
      return isFirst ? '1' : '2'
    })
    const run = await runHttpFunctions()
    await run.register({ url: api.url, method })
    expect(await run.call()).toBe('1')
    expect(await run.call().catch(({ code }: { code: string }) => code)).toBe(expected)
    expect(api.requests).toHaveLength(method === 'GET' ? 3 : 2)
  })

  test('is not kept beyond the limit of its host', async () => {
    const waiting: (() => void)[] = []
    const api = await apiServer((_request, response) => void waiting.push(() => response.end('1')))
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    const count = CONNECTION_LIMITS.idlePerHost + 5
    const round = async (): Promise<void> => {
      const calls = Array.from({ length: count }, () => run.call())
      await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(count)
      for (const answer of waiting.splice(0)) answer()
      await Promise.all(calls)
    }
    await round()
    await round()
    expect(api.connections).toBe(count + 5)
  })

  test('is not kept beyond the limit of all hosts', async () => {
    const servers: ApiServer[] = []
    const waiting: (() => void)[] = []
    const hosts = Math.ceil(CONNECTION_LIMITS.idle / CONNECTION_LIMITS.idlePerHost) + 1
    for (let host = 0; host < hosts; host++)
      servers.push(await apiServer((_request, response) => void waiting.push(() => response.end('1'))))
    const run = await runHttpFunctions()
    for (const [at, { url }] of servers.entries()) await run.register({ url }, `host${at}`)
    const count = CONNECTION_LIMITS.idlePerHost
    const open: number[] = []
    for (let at = 0; at < hosts; at++) {
      const calls = Array.from({ length: count }, () => run.call({}, `host${at}`))
      await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(count)
      for (const answer of waiting.splice(0)) answer()
      await Promise.all(calls)
    }
    await expect
      .poll(async () => {
        const counts = await Promise.all(servers.map((server) => server.openConnections()))
        open.push(counts.reduce((sum, each) => sum + each, 0))
        return open.at(-1)
      })
      .toBe(CONNECTION_LIMITS.idle)
  })

  test('that is kept ends with the settings under which it was opened', async () => {
    const api = await apiServer(() => 1)
    const run = await runHttpFunctions()
    await run.register({ url: api.url })
    await run.call()
    await run.host.reconfigure({ security: { ...OPEN, url_allowlist: ['127.0.0.1'] } })
    await run.call()
    expect(api.connections).toBe(2)
    await expect.poll(() => api.openConnections()).toBe(1)
  })
})

describe('a name', () => {
  test('leads to the address that was checked, whatever it leads to a moment later', async () => {
    const api = await apiServer(() => 'inside')
    let asked = 0
    // At the registration a public address, from then on one of this machine.
    const resolve = async () =>
      asked++ === 0 ? [{ address: '93.184.216.34', family: 4 }] : [{ address: '127.0.0.1', family: 4 }]
    const run = await runHttpFunctions({ resolve, config: { security: { require_https: false } } })
    await run.register({ url: `http://rebound.example:${api.port}/` })
    expect(await run.failure()).toEqual({
      code: 'url_validation_failed',
      message: expect.stringContaining("Private IP blocked: 'rebound.example' is, or leads to"),
    })
    expect(asked).toBe(2)
    expect(api.requests).toEqual([])
  })

  test('is looked up once for a connection, and not again while that is kept', async () => {
    const api = await apiServer(() => 1)
    let asked = 0
    const resolve = async () => {
      asked++
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const run = await runHttpFunctions({ resolve })
    await run.register({ url: `http://api.example:${api.port}/` })
    for (let count = 0; count < 3; count++) await run.call()
    expect([asked, api.connections]).toEqual([1, 1])
    expect(api.last.headers.host).toBe(`api.example:${api.port}`)
  })

  test('with several addresses is tried at each of them', async () => {
    const api = await apiServer(() => 1)
    const resolve = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]
    const run = await runHttpFunctions({ resolve })
    await run.register({ url: `http://api.example:${api.port}/` })
    expect(await run.call()).toBe(1)
  })

  test('without an address fails the call', async () => {
    const run = await runHttpFunctions({ resolve: async () => [] })
    await run.register({ url: 'http://api.example/' })
    expect(await run.failure()).toMatchObject({
      message: expect.stringContaining("DNS lookup failed: it has no address for 'api.example'"),
    })
  })
})

test('The rules that count are those of the moment of the call', async () => {
  const api = await apiServer(() => 1)
  const run = await runHttpFunctions()
  await run.register({ url: api.url })
  await run.call()
  for (const [security, message] of [
    [{ ...OPEN, require_https: true }, 'HTTPS is required'],
    [{ ...OPEN, block_private_ips: true }, 'Private IP blocked'],
    [{ ...OPEN, url_allowlist: ['other.example'] }, 'URL not in allowlist'],
  ] as const) {
    expect(await run.host.reconfigure({ security })).toBe(true)
    expect(await run.failure()).toEqual({
      code: 'url_validation_failed',
      message: expect.stringContaining(message),
    })
  }
  expect(api.requests).toHaveLength(1)
})

test('A redirect is not followed, wherever it leads', async () => {
  const inside = await apiServer(() => 'secret')
  const api = await apiServer((_request, response) => void response.writeHead(307, { location: inside.url }).end())
  const run = await runHttpFunctions()
  await run.register({ url: api.url })
  expect(await run.call()).toBeNull()
  expect(inside.requests).toEqual([])
})

test('Requests to one host are limited, those to others are not held up', async () => {
  const waiting: (() => void)[] = []
  const slow = await apiServer((_request, response) => void waiting.push(() => response.end('1')))
  const quick = await apiServer(() => 2)
  const run = await runHttpFunctions({ config: { max_in_flight_per_host: 3 } })
  await run.register({ url: slow.url })
  await run.register({ url: quick.url }, 'quick')
  const calls = [run.call(), run.call(), run.call()]
  await expect.poll(() => waiting.length).toBe(3)
  expect(await run.failure()).toEqual({
    code: 'overloaded',
    message: `3 requests to 127.0.0.1:${slow.port} are under way, as many as max_in_flight_per_host allows; try again later`,
  })
  expect(await run.call({}, 'quick')).toBe(2)
  for (const answer of waiting.splice(0)) answer()
  await Promise.all(calls)
  slow.handler = () => 3
  expect(await run.call()).toBe(3)
})
