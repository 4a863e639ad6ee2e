// Sessions as others see and end them, two sessions beside each other, and middleware without rbac (spec 09 §3; spec 04 B.5, B.7, checks 22, 26).
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startCore } from '../../support/test-core.ts'
import type { Frame } from '../../support/raw-client.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

test('engine::sessions::list tells who is there, since when, with which rights and how many calls', async () => {
  const rights = {
    function_registration_prefix: 'u1',
    allowed_functions: ['a::f'],
    forbidden_functions: ['a::g'],
    expires_in_ms: 60_000,
  }
  const core = await scene(() => rights)
  const { trusted, session } = await both(core)
  await trusted.provided('a::f', () => 1)
  const listed = async (): Promise<object[]> =>
    ((await trusted.call('engine::sessions::list')).result as { sessions: object[] }).sessions
  const [before] = (await listed()) as { calls: number; denied: number }[]
  await session.call('a::f', {})
  await session.call('a::g', {})
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect(await listed()).toEqual([
    {
      worker_id: session.workerId,
      listener: 'iii-worker-manager#1',
      ip_address: '127.0.0.1',
      connected_at: iso,
      prefix: 'u1',
      allowed: ['a::f'],
      forbidden: ['a::g'],
      expires_at: iso,
      calls: (before?.calls ?? 0) + 2,
      denied: (before?.denied ?? 0) + 1,
    },
  ])
})

test('engine::sessions::list shows the end of a session by the clock, as far as there are dates', async () => {
  let life = 60_000
  const core = await scene(() => ({ expires_in_ms: life }))
  const { trusted } = await both(core)
  life = 1e300
  await both(core)
  const { sessions } = (await trusted.call('engine::sessions::list')).result as {
    sessions: { connected_at: string; expires_at: string }[]
  }
  const [near, far] = sessions
  expect(Date.parse(near!.expires_at) - Date.parse(near!.connected_at)).toBe(60_000)
  expect(far!.expires_at).toBe('+275760-09-13T00:00:00.000Z')
})

test('engine::sessions::revoke closes a session with 1008, and it is not heard any more, even if it does not close', async () => {
  const core = await scene(() => ({}), { expose_functions: ['match("a::*")'] })
  const { trusted, session } = await both(core)
  await trusted.provided('a::f', () => 1)
  await session.provided('mine::f', () => 1)
  const { _socket: tcp } = session.socket as unknown as { _socket: Socket }
  expect((await trusted.call('engine::sessions::revoke', { worker_id: session.workerId })).result).toEqual({
    revoked: true,
  })
  const call = Buffer.from(JSON.stringify({ type: 'invokefunction', function_id: 'a::f', data: {} }))
  tcp.write(Buffer.concat([Buffer.from([0x81, 0x80 | call.length, 0, 0, 0, 0]), call]))
  expect(await session.closed).toEqual({ code: 1008, reason: 'session revoked' })
  await trusted.settled()
  expect(trusted.calls('a::f')).toEqual([])
  expect((await trusted.call('mine::f', {})).error?.code).toBe('function_not_found')
  expect((await trusted.call('engine::sessions::list')).result).toEqual({ sessions: [] })
})

test.each([
  ['an unknown worker', { worker_id: 'nobody' }, 'NOT_FOUND'],
  ['no worker', {}, 'deserialization_error'],
  ['a worker that is no text', { worker_id: 5 }, 'deserialization_error'],
])('engine::sessions::revoke of %s is an error', async (_what, input, code) => {
  const core = await startCore()
  expect((await (await core.connect()).call('engine::sessions::revoke', input)).error?.code).toBe(code)
})

test('engine::sessions::revoke does not end a trusted worker', async () => {
  const core = await startCore()
  const [one, other] = [await core.connect(), await core.connect()]
  expect((await one.call('engine::sessions::revoke', { worker_id: other.workerId })).error?.code).toBe('NOT_FOUND')
  await other.settled()
  expect(core.core.router.workers.has(other.workerId)).toBe(true)
})

test('Two sessions register and bind the same id under their own prefixes, and each gets its own events', async () => {
  let users = 0
  const core = await scene(() => ({ function_registration_prefix: `u${++users}` }))
  const provider = await core.connect()
  provider.send({ type: 'registertriggertype', id: 'stream', description: '' })
  await provider.settled()
  const sessions = [await core.connect({ listener: PUBLIC }), await core.connect({ listener: PUBLIC })]
  for (const [index, session] of sessions.entries()) {
    await session.provided('ui::on', (data: { n: number }, frame: Frame) => [index, frame['function_id'], data.n])
    session.send({
      type: 'registertrigger',
      id: `b${index}`,
      trigger_type: 'stream',
      function_id: 'ui::on',
      config: { stream_name: 'todos' },
    })
    await session.settled()
  }
  await provider.next('registertrigger', 2)
  const targets = provider.of('registertrigger').map(({ function_id }) => String(function_id))
  expect(targets).toEqual(['u1::ui::on', 'u2::ui::on'])
  expect(await Promise.all(targets.map(async (id) => (await provider.call(id, { n: 7 })).result))).toEqual([
    [0, 'ui::on', 7],
    [1, 'ui::on', 7],
  ])
  const { result } = await provider.call('engine::functions::list', { prefix: 'u1::' })
  expect((result as { functions: { function_id: string }[] }).functions.map(({ function_id }) => function_id)).toEqual([
    'u1::ui::on',
  ])
})

test('A plain listener may have a middleware: it gets calls and enqueues of that listener, and nobody else’s', async () => {
  const core = await startCore({ listeners: [{}, { middleware_function_id: 'gate::m' }] })
  const [inner, outer] = [await core.connect(), await core.connect({ listener: 1 })]
  inner.provide('a::f', () => 'unreached')
  await inner.provided('gate::m', ({ function_id, action }: { function_id: string; action: unknown }) => ({
    function_id,
    action,
  }))
  expect((await outer.call('a::f', {})).result).toEqual({ function_id: 'a::f', action: null })
  const action = { type: 'enqueue', queue: 'jobs' }
  expect((await outer.call('a::f', {}, { action })).result).toEqual({ function_id: 'a::f', action })
  expect((await outer.call('engine::log::info', { message: 'past it' })).error).toBeUndefined()
  const before = inner.calls('gate::m').length
  expect((await inner.call('a::f', {})).result).toBe('unreached')
  expect(inner.calls('gate::m')).toHaveLength(before)
})
