// Trigger types of plugins: their refusal is final, and generations hand their types and bindings over (spec 01 §11.2.3, design).
import { describe, expect, it } from 'vitest'
import { answer, bind, makeScene, provide, REFUSED, told, unbind, type Scene } from './scene.ts'
import type { TestWorker } from '../router/calls.ts'

function sceneWithPlugin(): {
  scene: Scene
  plugin: TestWorker
  next: () => TestWorker
  binder: TestWorker
} {
  const scene = makeScene()
  const slot = scene.slot('timers')
  const plugin = scene.attach({ slot })
  provide(scene, plugin, 't')
  return { scene, plugin, next: () => scene.attach({ slot }), binder: scene.attach() }
}

describe('a plugin that refuses', () => {
  it('a new binding: the binder hears of it and nothing is stored', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    answer(scene, plugin, 'x', REFUSED)
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    expect(scene.triggers.findBinding('x')).toBeUndefined()
    expect(told(plugin)).toEqual(['bind x'])
  })

  it('a change: what was accepted before stays, and is not delivered again', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't', { config: 1 })
    answer(scene, plugin, 'x')
    bind(scene, binder, 'x', 't', { config: 2 })
    answer(scene, plugin, 'x', REFUSED)
    expect(told(plugin)).toEqual(['bind x', 'bind x'])
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    expect(scene.triggers.findBinding('x')?.logical.config).toBe(1)
    unbind(scene, binder, 'x')
    expect(told(plugin)).toEqual(['unbind x'])
  })

  it('the second of two changes in flight: the first one stays', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    for (const config of [1, 2, 3]) bind(scene, binder, 'x', 't', { config })
    answer(scene, plugin, 'x')
    answer(scene, plugin, 'x')
    answer(scene, plugin, 'x', REFUSED)
    expect(scene.triggers.findBinding('x')?.logical.config).toBe(2)
  })

  it('the first of two changes in flight: the second one counts', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    for (const config of [1, 2, 3]) bind(scene, binder, 'x', 't', { config })
    answer(scene, plugin, 'x')
    answer(scene, plugin, 'x', REFUSED)
    answer(scene, plugin, 'x')
    expect(scene.triggers.findBinding('x')?.logical.config).toBe(3)
  })

  it('a move from another type: the binding returns to the type that it had', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    const external = scene.attach()
    provide(scene, external, 'u')
    bind(scene, binder, 'x', 'u')
    bind(scene, binder, 'x', 't')
    answer(scene, plugin, 'x', REFUSED)
    expect(told(external)).toEqual(['bind x', 'unbind x', 'bind x'])
    expect(scene.triggers.findBinding('x')?.logical.provider?.worker).toBe(external.worker)
  })

  it('the change of one replica: that replica shares the old binding again', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    const replica = scene.attach()
    bind(scene, binder, 'x', 't', { config: 1 })
    bind(scene, replica, 'y', 't', { config: 1 })
    answer(scene, plugin, 'x')
    bind(scene, binder, 'x', 't', { config: 2 })
    const changed = scene.triggers.findBinding('x')?.logical
    expect(changed?.id).not.toBe('x')
    answer(scene, plugin, changed?.id ?? '', REFUSED)
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    expect(scene.triggers.findBinding('x')?.logical).toBe(scene.triggers.findBinding('y')?.logical)
  })

  it('a binding that was removed and made again meanwhile: each answer counts for its own delivery', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't', { config: 1 })
    unbind(scene, binder, 'x')
    bind(scene, binder, 'x', 't', { config: 2 })
    answer(scene, plugin, 'x', REFUSED)
    expect(told(binder)).toEqual([])
    answer(scene, plugin, 'x')
    expect(scene.triggers.findBinding('x')?.logical.config).toBe(2)
    unbind(scene, binder, 'x')
    expect(told(plugin)).toEqual(['bind x', 'unbind x', 'bind x', 'unbind x'])
  })

  it('as a new generation what the old one had taken: the binding waits for the next generation', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    answer(scene, plugin, 'x')
    const broken = next()
    provide(scene, broken, 't')
    answer(scene, broken, 'x', REFUSED)
    expect(told(binder)).toEqual(['result x trigger_registration_failed'])
    const mended = next()
    provide(scene, mended, 't')
    expect(told(mended)).toEqual(['bind x'])
  })
})

describe('a change of generation', () => {
  it('replays the bindings as they are to the new one, and takes them from the old one, which may still drain', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    const fresh = next()
    told(plugin)
    scene.triggers.inOneStep(() => {
      provide(scene, fresh, 't')
      plugin.worker.phase = 'leaving'
      scene.triggers.dropWorker(plugin.worker)
    })
    expect([told(plugin), told(fresh)]).toEqual([['unbind x'], ['bind x']])
    scene.router.endWorker(plugin.worker, { abnormal: false })
    expect([told(plugin), told(fresh)]).toEqual([[], []])
  })

  it('takes the bindings of an overlapping old one away', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    const fresh = next()
    provide(scene, fresh, 't')
    expect([told(plugin), told(fresh)]).toEqual([['bind x', 'unbind x'], ['bind x']])
  })

  it('tells an overlapping old one to drop what the new one does not provide any more', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    plugin.worker.phase = 'leaving'
    scene.triggers.dropWorker(plugin.worker)
    expect(told(plugin)).toEqual(['bind x', 'unbind x'])
    expect(scene.triggers.findBinding('x')?.logical.provider).toBeUndefined()
  })

  it('leaves a binding that both generations make untouched, and replaces others with removals first', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    const slot = scene.slot('user')
    const old = scene.attach({ slot })
    bind(scene, old, 'a1', 't', { config: 'same' })
    bind(scene, old, 'b1', 't', { config: 'old' })
    bind(scene, binder, 'c', 't')
    told(plugin)
    const fresh = scene.attach({ slot })
    scene.triggers.inOneStep(() => {
      bind(scene, fresh, 'a2', 't', { config: 'same' })
      bind(scene, fresh, 'b2', 't', { config: 'new' })
      old.worker.phase = 'leaving'
      scene.triggers.dropWorker(old.worker)
    })
    expect(told(plugin)).toEqual(['unbind b1', 'bind b2'])
    expect(scene.triggers.ownerOf('a2')).toBe(fresh.worker)
    expect(scene.triggers.ownerOf('a1')).toBeUndefined()
  })

  it('coalesces the bindings of two generations also when replicas are not coalesced', () => {
    const scene = makeScene({ coalesce: false })
    const provider = scene.attach()
    provide(scene, provider, 't')
    const slot = scene.slot('user')
    const [old, fresh] = [scene.attach({ slot }), scene.attach({ slot })]
    bind(scene, old, 'x', 't')
    bind(scene, fresh, 'y', 't')
    expect(told(provider)).toEqual(['bind x'])
  })

  it('and a refusal within one step of what is new in it is final', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    const fresh = next()
    scene.triggers.inOneStep(() => {
      provide(scene, fresh, 't')
      bind(scene, binder, 'x', 't')
      provide(scene, fresh, 't')
    })
    expect([told(plugin), told(fresh)]).toEqual([[], ['bind x']])
    answer(scene, fresh, 'x', REFUSED)
    expect(scene.triggers.findBinding('x')).toBeUndefined()
  })
})

it('the type of a plugin is not taken over by an external worker', () => {
  const { scene, plugin, binder } = sceneWithPlugin()
  const external = scene.attach()
  provide(scene, external, 't')
  bind(scene, binder, 'x', 't')
  expect([told(plugin), told(external)]).toEqual([['bind x'], []])
})

describe('a plugin is told why it is to fire a binding no more:', () => {
  const unbound = ({ link }: TestWorker): unknown[] =>
    link.sent
      .splice(0)
      .flatMap((message) => (message.type === 'unregistertrigger' ? [message.deliberate ?? false] : []))

  it('its owner unregistered it', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    unbind(scene, binder, 'x')
    expect(unbound(plugin)).toEqual([true])
  })

  it('its owner bound something else under its id, while a replica shares it', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    const replica = scene.attach()
    bind(scene, binder, 'x', 't')
    bind(scene, replica, 'y', 't')
    bind(scene, replica, 'y', 't', { config: { other: true } })
    expect(unbound(plugin)).toEqual([])
    bind(scene, binder, 'x', 't', { config: { other: true } })
    expect(unbound(plugin)).toEqual([true])
  })

  it('its owner has left', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    scene.router.endWorker(binder.worker, { abnormal: true })
    expect(unbound(plugin)).toEqual([false])
  })

  it('the next generation has it', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    const { link } = plugin
    link.sent.splice(0)
    provide(scene, next(), 't')
    expect(link.sent).toEqual([{ type: 'unregistertrigger', id: 'x', trigger_type: 't', moved: true }])
  })

  it('the last of its owners has left, or unregistered it', () => {
    const { scene, plugin, binder } = sceneWithPlugin()
    for (const lastLeaves of [true, false]) {
      const replica = scene.attach()
      bind(scene, binder, 'x', 't')
      bind(scene, replica, 'y', 't')
      if (lastLeaves) unbind(scene, binder, 'x')
      scene.router.endWorker(replica.worker, { abnormal: true })
      if (!lastLeaves) unbind(scene, binder, 'x')
      expect(unbound(plugin)).toEqual([!lastLeaves])
    }
  })

  it('the next generation has it', () => {
    const { scene, plugin, next, binder } = sceneWithPlugin()
    bind(scene, binder, 'x', 't')
    plugin.worker.phase = 'leaving'
    provide(scene, next(), 't')
    scene.triggers.dropWorker(plugin.worker)
    expect(unbound(plugin)).toEqual([false])
  })

  it('and a worker that provides a type is told by the message of the protocol alone', () => {
    const scene = makeScene()
    const [provider, binder] = [scene.attach(), scene.attach()]
    provide(scene, provider, 't')
    bind(scene, binder, 'x', 't')
    provider.link.sent.splice(0)
    unbind(scene, binder, 'x')
    expect(provider.link.sent).toEqual([{ type: 'unregistertrigger', id: 'x', trigger_type: 't' }])
  })
})
