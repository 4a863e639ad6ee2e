// Routes that sessions of listeners with rbac bind: whose requests they get, and with whose rights their functions are called
// (spec 06 A.4, 09 §4 b, e; check 9).
import { describe, expect, it } from 'vitest'
import type { TestWorker } from '../../testing/index.ts'
import { runHttp, type HandlerRequest, type HttpRun } from '../plugins/http/http-run.ts'

interface Scene {
  readonly run: HttpRun
  readonly session: TestWorker
  /** Of the session's handle: what it was told. */
  told(): string
  bind(worker: TestWorker, functionId: string, route: string, more?: object): void
  get(path: string): Promise<[number, string]>
}

async function scene(rights = {}, config = {}): Promise<Scene> {
  const run = await runHttp(config)
  return {
    run,
    session: run.engine.connect({ session: rights }),
    told: () => run.engine.log.lines.map(({ message }) => message).join('\n'),
    bind: (worker, function_id, route, more = {}) => {
      const [http_method = '', api_path = ''] = route.split(' ')
      worker.registerTrigger({ type: 'http', function_id, config: { http_method, api_path, ...more } })
    },
    get: async (path) => {
      const response = await fetch(`${run.url}${path}`)
      return [response.status, await response.text()]
    },
  }
}

const NOT_FOUND = [404, '{"error":{"code":"NOT_FOUND","message":"Not Found"}}']

/** Each answer says whose it is. */
const saying = (text: string) => () => ({ body: text })

it('a session serves routes of its own by functions of its own, until it goes', async () => {
  const { session, bind, get } = await scene()
  session.registerFunction('mine::f', saying('session'))
  bind(session, 'mine::f', 'GET /mine/:x')
  await expect.poll(() => get('/mine/1')).toEqual([200, '"session"'])
  session.close()
  await expect.poll(() => get('/mine/1')).toEqual(NOT_FOUND)
})

it('a session with a prefix binds its functions by the names that it gave them', async () => {
  const { run, session, bind, get } = await scene({ prefix: 'tenant' })
  run.provide('f', saying('not its own'))
  session.registerFunction('f', saying('session'))
  bind(session, 'f', 'GET /a')
  await expect.poll(() => get('/a')).toEqual([200, '"session"'])
})

describe('a session does not take', () => {
  it.each([
    ['the route', 'GET /login'],
    ['a part of the route', 'GET /users/me'],
    ['a page below the route', 'GET /admin/login'],
  ])('%s of a trusted worker, and is told so', async (_what, route) => {
    const { run, session, bind, get, told } = await scene()
    const [, path = ''] = route.split(' ')
    await run.serve('login', 'GET /login', saying('trusted'))
    await run.serve('users', 'GET /users/:id', saying('trusted'))
    await run.serve('admin', 'GET /admin/*', saying('trusted'))
    session.registerFunction('mine::f', saying('stolen'))
    bind(session, 'mine::f', route)
    await expect.poll(told).toContain(`GET ${path} belongs to the route`)
    expect(await get(path)).toEqual([200, '"trusted"'])
  })

  it('what a trusted worker binds later', async () => {
    const { run, session, bind, get } = await scene()
    session.registerFunction('mine::f', saying('session'))
    bind(session, 'mine::f', 'GET /a')
    await expect.poll(() => get('/a')).toEqual([200, '"session"'])
    await run.serve('f', 'GET /a', saying('trusted'))
    expect(await get('/a')).toEqual([200, '"trusted"'])
    expect(run.log.lines.at(-1)?.message).toContain('The route GET /a is bound more than once')
    run.unbind('f GET /a')
    await expect.poll(() => get('/a')).toEqual([200, '"session"'])
  })

  it('what another session serves, until that one goes', async () => {
    const { run, session, bind, get } = await scene()
    const other = run.engine.connect({ session: {} })
    session.registerFunction('one::f', saying('one'))
    other.registerFunction('two::f', saying('two'))
    bind(session, 'one::f', 'GET /a')
    await expect.poll(() => get('/a')).toEqual([200, '"one"'])
    bind(other, 'two::f', 'GET /a')
    await expect
      .poll(() => run.log.lines.at(-1)?.message)
      .toContain('The route GET /a is another session’s'.replace('’', "'"))
    expect(await get('/a')).toEqual([200, '"one"'])
    session.close()
    await expect.poll(() => get('/a')).toEqual([200, '"two"'])
  })

  it('a route by an equal binding, which would outlive the trusted worker’s', async () => {
    const { run, session, bind, get, told } = await scene({ expose: [{ match: 'open::*' }] })
    await run.serve('open::f', 'GET /a', saying('trusted'))
    bind(session, 'open::f', 'GET /a')
    await expect.poll(told).toContain('GET /a belongs to the route')
    run.unbind('open::f GET /a')
    await expect.poll(() => get('/a')).toEqual(NOT_FOUND)
  })

  it('what the HTTP worker answers itself, which a trusted worker may', async () => {
    const { run, session, bind, get } = await scene({}, { openapi: { path: '/api' } })
    session.registerFunction('mine::f', saying('stolen'))
    bind(session, 'mine::f', 'GET /api')
    bind(session, 'mine::f', 'GET /mine')
    await expect.poll(() => get('/mine')).toEqual([200, '"stolen"'])
    expect((await get('/api'))[1]).toContain('"openapi":"3.1')
    await run.serve('f', 'GET /api', saying('trusted'))
    expect(await get('/api')).toEqual([200, '"trusted"'])
  })

  it('its own route back from itself: of those the last one serves', async () => {
    const { session, bind, get } = await scene()
    session.registerFunction('mine::f', saying('one'))
    session.registerFunction('mine::g', saying('two'))
    bind(session, 'mine::f', 'GET /a')
    bind(session, 'mine::g', 'GET /a')
    await expect.poll(() => get('/a')).toEqual([200, '"two"'])
  })
})

describe('what a session may not call is not called for its binding', () => {
  const secret = async (): Promise<Scene & { calls: unknown[] }> => {
    const made = await scene({ expose: [{ match: 'open::*' }] })
    const calls: unknown[] = []
    made.run.provide('secret::f', (data) => {
      calls.push(data)
      return { action: 'respond', response: {} }
    })
    made.session.registerFunction('mine::f', saying('session'))
    return { ...made, calls }
  }

  it('as the target', async () => {
    const { session, bind, get, told, calls } = await secret()
    bind(session, 'secret::f', 'GET /a')
    await expect.poll(told).toContain('secret::f')
    expect(await get('/a')).toEqual(NOT_FOUND)
    expect(calls).toEqual([])
  })

  it.each([
    ['as a condition', { condition_function_id: 'secret::f' }],
    ['as a middleware', { middleware_function_ids: ['open::pass', 'secret::f'] }],
  ])('%s', async (_as, config) => {
    const { run, session, bind, get, calls } = await secret()
    run.provide('open::pass', () => ({ action: 'continue' }))
    bind(session, 'mine::f', 'GET /a', config)
    await expect.poll(async () => (await get('/a'))[0]).toBe(500)
    expect(JSON.parse((await get('/a'))[1]).error.code).toBe('FORBIDDEN')
    expect(calls).toEqual([])
  })

  it('and what it may call is', async () => {
    const { run, session, bind, get } = await secret()
    run.provide('open::pass', () => ({ action: 'continue' }))
    run.provide('open::yes', () => true)
    bind(session, 'mine::f', 'GET /a', { condition_function_id: 'open::yes', middleware_function_ids: ['open::pass'] })
    await expect.poll(() => get('/a')).toEqual([200, '"session"'])
  })

  it('nor for the routes of others that the session has named: those have the rights of their owners', async () => {
    const { run, session, bind, get, calls } = await secret()
    bind(session, 'mine::f', 'GET /a', { condition_function_id: 'secret::f' })
    await run.serve('f', 'GET /b', saying('trusted'), { middleware_function_ids: ['secret::f'] })
    await expect.poll(async () => (await get('/a'))[0]).toBe(500)
    expect(await get('/b')).toEqual([200, 'null'])
    expect(calls).toHaveLength(1)
  })
})

it('only who has the references of a request’s channels can read its body and write its answer', async () => {
  const { run, session } = await scene()
  const requests: HandlerRequest[] = []
  const held = Promise.withResolvers<void>()
  await run.serve('f', 'POST /a', async (request) => {
    requests.push(request)
    await held.promise
    return { body: String(await request.request_body.readAll()) }
  })
  const answer = fetch(`${run.url}/a`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'private' })
  await expect.poll(() => requests.length).toBe(1)
  const ref = JSON.parse(JSON.stringify(requests[0]!.request_body)) as { channel_id: string; access_key: string }
  // A guessed key, with everything else right.
  const guess = { ...ref, access_key: ref.access_key.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a')) }
  const read = new Promise<unknown>((resolve) => {
    session.registerFunction('mine::read', async ({ reader }: { reader: { readAll(): Promise<Buffer> } }) => {
      resolve(await reader.readAll().then(String, (error: Error) => error.message))
      return null
    })
  })
  await expect
    .poll(() =>
      run.worker.trigger({ function_id: 'mine::read', payload: { reader: guess } }).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  expect(await read).toContain('NOT_FOUND')
  held.resolve()
  expect(await (await answer).json()).toBe('private')
})
