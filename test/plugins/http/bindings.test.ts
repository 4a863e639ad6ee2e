// Routes come and go with their bindings (spec 06 A.3, A.4).
import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { TestWorker } from '../../../testing/index.ts'
import { runHttp, type HttpRun } from './http-run.ts'

const bodyOf = async (url: string): Promise<unknown> => (await fetch(url)).json().catch(() => undefined)

/** What a worker of its own binds is there when this resolves. */
async function bindAs(worker: TestWorker, functionId: string, config: object, namespace?: string): Promise<void> {
  const more = namespace === undefined ? {} : { namespace }
  worker.registerTrigger({ type: 'http', function_id: functionId, config, ...more } as never)
  await settled(worker)
}

/** What the worker has sent has been taken in, by the provider of the type as well. */
async function settled(worker: TestWorker): Promise<void> {
  const route = `/settled-${randomUUID()}`
  worker.registerTrigger({ type: 'http', function_id: 'settled', config: { api_path: route } })
  await worker.trigger({ function_id: 'engine::functions::list', payload: {} })
}

const warnings = ({ log }: HttpRun): string[] =>
  log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)

it('a binding without api_path is refused, in words', async () => {
  const run = await runHttp()
  const refusal = await run.refusalOf({ id: 'b', function_id: 'f', config: { http_method: 'GET' } })
  expect(refusal.code).toBe('trigger_registration_failed')
  expect(refusal.message).toContain('api_path is required for http triggers')
})

it('a route that differs in the names of its parameters alone is refused, and the first one answers', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /s/:a/:b', ({ path_params }) => ({ body: path_params }))
  const refusal = await run.refusalOf({ id: 'b', function_id: 'g', config: { api_path: '/s/:b/:a' } })
  expect(refusal.message).toContain('conflicts with already-registered route')
  expect(await bodyOf(`${run.url}/s/1/2`)).toEqual({ a: '1', b: '2' })
})

it('a method that is never routed is kept with a warning', async () => {
  const run = await runHttp()
  await run.bind({ id: 'b', function_id: 'f', config: { api_path: '/a', http_method: 'TRACE' } })
  expect(warnings(run)).toContainEqual(expect.stringContaining('"TRACE" is never routed'))
  expect((await fetch(`${run.url}/a`)).status).toBe(404)
})

it('the type is called api by workers of old, and makes the same routes', async () => {
  const run = await runHttp()
  run.provide('f', ({ trigger }: any) => ({ body: trigger }))
  const bound = await run.engine.bind({ id: 'b', type: 'api', function_id: 'f', config: { api_path: '/a' } })
  expect(await bodyOf(`${run.url}/a`)).toEqual({ type: 'http', path: '/a', method: 'GET' })
  bound.unregister()
  await expect.poll(async () => (await fetch(`${run.url}/a`)).status).toBe(404)
})

it('routes come and go at once', async () => {
  const run = await runHttp()
  expect((await fetch(run.url)).status).toBe(404)
  await run.serve('f', 'GET /', () => ({ body: 'here' }))
  expect(await bodyOf(run.url)).toBe('here')
  run.unbind('f GET /')
  await expect.poll(async () => (await fetch(run.url)).status).toBe(404)
})

it('of two bindings of one route the last one answers, and the one before it when that goes', async () => {
  const run = await runHttp()
  const [first, second] = [run.engine.connect(), run.engine.connect()]
  for (const [worker, id] of [
    [first, 'one'],
    [second, 'two'],
  ] as const) {
    worker.registerFunction(id, () => ({ body: id }))
    await bindAs(worker, id, { api_path: '/' })
  }
  expect(await bodyOf(run.url)).toBe('two')
  expect(warnings(run)).toContainEqual(expect.stringMatching(/GET \/ is bound more than once: to two .*, to one /))
  second.close()
  await expect.poll(() => bodyOf(run.url)).toBe('one')
  first.close()
  await expect.poll(async () => (await fetch(run.url)).status).toBe(404)
})

it('when the one before goes first the last one still answers', async () => {
  const run = await runHttp()
  const [first, second] = [run.engine.connect(), run.engine.connect()]
  for (const [worker, id] of [
    [first, 'one'],
    [second, 'two'],
  ] as const) {
    worker.registerFunction(id, () => ({ body: id }))
    await bindAs(worker, id, { api_path: '/' })
  }
  first.close()
  await settled(second)
  expect(await bodyOf(run.url)).toBe('two')
  second.close()
  await expect.poll(async () => (await fetch(run.url)).status).toBe(404)
})

it('equal bindings of replicas are one, and answer until the last is gone', async () => {
  const run = await runHttp()
  const replicas = [run.engine.connect(), run.engine.connect()]
  for (const replica of replicas) {
    replica.registerFunction('f', () => ({ body: 'ok' }))
    await bindAs(replica, 'f', { api_path: '/' })
  }
  expect(warnings(run)).toEqual([])
  replicas[0]!.close()
  await settled(replicas[1]!)
  expect(await bodyOf(run.url)).toBe('ok')
  replicas[1]!.close()
  await expect.poll(async () => (await fetch(run.url)).status).toBe(404)
})

it('handler, condition and middleware are looked for where the binding says', async () => {
  const run = await runHttp()
  const of = { condition_function_id: 'may', middleware_function_ids: ['mw'] }
  for (const id of ['may', 'mw', 'f']) run.provide(id, () => ({}))
  await run.bind({ id: 'a', function_id: 'f', config: { api_path: '/a', ...of }, namespace: 'n1' } as never)
  await run.bind({ id: 'b', function_id: 'f', config: { api_path: '/b', ...of } })
  await fetch(`${run.url}/a`)
  await fetch(`${run.url}/b`)
  const calls = run.engine.calls.filter(({ binding }) => binding !== undefined)
  expect(calls.map(({ binding, function_id, namespace }) => [binding, function_id, namespace])).toEqual([
    ['a', 'may', 'n1'],
    ['b', 'may', 'default'],
    ['b', 'mw', 'default'],
    ['b', 'f', 'default'],
  ])
})

it('one route of two namespaces is one route: the last one answers, with a warning that names both', async () => {
  const run = await runHttp()
  const worker = run.engine.connect()
  worker.registerFunction('f', () => ({ body: 'default' }))
  await bindAs(worker, 'f', { api_path: '/' }, 'n1')
  await bindAs(worker, 'f', { api_path: '/' })
  expect(await bodyOf(run.url)).toBe('default')
  expect(warnings(run)).toContainEqual(
    expect.stringMatching(/to f \(namespace default\) .*, to f \(namespace n1\) before/),
  )
})

it('what the owner of a binding may not call its route does not call', async () => {
  const run = await runHttp()
  const session = run.engine.connect({ session: { allowedFunctions: ['mine'], allowedTriggerTypes: ['http'] } })
  session.registerFunction('mine', () => ({ body: 'mine' }))
  let isCalled = false
  run.provide('secret', () => {
    isCalled = true
  })
  for (const [path, more] of [
    ['/condition', { condition_function_id: 'secret' }],
    ['/middleware', { middleware_function_ids: ['secret'] }],
    ['/plain', {}],
  ] as const)
    session.registerTrigger({ type: 'http', function_id: 'mine', config: { api_path: path, ...more } })
  await expect.poll(() => bodyOf(`${run.url}/plain`)).toBe('mine')
  for (const path of ['/condition', '/middleware'])
    expect(await bodyOf(run.url + path)).toMatchObject({ error: { code: 'FORBIDDEN' } })
  expect(isCalled).toBe(false)
})

it('a request whose route goes before its handler is called is asked to come again', async () => {
  const run = await runHttp()
  run.provide('condition', () => run.unbind('f GET /f'))
  await run.serve('f', 'GET /f', () => ({ body: 1 }), { condition_function_id: 'condition' })
  const response = await fetch(`${run.url}/f`)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await response.json()).toMatchObject({ error: { code: 'route_gone' } })
  expect((await fetch(`${run.url}/f`)).status).toBe(404)
  expect(run.log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

it('a trailing slash counts unless the settings say otherwise, at once', async () => {
  const run = await runHttp()
  await run.serve('f', 'GET /users', () => ({ body: 'ok' }))
  expect((await fetch(`${run.url}/users/`)).status).toBe(404)
  await run.host.reconfigure({ ...run.host.config, ignore_trailing_slash: true })
  expect(await bodyOf(`${run.url}/users/`)).toBe('ok')
})
