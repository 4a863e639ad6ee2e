// Bindings of a worker that was lost: they stay while calls of their functions wait for its return (spec 01 §8.10).
import { describe, expect, it } from 'vitest'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { sessionRights } from '../../support/session-rights.ts'
import type { TestWorker } from '../router/calls.ts'
import { bind, makeScene, provide, REFUSED, told, type Scene } from './scene.ts'

const FOR_EVER = { restart_grace_ms: 600_000 }
const SESSION = {
  kind: 'session',
  rights: sessionRights(),
  middleware: undefined,
  exact: ALL_NAMES.exactGrants,
} as const

/** A worker that provides `svc::target` and has bound it to `t`. */
function lostWorker(engine = FOR_EVER, options: Parameters<Scene['attach']>[0] = {}, coalesce = true) {
  const scene = makeScene({ engine, coalesce })
  const provider = scene.attach({ slot: scene.slot('p') })
  provide(scene, provider, 't')
  const worker = scene.attach(options)
  serve(scene, worker)
  bind(scene, worker, 'x', 't', { config: { a: 1 } })
  accept(scene, provider, 'x')
  expect(told(provider)).toEqual(['bind x'])
  return { scene, provider, worker }
}

function serve(scene: Scene, { worker }: TestWorker): void {
  scene.router.functions.register(worker, 'svc::target', { rawId: 'svc::target' })
}

function accept(scene: Scene, { worker }: TestWorker, id: string, error?: typeof REFUSED): void {
  const answer = { type: 'triggerregistrationresult', id, trigger_type: 't', function_id: 'svc::target' } as const
  scene.triggers.handle(worker, { ...answer, ...(error !== undefined && { error }) })
}

const lose = (scene: Scene, { worker }: TestWorker): void => scene.router.endWorker(worker, { abnormal: true })
const idsOf = (scene: Scene): string[] => [...scene.triggers.bindings()].map(({ id }) => id)

describe('a binding of a lost worker', () => {
  it.each([
    ['under its id', 'x'],
    ['under another id', 'y'],
  ])('is the returning worker’s again %s, without a gap', (_how, id) => {
    const { scene, provider, worker } = lostWorker()
    lose(scene, worker)
    expect(told(provider)).toEqual([])
    const returned = scene.attach()
    serve(scene, returned)
    bind(scene, returned, id, 't', { config: { a: 1 } })
    expect(told(provider).filter((message) => message.startsWith('unbind'))).toEqual([])
    expect(idsOf(scene)).toEqual([id])
    scene.router.endWorker(returned.worker, { abnormal: false })
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('is the returning worker’s also where replicas do not share', () => {
    const { scene, worker } = lostWorker(FOR_EVER, {}, false)
    lose(scene, worker)
    const returned = scene.attach()
    serve(scene, returned)
    bind(scene, returned, 'y', 't', { config: { a: 1 } })
    expect(idsOf(scene)).toEqual(['y'])
  })

  it('goes when nobody comes back in time', async () => {
    const { scene, provider, worker } = lostWorker({ restart_grace_ms: 20 })
    lose(scene, worker)
    expect(idsOf(scene)).toEqual(['x'])
    await expect.poll(() => idsOf(scene)).toEqual([])
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('makes way for another one of the same function that it keeps the provider from taking', () => {
    const { scene, provider, worker } = lostWorker()
    lose(scene, worker)
    const returned = scene.attach()
    serve(scene, returned)
    bind(scene, returned, 'y', 't', { config: { a: 2 } })
    accept(scene, provider, 'y', REFUSED)
    expect(told(provider)).toEqual(['bind y', 'unbind x', 'bind y'])
    expect(told(returned)).toEqual([])
    accept(scene, provider, 'y', REFUSED)
    expect(told(returned)).toEqual(['result y trigger_registration_failed'])
    expect(idsOf(scene)).toEqual([])
  })

  it('is not a session’s to take, nor to make way for one', () => {
    const { scene, provider, worker } = lostWorker()
    lose(scene, worker)
    const session = scene.attach({ policy: SESSION })
    bind(scene, session, 'x', 't')
    expect(told(session)).toEqual(['result x FORBIDDEN'])
    bind(scene, session, 'y', 't')
    accept(scene, provider, 'y', REFUSED)
    expect(idsOf(scene)).toEqual(['x'])
  })

  it('goes at once when its worker says good-bye', () => {
    const { scene, provider, worker } = lostWorker()
    scene.router.endWorker(worker.worker, { abnormal: false })
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('goes at once without a restart grace', () => {
    const { scene, provider, worker } = lostWorker({ restart_grace_ms: 0 })
    lose(scene, worker)
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('goes at once when somebody else provides its function', () => {
    const { scene, provider, worker } = lostWorker()
    serve(scene, scene.attach())
    lose(scene, worker)
    expect(told(provider)).toEqual(['unbind x'])
  })

  it('goes at once when it is a session’s', () => {
    const { scene, provider, worker } = lostWorker(FOR_EVER, { policy: SESSION })
    lose(scene, worker)
    expect(told(provider)).toEqual(['unbind x'])
  })
})
