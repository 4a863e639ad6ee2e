// The auth function: what it is asked, what its result gives, and what refuses a connection (spec 04 B.3 with checks 16–21, 24, 41).
import { expect, onTestFinished, test, vi } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { listenerEntry } from '../../support/test-core.ts'
import { PUBLIC, rbacScene } from './scene.ts'

const OPEN = { expose_functions: ['match("todos::*")'] }
const refusal = (message: unknown): object => ({
  code: 1008,
  frames: [{ type: 'error', error: { code: 'AUTH_ERROR', message } }],
})

// ── what it is asked ─────────────────────────────────────────────────────────────────────────────────────────────────

test('it is asked once per connection, with headers, decoded query and address, and nothing else', async () => {
  const { trusted, session } = await rbacScene({}, () => ({}))
  await session({
    path: '/?a=1&a=2&c=&token=b%20c&p=1+1&bad=%zz&flag&=nobody',
    ws: { headers: { 'X-Token': 'T', Cookie: 'sid=7', Origin: 'https://app.example.com', 'X-Odd': 'caf\u00e9' } },
  })
  const calls = trusted.calls('gate::auth')
  expect(calls).toHaveLength(1)
  const { headers, ...input } = calls.map(({ data }) => data as { headers: object })[0]!
  expect(input).toEqual({
    query_params: { a: ['1', '2'], c: [''], token: ['b c'], p: ['1+1'], bad: ['%zz'], flag: [''] },
    ip_address: '127.0.0.1',
  })
  expect(headers).toMatchObject({ 'x-token': 'T', cookie: 'sid=7', origin: 'https://app.example.com' })
  expect(headers).not.toHaveProperty('x-odd')
})

test('a reconnect is a new session: it is asked again, and may give other rights', async () => {
  let asked = 0
  const { trusted, session } = await rbacScene(OPEN, () => ({ function_registration_prefix: `u${++asked}` }))
  const first = await session()
  await first.provided('ui::f', () => 'first')
  expect((await trusted.call('u1::ui::f', {})).result).toBe('first')
  await first.close()
  const second = await session()
  await second.provided('ui::f', () => 'second')
  expect((await trusted.call('u2::ui::f', {})).result).toBe('second')
  expect((await trusted.call('u1::ui::f', {})).error?.code).toBe('function_not_found')
})

test('it is asked for /otel too, where its result only admits or refuses', async () => {
  let admits = true
  const { core, trusted, refused } = await rbacScene({}, ({ query_params: { token } }) => {
    if (!admits) throw new Error(`not ${token?.[0]}`)
    return { expires_in_ms: 60_000 }
  })
  const admitted = new RawClient(`${core.url(PUBLIC)}/otel?token=me`)
  await admitted.opened()
  await trusted.until(() => trusted.calls('gate::auth').length === 1, 'the question')
  await trusted.settled()
  expect(admitted.frames).toEqual([])
  expect((await trusted.call('engine::sessions::list')).result).toMatchObject({ sessions: [] })
  admits = false
  expect(await refused({ path: '/otel?token=you' })).toEqual(refusal('not you'))
})

// ── what its result gives ────────────────────────────────────────────────────────────────────────────────────────────

test('what means nothing is ignored, and the operator is told once, of twenty at the most', async () => {
  const results: object[] = [
    { forbidden_function: ['todos::list'], context: {} },
    { forbidden_function: ['todos::list'] },
    { forbidden_functions: ['todos::*', 'db::x'], allowed_functions: ['db::*'], context: { any: '*' } },
    { allowedFunctions: ['secret::f'], zz: 1 },
    Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`zz${index}`, 1])),
  ]
  const { plugin, trusted, session } = await rbacScene(OPEN, () => results.shift())
  await trusted.provided('todos::list', () => 'listed')
  while (results.length > 0) expect((await (await session()).call('todos::list', {})).result).toBe('listed')
  const told = plugin.log.lines.map(({ level, message }) => `${level}: ${message}`)
  const oddity = (text: string): string => `warn: the auth function 'gate::auth' returns ${text}`
  const ignored = (name: string): string => oddity(`'${name}', which means nothing and is ignored.`)
  expect(told.slice(0, 6)).toEqual([
    `${ignored('forbidden_function')} Did you mean 'forbidden_functions'?`,
    oddity("'db::*' in 'allowed_functions', where ids are exact: no other id is meant."),
    oddity("'todos::*' in 'forbidden_functions', where ids are exact: no other id is meant."),
    `${ignored('allowedFunctions')} Did you mean 'allowed_functions'?`,
    ignored('zz'),
    ignored('zz0'),
  ])
  expect(told).toHaveLength(20)
})

test('allowed, forbidden and exposed ids, and what an unknown one is told', async () => {
  const { trusted, session } = await rbacScene({ expose_functions: ['match("api::*")'] }, () => ({
    allowed_functions: ['db::x', 'db::both'],
    forbidden_functions: ['api::del', 'db::both', 'engine::log::info'],
  }))
  for (const id of ['api::x', 'api::del', 'db::x', 'db::both']) trusted.provide(id, () => id)
  await trusted.settled()
  const client = await session()
  const told = async (id: string): Promise<unknown> => {
    const { result, error } = await client.call(id, {})
    return error === undefined ? result : `${error.code}: ${error.message}`
  }
  const notExposed = (id: string): string => `FORBIDDEN: function '${id}' not allowed (add to rbac.expose_functions)`
  const forbidden = (id: string): string =>
    `FORBIDDEN: function '${id}' not allowed (remove from rbac.forbidden_functions)`
  expect(await told('api::x')).toBe('api::x')
  expect(await told('db::x')).toBe('db::x')
  expect(await told('db::y')).toBe(notExposed('db::y'))
  expect(await told('nope::x')).toBe(notExposed('nope::x'))
  expect(await told('api::missing')).toBe('function_not_found: Function api::missing not found')
  for (const id of ['api::del', 'db::both', 'engine::log::info']) expect(await told(id)).toBe(forbidden(id))
})

test('without an auth function a session has what the block exposes, and may register', async () => {
  const { core, trusted, session } = await rbacScene(OPEN)
  await trusted.provided('todos::list', () => ['milk'])
  const client = await session()
  client.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await client.provided('own::f', () => 1)
  expect((await client.call('todos::list', {})).result).toEqual(['milk'])
  expect((await trusted.call('own::f', {})).result).toBe(1)
  expect(core.core.triggers.findType('default', 'tick')).toBeDefined()
})

test('without a list nothing is exposed but what every session may call', async () => {
  const { session } = await rbacScene()
  const client = await session()
  for (const id of [
    'engine::channels::create',
    'engine::workers::register',
    ...['info', 'warn', 'error', 'debug', 'trace'].map((level) => `engine::log::${level}`),
    'engine::baggage::get',
    'engine::baggage::set',
    'engine::baggage::get_all',
  ])
    expect([id, (await client.call(id, { message: 'm', key: 'k', value: 'v' })).error]).toEqual([id, undefined])
  for (const id of [
    'engine::functions::list',
    'engine::functions::info',
    'engine::workers::list',
    'engine::triggers::list',
    'engine::registered-triggers::list',
    'engine::register_trigger',
    'engine::health::check',
  ])
    expect([id, (await client.call(id, {})).error?.code]).toEqual([id, 'FORBIDDEN'])
})

test.each([
  ['an empty object', {}],
  [
    'null for every member',
    {
      allowed_functions: null,
      forbidden_functions: null,
      allowed_trigger_types: null,
      allow_trigger_type_registration: null,
      allow_function_registration: null,
      context: null,
      function_registration_prefix: null,
      namespaces: null,
      expires_in_ms: null,
    },
  ],
  ['members that nobody knows', { role: 'admin', prototype: {} }],
])('%s gives the defaults: functions may be registered, trigger types not', async (_what, result) => {
  const { core, trusted, session } = await rbacScene({}, () => result)
  const client = await session()
  client.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await client.provided('own::f', () => 1)
  expect((await trusted.call('own::f', {})).result).toBe(1)
  expect(core.core.triggers.findType('default', 'tick')).toBeUndefined()
  client.send({ type: 'registertrigger', id: 't', trigger_type: 'any', function_id: 'own::f', config: {} })
  await client.settled()
  expect(client.of('triggerregistrationresult')).toEqual([])
})

test('registration rights, trigger types, prefix and lifetime', async () => {
  const rights = {
    allow_function_registration: false,
    allow_trigger_type_registration: true,
    allowed_trigger_types: ['stream'],
    function_registration_prefix: 'S',
    expires_in_ms: 300,
  }
  const { core, trusted, session } = await rbacScene({ expose_functions: ['match("*")'] }, () => rights)
  const client = await session()
  client.provide('own::f', () => 1)
  client.send({ type: 'registertriggertype', id: 'tick', description: '' })
  client.send({ type: 'registertrigger', id: 't', trigger_type: 'cron', function_id: 'own::f', config: {} })
  await client.settled()
  expect(core.core.triggers.findType('default', 'tick')).toBeDefined()
  expect(core.core.triggers.findBinding('t')).toBeUndefined()
  expect((await trusted.call('S::own::f', {})).error?.code).toBe('function_not_found')
  expect(await client.closed).toEqual({ code: 1008, reason: 'session expired' })
})

test('its context comes to hooks and middleware with the digits that it was given', async () => {
  const block = { on_function_registration_function_id: 'gate::hook', expose_functions: ['match("*")'] }
  const { trusted, session } = await rbacScene({ ...block, auth_function_id: 'gate::exact' }, undefined, {
    middleware_function_id: 'gate::middleware',
  })
  const texts: string[] = []
  trusted.socket.on('message', (data: Buffer) => {
    const text = data.toString()
    texts.push(text)
    const { type, function_id, invocation_id } = JSON.parse(text) as Record<string, string>
    if (type === 'invokefunction' && function_id === 'gate::exact')
      trusted.send(
        `{"type":"invocationresult","invocation_id":"${invocation_id}","function_id":"gate::exact","result":{"context":{"user":9007199254740993}}}`,
      )
  })
  trusted.provide('gate::exact')
  trusted.provide('gate::hook', () => ({}))
  await trusted.provided('gate::middleware', () => 'through')
  const client = await session()
  await client.provided('own::f', () => 1)
  expect((await client.call('a::f', {})).result).toBe('through')
  for (const id of ['gate::hook', 'gate::middleware'])
    expect(texts.find((text) => text.includes(`"${id}"`) && text.includes('context'))).toContain(
      '"context":{"user":9007199254740993}',
    )
})

test('a session that is granted namespaces calls there what the grants name', async () => {
  const { core, session } = await rbacScene({}, () => ({
    namespaces: { shop: ['orders::*', 'match("api::*")', 'one::id'] },
  }))
  const shop = await core.connect({ namespace: 'shop' })
  for (const id of ['orders::new', 'api::x', 'one::id', 'one::other']) shop.provide(id, () => id)
  await shop.settled()
  const client = await session({ namespace: 'shop' })
  const codes = await Promise.all(
    ['orders::new', 'api::x', 'one::id', 'one::other'].map(
      async (id) => (await client.call(id, {}, { namespace: 'shop' })).error?.code,
    ),
  )
  expect(codes).toEqual([undefined, undefined, undefined, 'FORBIDDEN'])
})

// ── what refuses a connection ────────────────────────────────────────────────────────────────────────────────────────

test.each([
  ['null', null, 'auth function returned no result'],
  ['no value', undefined, 'auth function returned no result'],
  ['a text', 'yes', 'auth function must return an object, not "yes"'],
  ['true', true, 'auth function must return an object, not true'],
  ['a list', [], 'auth function must return an object, not []'],
  [
    'ids that are no list',
    { allowed_functions: 'all' },
    `auth function: 'allowed_functions' must be a list of function ids, not "all"`,
  ],
  [
    'a flag that is none',
    { allow_function_registration: 'no' },
    `auth function: 'allow_function_registration' must be true or false, not "no"`,
  ],
  [
    'a blank prefix',
    { function_registration_prefix: ' ' },
    `auth function: 'function_registration_prefix' must be a text that is not blank, not " "`,
  ],
  ['a list as context', { context: [] }, `auth function: 'context' must be an object, not []`],
  ['no time', { expires_in_ms: 0 }, `auth function: 'expires_in_ms' must be a number of milliseconds above 0, not 0`],
  [
    'namespaces without lists',
    { namespaces: { a: 'x' } },
    expect.stringContaining(`auth function: 'namespaces' must be `),
  ],
])('a result that is %s', async (_what, result, message) => {
  const { core, refused } = await rbacScene(OPEN, () => result)
  expect(await refused()).toEqual(refusal(message))
  expect([...core.core.router.workers.values()].filter(({ policy }) => policy.kind === 'session')).toEqual([])
})

test('an error, of which the client gets the message and no more; the next attempt counts anew', async () => {
  let open = false
  const { trusted, refused, session } = await rbacScene(OPEN, () => {
    if (!open) throw Object.assign(new Error('who are you?'), { code: 'SECRET_CODE' })
    return {}
  })
  trusted.send({ type: 'registerfunction', id: 'todos::list' })
  expect(await refused()).toEqual(refusal('who are you?'))
  open = true
  expect((await session()).of('workerregistered')).toHaveLength(1)
})

test('an auth function that nobody provides; no other id is named', async () => {
  const { plugin, trusted, refused, session } = await rbacScene({ auth_function_id: 'gate::auth' })
  await trusted.provided('gate::autk', () => ({}))
  expect(await refused()).toEqual(refusal('Function gate::auth not found'))
  expect(plugin.log.lines).toMatchObject([
    { level: 'warn', message: "the auth function 'gate::auth' was not asked", data: { reason: expect.any(String) } },
  ])
  await trusted.provided('gate::auth', () => ({}))
  expect((await session()).of('workerregistered')).toHaveLength(1)
})

test('an auth function whose worker ends meanwhile', async () => {
  const { core, refused } = await rbacScene({ auth_function_id: 'gate::auth' })
  const gate = await core.connect({ name: 'gate' })
  await gate.provided('gate::auth', () => new Promise(() => {}))
  const answer = refused()
  await gate.next('invokefunction')
  await gate.close()
  expect(await answer).toEqual(refusal("auth function 'gate::auth' can not be asked at the moment; try again later"))
})

test('no answer within 30 s', async () => {
  const { trusted, refused } = await rbacScene(OPEN, () => new Promise(() => {}))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const answer = refused()
  await trusted.until(() => trusted.calls('gate::auth').length === 1, 'the question')
  vi.advanceTimersByTime(29_999)
  await trusted.settled()
  vi.advanceTimersByTime(1)
  expect(await answer).toEqual(refusal("auth function 'gate::auth' did not answer within 30000 ms"))
})

test('a session can not be the auth function, nor answer for it', async () => {
  const { core, session } = await rbacScene()
  const rogue = await session()
  await rogue.provided('gate::auth', () => ({ allowed_functions: ['secret::f'] }))
  await core.listen([
    listenerEntry({}),
    listenerEntry({ rbac: {} }, 1),
    listenerEntry({ rbac: { auth_function_id: 'gate::auth' } }, 2),
  ])
  const client = new RawClient(core.url(2))
  expect((await client.closed).code).toBe(1008)
  expect(rogue.calls('gate::auth')).toEqual([])
})

test('whoever is refused is no worker: nobody hears of a connection', async () => {
  const { trusted, refused, session } = await rbacScene(OPEN, ({ query_params: { ok } }) => {
    if (ok === undefined) throw new Error('no')
    return {}
  })
  await trusted.provided('watch::workers', () => null)
  trusted.send({
    type: 'registertrigger',
    id: 'w',
    trigger_type: 'engine::workers-available',
    function_id: 'watch::workers',
    config: {},
  })
  await trusted.settled()
  await refused()
  const admitted = await session({ path: '/?ok', name: null })
  await trusted.until(() => trusted.calls('watch::workers').length > 0, 'the event of the admitted')
  expect(trusted.calls('watch::workers').map(({ data }) => data)).toEqual([
    { event: 'worker_connected', worker_id: admitted.workerId },
  ])
})
