// Conditions and middleware before the handler (spec 06 A.6).
import { expect, it } from 'vitest'
import type { HttpConfig } from '../../../plugins/http/config.ts'
import { runHttp, type HttpRun } from './http-run.ts'

const statusAndBody = async (run: HttpRun): Promise<[number, unknown]> => {
  const response = await fetch(run.url)
  return [response.status, await response.json()]
}

it('exactly false of the condition answers 422 and everything else lets the handler run', async () => {
  const run = await runHttp()
  let verdict: unknown = false
  const inputs: object[] = []
  run.provide('may', (input: object) => {
    inputs.push(input)
    return verdict
  })
  await run.serve('f', 'GET /', () => ({ body: 'ran' }), { condition_function_id: 'may' })
  expect(await statusAndBody(run)).toEqual([
    422,
    { error: { code: 'CONDITION_NOT_MET', message: 'Request condition not met' }, skipped: true },
  ])
  for (verdict of [null, 0, {}, 'false', undefined, true]) expect(await statusAndBody(run)).toEqual([200, 'ran'])
  expect(Object.keys(inputs[0]!).sort()).toEqual(
    ['body', 'headers', 'method', 'path', 'path_params', 'query_params', 'trigger', 'url'].sort(),
  )
})

it('a condition that fails answers 500 with its code, and the handler is not called', async () => {
  const run = await runHttp()
  let isCalled = false
  const handler = (): object => {
    isCalled = true
    return {}
  }
  await run.serve('f', 'GET /', handler, { condition_function_id: 'nobody' })
  const [status, body] = await statusAndBody(run)
  expect([status, (body as { error: { code: string } }).error.code]).toEqual([500, 'function_not_found'])
  expect(isCalled).toBe(false)
})

it('a condition that throws answers 500 with its code and message', async () => {
  const run = await runHttp()
  run.provide('may', () => {
    throw new Error('not today')
  })
  await run.serve('f', 'GET /', () => ({ body: 'ran' }), { condition_function_id: 'may' })
  const error = { code: 'invocation_failed', message: 'not today', error_id: expect.any(String) }
  expect(await statusAndBody(run)).toEqual([500, { error }])
})

it('middleware of the worker runs by priority, that of the route in its order after the condition', async () => {
  const called: string[] = []
  const middleware = [30, 10, 20].map((priority) => ({ function_id: `global-${priority}`, priority }))
  const skipped = { function_id: 'never', phase: 'onResponse' }
  const run = await runHttp({ middleware: [...middleware, skipped] })
  for (const id of ['global-10', 'global-20', 'global-30', 'first', 'second', 'may', 'never'])
    run.provide(id, () => {
      called.push(id)
      return id === 'second' ? {} : { action: 'continue' }
    })
  await run.serve('f', 'GET /', () => ({ body: called.push('f') }), {
    condition_function_id: 'may',
    middleware_function_ids: ['first', 7, 'second'],
  })
  await statusAndBody(run)
  expect(called).toEqual(['global-10', 'global-20', 'global-30', 'may', 'first', 'second', 'f'])
  expect(run.log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining("phase 'onResponse'"))
})

it('the first middleware that responds ends it, exactly as it says', async () => {
  const run = await runHttp()
  const called: string[] = []
  const inputs: object[] = []
  run.provide('auth', (input: object) => {
    inputs.push(input)
    const response = { status_code: 403, body: { e: 1 }, headers: { 'X-A': 'b' } }
    return { action: 'respond', response }
  })
  run.provide('later', () => void called.push('later'))
  await run.serve('f', 'GET /users/:id', () => void called.push('f'), { middleware_function_ids: ['auth', 'later'] })
  const response = await fetch(`${run.url}/users/1?a=b`)
  expect([response.status, response.headers.get('x-a'), response.headers.get('content-type')]).toEqual([
    403,
    'b',
    'application/json',
  ])
  expect(await response.json()).toEqual({ e: 1 })
  expect(called).toEqual([])
  expect(inputs).toEqual([
    {
      phase: 'preHandler',
      request: { path_params: { id: '1' }, query_params: { a: 'b' }, headers: expect.any(Object), method: 'GET' },
      context: {},
    },
  ])
})

it.each([
  [{ status_code: 65_736 }, 200, null],
  [{ status_code: 'x', body: 1 }, 200, 1],
  [{ status_code: 401, headers: { 'x-a': 1 } }, 401, null],
])('the response %j of a middleware is %i', async (given, status, body) => {
  const run = await runHttp()
  run.provide('mw', () => ({ action: 'respond', response: given }))
  await run.serve('f', 'GET /', () => ({ body: 'ran' }), { middleware_function_ids: ['mw'] })
  const response = await fetch(run.url)
  expect([response.status, await response.json(), response.headers.get('x-a')]).toEqual([status, body, null])
})

it('a middleware that does not answer in time gives 504 with its own code', async () => {
  const run = await runHttp({ default_timeout: 50 } satisfies HttpConfig)
  run.provide('mw', () => new Promise(() => {}))
  await run.serve('f', 'GET /', () => ({ body: 'ran' }), { middleware_function_ids: ['mw'] })
  expect(await statusAndBody(run)).toEqual([
    504,
    { error: { code: 'MIDDLEWARE_TIMEOUT', message: 'Middleware timeout' } },
  ])
})

it('all calls of a route are made for its binding, those of the worker’s middleware for nobody', async () => {
  const run = await runHttp({ middleware: [{ function_id: 'global' }] })
  for (const id of ['global', 'may', 'mw']) run.provide(id, () => ({ action: 'continue' }))
  await run.serve('f', 'GET /', () => ({}), { condition_function_id: 'may', middleware_function_ids: ['mw'] })
  await statusAndBody(run)
  const bindingOf = (id: string) => run.engine.calls.find(({ function_id }) => function_id === id)?.binding
  expect(['may', 'mw', 'f'].map(bindingOf)).toEqual(['f GET /', 'f GET /', 'f GET /'])
  expect(bindingOf('global')).toBeUndefined()
})
