// Settings that change while requests come (spec 06 A.2): on connections that are there, from the next request on.
import { expect, it } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import { RawHttp, requestText } from '../../support/raw-http.ts'
import { runHttp } from './http-run.ts'

const get = (path: string): string => requestText(`GET ${path}`, ['Origin: http://b.test'], '', { keepAlive: true })

it('cors', async () => {
  const run = await runHttp()
  const client = await RawHttp.open(run.url)
  const allowed = async (): Promise<string | undefined> =>
    (await client.send(get('/nowhere')).next())?.headers['access-control-allow-origin']
  expect(await allowed()).toBe('*')
  await run.host.reconfigure({ ...run.host.config, cors: { allowed_origins: ['http://a.test'] } })
  expect(await allowed()).toBeUndefined()
  await run.host.reconfigure({ ...run.host.config, cors: { allowed_origins: ['http://a.test', 'http://b.test'] } })
  expect(await allowed()).toBe('http://b.test')
})

it('default_timeout, which requests that are in work keep', async () => {
  const run = await runHttp({ default_timeout: 600_000 })
  const finish = Promise.withResolvers<void>()
  const called = new Collector<string>()
  await run.serve('f', 'GET /', async () => {
    called.add('f')
    await finish.promise
    return { body: 'done' }
  })
  const before = await RawHttp.open(run.url)
  before.send(get('/'))
  await called.take(1)
  await run.host.reconfigure({ ...run.host.config, default_timeout: 50 })
  expect((await fetch(run.url)).status).toBe(504)
  finish.resolve()
  expect(await before.next()).toMatchObject({ status: 200, body: '"done"' })
})

it('middleware and json_body_limit', async () => {
  const run = await runHttp()
  run.provide('guard', () => ({ action: 'respond', response: { status_code: 401 } }))
  await run.serve('f', 'POST /', () => ({ body: 'done' }))
  const post = async (): Promise<number> =>
    (await fetch(run.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '"12345678"' }))
      .status
  expect(await post()).toBe(200)
  await run.host.reconfigure({ ...run.host.config, json_body_limit: 5 })
  expect(await post()).toBe(413)
  await run.host.reconfigure({ ...run.host.config, json_body_limit: 50, middleware: [{ function_id: 'guard' }] })
  expect(await post()).toBe(401)
})
