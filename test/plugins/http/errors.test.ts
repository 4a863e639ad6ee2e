// What is answered where no function answers (spec 06 A.4, A.10).
import { expect, it } from 'vitest'
import { runHttp } from './http-run.ts'

const answerOf = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) }
}

it('a handler that throws answers 500 with its message and an id that is logged', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => {
    throw new Error('boom')
  })
  const { status, body } = await answerOf(run.url)
  expect({ status, body }).toEqual({
    status: 500,
    body: { error: { code: 'invocation_failed', message: 'boom', error_id: expect.stringMatching(/^[0-9a-f]{12}$/) } },
  })
  expect(run.log.lines).toContainEqual(
    expect.objectContaining({ level: 'error', data: { error_id: body.error.error_id } }),
  )
})

it('a function that nobody provides answers 500 with its code', async () => {
  const run = await runHttp()
  await run.bind({ id: 'b', function_id: 'nobody', config: { api_path: '/' } })
  const { status, body } = await answerOf(run.url)
  expect([status, body.error.code]).toEqual([500, 'function_not_found'])
})

it('a worker that dies during the call answers 500', async () => {
  const run = await runHttp()
  const called = Promise.withResolvers<void>()
  await run.serve('f', 'GET /', () => {
    called.resolve()
    return new Promise(() => {})
  })
  const answer = answerOf(run.url)
  await called.promise
  run.worker.close()
  const { status, body } = await answer
  expect([status, body.error.code]).toEqual([500, 'invocation_stopped'])
})

it('a path without a route answers 404 with CORS, and with another method 405', async () => {
  const run = await runHttp()
  const { status, headers, body } = await answerOf(run.url)
  expect({ status, body }).toEqual({ status: 404, body: { error: { code: 'NOT_FOUND', message: 'Not Found' } } })
  expect(headers.get('access-control-allow-origin')).toBe('*')
  await run.serve('f', 'GET /a', () => ({}))
  await run.serve('g', 'PUT /a', () => ({}))
  const wrong = await answerOf(`${run.url}/a`, { method: 'POST', body: 'x' })
  expect([wrong.status, wrong.body, wrong.headers.get('allow')]).toEqual([405, '', 'GET, HEAD, PUT'])
})

it('a query that can not be decoded answers 400', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /', () => ({}))
  const response = await fetch(`${run.url}/?a=%zz`)
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('%zz')
  expect(run.engine.calls.filter(({ function_id }) => function_id === 'f')).toEqual([])
})

it('errors have their old form on request', async () => {
  const run = await runHttp({ legacy_error_shape: true })
  await run.serve('f', 'GET /', () => {
    throw new Error('boom')
  })
  const { body } = await answerOf(run.url)
  expect(body).toEqual({ error: 'boom', error_id: expect.any(String) })
})

it('a function may answer in place of 404', async () => {
  const run = await runHttp({ not_found_function: 'pages::missing' })
  run.provide('pages::missing', ({ path, url }: { path: string; url: string }) => ({
    status_code: 410,
    body: { path, url },
  }))
  const { status, body } = await answerOf(`${run.url}/gone?x=1`)
  expect({ status, body }).toEqual({ status: 410, body: { path: '/gone', url: '/gone?x=1' } })
})
