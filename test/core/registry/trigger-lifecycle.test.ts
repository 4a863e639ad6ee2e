// Spec 01 §11.2–11.5, §12.4 and §13 at the level of the registry: what providers and binders are told.
import { describe, expect, it } from 'vitest'
import { answer, bind, makeScene, provide, REFUSED, told, unbind } from './scene.ts'
import { makeWorker } from '../router/calls.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { sessionRights } from '../../support/session-rights.ts'

describe('a binding whose type has no provider', () => {
  it('is parked without a word to the binder, and delivered with complete members when the type appears', () => {
    const scene = makeScene()
    const binder = scene.attach()
    bind(scene, binder, 'x', 't', { config: { a: 1 }, metadata: { m: 2 } })
    expect(binder.link.sent).toEqual([])
    const provider = scene.attach()
    provide(scene, provider, 't')
    expect(provider.link.sent).toEqual([
      {
        type: 'registertrigger',
        id: 'x',
        trigger_type: 't',
        function_id: 'svc::target',
        config: { a: 1 },
        metadata: { m: 2 },
      },
    ])
  })

  it('is warned about with the worker that would provide the type', () => {
    const scene = makeScene()
    bind(scene, scene.attach(), 'x', 'cron')
    expect(scene.log.lines.map(({ message }) => message)).toEqual([
      "trigger type 'cron' has no provider: add 'iii-cron' to the configuration",
    ])
  })

  it('is not delivered after it was unregistered, or after its owner left', () => {
    const scene = makeScene()
    const [first, second] = [scene.attach(), scene.attach()]
    bind(scene, first, 'x', 't')
    bind(scene, second, 'y', 't', { config: { other: true } })
    unbind(scene, first, 'x')
    scene.router.endWorker(second.worker, { abnormal: false })
    const provider = scene.attach()
    provide(scene, provider, 't')
    expect(told(provider)).toEqual([])
  })
})

describe('the members of a delivered binding', () => {
  it('are config always, metadata only when there is some, namespaces only when not the default', () => {
    const scene = makeScene()
    const provider = scene.attach()
    provider.worker.namespace = 'shop'
    provide(scene, provider, 't')
    const binder = scene.attach()
    scene.triggers.bind({
      owner: binder.worker,
      id: 'x',
      triggerType: 't',
      functionId: 'f',
      namespace: 'blue',
      triggerNamespace: 'shop',
    })
    expect(provider.link.sent).toEqual([
      {
        type: 'registertrigger',
        id: 'x',
        trigger_type: 't',
        function_id: 'f',
        config: {},
        namespace: 'blue',
        trigger_namespace: 'shop',
      },
    ])
  })
})

describe('a live binding', () => {
  it('is delivered a second time, without an unregister, when the same id is registered again', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    bind(scene, binder, 'x', 't')
    bind(scene, binder, 'x', 't', { config: { changed: true } })
    expect(told(provider)).toEqual(['bind x', 'bind x', 'bind x'])
    expect(scene.triggers.findBinding('x')?.logical.config).toEqual({ changed: true })
  })

  it('leaves its old provider when the same id is registered for another type', () => {
    const scene = makeScene()
    const [one, two, binder] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, one, 't')
    provide(scene, two, 'u')
    bind(scene, binder, 'x', 't')
    bind(scene, binder, 'x', 'u')
    expect(told(one)).toEqual(['bind x', 'unbind x'])
    expect(told(two)).toEqual(['bind x'])
  })

  it('is unregistered with exactly id and type when its owner disconnects', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    provider.link.sent.splice(0)
    scene.router.endWorker(binder.worker, { abnormal: true })
    expect(provider.link.sent).toEqual([{ type: 'unregistertrigger', id: 'x', trigger_type: 't' }])
    expect([...scene.triggers.bindings()]).toEqual([])
  })

  it('can be unregistered by its owner only', () => {
    const scene = makeScene()
    const [provider, binder, stranger] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    unbind(scene, stranger, 'x')
    unbind(scene, binder, 'unknown')
    expect(told(provider)).toEqual(['bind x'])
    unbind(scene, binder, 'x')
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('of a worker at its own type works on one connection', () => {
    const scene = makeScene()
    const both = scene.attach()
    bind(scene, both, 'x', 't')
    provide(scene, both, 't')
    bind(scene, both, 'y', 't', { config: 2 })
    expect(told(both)).toEqual(['bind x', 'bind y'])
    scene.router.endWorker(both.worker, { abnormal: false })
    expect([...scene.triggers.bindings(), ...scene.triggers.types()]).toEqual([])
  })

  it('stays when its target function disappears', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    scene.router.functions.register(binder.worker, 'svc::target', { rawId: 'svc::target' })
    scene.router.functions.unregister(binder.worker, 'svc::target')
    expect(told(provider)).toEqual(['bind x'])
  })

  it('with config that is nested too deeply to be written is refused, and nothing breaks', () => {
    const scene = makeScene()
    const binder = scene.attach()
    let config: unknown = 0
    for (let depth = 0; depth < 200_000; depth++) config = [config]
    bind(scene, binder, 'x', 't', { config })
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    expect(scene.triggers.findBinding('x')).toBeUndefined()
  })
})

describe('a provider that goes', () => {
  it('leaves the bindings of others parked; a restarted one receives each exactly once', () => {
    const scene = makeScene()
    const [old, binder] = [scene.attach(), scene.attach()]
    provide(scene, old, 't')
    bind(scene, binder, 'x', 't')
    scene.router.endWorker(old.worker, { abnormal: true })
    expect(scene.triggers.findBinding('x')?.logical.provider).toBeUndefined()
    expect(scene.triggers.findType('default', 't')).toBeUndefined()
    const restarted = scene.attach()
    provide(scene, restarted, 't')
    expect(told(restarted)).toEqual(['bind x'])
    expect(binder.link.sent).toEqual([])
  })

  it('by unregistertriggertype parks its bindings, its own too; later ones are parked as well', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, provider, 'own', 't')
    told(provider)
    scene.triggers.handle(provider.worker, { type: 'unregistertriggertype', id: 't' })
    bind(scene, binder, 'x', 't', { config: 1 })
    expect(told(provider)).toEqual([])
    provide(scene, provider, 't')
    expect(told(provider).sort()).toEqual(['bind own', 'bind x'])
  })

  it('hands over to an older one that is still alive', () => {
    const scene = makeScene()
    const [older, newer, binder] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, older, 't')
    bind(scene, binder, 'x', 't')
    provide(scene, newer, 't')
    expect([told(older), told(newer)]).toEqual([['bind x'], ['bind x']])
    scene.router.endWorker(newer.worker, { abnormal: false })
    expect(told(older)).toEqual(['bind x'])
    expect(scene.triggers.findBinding('x')?.logical.provider?.worker).toBe(older.worker)
  })

  it('and the type of another worker by the same id is not touched by unregistertriggertype', () => {
    const scene = makeScene()
    const [provider, stranger, binder] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    scene.triggers.handle(stranger.worker, { type: 'unregistertriggertype', id: 't' })
    bind(scene, binder, 'x', 't')
    expect(told(provider)).toEqual(['bind x'])
  })
})

describe('a provider that was replaced while alive', () => {
  it('is told of later removals, because it would go on firing', () => {
    const scene = makeScene()
    const [older, newer, binder] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, older, 't')
    bind(scene, binder, 'x', 't')
    provide(scene, newer, 't')
    unbind(scene, binder, 'x')
    expect([told(older), told(newer)]).toEqual([
      ['bind x', 'unbind x'],
      ['bind x', 'unbind x'],
    ])
  })

  it('has no say in the bindings any more', () => {
    const scene = makeScene()
    const [older, newer, binder] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, older, 't')
    bind(scene, binder, 'x', 't')
    provide(scene, newer, 't')
    answer(scene, older, 'x', REFUSED)
    expect(told(binder)).toEqual([])
    expect(scene.triggers.findBinding('x')?.logical.provider?.worker).toBe(newer.worker)
  })
})

describe('the answer of an external provider', () => {
  it('without error is not passed on', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    answer(scene, provider, 'x')
    expect(told(binder)).toEqual([])
  })

  it('with error reaches the binder with the stored type and function, and the binding waits for the type to register again', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    answer(scene, provider, 'x', REFUSED)
    expect(binder.link.sent).toEqual([
      { type: 'triggerregistrationresult', id: 'x', trigger_type: 't', function_id: 'svc::target', error: REFUSED },
    ])
    told(provider)
    unbind(scene, scene.attach(), 'x')
    provide(scene, provider, 't')
    expect(told(provider)).toEqual(['bind x'])
  })

  it('from a worker that does not provide the type is ignored', () => {
    const scene = makeScene()
    const [provider, binder, stranger] = [scene.attach(), scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    answer(scene, stranger, 'x', REFUSED)
    answer(scene, provider, 'unknown', REFUSED)
    expect(told(binder)).toEqual([])
    expect(scene.log.lines.map(({ level }) => level)).toEqual(['warn'])
  })

  it('that comes after the binding was unregistered does not bring it back', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    unbind(scene, binder, 'x')
    answer(scene, provider, 'x', REFUSED)
    told(provider)
    provide(scene, provider, 't')
    expect([told(provider), told(binder)]).toEqual([[], []])
  })

  it('that refused a first version and took the second leaves the binding live', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't', { config: 1 })
    bind(scene, binder, 'x', 't', { config: 2 })
    answer(scene, provider, 'x', REFUSED)
    answer(scene, provider, 'x')
    told(provider)
    unbind(scene, binder, 'x')
    expect(told(provider)).toEqual(['unbind x'])
  })
})

describe('an old connection that is torn down late', () => {
  it('takes nothing along that a new one registered again', () => {
    const scene = makeScene()
    const provider = scene.attach()
    provide(scene, provider, 't')
    for (let round = 0; round < 100; round++) {
      const [old, fresh] = [scene.attach(), scene.attach()]
      for (const worker of [old, fresh]) {
        provide(scene, worker, `type-${round}`)
        bind(scene, worker, 'x', 't')
        bind(scene, worker, 'y', `type-${round}`)
      }
      told(provider)
      told(fresh)
      scene.router.endWorker(old.worker, { abnormal: true })
      expect([told(provider), told(fresh)]).toEqual([[], []])
      expect(scene.triggers.ownerOf('x')).toBe(fresh.worker)
      expect(scene.triggers.findBinding('y')?.logical.provider?.worker).toBe(fresh.worker)
      scene.router.endWorker(fresh.worker, { abnormal: false })
    }
    expect([...scene.triggers.bindings()]).toEqual([])
  })

  it('cannot unregister a trigger that the new one owns', () => {
    const scene = makeScene()
    const [old, fresh] = [scene.attach(), scene.attach()]
    bind(scene, old, 'x', 't')
    bind(scene, fresh, 'x', 't')
    unbind(scene, old, 'x')
    expect(scene.triggers.ownerOf('x')).toBe(fresh.worker)
  })

  it('registers nothing more', () => {
    const scene = makeScene()
    const old = scene.attach()
    scene.router.endWorker(old.worker, { abnormal: true })
    bind(scene, old, 'x', 't')
    provide(scene, old, 't')
    expect([...scene.triggers.bindings(), ...scene.triggers.types()]).toEqual([])
  })
})

describe('namespaces', () => {
  it('without trigger_namespace fall back to the default one, until a provider appears in the own one', () => {
    const scene = makeScene()
    const [common, own, binder] = [scene.attach(), scene.attach(), scene.attach()]
    binder.worker.namespace = own.worker.namespace = 'shop'
    provide(scene, common, 't')
    bind(scene, binder, 'x', 't')
    expect(told(common)).toEqual(['bind x'])
    provide(scene, own, 't')
    expect([told(common), told(own)]).toEqual([['unbind x'], ['bind x']])
    scene.router.endWorker(own.worker, { abnormal: false })
    expect(told(common)).toEqual(['bind x'])
  })

  it('are taken strictly when trigger_namespace is given', () => {
    const scene = makeScene()
    const [common, binder] = [scene.attach(), scene.attach()]
    provide(scene, common, 't')
    bind(scene, binder, 'x', 't', { trigger_namespace: 'shop' })
    expect(told(common)).toEqual([])
    const shop = scene.attach()
    provide(scene, shop, 't', 'shop')
    expect(told(shop)).toEqual(['bind x'])
  })

  it('that are blank are refused', () => {
    const scene = makeScene()
    const binder = scene.attach()
    bind(scene, binder, 'x', 't', { namespace: ' ' })
    bind(scene, binder, 'y', 't', { trigger_namespace: '' })
    provide(scene, binder, 't', ' ')
    expect(told(binder)).toEqual(['result x INVALID_NAMESPACE', 'result y INVALID_NAMESPACE'])
    expect([...scene.triggers.types()]).toEqual([])
  })
})

describe('sessions', () => {
  const rights = sessionRights()
  const policy = { kind: 'session', rights, middleware: undefined, exact: ALL_NAMES.exactGrants } as const

  it('cannot take over the trigger of another live connection', () => {
    const scene = makeScene()
    const [binder, session] = [scene.attach(), scene.attach({ policy })]
    bind(scene, binder, 'x', 't')
    bind(scene, session, 'x', 't')
    expect(told(session)).toEqual(['result x FORBIDDEN'])
    expect(scene.triggers.ownerOf('x')).toBe(binder.worker)
  })

  it('cannot take over the trigger type of a trusted worker, and provide it once that one has left', () => {
    const scene = makeScene()
    const [trusted, session, binder] = [scene.attach(), scene.attach({ policy }), scene.attach()]
    provide(scene, trusted, 't')
    provide(scene, session, 't')
    bind(scene, binder, 'x', 't')
    expect([told(trusted), told(session)]).toEqual([['bind x'], []])
    scene.router.endWorker(trusted.worker, { abnormal: false })
    expect(told(session)).toEqual(['bind x'])
  })

  it('hear of their trigger under the id they sent when a hook renamed it, and unregister it by that', () => {
    const scene = makeScene()
    const [provider, session] = [scene.attach(), scene.attach({ policy })]
    provide(scene, provider, 't')
    const message = { type: 'registertrigger', id: 'stored', trigger_type: 't', function_id: 'f', config: {} } as const
    scene.triggers.handle(session.worker, message, 'sent')
    answer(scene, provider, 'stored', REFUSED)
    expect(told(session)).toEqual(['result sent trigger_registration_failed'])
    scene.triggers.handle(session.worker, message, 'sent')
    told(provider)
    unbind(scene, session, 'sent')
    expect(told(provider)).toEqual(['unbind stored'])
  })
})

it('a worker that was never attached leaves nothing when it is dropped', () => {
  const scene = makeScene()
  scene.triggers.dropWorker(makeWorker().worker)
  expect([...scene.triggers.bindings()]).toEqual([])
})
