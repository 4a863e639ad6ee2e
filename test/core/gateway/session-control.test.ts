// Sessions as others see and end them, two sessions beside each other, and middleware without rbac (spec 09 §3; spec 04 B.5, B.7, checks 22, 26).
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { LocalLink } from '../../../core/links/local-link.ts'
import { Worker } from '../../../core/model/worker.ts'
import { startCore } from '../../support/test-core.ts'
import type { Frame } from '../../support/raw-client.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

test('engine::sessions::list tells who is there, since when, with which rights and how many calls', async () => {
  const rights = {
    function_registration_prefix: 'u1',
    allowed_functions: ['a::f'],
    forbidden_functions: ['a::g'],
    expires_in_ms: 60_000,
    context: { user: 'u1', token: 'of the user' },
  }
  const core = await scene(() => rights, {
    expose_functions: ['match("open::*")'],
    on_function_registration_function_id: 'gate::f',
  })
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
      name: 'session',
      listener: 'iii-worker-manager#1',
      ip_address: '127.0.0.1',
      connected_at: iso,
      prefix: 'u1',
      allowed: ['a::f'],
      forbidden: ['a::g'],
      exposed: [{ match: 'open::*' }],
      namespaces: {},
      allow_function_registration: true,
      allow_trigger_type_registration: true,
      allowed_trigger_types: null,
      asks: {
        middleware: null,
        function_registration: 'gate::f',
        trigger_registration: null,
        trigger_type_registration: null,
      },
      context: { user: 'u1', token: '********' },
      expires_at: iso,
      calls: (before?.calls ?? 0) + 2,
      denied: (before?.denied ?? 0) + 1,
    },
  ])
})

test('engine::sessions::list finds one, those of a listener, and a part of many', async () => {
  const core = await scene(() => ({}))
  const { trusted, session } = await both(core)
  const more = [await core.connect({ listener: PUBLIC }), await core.connect({ listener: PUBLIC })]
  const all = [session, ...more].map(({ workerId }) => workerId)
  const found = async (input: object): Promise<unknown> => {
    const { sessions, total } = (await trusted.call('engine::sessions::list', input)).result as {
      sessions: { worker_id: string }[]
      total: number
    }
    return [sessions.map(({ worker_id }) => worker_id), total]
  }
  expect(await found({})).toEqual([all, 3])
  expect(await found({ worker_id: all[1] })).toEqual([[all[1]], 1])
  expect(await found({ limit: 1, offset: 1 })).toEqual([[all[1]], 3])
  expect(await found({ listener: 'iii-worker-manager#1' })).toEqual([all, 3])
  expect(await found({ listener: 'iii-worker-manager' })).toEqual([[], 0])
  expect(await found({ worker_id: trusted.workerId })).toEqual([[], 0])
})

test('engine::sessions::list names 1,000 sessions at a time unless told otherwise, and never more than 10,000', async () => {
  const core = await scene(() => ({}))
  const { trusted, session } = await both(core)
  const { policy } = core.core.router.workers.get(session.workerId)!
  for (let index = 0; index < 10_500; index++) {
    const link = new LocalLink({ onResult: () => {}, onMessage: () => {} })
    core.core.router.workers.set(`w${index}`, new Worker({ id: `w${index}`, link, policy }))
  }
  const count = async (input: object): Promise<number[]> => {
    const { sessions, total } = (await trusted.call('engine::sessions::list', input)).result as {
      sessions: object[]
      total: number
    }
    return [sessions.length, total]
  }
  expect(await count({})).toEqual([1_000, 10_501])
  expect(await count({ limit: 4_000_000 })).toEqual([10_000, 10_501])
  expect(await count({ limit: 4_000_000, offset: 10_000 })).toEqual([501, 10_501])
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
  expect((await trusted.call('engine::sessions::list')).result).toEqual({ sessions: [], total: 0 })
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

const CALLS_OF_TRIGGERS = {
  expose_functions: ['match("engine::register_trigger")', 'match("engine::unregister_trigger")', 'match("open::*")'],
}
const input = { trigger_type: 'tick', function_id: 'open::f', config: {} }

test('A session removes by engine::unregister_trigger, and by a message, what it made, and nothing else', async () => {
  const core = await scene(() => ({}), CALLS_OF_TRIGGERS)
  const { trusted, session } = await both(core)
  const { id: foreign } = (await trusted.call('engine::register_trigger', input)).result as { id: string }
  const { id: own } = (await session.call('engine::register_trigger', input)).result as { id: string }
  trusted.send({ type: 'registertrigger', id: 'owned', ...input })
  await trusted.settled()
  for (const id of [foreign, 'owned', 'unknown']) {
    expect((await session.call('engine::unregister_trigger', { id })).result).toEqual({ removed: false })
    session.send({ type: 'unregistertrigger', id, trigger_type: 'tick' })
  }
  await session.settled()
  for (const id of [foreign, 'owned', own]) expect(core.core.triggers.findBinding(id)).toBeDefined()
  expect((await session.call('engine::unregister_trigger', { id: own })).result).toEqual({ removed: true })
  expect(core.core.triggers.findBinding(own)).toBeUndefined()
})

test.each(['match("engine::*")', 'match("*")', { metadata: { public: true } }])(
  'engine::unregister_trigger is not reached by %o',
  async (filter) => {
    const core = await scene(() => ({}), { expose_functions: [filter] })
    const { session } = await both(core)
    expect((await session.call('engine::unregister_trigger', { id: 'x' })).error?.code).toBe('FORBIDDEN')
  },
)

test('What a session made to stay goes when it is revoked', async () => {
  const core = await scene(() => ({}), CALLS_OF_TRIGGERS)
  const { trusted, session } = await both(core)
  const { id: foreign } = (await trusted.call('engine::register_trigger', input)).result as { id: string }
  const { id: own } = (await session.call('engine::register_trigger', input)).result as { id: string }
  await trusted.call('engine::sessions::revoke', { worker_id: session.workerId })
  expect(core.core.triggers.findBinding(own)).toBeUndefined()
  expect(core.core.triggers.findBinding(foreign)).toBeDefined()
})

test('What a session made to stay goes when its rights expire, also when the session has gone before', async () => {
  const core = await scene(() => ({ expires_in_ms: 400 }), CALLS_OF_TRIGGERS)
  const { trusted, session } = await both(core)
  const { id: foreign } = (await trusted.call('engine::register_trigger', input)).result as { id: string }
  const { id: early } = (await session.call('engine::register_trigger', input)).result as { id: string }
  await session.close()
  await expect.poll(() => core.core.router.workers.has(session.workerId)).toBe(false)
  expect(core.core.triggers.findBinding(early)).toBeDefined()
  const other = await core.connect({ listener: PUBLIC })
  const { id: own } = (await other.call('engine::register_trigger', input)).result as { id: string }
  expect((await other.closed).code).toBe(1008)
  expect([early, own].map((id) => core.core.triggers.findBinding(id))).toEqual([undefined, undefined])
  expect(core.core.triggers.findBinding(foreign)).toBeDefined()
})
