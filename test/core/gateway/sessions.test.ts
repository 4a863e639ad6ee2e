// Listeners with rbac, with a stand-in for the plugin that holds the seat session-policy (spec 01 §2.1, 04 B.2–B.7, 09 §4).
import type { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { within } from '../../support/deadline.ts'
import { listenerEntry, startCore, type TestCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'
import { sessionAnswer } from '../../support/session-rights.ts'
import { both, PUBLIC, scene, type Decide } from './session-scene.ts'

const MUST = "of the session's rights must be"
const rights = (changes: object): object => ({ ...sessionAnswer(), ...changes })

test('A listener with rbac does not open while nobody holds the seat, and says what to do', async () => {
  await expect(startCore({ listeners: [{}, { rbac: {} }] })).rejects.toThrow(
    /'session-policy'.*Enable the entry 'iii-rbac'/s,
  )
})

test('A listener with rbac does not open while the plugin that holds the seat has crashed or failed', async () => {
  const core = await startCore({ listeners: [] })
  const { worker } = core.plugin('gate', { 'engine::seat::session-policy': () => sessionAnswer() })
  core.core.router.endWorker(worker, { abnormal: true })
  await expect(core.listen([listenerEntry({ rbac: {} })])).rejects.toThrow(/no plugin holds the seat/)
  expect(core.listeners.all).toEqual([])
})

test('A rejected connection gets AUTH_ERROR and 1008, is never a worker, and its frames never take effect', async () => {
  const gate = Promise.withResolvers<void>()
  const core = await scene(async () => {
    await gate.promise
    throw Object.assign(new Error('who are you?'), { code: 'X' })
  })
  const trusted = await core.connect()
  const client = new RawClient(core.url(PUBLIC))
  await client.opened()
  client.provide('early::f', () => 1)
  client.send({ type: 'ping' })
  gate.resolve()
  expect(await within(3000, 'the close', client.closed)).toMatchObject({ code: 1008 })
  expect(client.frames).toEqual([{ type: 'error', error: { code: 'AUTH_ERROR', message: 'who are you?' } }])
  expect((await trusted.call('early::f', {})).error?.code).toBe('function_not_found')
  expect(
    [...core.core.router.workers.values()].filter(({ link }) => link.kind === 'socket').map(({ id }) => id),
  ).toEqual([trusted.workerId])
})

test.each([
  ['null', null, "the session's rights must be an object, not null"],
  ['nothing', undefined, "the session's rights must be an object, not no value"],
  ['a list', [], "the session's rights must be an object, not []"],
  ['an auth result', {}, "'allowed_functions' of the session's rights is missing"],
  ['a wrong shape', rights({ allowed_functions: 'all' }), `'allowed_functions' ${MUST} a list of texts, not "all"`],
  ['a negative time', rights({ expires_in_ms: -1 }), `'expires_in_ms' ${MUST} a number above 0, or null, not -1`],
  [
    'a blank hook',
    rights({ on_trigger_registration_function_id: ' ' }),
    `'on_trigger_registration_function_id' ${MUST} `,
  ],
  ['a filter as written', rights({ expose_functions: ['match("*")'] }), `'expose_functions' ${MUST} a list of filters`],
  [
    'a filter of two kinds',
    rights({ expose_functions: [{ match: '*', metadata: { a: 1 } }] }),
    `'expose_functions' ${MUST}`,
  ],
  ['a filter of all metadata', rights({ expose_functions: [{ metadata: {} }] }), `'expose_functions' ${MUST}`],
  ['of a newer holder', rights({ max_calls: 5 }), "'max_calls' is no member of a session's rights"],
])(
  'An answer of the seat that is %s refuses the connection, and the member is named',
  async (_what, answer, message) => {
    const core = await startCore({
      listeners: [{}, { rbac: {} }],
      prepare: (host) => host.seat('session-policy', () => answer),
    })
    const client = new RawClient(core.url(PUBLIC))
    await client.closed
    expect(client.frames).toEqual([
      { type: 'error', error: { code: 'AUTH_ERROR', message: expect.stringContaining(message) } },
    ])
  },
)

test('Frames sent while the decision is pending take effect in order, behind the greeting', async () => {
  const gate = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const core = await scene(async () => {
    asked.resolve()
    await gate.promise
    return {}
  })
  const trusted = await core.connect()
  const client = new RawClient(core.url(PUBLIC))
  await client.opened()
  await asked.promise
  for (let index = 0; index < 20; index++) client.provide(`order::${index}`, () => index)
  client.send({ type: 'unregisterfunction', id: 'order::7' })
  const announced = client.announce()
  gate.resolve()
  expect((await announced).result).toEqual({ success: true })
  expect(client.frames[0]?.type).toBe('workerregistered')
  expect((await trusted.call('order::19', {})).result).toBe(19)
  expect((await trusted.call('order::7', {})).error?.code).toBe('function_not_found')
})

test('The decision is asked for with headers, decoded query, address, and the whole block of the listener as written', async () => {
  const inputs: Parameters<Decide>[0][] = []
  const rbac = { auth_function_id: 'gate::auth', expose_functions: ['match("a::*")', { metadata: { public: true } }] }
  const core = await scene(
    (input) => {
      inputs.push(input)
      return {}
    },
    rbac,
    undefined,
    { middleware_function_id: 'gate::middleware' },
  )
  await core.connect({
    listener: PUBLIC,
    name: null,
    path: '/?token=a&token=b%20c&flag&x=%zz&p=1+1&=none',
    ws: { headers: { Authorization: 'Bearer x' } },
  })
  const [input] = inputs
  expect(input).toMatchObject({ listener: 'iii-worker-manager#1', ip_address: '127.0.0.1' })
  expect(input?.rbac).toEqual(rbac)
  expect(input?.middleware_function_id).toBe('gate::middleware')
  expect(input?.headers).toMatchObject({ authorization: 'Bearer x', upgrade: 'websocket' })
  expect(input?.query_params).toEqual({ token: ['a', 'b c'], flag: [''], x: ['%zz'], p: ['1+1'] })
})

test('/otel asks for the same decision', async () => {
  const core = await scene(() => Promise.reject(new Error('not you')))
  const client = new RawClient(`${core.url(PUBLIC)}/otel`)
  expect(await client.closed).toMatchObject({ code: 1008 })
  expect(client.of('error')).toHaveLength(1)
})

// ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────

test('A session calls what is exposed or allowed, and nothing that is forbidden', async () => {
  const core = await scene(() => ({ allowed_functions: ['extra::one'], forbidden_functions: ['todos::secret'] }), {
    expose_functions: ['match("todos::*")', { metadata: { public: true } }],
  })
  const { trusted, session } = await both(core)
  for (const id of ['todos::a', 'todos::secret', 'extra::one', 'extra::two', 'meta::private'])
    trusted.provide(id, () => id)
  await trusted.provided('meta::public', () => 'meta', { metadata: { public: true } })
  const code = async (id: string): Promise<unknown> => (await session.call(id, {})).error?.code ?? 'ok'
  expect(await Promise.all(['todos::a', 'extra::one', 'meta::public'].map(code))).toEqual(['ok', 'ok', 'ok'])
  expect(
    await Promise.all(['todos::secret', 'extra::two', 'meta::private', 'no::such', 'engine::workers::list'].map(code)),
  ).toEqual(Array(5).fill('FORBIDDEN'))
  expect(await code('todos::missing')).toBe('function_not_found')
  expect((await session.call('extra::two', {})).error?.message).toBe(
    "function 'extra::two' not allowed (add to rbac.expose_functions)",
  )
  expect((await session.call('todos::secret', {})).error?.message).toBe(
    "function 'todos::secret' not allowed (remove from rbac.forbidden_functions)",
  )
  const before = session.frames.length
  session.send({ type: 'invokefunction', function_id: 'extra::two', data: {} })
  session.send({ type: 'invokefunction', function_id: 'extra::two', data: {}, action: { type: 'void' } })
  await session.settled()
  expect(session.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect(trusted.calls('extra::two')).toEqual([])
})

test('The target of an enqueue is checked, and the data cannot name a caller', async () => {
  const core = await scene(() => ({}), { expose_functions: ['match("todos::*")'] })
  const { trusted, session } = await both(core)
  await trusted.provided('engine::queue::enqueue', () => ({}))
  const action = { type: 'enqueue', queue: 'q' }
  expect((await session.call('secret::f', {}, { action })).error?.code).toBe('FORBIDDEN')
  expect((await session.call('todos::f', { a: 1, _caller_worker_id: 'forged' }, { action })).error).toBeUndefined()
  expect(trusted.calls('engine::queue::enqueue').map(({ data }) => (data as { data: unknown }).data)).toEqual([
    { a: 1 },
  ])
})

test('Functions that change the engine, or show what all of it does, are reached by an exact entry and by no wildcard', async () => {
  const provide = (host: TestCore): void => {
    for (const id of ['engine::plugins::stop', 'worker::add', 'configuration::set']) host.provide(id, () => 'done')
  }
  const wild = await both(await scene(() => ({}), { expose_functions: ['match("engine::*")', 'match("*")'] }, provide))
  const tails = ['engine::logs::tail', 'engine::events::tail']
  for (const id of ['engine::plugins::stop', 'worker::add', 'configuration::set', ...tails])
    expect((await wild.session.call(id, {})).error?.code).toBe('FORBIDDEN')
  expect((await wild.session.call('engine::workers::list', {})).error).toBeUndefined()
  const exact = await both(await scene(() => ({}), { expose_functions: ['match("engine::plugins::stop")'] }, provide))
  expect((await exact.session.call('engine::plugins::stop', {})).result).toBe('done')
  const reader = await both(await scene(() => ({}), { expose_functions: ['match("engine::logs::tail")'] }))
  expect((await reader.session.call('engine::logs::tail', {})).result).toMatchObject({ logs: expect.any(Array) })
})

test('Middleware is called instead of the target, with everything about the call; functions of the engine go past it', async () => {
  const core = await scene(() => ({ context: { user: 'u1' } }), { expose_functions: ['match("*")'] }, undefined, {
    middleware_function_id: 'gate::middleware',
  })
  const { trusted, session } = await both(core)
  trusted.provide('todos::f', () => 'unreached')
  await trusted.provided('gate::middleware', (input: { function_id: string }) => {
    if (input.function_id === 'todos::bad') throw new Error('not today')
    return { wrapped: input.function_id }
  })
  expect((await session.call('todos::f', { a: 1 }, { metadata: { m: 1 } })).result).toEqual({ wrapped: 'todos::f' })
  const call = trusted.calls('gate::middleware')[0]
  expect(call?.['data']).toEqual({
    function_id: 'todos::f',
    payload: { a: 1 },
    action: null,
    context: { user: 'u1' },
    namespace: 'default',
  })
  expect(call?.['metadata']).toEqual({ m: 1 })
  expect((await session.call('todos::bad', {})).error).toMatchObject({
    code: 'invocation_failed',
    message: 'not today',
  })
  expect((await session.call('engine::workers::list', {})).error).toBeUndefined()
  expect(trusted.calls('todos::f')).toEqual([])
})

// ── what a session sends ─────────────────────────────────────────────────────────────────────────────────────────────

test('When expires_in_ms has passed the session is closed with 1008 and not heard any more, even if it does not close', async () => {
  const core = await scene(() => ({ expires_in_ms: 150 }), { expose_functions: ['match("*")'] })
  const { trusted, session } = await both(core)
  await trusted.provided('late::f', () => 1)
  await session.provided('mine::f', () => 1)
  expect((await session.call('late::f', {})).result).toBe(1)
  const served = trusted.calls('late::f').length
  // A client that goes on sending instead of answering the close frame.
  const { _socket: tcp } = session.socket as unknown as { _socket: Socket }
  const closing = new Promise<void>((resolve) => tcp.once('data', () => resolve()))
  await closing
  while (core.core.router.workers.has(session.workerId)) await trusted.settled()
  tcp.write(maskedText(JSON.stringify({ type: 'invokefunction', function_id: 'late::f', data: {} })))
  expect(await session.closed).toEqual({ code: 1008, reason: 'session expired' })
  await trusted.settled()
  expect(trusted.calls('late::f')).toHaveLength(served)
  expect((await trusted.call('mine::f', {})).error?.code).toBe('function_not_found')
})

test.each([
  ['back', -1],
  ['ahead', 1],
])('A clock that is set %s neither prolongs nor ends a session', async (_way, sign) => {
  let set = 0
  const now = Date.now.bind(Date)
  // By an hour each time that somebody looks at it.
  vi.spyOn(Date, 'now').mockImplementation(() => now() + sign * 3_600_000 * ++set)
  const core = await scene(() => ({ expires_in_ms: 150 }))
  const began = performance.now()
  const { session } = await both(core)
  expect(await session.closed).toEqual({ code: 1008, reason: 'session expired' })
  expect(performance.now() - began).toBeGreaterThanOrEqual(140)
})

test.each([
  [
    'a payload too deep',
    `{"type":"invokefunction","invocation_id":"i","function_id":"todos::f","data":${'['.repeat(11)}${']'.repeat(11)}}`,
  ],
  [
    'metadata too deep',
    `{"type":"invokefunction","invocation_id":"i","function_id":"todos::f","data":1,"metadata":${'{"a":'.repeat(11)}1${'}'.repeat(11)}}`,
  ],
  [
    'a payload that only looks like JSON',
    '{"type":"invokefunction","invocation_id":"i","function_id":"todos::f","data":{"a" "b"}}',
  ],
])('%s of a session is invalid_message', async (_what, frame) => {
  const core = await scene(() => ({}), { expose_functions: ['match("*")'] }, undefined, { max_depth: 10 })
  const { trusted, session } = await both(core)
  await trusted.provided('todos::f', () => 'fine')
  session.send(frame)
  expect((await session.outcome('i')).error?.code).toBe('invalid_message')
  expect((await session.call('todos::f', JSON.parse(`${'['.repeat(10)}${']'.repeat(10)}`))).result).toBe('fine')
})

test('An answer of a session that is no JSON, or too deep, is invalid_message for the caller', async () => {
  const core = await scene(() => ({}), {}, undefined, { max_depth: 10 })
  const { trusted, session } = await both(core)
  await session.provided('mine::f')
  for (const [index, result] of ['{"a" "b"}', `${'['.repeat(11)}${']'.repeat(11)}`].entries()) {
    const answered = trusted.call('mine::f', {})
    await session.until(() => session.calls('mine::f').length === index + 1, 'the call')
    session.send(
      `{"type":"invocationresult","invocation_id":"${String(session.calls('mine::f')[index]?.['invocation_id'])}","function_id":"mine::f","result":${result}}`,
    )
    expect((await answered).error?.code).toBe('invalid_message')
  }
})

test('A session cannot reattach to a trusted connection', async () => {
  const core = await scene(() => ({}))
  const { trusted, session } = await both(core)
  session.send({ type: 'reattach', previous_worker_id: trusted.workerId, reattach_token: trusted.token })
  await session.settled()
  expect(core.core.router.workers.has(trusted.workerId)).toBe(true)
})

/** A client's text frame with the mask 0. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length > 125) throw new Error('too long')
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}
