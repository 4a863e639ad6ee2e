// Listings of trigger types and bindings, and binding by call (spec 04 C.2; check 30).
import { describe, expect, it } from 'vitest'
import type { EngineMessage } from '../../../protocol/messages.ts'
import type { TestWorker } from '../router/calls.ts'
import { answer, bind, provide, REFUSED, told } from '../registry/scene.ts'
import { column, makeEngine, offer, sessionPolicy } from './engine.ts'

describe('engine::triggers::list', () => {
  it('lists types, sorted, without those of the engine', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await scene.announce(worker, { name: 'clock' })
    provide(scene, worker, 'tick')
    provide(scene, scene.attach(), 'cron')
    provide(scene, scene.attach(), 'other::thing')
    expect(await scene.call(worker, 'engine::triggers::list')).toEqual({
      triggers: [
        { id: 'cron', namespace: 'default', worker_name: 'iii-cron', description: 'events of cron' },
        { id: 'other::thing', namespace: 'default', worker_name: 'other', description: 'events of other::thing' },
        { id: 'tick', namespace: 'default', worker_name: 'clock', description: 'events of tick' },
      ],
    })
    const listed = async (input: object) =>
      column(await scene.call(worker, 'engine::triggers::list', input), 'triggers', 'id')
    expect(await listed({ search: 'TICK' })).toEqual(['tick'])
    expect(await listed({ prefix: 'other' })).toEqual(['other::thing'])
    expect(await listed({ worker: 'iii-cron' })).toEqual(['cron'])
    expect(await listed({ include_internal: true, prefix: 'engine::' })).toEqual([
      'engine::functions-available',
      'engine::functions-changed',
      'engine::plugins-changed',
      'engine::workers-available',
    ])
  })

  it('lists bindings to SDKs before 0.13, and on request', async () => {
    const scene = makeEngine()
    const [old, fresh] = [scene.attach(), scene.attach()]
    await scene.announce(old, { version: '0.11.6' })
    await scene.announce(fresh, { version: '0.22.1' })
    provide(scene, fresh, 't')
    bind(scene, old, 'x', 't', { metadata: { m: 1 }, config: { c: 1 } })
    const bindings = [{ id: 'x', trigger_type: 't', function_id: 'svc::target', config: { c: 1 }, metadata: { m: 1 } }]
    expect(await scene.call(old, 'engine::triggers::list')).toEqual({ triggers: bindings })
    expect(await scene.call(fresh, 'engine::triggers::list', { kind: 'instances' })).toEqual({ triggers: bindings })
    expect(column(await scene.call(fresh, 'engine::triggers::list'), 'triggers', 'id')).toEqual(['t'])
  })
})

it('engine::trigger-types::list answers old and new SDKs with the schemas', async () => {
  const scene = makeEngine()
  const worker = scene.attach()
  const schemas = { trigger_request_format: { a: 1 }, call_request_format: { b: 1 } }
  scene.triggers.handle(worker.worker, { type: 'registertriggertype', id: 't', description: 'd', ...schemas })
  provide(scene, worker, 'bare')
  expect(await scene.call(worker, 'engine::trigger-types::list')).toEqual({
    trigger_types: [
      { id: 'bare', description: 'events of bare' },
      { id: 't', description: 'd', ...schemas },
    ],
  })
})

describe('engine::triggers::info', () => {
  it('names the schemas and counts bindings by owner', async () => {
    const scene = makeEngine()
    const [worker, other] = [scene.attach(), scene.attach()]
    const schemas = { trigger_request_format: { a: 1 }, call_request_format: { b: 1 } }
    scene.triggers.handle(worker.worker, { type: 'registertriggertype', id: 't', description: 'd', ...schemas })
    bind(scene, worker, 'x', 't')
    bind(scene, other, 'y', 't')
    expect(await scene.call(worker, 'engine::triggers::info', { id: 't' })).toEqual({
      id: 't',
      namespace: 'default',
      worker_name: 't',
      description: 'd',
      configuration_schema: { a: 1 },
      request_schema: { b: 1 },
      instance_count: 2,
    })
  })

  it('fails for a type that nobody provides, and without id', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await expect(scene.call(worker, 'engine::triggers::info', { id: 'nope' })).rejects.toEqual({
      code: 'NOT_FOUND',
      message: "Trigger type 'nope' is not registered in namespace 'default'.",
    })
    provide(scene, worker, 'nopes')
    await expect(scene.call(worker, 'engine::triggers::info', { id: 'nope' })).rejects.toMatchObject({
      message: "Trigger type 'nope' is not registered in namespace 'default'. Did you mean 'nopes'?",
    })
    await expect(scene.call(worker, 'engine::triggers::info')).rejects.toMatchObject({ code: 'deserialization_error' })
  })
})

describe('engine::registered-triggers', () => {
  it('::list shows live and parked bindings with the owner of their function and a short config', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await scene.announce(worker, { name: 'shop' })
    offer(scene, worker.worker, { 'svc::target': '' })
    bind(scene, worker, 'x', 't', { config: { text: 'é'.repeat(100) } })
    bind(scene, worker, 'a', 'u', { function_id: 'engine::log::info', config: {} })
    const answer = await scene.call(worker, 'engine::registered-triggers::list')
    const summary = `{"text":"${'é'.repeat(71)}…`
    expect(answer).toEqual({
      registered_triggers: [
        {
          id: 'x',
          trigger_type: 't',
          function_id: 'svc::target',
          worker_name: 'shop',
          config: { text: 'é'.repeat(100) },
          config_summary: summary,
          state: 'parked',
        },
      ],
    })
    const listed = async (input: object) =>
      column(await scene.call(worker, 'engine::registered-triggers::list', input), 'registered_triggers', 'id')
    expect(await listed({ include_internal: true })).toEqual(['a', 'x'])
    expect(await listed({ trigger_type: 'u' })).toEqual([])
    expect(await listed({ function_id: 'svc::target', worker: 'shop', search: 'TARGET' })).toEqual(['x'])
    expect(await listed({ worker: 'else' })).toEqual([])
  })

  it('::list shows a session its own bindings and those of functions that it could call', async () => {
    const scene = makeEngine()
    const [worker, session] = [
      scene.attach(),
      scene.attach({ policy: sessionPolicy({ allowedFunctions: ['open::f'] }) }),
    ]
    bind(scene, worker, 'open', 't', { function_id: 'open::f' })
    bind(scene, worker, 'hidden', 't', { function_id: 'secret::f' })
    bind(scene, session, 'own', 't', { function_id: 'ui::f' })
    const answer = await scene.call(session, 'engine::registered-triggers::list')
    expect(column(answer, 'registered_triggers', 'id')).toEqual(['open', 'own'])
    await expect(scene.call(session, 'engine::registered-triggers::info', { id: 'hidden' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('::list tells of each binding whether anybody fires it', async () => {
    const scene = makeEngine()
    const [binder, provider] = [scene.attach(), scene.attach()]
    const plugin = scene.attach({ slot: scene.slot('iii-things') })
    const states = async (): Promise<unknown[]> =>
      column(await scene.call(binder, 'engine::registered-triggers::list'), 'registered_triggers', 'state')
    bind(scene, binder, 'x', 'external')
    bind(scene, binder, 'y', 'of-plugin')
    expect(await states()).toEqual(['parked', 'parked'])
    provide(scene, provider, 'external')
    provide(scene, plugin, 'of-plugin')
    expect(await states()).toEqual(['bound', 'pending'])
    answer(scene, plugin, 'y', undefined, 'of-plugin')
    answer(scene, provider, 'x', REFUSED, 'external')
    expect(await states()).toEqual(['refused', 'bound'])
    scene.router.endWorker(provider.worker, { abnormal: false })
    expect(await states()).toEqual(['parked', 'bound'])
  })

  it('::info adds type and function, null while they are missing', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    bind(scene, worker, 'x', 't', { metadata: { m: 1 } })
    expect(await scene.call(worker, 'engine::registered-triggers::info', { id: 'x' })).toEqual({
      id: 'x',
      trigger_type: 't',
      function_id: 'svc::target',
      worker_name: 'svc',
      config: {},
      config_summary: '{}',
      state: 'parked',
      metadata: { m: 1 },
      trigger: null,
      function: null,
    })
    provide(scene, worker, 't')
    offer(scene, worker.worker, { 'svc::target': '' })
    expect(await scene.call(worker, 'engine::registered-triggers::info', { id: 'x' })).toMatchObject({
      trigger: { id: 't', instance_count: 1 },
      function: { function_id: 'svc::target' },
    })
    await expect(scene.call(worker, 'engine::registered-triggers::info', { id: 'y' })).rejects.toEqual({
      code: 'NOT_FOUND',
      message: "Registered trigger 'y' was not found.",
    })
  })
})

/** What a provider was sent by the end of this turn of the loop. */
async function takeSent({ link }: TestWorker): Promise<EngineMessage[]> {
  await new Promise((resolve) => setImmediate(resolve))
  return link.sent.splice(0)
}

function idOf([message]: EngineMessage[]): string {
  return message?.type === 'registertrigger' ? message.id : ''
}

describe('engine::register_trigger', () => {
  const input = { trigger_type: 't', function_id: 'svc::target' }

  it('makes a binding that outlives its maker, with an id of the engine', async () => {
    const scene = makeEngine()
    const [provider, maker, other] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    const made = scene.call(maker, 'engine::register_trigger', { ...input, metadata: { m: 1 } })
    const sent = await takeSent(provider)
    expect(sent).toMatchObject([
      { type: 'registertrigger', trigger_type: 't', function_id: 'svc::target', config: {}, metadata: { m: 1 } },
    ])
    const id = idOf(sent)
    answer(scene, provider, id)
    expect(await made).toEqual({ id })
    scene.router.endWorker(maker.worker, { abnormal: false })
    expect(told(provider)).toEqual([])
    expect(await scene.call(other, 'engine::unregister_trigger', { id })).toEqual({ removed: true })
    expect(await scene.call(other, 'engine::unregister_trigger', { id })).toEqual({ removed: false })
    expect(told(provider)).toEqual([`unbind ${id}`])
  })

  it('tells that the type has no provider, and which one was probably meant', async () => {
    const scene = makeEngine()
    const [provider, maker] = [scene.attach(), scene.attach()]
    provide(scene, provider, 'orders:paid')
    const made = await scene.call(maker, 'engine::register_trigger', { ...input, trigger_type: 'orders:payd' })
    const hint =
      "trigger type 'orders:payd' has no provider: connect a worker that registers it. Did you mean 'orders:paid'?"
    expect(made).toEqual({ id: expect.any(String) as string, state: 'parked', hint })
    expect(scene.log.lines).toMatchObject([{ level: 'warn', message: hint }])
  })

  it('fails when the provider refuses', async () => {
    const scene = makeEngine()
    const [provider, maker] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    const made = scene.call(maker, 'engine::register_trigger', input)
    answer(scene, provider, idOf(await takeSent(provider)), REFUSED)
    await expect(made).rejects.toMatchObject({
      code: 'trigger_registration_failed',
      message: 'no such thing',
    })
  })

  it('cannot be undone by unregistering the trigger of another worker', async () => {
    const scene = makeEngine()
    const [owner, other] = [scene.attach(), scene.attach()]
    bind(scene, owner, 'x', 't')
    await expect(scene.call(other, 'engine::unregister_trigger', { id: 'x' })).rejects.toMatchObject({
      code: 'unregister_failed',
    })
    expect(await scene.call(owner, 'engine::unregister_trigger', { id: 'x', trigger_type: 't' })).toEqual({
      removed: true,
    })
  })

  describe('of a session', () => {
    const expose = [{ match: 'engine::register_trigger' }, { match: 'open::*' }]

    it('honours the allowed types and what it may call', async () => {
      const scene = makeEngine()
      const session = scene.attach({ policy: sessionPolicy({ expose, allowedTriggerTypes: ['t'] }) })
      await expect(
        scene.call(session, 'engine::register_trigger', { trigger_type: 'cron', function_id: 'open::f' }),
      ).rejects.toEqual({
        code: 'FORBIDDEN',
        message: "Trigger type 'cron' is not allowed for this session.",
      })
      await expect(
        scene.call(session, 'engine::register_trigger', { trigger_type: 't', function_id: 'secret::f' }),
      ).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(
        scene.call(session, 'engine::register_trigger', { trigger_type: 't', function_id: 'open::f' }),
      ).resolves.toHaveProperty('id')
    })

    it('is told of no type that it may not bind', async () => {
      const scene = makeEngine()
      const provider = scene.attach()
      for (const type of ['orders:paid', 'orders:paie']) provide(scene, provider, type)
      const may = ['orders:paie', 'orders:pai']
      const session = scene.attach({ policy: sessionPolicy({ expose, allowedTriggerTypes: may }) })
      const request = { trigger_type: 'orders:pai', function_id: 'open::f' }
      expect(await scene.call(session, 'engine::register_trigger', request)).toMatchObject({
        hint: expect.stringContaining("Did you mean 'orders:paie'?"),
      })
      scene.triggers.dropWorker(provider.worker)
      provide(scene, provider, 'orders:paid')
      const { hint } = (await scene.call(session, 'engine::register_trigger', request)) as { hint: string }
      expect(hint).not.toContain('orders:paid')
      const info = scene.attach({ policy: sessionPolicy({ allowedTriggerTypes: may }) })
      await expect(scene.call(info, 'engine::triggers::info', { id: 'orders:pai' })).rejects.toMatchObject({
        message: "Trigger type 'orders:pai' is not registered in namespace 'default'.",
      })
    })

    it('applies the prefix', async () => {
      const scene = makeEngine()
      const session = scene.attach({ policy: sessionPolicy({ expose, prefix: 'S' }) })
      scene.router.functions.register(session.worker, 'S::ui::f', { rawId: 'ui::f' })
      await scene.call(session, 'engine::register_trigger', { trigger_type: 't', function_id: 'ui::f' })
      expect([...scene.triggers.bindings()].map(({ logical }) => logical.functionId)).toEqual(['S::ui::f'])
    })

    it('asks the hook, which may rewrite or refuse it; without a way to ask it is refused', async () => {
      const policy = sessionPolicy({ expose, onTriggerRegistration: 'hooks::trigger' })
      const silent = makeEngine()
      await expect(
        silent.call(silent.attach({ policy }), 'engine::register_trigger', {
          trigger_type: 't',
          function_id: 'open::f',
        }),
      ).rejects.toMatchObject({ code: 'FORBIDDEN' })
      const scene = makeEngine({
        deps: {
          askTriggerHook: (_worker, proposal) => Promise.resolve({ ...proposal, functionId: 'open::rewritten' }),
        },
      })
      await scene.call(scene.attach({ policy }), 'engine::register_trigger', { trigger_type: 't', function_id: 'x::y' })
      expect([...scene.triggers.bindings()].map(({ logical }) => logical.functionId)).toEqual(['open::rewritten'])
    })
  })
})
