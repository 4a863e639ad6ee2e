// Providers have a tier: the plugin that owns an id, workers of this engine, and workers that stand in for functions of another place.
import { describe, expect, it } from 'vitest'
import { makeEngine, offer, sessionPolicy, column } from '../engine-functions/engine.ts'
import { makeRouter, type TestRouter } from './test-router.ts'
import type { TestWorker } from './calls.ts'

const PEER = { kind: 'peer' } as const

/** A worker behind a fake link that stands in for these functions. */
function peer(test: TestRouter, ids: readonly string[]): TestWorker {
  const joined = test.join({ policy: PEER })
  for (const id of ids) test.provide(joined.worker, id)
  return joined
}

function local(test: TestRouter, ids: readonly string[]): TestWorker {
  const joined = test.join()
  for (const id of ids) test.provide(joined.worker, id)
  return joined
}

function counts(...workers: readonly TestWorker[]): number[] {
  return workers.map(({ link }) => link.delivered.splice(0).length)
}

describe('choice', () => {
  it('takes a local provider although the remote one has less in flight', () => {
    const test = makeRouter()
    const [far, near, caller] = [peer(test, ['f']), local(test, ['f']), test.join()]
    for (let call = 0; call < 3; call++) test.call(caller, 'f')
    expect(counts(near, far)).toEqual([3, 0])
  })

  it('takes the remote one when the last local one has left, and a local one again when it is back', () => {
    const test = makeRouter()
    const [far, near, caller] = [peer(test, ['f']), local(test, ['f']), test.join()]
    test.call(caller, 'f')
    test.router.endWorker(near.worker, { abnormal: false })
    test.call(caller, 'f')
    const back = local(test, ['f'])
    test.call(caller, 'f')
    expect(counts(near, far, back)).toEqual([1, 1, 1])
  })

  it('serves from the remote one at once instead of waiting for the return of a local one that was lost', () => {
    const test = makeRouter({ restart_grace_ms: 60_000 })
    const [far, near, caller] = [peer(test, ['f']), local(test, ['f']), test.join()]
    test.router.endWorker(near.worker, { abnormal: true })
    test.call(caller, 'f')
    expect(counts(far)).toEqual([1])
  })

  it('lets calls that wait for the return of a local one go to a remote one that offers the id, in order', () => {
    const test = makeRouter({ restart_grace_ms: 60_000 })
    const [near, caller] = [local(test, ['f']), test.join()]
    test.router.endWorker(near.worker, { abnormal: true })
    for (const n of [1, 2, 3]) test.call(caller, 'f', n)
    const far = peer(test, ['f'])
    test.call(caller, 'f', 4)
    expect(far.link.delivered.map(({ data }) => data)).toEqual([1, 2, 3, 4])
  })

  it('keeps the calls for a plugin that owns the id, while it is replaced too', () => {
    const test = makeRouter()
    const far = peer(test, ['p::f'])
    const { slot, generation } = test.plugin('p', ['p::f'], { builtIn: true })
    const caller = test.join()
    test.call(caller, 'p::f')
    expect(counts(generation, far)).toEqual([1, 0])
    slot.phase = 'closed'
    test.call(caller, 'p::f')
    expect(counts(generation, far)).toEqual([0, 0])
    test.router.endWorker(generation.worker, { abnormal: false })
    test.router.removeSlot(slot)
    expect(counts(far)).toEqual([1])
  })

  it('shares calls among the remote ones', () => {
    const test = makeRouter()
    const [one, two, caller] = [peer(test, ['f']), peer(test, ['f']), test.join()]
    for (let call = 0; call < 4; call++) test.call(caller, 'f')
    expect(counts(one, two)).toEqual([2, 2])
  })

  it('takes the call of a peer as it is: nobody is named as its caller again', () => {
    const test = makeRouter()
    const [near, far] = [local(test, ['f']), peer(test, [])]
    test.call(far, 'f')
    expect(near.link.delivered[0]?.callerWorkerId).toBeUndefined()
  })
})

describe('registration', () => {
  it('of a peer is taken although a built-in plugin owns the id or only one provider may have it', () => {
    const test = makeRouter({ duplicate_functions: 'reject' })
    test.plugin('p', ['p::f'], { builtIn: true })
    local(test, ['f'])
    const far = peer(test, ['p::f', 'f'])
    expect([...far.worker.providers.keys()]).toEqual(['p::f', 'f'])
    expect(far.link.sent).toEqual([])
  })

  it('of a worker is taken although a peer has the id and only one provider may', () => {
    const test = makeRouter({ duplicate_functions: 'reject' })
    peer(test, ['f'])
    const near = local(test, ['f'])
    expect(near.worker.providers.has('f')).toBe(true)
    expect(near.link.sent).toEqual([])
  })

  it('of a session is refused where a peer serves the id, as with a local trusted worker', () => {
    const test = makeRouter()
    peer(test, ['f'])
    const session = test.join({ policy: sessionPolicy() })
    test.provide(session.worker, 'f')
    expect(session.worker.providers.size).toBe(0)
    expect(session.link.sent).toMatchObject([{ type: 'registrationrejected', function_id: 'f' }])
  })

  it.each(['engine::x', 'engine::seat::telemetry'])('of a peer for %s is refused', (id) => {
    const test = makeRouter()
    expect(peer(test, [id]).worker.providers.size).toBe(0)
  })

  it('of a peer makes no plugin of it: a worker of this engine is not refused', () => {
    const test = makeRouter()
    peer(test, ['f'])
    expect(test.router.functions.find('default', 'f')?.slot).toBeUndefined()
  })
})

it('listings name the peer while it alone has the id, and the local worker as soon as there is one', async () => {
  const scene = makeEngine()
  const [far, near, observer] = [scene.attach({ policy: PEER }), scene.attach(), scene.attach()]
  await scene.announce(far, { name: 'engine-b' })
  await scene.announce(near, { name: 'orders' })
  const names = async (): Promise<unknown[]> =>
    column(await scene.call(observer, 'engine::functions::list', { prefix: 'f' }), 'functions', 'worker_name')
  offer(scene, near.worker, { f: '' })
  offer(scene, far.worker, { f: '' })
  expect(await names()).toEqual(['orders'])
  scene.router.endWorker(near.worker, { abnormal: false })
  expect(await names()).toEqual(['engine-b'])
})
