// `engine::functions-changed`: who binds it knows at once which functions of a prefix there are.
import { describe, expect, it } from 'vitest'
import { makeEngine, offer, sessionPolicy, type EngineScene } from '../engine-functions/engine.ts'
import { makeCall, type TestWorker } from '../router/calls.ts'
import { bind, unbind } from '../registry/scene.ts'

const TYPE = 'engine::functions-changed'
const microtasks = () => new Promise<void>((resolve) => void setImmediate(resolve))

interface Event {
  event: string
  added: { function_id: string; namespace: string }[]
  removed: { function_id: string; namespace: string }[]
}

function watcher(scene: EngineScene, config: object, policy?: ReturnType<typeof sessionPolicy>): TestWorker {
  const made = scene.attach(policy === undefined ? {} : { policy })
  offer(scene, made.worker, { 'listen::f': '' })
  bind(scene, made, `watch-${made.worker.id}`, TYPE, { function_id: 'listen::f', config })
  return made
}

function events({ link }: TestWorker): { added: string[]; removed: string[] }[] {
  return link.delivered.splice(0).map(({ data }) => {
    const { event, added, removed } = data as Event
    expect(event).toBe('functions_changed')
    const ids = (rows: Event['added']) => rows.map(({ function_id }) => function_id).sort()
    return { added: ids(added), removed: ids(removed) }
  })
}

describe(TYPE, () => {
  it('tells everything at the beginning, nothing too', async () => {
    const scene = makeEngine()
    const provider = scene.attach()
    offer(scene, provider.worker, { 'stream::get(a)': '', 'stream::set(a)': '', 'other::f': '' })
    const first = watcher(scene, { prefix: 'stream::' })
    const empty = watcher(scene, { prefix: 'nobody::' })
    await microtasks()
    expect(events(first)).toEqual([{ added: ['stream::get(a)', 'stream::set(a)'], removed: [] }])
    expect(events(empty)).toEqual([{ added: [], removed: [] }])
  })

  it('tells of a function before the next call of the worker that registered it', async () => {
    const scene = makeEngine()
    const made = watcher(scene, { prefix: 'stream::' })
    await microtasks()
    events(made)
    const provider = scene.attach()
    offer(scene, provider.worker, { 'stream::set(b)': '' })
    scene.router.call(makeCall(provider.worker, 'listen::f', { call: 1 }), undefined)
    const payloads = made.link.delivered.map(({ data }) => data as Record<string, unknown>)
    expect(payloads.map((payload) => ('call' in payload ? 'call' : 'event'))).toEqual(['event', 'call'])
  })

  it('tells each function once, however many provide it, and that it is gone with the last of them', async () => {
    const scene = makeEngine()
    const made = watcher(scene, { prefix: 'p::' })
    await microtasks()
    events(made)
    const [one, two] = [scene.attach(), scene.attach()]
    offer(scene, one.worker, { 'p::f': '' })
    offer(scene, two.worker, { 'p::f': '' })
    scene.router.endWorker(one.worker, { abnormal: false })
    expect(events(made)).toEqual([{ added: ['p::f'], removed: [] }])
    // Lost abnormally: calls wait for it to come back, and yet nobody provides it.
    scene.router.endWorker(two.worker, { abnormal: true })
    expect(events(made)).toEqual([{ added: [], removed: ['p::f'] }])
  })

  it('tells everything anew when a replica, or the next generation of a plugin, makes an equal binding', async () => {
    const scene = makeEngine()
    offer(scene, scene.attach().worker, { 'p::f': '' })
    const content = { function_id: 'listen::f', config: { prefix: 'p::' } }
    const [old, next] = [scene.attach(), scene.attach()]
    offer(scene, old.worker, { 'listen::f': '' })
    bind(scene, old, 'of-old', TYPE, content)
    await microtasks()
    expect(events(old)).toEqual([{ added: ['p::f'], removed: [] }])
    scene.triggers.inOneStep(() => {
      offer(scene, next.worker, { 'listen::f': '' })
      bind(scene, next, 'of-next', TYPE, content)
      scene.router.endWorker(old.worker, { abnormal: false })
    })
    await microtasks()
    expect(events(next)).toEqual([{ added: ['p::f'], removed: [] }])
  })

  it('leaves out what only a session provides, when asked to', async () => {
    const scene = makeEngine()
    const made = watcher(scene, { prefix: 'p::', trusted: true })
    const session = scene.attach({ policy: sessionPolicy() })
    offer(scene, session.worker, { 'p::theirs': '' })
    await microtasks()
    expect(events(made)).toEqual([{ added: [], removed: [] }])
    const trusted = scene.attach()
    offer(scene, trusted.worker, { 'p::theirs': '' })
    expect(events(made)).toEqual([{ added: ['p::theirs'], removed: [] }])
  })

  it('shows a session only what it could call', async () => {
    const scene = makeEngine()
    const provider = scene.attach()
    offer(scene, provider.worker, { 'p::open': '', 'p::secret': '' })
    const session = watcher(
      scene,
      { prefix: 'p::' },
      sessionPolicy({ allowedFunctions: ['p::open'], allowedTriggerTypes: [TYPE] }),
    )
    await microtasks()
    expect(events(session)).toEqual([{ added: ['p::open'], removed: [] }])
  })

  it.each([{}, { prefix: '' }])('tells a trusted worker of all functions when its config is %j', async (config) => {
    const scene = makeEngine()
    offer(scene, scene.attach().worker, { 'p::f': '' })
    const made = watcher(scene, config)
    await microtasks()
    const all = [...scene.router.functions.all()].map(({ id }) => id).sort()
    expect(events(made)).toEqual([{ added: all, removed: [] }])
    const other = scene.attach()
    offer(scene, other.worker, { 'q::g': '' })
    scene.router.endWorker(other.worker, { abnormal: false })
    expect(events(made)).toEqual([
      { added: ['q::g'], removed: [] },
      { added: [], removed: ['q::g'] },
    ])
  })

  it('refuses a session that names no prefix', async () => {
    const scene = makeEngine()
    const made = watcher(scene, { prefix: '' }, sessionPolicy())
    await microtasks()
    expect(events(made)).toEqual([])
    expect(scene.triggers.findBinding(`watch-${made.worker.id}`)).toBeUndefined()
    expect(made.link.sent).toMatchObject([
      {
        type: 'triggerregistrationresult',
        error: {
          message: '`prefix` must be the first letters of the ids to watch: a session cannot watch all functions',
        },
      },
    ])
  })

  it('is silent after the binding was removed', async () => {
    const scene = makeEngine()
    const made = scene.attach()
    bind(scene, made, 'watch', TYPE, { function_id: 'listen::f', config: { prefix: 'p::' } })
    await microtasks()
    events(made)
    unbind(scene, made, 'watch')
    offer(scene, scene.attach().worker, { 'p::f': '' })
    expect(events(made)).toEqual([])
  })
})
