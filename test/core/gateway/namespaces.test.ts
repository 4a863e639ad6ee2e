// Where an id resolves that is asked for in a namespace, and what becomes of an announce that is refused (spec 01 §13, 04 B.4).
import { expect, test } from 'vitest'
import { startCore, type TestCore } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

const SHOP = { namespace: 'shop' }

/** A built-in worker with one function, which says who answered. */
function withState(core: TestCore): void {
  core.plugin('state', { 'state::get': () => 'the built-in' })
}

// ── fallback ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test('A worker of a namespace reaches a built-in, until its namespace has a function of that id', async () => {
  const core = await startCore({ prepare: withState })
  const [shop, plain] = [await core.connect(SHOP), await core.connect()]
  expect((await shop.call('state::get', {}, SHOP)).result).toBe('the built-in')
  await shop.provided('state::get', () => 'of the shop')
  expect((await shop.call('state::get', {}, SHOP)).result).toBe('of the shop')
  expect((await plain.call('state::get', {})).result).toBe('the built-in')
  shop.send({ type: 'unregisterfunction', id: 'state::get' })
  expect((await shop.call('state::get', {}, SHOP)).result).toBe('the built-in')
})

test('A function of the engine itself is reached from every namespace', async () => {
  const core = await startCore()
  const shop = await core.connect(SHOP)
  expect((await shop.call('engine::baggage::get_all', {}, SHOP)).result).toEqual({ baggage: {} })
})

test('An id of the namespace wins also while its worker is awaited', async () => {
  const core = await startCore({ prepare: withState })
  const [shop, caller] = [await core.connect(SHOP), await core.connect()]
  await shop.provided('state::get', () => 'before')
  shop.socket.terminate()
  await shop.closed
  const held = caller.call('state::get', {}, SHOP)
  await caller.settled()
  const again = await core.connect({ name: null })
  again.provide('state::get', () => 'after')
  await again.announce(SHOP)
  expect((await held).result).toBe('after')
})

test('A call that waited in its namespace does not end at a built-in', async () => {
  const core = await startCore({ prepare: withState, engine: { restart_grace_ms: 200 } })
  const [shop, caller] = [await core.connect(SHOP), await core.connect()]
  await shop.provided('state::get', () => 'before')
  shop.socket.terminate()
  await shop.closed
  expect((await caller.call('state::get', {}, SHOP)).error?.code).toBe('function_not_found')
  expect((await caller.call('state::get', {}, SHOP)).result).toBe('the built-in')
})

test('A function of an external worker is not shared: the miss names its namespace', async () => {
  const core = await startCore()
  const worker = await core.connect()
  await worker.provided('svc::f', () => 1)
  expect((await worker.call('svc::f', {}, SHOP)).error).toEqual({
    code: 'function_not_found',
    message: 'Function svc::f not found in namespace shop. It is registered in namespace(s): default.',
  })
})

test('A trigger of a namespace fires a built-in, and shows its worker', async () => {
  const ran: unknown[] = []
  const core = await startCore({
    prepare: (host) => host.plugin('state', { 'state::tell': (input) => ran.push(input) }),
  })
  const shop = await core.connect(SHOP)
  const target = { function_id: 'state::tell', config: {}, namespace: 'shop' }
  shop.send({ type: 'registertrigger', id: 'told', trigger_type: 'engine::workers-available', ...target })
  await shop.settled()
  const other = await core.connect()
  await other.settled()
  expect(ran).toContainEqual({ event: 'worker_connected', worker_id: other.workerId })
  const { result } = await other.call('engine::registered-triggers::info', { id: 'told' })
  expect(result).toMatchObject({ worker_name: 'state', function: { function_id: 'state::tell' } })
})

test('A job for a namespace keeps it, and finds what is there when it runs', async () => {
  const jobs: unknown[] = []
  const queue = {
    'engine::queue::enqueue': (job: unknown) => void jobs.push((job as { namespace?: string }).namespace),
  }
  const core = await startCore({
    prepare: (host) => {
      withState(host)
      host.plugin('queue', queue)
    },
  })
  const shop = await core.connect(SHOP)
  const action = { type: 'enqueue', queue: 'q' }
  expect((await shop.call('state::get', {}, { ...SHOP, action })).error).toBeUndefined()
  expect(jobs).toEqual(['shop'])
})

test('The middleware of the namespace is called, and where it has none that of default', async () => {
  const core = await startCore({ listeners: [{}, { middleware_function_id: 'gate::mw' }] })
  const [shop, plain, caller] = [await core.connect(SHOP), await core.connect(), await core.connect({ listener: 1 })]
  await plain.provided('gate::mw', () => 'of default')
  expect((await caller.call('any::f', {}, SHOP)).result).toBe('of default')
  await shop.provided('gate::mw', () => 'of the shop')
  expect((await caller.call('any::f', {}, SHOP)).result).toBe('of the shop')
  expect((await caller.call('any::f', {})).result).toBe('of default')
})

// ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test('A grant for a namespace opens nothing in default, by a call, a job or a trigger', async () => {
  const core = await scene(
    () => ({ namespaces: { shop: ['state::get', 'other::f'] } }),
    {},
    (host) => {
      withState(host)
      host.plugin('queue', { 'engine::queue::enqueue': () => ({}) })
    },
  )
  const session = await core.connect({ listener: PUBLIC, ...SHOP })
  expect((await session.call('state::get', {}, SHOP)).error?.code).toBe('FORBIDDEN')
  const action = { type: 'enqueue', queue: 'q' }
  expect((await session.call('state::get', {}, { ...SHOP, action })).error?.code).toBe('FORBIDDEN')
  const target = { function_id: 'state::get', config: {}, namespace: 'shop' }
  session.send({ type: 'registertrigger', id: 't', trigger_type: 'engine::workers-available', ...target })
  expect(await session.next('triggerregistrationresult')).toMatchObject({ id: 't', error: { code: 'FORBIDDEN' } })
  const shop = await core.connect(SHOP)
  await shop.provided('state::get', () => 'of the shop')
  expect((await session.call('state::get', {}, SHOP)).result).toBe('of the shop')
  // When the job runs the shop may have lost it.
  expect((await session.call('state::get', {}, { ...SHOP, action })).error?.code).toBe('FORBIDDEN')
  expect((await session.call('other::f', {}, { ...SHOP, action })).error).toBeUndefined()
})

test('A session takes no id of a built-in for its namespace, before the built-in comes neither', async () => {
  const core = await scene(() => ({}), {}, withState)
  const session = await core.connect({ listener: PUBLIC, ...SHOP })
  const shop = await core.connect(SHOP)
  await session.provided('state::get', () => 'stolen')
  expect(session.of('registrationrejected')).toMatchObject([{ function_id: 'state::get', namespace: 'shop' }])
  expect((await shop.call('state::get', {}, SHOP)).result).toBe('the built-in')
  await session.provided('late::f', () => 'stolen')
  core.plugin('late', { 'late::f': () => 'the built-in' })
  expect((await shop.call('late::f', {}, SHOP)).result).toBe('the built-in')
})

// ── refused announces ────────────────────────────────────────────────────────────────────────────────────────────────

/** Registers one of each kind and binds to a type that the engine has. */
function registerAll(session: RawClient): void {
  session.provide('mine::f', () => 1)
  session.send({ type: 'registertriggertype', id: 'mine', description: '' })
  const target = { function_id: 'mine::f', namespace: 'shop', config: {} }
  session.send({ type: 'registertrigger', id: 't', trigger_type: 'mine', ...target })
}

function appeared(core: TestCore): unknown[] {
  const { functions, triggers } = core.core.router
  return [
    ...[...functions.all()].filter(({ id }) => id === 'mine::f'),
    ...[...triggers.types()].filter(({ id }) => id === 'mine'),
    ...triggers.bindings(),
  ]
}

test.each([
  ['another namespace than it may', { shop: [] }],
  ['another namespace, where it may use default too', { shop: [], default: [] }],
])('Nothing that came before or after an announce for %s ever appears', async (_what, namespaces) => {
  const core = await scene(() => ({ namespaces, allow_trigger_type_registration: true }))
  const session = await core.connect({ listener: PUBLIC, name: null })
  registerAll(session)
  expect((await session.announce({ namespace: 'elsewhere' })).error?.code).toBe('FORBIDDEN')
  registerAll(session)
  await session.next('triggerregistrationresult', 2)
  expect(session.of('triggerregistrationresult').map(({ error }) => error)).toEqual(
    Array(2).fill(expect.objectContaining({ code: 'FORBIDDEN' })),
  )
  expect(appeared(core)).toEqual([])
  expect((await session.announce(SHOP)).result).toEqual({ success: true })
  expect(appeared(core)).toEqual([])
  registerAll(session)
  await session.settled()
  expect(appeared(core)).toHaveLength(3)
})

test('A call that waited behind what a refused announce discards is answered', async () => {
  const core = await scene(() => ({ namespaces: { shop: ['*'] } }))
  const session = await core.connect({ listener: PUBLIC, name: null })
  session.provide('mine::f', () => 1)
  const called = session.call('mine::f', {}, SHOP)
  await session.announce({ namespace: 'elsewhere' })
  expect((await called).error?.code).toBe('function_not_found')
})

test('A session that never announces itself registers nothing in a default that it may not use', async () => {
  const core = await scene(() => ({ namespaces: { shop: [] }, allow_trigger_type_registration: true }))
  const session = await core.connect({ listener: PUBLIC, name: null })
  registerAll(session)
  expect(await session.next('triggerregistrationresult')).toMatchObject({ error: { code: 'FORBIDDEN' } })
  expect(appeared(core)).toEqual([])
})

test.each([
  ['the type', { type: 'registertriggertype', id: 'mine', description: '', namespace: 'default' }],
  [
    'the target',
    { type: 'registertrigger', id: 't', trigger_type: 'x', function_id: 'mine::f', config: {}, namespace: 'default' },
  ],
  [
    'the provider',
    { type: 'registertrigger', id: 't', trigger_type: 'x', function_id: 'mine::f', config: {}, trigger_namespace: 'z' },
  ],
])('A scoped session names no other namespace for %s of a trigger', async (_what, frame) => {
  const core = await scene(() => ({ namespaces: { shop: ['*'] }, allow_trigger_type_registration: true }))
  const session = await core.connect({ listener: PUBLIC, ...SHOP })
  session.provide('mine::f', () => 1)
  session.send(frame)
  await session.settled()
  expect(appeared(core).filter((found) => !(found as { id: string }).id.includes('::'))).toEqual([])
  const [warning] = core.logged('warn').filter(({ msg }) => msg.includes('refused'))
  expect(warning).toMatchObject({ worker_id: session.workerId, ip: '127.0.0.1' })
})

test('A blank announce ends no waiting: what was held comes with the next one', async () => {
  const core = await startCore()
  const worker = await core.connect({ name: null })
  worker.provide('ns::f', () => 'there')
  expect((await worker.announce({ namespace: ' ' })).error?.code).toBe('INVALID_NAMESPACE')
  await worker.announce(SHOP)
  expect((await worker.call('ns::f', {}, SHOP)).result).toBe('there')
})

test('A trigger moves between the providers of its namespace and of default, each told once', async () => {
  const { core, shop, other } = await twoProviders()
  const binder = await core.connect(SHOP)
  binder.send({ type: 'registertrigger', id: 't', trigger_type: 'tick', function_id: 'f', config: {} })
  await shop.next('registertrigger')
  await shop.close()
  await other.next('registertrigger')
  const again = await core.connect(SHOP)
  again.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await again.next('registertrigger')
  await other.next('unregistertrigger')
  await other.settled()
  expect([other.of('registertrigger').length, other.of('unregistertrigger').length]).toEqual([1, 1])
  expect([again.of('registertrigger').length, shop.of('registertrigger').length]).toEqual([1, 1])
})

test('A trigger that names the namespace of its provider waits while that is away', async () => {
  const { core, shop, other } = await twoProviders()
  const binder = await core.connect(SHOP)
  const binding = { id: 't', trigger_type: 'tick', function_id: 'f', config: {}, trigger_namespace: 'shop' }
  binder.send({ type: 'registertrigger', ...binding })
  await shop.next('registertrigger')
  await shop.close()
  await other.settled()
  expect(other.of('registertrigger')).toEqual([])
  const { result } = await binder.call('engine::registered-triggers::info', { id: 't' })
  expect(result).toMatchObject({ state: 'parked' })
})

async function twoProviders(): Promise<{ core: TestCore; shop: RawClient; other: RawClient }> {
  const core = await startCore()
  const [shop, other] = [await core.connect(SHOP), await core.connect()]
  for (const provider of [shop, other]) provider.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await Promise.all([shop.settled(), other.settled()])
  return { core, shop, other }
}

test('Replicas among sessions of a namespace share an id of their own', async () => {
  const core = await scene(() => ({}), { expose_functions: [{ match: '*', namespace: 'shop' }] })
  const { trusted } = await both(core)
  const sessions = [
    await core.connect({ listener: PUBLIC, ...SHOP }),
    await core.connect({ listener: PUBLIC, ...SHOP }),
  ]
  for (const session of sessions) await session.provided('shared::f', () => session.workerId)
  const answers = await Promise.all(Array.from({ length: 10 }, () => trusted.call('shared::f', {}, SHOP)))
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(sessions.map(({ workerId }) => workerId)))
})
