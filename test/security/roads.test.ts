// Every road by which a session might have a function called that is not exposed to it (spec 04 B.4–B.6, 09 §4).
import { expect, test } from 'vitest'
import { listenerEntry, type TestCore } from '../support/test-core.ts'
import type { Frame } from '../support/raw-client.ts'
import { hostile, OPEN, SECRET, warningsAbout } from './hostile-scene.ts'

const EVERYTHING = { expose_functions: ['match("*")'] }
const ENQUEUE = 'engine::queue::enqueue'

/** A queue that notes its jobs, and a plugin that fires what is bound to `tick`. */
function withPlugins(jobs: unknown[]): (core: TestCore) => void {
  return (core) => {
    core.plugin('queue', { [ENQUEUE]: (job) => void jobs.push(job) })
    const { worker } = core.plugin('ticker', {})
    core.core.triggers.handle(worker, { type: 'registertriggertype', id: 'tick', description: '' })
  }
}

test.each([
  ['a call', {}],
  ['a void call', { action: { type: 'void' } }],
  ['a call without an id', { invocation_id: undefined }],
  ['a job', { action: { type: 'enqueue', queue: 'q' } }],
  ['a call in another namespace', { namespace: 'elsewhere' }],
])('%s of what is not exposed reaches nobody, and the log says who tried', async (_what, more) => {
  const jobs: unknown[] = []
  const scene = await hostile({ prepare: withPlugins(jobs) })
  const { session } = scene
  session.send({ type: 'invokefunction', invocation_id: 'x', function_id: SECRET, data: {}, ...more })
  await session.settled()
  expect(jobs).toEqual([])
  expect(warningsAbout(scene)).toEqual([
    expect.objectContaining({
      msg: expect.stringContaining(SECRET),
      ip: '127.0.0.1',
      listener: 'iii-worker-manager#1',
    }),
  ])
})

test('The target of a trigger is refused to a session that may not call it, by the frame and by the function', async () => {
  const rbac = { expose_functions: ['match("open::*")', 'match("engine::register_trigger")'] }
  const { core, session } = await hostile({ rbac, prepare: withPlugins([]) })
  const target = { trigger_type: 'tick', function_id: SECRET, config: {} }
  session.send({ type: 'registertrigger', id: 't', ...target })
  expect(await session.next('triggerregistrationresult')).toMatchObject({ error: { code: 'FORBIDDEN' } })
  expect((await session.call('engine::register_trigger', target)).error?.code).toBe('FORBIDDEN')
  expect([...core.core.triggers.bindings()]).toEqual([])
})

test.each(['the frame', 'the function'])(
  'Whatever id a trigger’s config holds is called with the rights of the session that bound by %s, and only of it',
  async (how) => {
    const rbac = { expose_functions: ['match("open::*")', 'match("engine::register_trigger")'] }
    const { core, session } = await hostile({ rbac, prepare: withPlugins([]) })
    const config = { condition_function_id: SECRET, middleware_function_ids: [SECRET], on_error: SECRET }
    const target = { trigger_type: 'tick', function_id: OPEN, config }
    if (how === 'the frame') session.send({ type: 'registertrigger', id: 't', ...target })
    else void session.call('engine::register_trigger', target)
    await session.settled()
    const [binding] = [...core.core.triggers.bindings()]
    const fire = (functionId: string): Promise<string> => callForBinding(core, functionId, binding?.logical.id ?? '')
    expect(await fire(SECRET)).toContain('FORBIDDEN')
    expect(await fire(OPEN)).toBe('{}')
    await session.close()
    if (how === 'the function') expect(await fire(SECRET)).toContain('FORBIDDEN')
    else expect(await fire(OPEN)).toContain('FORBIDDEN')
  },
)

test('The queue’s own function is no way around: no wildcard reaches it, and with an exact entry the target is checked', async () => {
  const jobs: unknown[] = []
  const wild = await hostile({
    rbac: { expose_functions: ['match("engine::*")', 'match("*::enqueue")'] },
    prepare: withPlugins(jobs),
  })
  const job = { queue: 'q', function_id: SECRET, data: {} }
  expect((await wild.session.call(ENQUEUE, job)).error?.code).toBe('FORBIDDEN')
  const rbac = { expose_functions: [`match("${ENQUEUE}")`, 'match("open::*")'] }
  const { session } = await hostile({ rbac, prepare: withPlugins(jobs) })
  for (const disguised of [
    JSON.stringify(job),
    `{"queue":"q","function_id":"${OPEN}","function_id":"${SECRET}","data":{}}`,
    `{"queue":"q","function_\\u0069d":"secret::\\u0066","data":{}}`,
  ]) {
    session.send(`{"type":"invokefunction","invocation_id":"i","function_id":"${ENQUEUE}","data":${disguised}}`)
  }
  await session.settled()
  expect(session.of('invocationresult').map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
    undefined,
    'FORBIDDEN',
    'FORBIDDEN',
    'FORBIDDEN',
  ])
  expect(jobs).toEqual([])
  session.send(
    `{"type":"invokefunction","invocation_id":"j","function_id":"${ENQUEUE}","data":{"queue":"q","function_id":"${SECRET}","function_id":"${OPEN}","data":12345678901234567890}}`,
  )
  expect((await session.outcome('j')).error).toBeUndefined()
  expect(jobs).toMatchObject([{ function_id: OPEN }])
})

test('A job runs in the namespace for which it was checked, whatever its action says', async () => {
  const jobs: unknown[] = []
  const { trusted, session } = await hostile({ prepare: withPlugins(jobs) })
  for (const client of [session, trusted]) {
    const action = { type: 'enqueue', queue: 'q', namespace: 'elsewhere' }
    const { error } = await client.call(OPEN, {}, { action })
    expect(error).toMatchObject({ code: 'enqueue_error', message: expect.stringContaining("beside 'action'") })
  }
  expect(jobs).toEqual([])
})

test('What calls for others is reached by no wildcard', async () => {
  const bridge = { 'bridge.invoke': () => 'called', 'bridge.invoke_async': () => 'called' }
  const { session } = await hostile({
    rbac: { expose_functions: ['match("bridge*")', 'match("engine::*")'] },
    prepare: (core) => void core.plugin('bridge', bridge),
  })
  for (const id of ['bridge.invoke', 'bridge.invoke_async', 'engine::register_trigger', 'engine::unregister_trigger'])
    expect((await session.call(id, { function_id: SECRET, data: {} })).error?.code).toBe('FORBIDDEN')
})

test('Functions of the engine that show or change others need an exact entry, whatever the wildcard', async () => {
  const { session } = await hostile({
    rbac: { expose_functions: ['match("engine::*")', 'match("*")', { metadata: { internal: true } }] },
    decide: () => ({ forbidden_functions: [SECRET] }),
  })
  for (const id of ['list', 'revoke'])
    expect((await session.call(`engine::sessions::${id}`, {})).error?.code).toBe('FORBIDDEN')
  for (const id of ['engine::logs::tail', 'engine::events::tail', 'engine::traces::clear', 'engine::logs::clear'])
    expect((await session.call(id, {})).error?.code).toBe('FORBIDDEN')
})

const KEPT_TYPES = ['engine::plugins-changed', 'configuration', 'queue:dead-letter', 'log', 'trace']

test.each(['the frame', 'the function'])(
  'Trigger types that tell what all of the engine does are bound by %s only where the rights name them',
  async (how) => {
    const rbac = { expose_functions: ['match("open::*")', 'match("engine::register_trigger")'] }
    const errors = async (decide: () => object): Promise<(string | undefined)[]> => {
      const { session } = await hostile({ rbac, decide })
      const all = KEPT_TYPES.map(async (type) => {
        const target = { trigger_type: type, function_id: OPEN, config: {} }
        if (how === 'the function') return (await session.call('engine::register_trigger', target)).error?.code
        session.send({ type: 'registertrigger', id: type, ...target })
        await session.settled()
        const answer = session.of('triggerregistrationresult').find(({ id }) => id === type)
        return (answer?.['error'] as { code: string } | undefined)?.code
      })
      return Promise.all(all)
    }
    expect(await errors(() => ({}))).toEqual(KEPT_TYPES.map(() => 'FORBIDDEN'))
    expect(await errors(() => ({ allowed_trigger_types: KEPT_TYPES }))).toEqual(KEPT_TYPES.map(() => undefined))
  },
)

test('A session removes no trigger that it did not make, and does not learn whether there is one', async () => {
  const rbac = {
    expose_functions: ['match("open::*")', 'match("engine::register_trigger")', 'match("engine::unregister_trigger")'],
  }
  const { core, trusted, session } = await hostile({ rbac })
  const target = { trigger_type: 'tick', function_id: OPEN }
  trusted.send({ type: 'registertrigger', id: 'theirs', ...target, config: {} })
  const durable = (await trusted.call('engine::register_trigger', target)).result as { id: string }
  for (const id of ['theirs', durable.id, 'none'])
    expect((await session.call('engine::unregister_trigger', { id })).result).toEqual({ removed: false })
  session.send({ type: 'unregistertrigger', id: durable.id })
  await session.settled()
  expect([...core.core.triggers.bindings()]).toHaveLength(2)
  const own = (await session.call('engine::register_trigger', target)).result as { id: string }
  expect((await session.call('engine::unregister_trigger', { id: own.id })).result).toEqual({ removed: true })
})

test.each([
  ['its listener is changed', [{}, { rbac: { expose_functions: [] } }]],
  ['its listener goes', [{}]],
])(
  'When %s, what sessions made by engine::register_trigger goes, theirs that have left too',
  async (_when, configs) => {
    const rbac = { expose_functions: ['match("open::*")', 'match("engine::register_trigger")'] }
    const { core, trusted, session } = await hostile({ rbac })
    const target = { trigger_type: 'tick', function_id: OPEN }
    const kept = (await trusted.call('engine::register_trigger', target)).result as { id: string }
    await session.call('engine::register_trigger', target)
    await session.close()
    const there = await core.connect({ listener: 1 })
    await there.call('engine::register_trigger', target)
    expect([...core.core.triggers.bindings()]).toHaveLength(3)
    await core.listen(configs.map(listenerEntry))
    expect([...core.core.triggers.bindings()].map(({ id }) => id)).toEqual([kept.id])
  },
)

test('When a session is revoked, what it made by engine::register_trigger goes as well', async () => {
  const rbac = { expose_functions: ['match("open::*")', 'match("engine::register_trigger")'] }
  const { core, trusted, session } = await hostile({ rbac })
  const target = { trigger_type: 'tick', function_id: OPEN }
  await trusted.call('engine::register_trigger', target)
  await session.call('engine::register_trigger', target)
  expect([...core.core.triggers.bindings()]).toHaveLength(2)
  await trusted.call('engine::sessions::revoke', { worker_id: session.workerId })
  expect([...core.core.triggers.bindings()]).toHaveLength(1)
})

test('Listings, misses and suggestions show a session nothing that it may not call', async () => {
  const rbac = {
    expose_functions: [
      'match("open::*")',
      'match("engine::functions::*")',
      'match("engine::workers::*")',
      'match("engine::registered-triggers::*")',
      'match("engine::triggers::*")',
    ],
  }
  const { trusted, session } = await hostile({ rbac })
  trusted.send({ type: 'registertrigger', id: 'hidden', trigger_type: 'tick', function_id: SECRET, config: {} })
  await trusted.settled()
  const answers: Frame[] = []
  for (const [id, input] of [
    ['engine::functions::list', { include_internal: true }],
    ['engine::functions::info', { function_id: SECRET }],
    ['engine::functions::info', { function_ids: ['secret::g'] }],
    ['engine::workers::list', {}],
    ['engine::workers::info', { name: 'trusted' }],
    ['engine::registered-triggers::list', { include_internal: true }],
    ['engine::registered-triggers::info', { id: 'hidden' }],
    ['engine::triggers::list', { kind: 'instances' }],
    ['open::g', {}],
  ] as const)
    answers.push((await session.call(id, input)) as unknown as Frame)
  const text = JSON.stringify(answers.map(({ result, error }) => [result, error])).replaceAll(
    /Function 'secret::f'/g,
    '',
  )
  expect(text).not.toContain(SECRET)
  expect(text).toContain(OPEN)
})

test('A session is not asked as middleware, hook or auth function, whoever is not there', async () => {
  const rbac = {
    ...EVERYTHING,
    auth_function_id: 'gate::auth',
    on_trigger_registration_function_id: 'gate::hook',
  }
  const { core, trusted, session } = await hostile({
    rbac,
    listener: { middleware_function_id: 'gate::mw' },
    decide: () => ({ forbidden_functions: [SECRET], namespaces: {} }),
  })
  for (const id of ['gate::auth', 'gate::mw', 'gate::hook']) session.provide(id, () => ({ stolen: true }))
  await session.settled()
  expect([...core.core.router.functions.all()].filter(({ id }) => id.startsWith('gate::'))).toEqual([])
  expect((await session.call(OPEN, {})).error?.code).toBe('function_not_found')
  await trusted.provided('gate::mw', () => 'of the gate')
  expect((await session.call(OPEN, {})).result).toBe('of the gate')
})

/** As a built-in worker calls for a binding. */
function callForBinding(core: TestCore, functionId: string, binding: string): Promise<string> {
  const { router } = core.core
  const caller = [...router.workers.values()].find(({ slot }) => slot?.name === 'ticker')
  if (caller === undefined) throw new Error('there is no ticker')
  return new Promise((resolve) => {
    const onSettled = (result: Buffer | undefined, error: Buffer | undefined): void =>
      resolve((error ?? result ?? '').toString())
    const sidecar = { metadata: undefined, traceparent: undefined, baggage: undefined }
    const fresh = { bytes: 0, callee: undefined, callId: 0, deliveredAt: 0 }
    const call = { functionId, namespace: 'default', caller, invocationId: undefined, data: Buffer.from('{}') }
    router.call({ ...call, ...sidecar, ...fresh, binding, onSettled }, undefined)
  })
}
