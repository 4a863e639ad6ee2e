// Bindings made by calls (spec 01 §11.4), and calls made for bindings (spec 09 §4 b).
import { describe, expect, it } from 'vitest'
import type { Policy, SessionRights } from '../../../core/model/policy.ts'
import type { BindRequest } from '../../../core/registry/triggers.ts'
import { answer, bind, makeScene, provide, REFUSED, told, unbind, type Scene } from './scene.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { makeCall, type TestWorker } from '../router/calls.ts'

const request: BindRequest = { owner: null, id: 'x', triggerType: 't', functionId: 'svc::target' }

describe('a binding without owner', () => {
  it('waits for the provider, survives everybody, and is removed by anyone once', async () => {
    const scene = makeScene()
    const [provider, anyone] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    const bound = scene.triggers.bindAndWait(request)
    expect(told(provider)).toEqual(['bind x'])
    answer(scene, provider, 'x')
    await bound
    expect(scene.triggers.unbind('x', anyone.worker)).toBe(true)
    expect(scene.triggers.unbind('x', anyone.worker)).toBe(false)
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('fails with the message of the provider, the code named once, and leaves nothing behind', async () => {
    const scene = makeScene()
    const provider = scene.attach()
    provide(scene, provider, 't')
    const bound = scene.triggers.bindAndWait(request)
    answer(scene, provider, 'x', REFUSED)
    await expect(bound).rejects.toMatchObject({
      code: 'trigger_registration_failed',
      message: 'no such thing',
    })
    expect(scene.triggers.findBinding('x')).toBeUndefined()
    told(provider)
    provide(scene, provider, 't')
    expect(told(provider)).toEqual([])
  })

  it('keeps a code of the provider that is another one in the message', async () => {
    const scene = makeScene()
    const provider = scene.attach()
    provide(scene, provider, 't')
    const bound = scene.triggers.bindAndWait(request)
    answer(scene, provider, 'x', { code: 'BAD_ZONE', message: 'no such zone' })
    await expect(bound).rejects.toMatchObject({
      code: 'trigger_registration_failed',
      message: 'BAD_ZONE: no such zone',
    })
  })

  it('is taken when the provider does not answer in time', async () => {
    const scene = makeScene({ answerMs: 20 })
    const provider = scene.attach()
    provide(scene, provider, 't')
    await scene.triggers.bindAndWait(request)
    expect(scene.triggers.findBinding('x')?.logical.provider?.worker).toBe(provider.worker)
  })

  it('is taken when the provider goes before it answers', async () => {
    const scene = makeScene()
    const provider = scene.attach()
    provide(scene, provider, 't')
    const bound = scene.triggers.bindAndWait(request)
    scene.router.endWorker(provider.worker, { abnormal: true })
    await bound
    expect(scene.triggers.findBinding('x')?.logical.provider).toBeUndefined()
  })

  it('of an unknown type is parked at once', async () => {
    const scene = makeScene()
    await scene.triggers.bindAndWait(request)
    const provider = scene.attach()
    provide(scene, provider, 't')
    expect(told(provider)).toEqual(['bind x'])
  })

  it('is refused beyond the limit', async () => {
    const scene = makeScene({ maxOwnerless: 1 })
    await scene.triggers.bindAndWait(request)
    await expect(scene.triggers.bindAndWait({ ...request, id: 'y' })).rejects.toMatchObject({ code: 'overloaded' })
  })

  it('is never shared with an equal one', async () => {
    const scene = makeScene({ answerMs: 20 })
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    await Promise.all([scene.triggers.bindAndWait(request), scene.triggers.bindAndWait({ ...request, id: 'y' })])
    bind(scene, binder, 'z', 't')
    expect(told(provider)).toEqual(['bind x', 'bind y', 'bind z'])
  })
})

describe('a type of the engine itself', () => {
  it('is bound and unbound by calls, and refuses by throwing', async () => {
    const scene = makeScene()
    const calls: string[] = []
    const binder = scene.attach()
    bind(scene, binder, 'early', 'engine::t')
    scene.triggers.registerLocalType({
      id: 'engine::t',
      description: '',
      triggerRequestFormat: undefined,
      callRequestFormat: undefined,
      onBind: ({ id, config }) => {
        if (config === 'bad') throw new Error('bad config')
        calls.push(`bind ${id}`)
      },
      onUnbind: (id) => calls.push(`unbind ${id}`),
    })
    bind(scene, binder, 'x', 'engine::t', { config: 'bad' })
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    await expect(
      scene.triggers.bindAndWait({ ...request, triggerType: 'engine::t', config: 'bad' }),
    ).rejects.toMatchObject({
      message: 'bad config',
    })
    scene.router.endWorker(binder.worker, { abnormal: false })
    expect(calls).toEqual(['bind early', 'unbind early'])
    expect([...scene.triggers.bindings()]).toEqual([])
  })
})

function sessionPolicy(more: Partial<SessionRights> = {}): Policy {
  const rights: SessionRights = {
    allowedFunctions: [],
    forbiddenFunctions: [],
    allowedTriggerTypes: undefined,
    allowFunctionRegistration: true,
    allowTriggerTypeRegistration: false,
    context: {},
    prefix: undefined,
    namespaces: {},
    expose: [],
    expiresInMs: undefined,
    onFunctionRegistration: undefined,
    onTriggerRegistration: undefined,
    onTriggerTypeRegistration: undefined,
    ...more,
  }
  return { kind: 'session', rights, middleware: undefined, exact: ALL_NAMES.exactGrants }
}

describe('a call for a binding', () => {
  function check(scene: Scene, caller: TestWorker, binding: string, functionId: string): string | undefined {
    return scene.triggers.checkBindingCall({ ...makeCall(caller.worker, functionId), binding })?.code
  }

  it('must name a binding of a type that the caller provides', () => {
    const scene = makeScene()
    const [provider, binder, stranger] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    expect(check(scene, provider, 'x', 'any::f')).toBeUndefined()
    expect(check(scene, stranger, 'x', 'any::f')).toBe('FORBIDDEN')
    expect(check(scene, provider, 'unknown', 'any::f')).toBe('FORBIDDEN')
    unbind(scene, binder, 'x')
    expect(check(scene, provider, 'x', 'any::f')).toBe('FORBIDDEN')
  })

  it('has the rights of the owner: what a session could call, and what it registered itself', () => {
    const scene = makeScene()
    const provider = scene.attach()
    const session = scene.attach({ policy: sessionPolicy({ allowedFunctions: ['public::f'] }) })
    provide(scene, provider, 't')
    bind(scene, session, 'x', 't')
    scene.router.functions.register(session.worker, 'own::f', { rawId: 'own::f' })
    expect(check(scene, provider, 'x', 'public::f')).toBeUndefined()
    expect(check(scene, provider, 'x', 'own::f')).toBeUndefined()
    expect(check(scene, provider, 'x', 'secret::f')).toBe('FORBIDDEN')
  })

  it('passes when one of several owners may make it, and not any more when that one has left', () => {
    const scene = makeScene()
    const [provider, trusted, session] = [scene.attach(), scene.attach(), scene.attach({ policy: sessionPolicy() })]
    provide(scene, provider, 't')
    bind(scene, trusted, 'x', 't')
    bind(scene, session, 'y', 't')
    expect(check(scene, provider, 'x', 'secret::f')).toBeUndefined()
    scene.router.endWorker(trusted.worker, { abnormal: false })
    expect(check(scene, provider, 'x', 'secret::f')).toBe('FORBIDDEN')
  })

  it('has the rights of the maker when the binding has no owner', async () => {
    const scene = makeScene({ answerMs: 1 })
    const provider = scene.attach()
    provide(scene, provider, 't')
    await scene.triggers.bindAndWait(request)
    await scene.triggers.bindAndWait({ ...request, id: 'y', madeUnder: sessionPolicy() })
    expect(check(scene, provider, 'x', 'secret::f')).toBeUndefined()
    expect(check(scene, provider, 'y', 'secret::f')).toBe('FORBIDDEN')
  })

  it('of a plugin generation that finishes an event after its replacement passes', () => {
    const scene = makeScene()
    const slot = scene.slot('timers')
    const [old, fresh, binder] = [scene.attach({ slot }), scene.attach({ slot }), scene.attach()]
    provide(scene, old, 't')
    bind(scene, binder, 'x', 't')
    provide(scene, fresh, 't')
    old.worker.phase = 'leaving'
    scene.triggers.dropWorker(old.worker)
    expect(check(scene, old, 'x', 'any::f')).toBeUndefined()
  })
})
