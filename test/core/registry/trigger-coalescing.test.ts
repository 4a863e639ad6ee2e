// Equal bindings of replicas are one binding with several owners (spec 01 §8.11).
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../base/values/canonical-json.ts'
import { sessionRights } from '../../support/session-rights.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { bind, makeScene, provide, told, unbind, type SceneOptions } from './scene.ts'

const SESSION = {
  kind: 'session',
  rights: sessionRights(),
  middleware: undefined,
  exact: ALL_NAMES.exactGrants,
} as const

function replicas(options?: SceneOptions) {
  const scene = makeScene(options)
  const [provider, one, two] = [scene.attach(), scene.attach(), scene.attach()]
  provide(scene, provider, 't')
  return { scene, provider, one, two }
}

describe('equal bindings of two connections', () => {
  it('are delivered once and unregistered when the last owner goes', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'x', 't', { config: { a: 1, b: { c: 2, d: 3 } } })
    bind(scene, two, 'y', 't', { config: { b: { d: 3, c: 2 }, a: 1 } })
    expect(told(provider)).toEqual(['bind x'])
    scene.router.endWorker(one.worker, { abnormal: true })
    expect(told(provider)).toEqual([])
    scene.router.endWorker(two.worker, { abnormal: true })
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('are listed under both ids and counted per owner', () => {
    const { scene, one, two } = replicas()
    bind(scene, one, 'x', 't')
    bind(scene, two, 'y', 't')
    const type = scene.triggers.findType('default', 't')
    expect([...scene.triggers.bindings()].map(({ id }) => id)).toEqual(['x', 'y'])
    expect(type && scene.triggers.countBindings(type)).toBe(2)
  })

  it('are parked and replayed as one', () => {
    const scene = makeScene()
    const [one, two, provider] = [scene.attach(), scene.attach(), scene.attach()]
    bind(scene, one, 'x', 't')
    bind(scene, two, 'y', 't')
    provide(scene, provider, 't')
    expect(told(provider)).toEqual(['bind x'])
  })

  it('stay two when anything differs', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'a', 't')
    bind(scene, two, 'b', 't', { config: { x: 1 } })
    bind(scene, two, 'c', 't', { metadata: { x: 1 } })
    bind(scene, two, 'd', 't', { function_id: 'svc::other' })
    bind(scene, two, 'e', 't', { namespace: 'blue' })
    expect(told(provider)).toEqual(['bind a', 'bind b', 'bind c', 'bind d', 'bind e'])
  })

  it('stay two when one of them is a session, of which plugins are told', () => {
    const scene = makeScene()
    const plugin = scene.attach({ slot: scene.slot('p') })
    const outsider = scene.attach()
    provide(scene, plugin, 't')
    provide(scene, outsider, 'u')
    const session = scene.attach({ policy: SESSION })
    const [trusted, other] = [scene.attach(), scene.attach({ policy: SESSION })]
    bind(scene, session, 'x', 't')
    bind(scene, trusted, 'y', 't')
    bind(scene, other, 'z', 't')
    bind(scene, session, 'v', 'u')
    expect(plugin.link.sent).toMatchObject([{ id: 'x', session: session.worker.id }, { id: 'y' }])
    expect(plugin.link.sent[1]).not.toHaveProperty('session')
    expect(outsider.link.sent.at(-1)).toMatchObject({ id: 'v' })
    expect(outsider.link.sent.at(-1)).not.toHaveProperty('session')
    expect(told(plugin)).toEqual(['bind x', 'bind y'])
  })

  it('stay two with coalesce_replica_triggers off', () => {
    const { scene, provider, one, two } = replicas({ coalesce: false })
    bind(scene, one, 'x', 't')
    bind(scene, two, 'y', 't')
    expect(told(provider)).toEqual(['bind x', 'bind y'])
  })
})

describe('equal bindings of one connection', () => {
  it('stay separate, and each pairs with one of a replica that does the same', () => {
    const { scene, provider, one, two } = replicas()
    for (const id of ['x1', 'x2']) bind(scene, one, id, 't')
    for (const id of ['y1', 'y2']) bind(scene, two, id, 't')
    expect(told(provider)).toEqual(['bind x1', 'bind x2'])
    unbind(scene, one, 'x1')
    unbind(scene, one, 'x2')
    expect(told(provider)).toEqual([])
    scene.router.endWorker(two.worker, { abnormal: false })
    expect(told(provider)).toEqual(['unbind x1', 'unbind x2'])
  })
})

describe('the id that the provider knows', () => {
  it('stays with the shared binding when its first owner binds something else under it', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'x', 't', { config: 1 })
    bind(scene, two, 'y', 't', { config: 1 })
    told(provider)
    bind(scene, one, 'x', 't', { config: 2 })
    const fresh = scene.triggers.findBinding('x')?.logical.id
    expect(fresh).not.toBe('x')
    expect(told(provider)).toEqual([`bind ${fresh}`])
    unbind(scene, two, 'y')
    unbind(scene, one, 'x')
    expect(told(provider)).toEqual(['unbind x', `unbind ${fresh}`])
  })

  it('goes when a binding is changed into one that exists', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'x', 't', { config: 1 })
    bind(scene, two, 'y', 't', { config: 2 })
    told(provider)
    bind(scene, two, 'y', 't', { config: 1 })
    expect(told(provider)).toEqual(['unbind y'])
    expect(scene.triggers.findBinding('y')?.logical.id).toBe('x')
  })

  it('changes hands with the trigger id, with a second delivery as upstream', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'x', 't')
    bind(scene, two, 'x', 't')
    scene.router.endWorker(one.worker, { abnormal: true })
    expect(told(provider)).toEqual(['bind x', 'bind x'])
  })

  it('is split off when its new owner has an equal binding already', () => {
    const { scene, provider, one, two } = replicas()
    bind(scene, one, 'x', 't')
    bind(scene, two, 'y', 't')
    bind(scene, two, 'x', 't')
    const [x, y] = [scene.triggers.findBinding('x')?.logical, scene.triggers.findBinding('y')?.logical]
    expect(x).not.toBe(y)
    expect(told(provider)).toEqual(['bind x', `bind ${x?.id}`])
  })
})

it('equal JSON gives equal text in any order of keys, other JSON other text', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null })).toBe(canonicalJson({ a: null, b: [1, { c: 2, d: 1 }] }))
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]))
  expect(canonicalJson(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}')
  expect(canonicalJson(undefined)).toBe('')
})
