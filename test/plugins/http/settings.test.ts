// Settings: what is wrong with them, what they do, and that they are applied while requests are under way (spec 06 A.2, A.9).
import { expect, it } from 'vitest'
import { oddities, readSettings, type HttpConfig } from '../../../plugins/http/config.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { runHttp, type HttpRun } from './http-run.ts'
import { rawConnection } from './open-request.ts'

const change = (run: HttpRun, config: HttpConfig): Promise<boolean> =>
  run.host.reconfigure({ ...run.host.config, ...config })

it.each([
  [{ default_timeout: 0 }, /default_timeout/],
  [{ colour: 'red' }, /colour/],
  [{ middleware: [{ function_id: 'mw', when: 'always' }] }, /when/],
  [{ cors: { allow_credentials: true } }, /allow_credentials/],
  [{ request_id_header: 'a b' }, /request_id_header/],
])('%j is an error that names the key', async (config, message) => {
  await expect(runHttp(config as HttpConfig)).rejects.toThrow(message)
})

it('null is the default, and 0 requests at a time are one', () => {
  const nothing = Object.fromEntries(
    ['host', 'port', 'default_timeout', 'cors', 'body_limit'].map((key) => [key, null]),
  )
  expect(readSettings(nothing)).toEqual(readSettings({}))
  expect(readSettings({ concurrency_request_limit: 0 }).exchange.concurrency).toBe(1)
  expect(oddities({ concurrency_request_limit: 0 })).toEqual([expect.stringContaining('counts as 1')])
  expect(readSettings({ body_limit: 5 }).exchange.jsonBodyLimit).toBe(5)
})

it('an origin that is not allowed gets the answer without the header that lets it read', async () => {
  const run = await runHttp({ cors: { allowed_origins: ['http://a'], allowed_methods: ['GET', 'PUT'] } })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const asked = async (origin: string, method = 'GET', headers: Record<string, string> = {}) => {
    const response = await fetch(run.url, { method, headers: { origin, ...headers } })
    const { headers: given } = response
    return [await response.text(), given.get('access-control-allow-origin'), given.get('access-control-allow-methods')]
  }
  expect(await asked('http://a')).toEqual(['"ok"', 'http://a', null])
  expect(await asked('http://b')).toEqual(['"ok"', null, null])
  const preflight = { 'access-control-request-method': 'PUT' }
  expect(await asked('http://a', 'OPTIONS', preflight)).toEqual(['', 'http://a', 'GET,PUT'])
})

it('changes are in force at once, for requests that wait as well', async () => {
  const run = await runHttp({ concurrency_request_limit: 1 })
  const entered: (() => void)[] = []
  const finish = Promise.withResolvers<void>()
  const both = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', async () => {
    if (entered.push(() => {}) === 2) both.resolve()
    await finish.promise
    return { body: 'ok' }
  })
  run.provide('mw', () => ({ action: 'respond', response: { status_code: 401 } }))
  const requests = [fetch(run.url), fetch(run.url)]
  await change(run, { concurrency_request_limit: 2, cors: { allowed_origins: ['http://a'] } })
  await both.promise
  finish.resolve()
  for (const response of await Promise.all(requests)) expect(response.status).toBe(200)
  await change(run, { middleware: [{ function_id: 'mw' }], default_timeout: 50 })
  expect((await fetch(run.url)).status).toBe(401)
})

it('a time limit that is changed counts for requests from then on', async () => {
  const run = await runHttp()
  await run.serve('hangs', 'GET /', () => new Promise(() => {}))
  await change(run, { default_timeout: 50 })
  expect((await fetch(run.url)).status).toBe(504)
})

it('another host on the same port is taken up, and what does not work changes nothing', async () => {
  const port = await unusedPort()
  const run = await runHttp({ port })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  await change(run, { host: '0.0.0.0' })
  expect(run.plugin.addresses!()).toContain(`http://0.0.0.0:${port}`)
  expect(await (await fetch(`http://127.0.0.1:${port}`)).json()).toBe('ok')
  await expect(change(run, { host: '203.0.113.1' })).rejects.toThrow(/203\.0\.113\.1/)
  expect(await (await fetch(`http://127.0.0.1:${port}`)).json()).toBe('ok')
})

it('connections beyond max_connections are closed', async () => {
  const run = await runHttp({ max_connections: 1 })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const first = await rawConnection(run.url)
  first.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await first.until(/"ok"$/)
  const second = await rawConnection(run.url)
  expect(await second.ended).toBe('')
  first.socket.destroy()
})

it('a head that does not come in time is answered with 408, and an idle connection is closed', async () => {
  const run = await runHttp({ head_timeout_ms: 100, keep_alive_timeout_ms: 100 })
  await run.serve('f', 'GET /', () => ({ body: 'ok' }))
  const slow = await rawConnection(run.url)
  slow.socket.write('GET / HTTP/1.1\r\nhost')
  expect(await slow.ended).toMatch(/^HTTP\/1\.1 408 /)
  const idle = await rawConnection(run.url)
  idle.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await idle.ended).toMatch(/"ok"$/)
})

it('a head that is too large is answered with 431', async () => {
  const run = await runHttp()
  const large = await rawConnection(run.url)
  large.socket.write(`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(17_000)}\r\n\r\n`)
  expect(await large.ended).toMatch(/^HTTP\/1\.1 431 /)
})
