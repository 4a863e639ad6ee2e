// The engine's own trigger types (spec 04 C.6, 09 §3; checks 31, 32 of spec 04).
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TestWorker } from '../router/calls.ts'
import { column, makeEngine, offer, sessionPolicy, type EngineScene } from '../engine-functions/engine.ts'
import { bind, unbind } from '../registry/scene.ts'

const FUNCTIONS = 'engine::functions-available'
const WORKERS = 'engine::workers-available'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A worker with a function that is bound to `type`. */
function listener(scene: EngineScene, type: string, policy?: ReturnType<typeof sessionPolicy>): TestWorker {
  const made = scene.attach(policy === undefined ? {} : { policy })
  offer(scene, made.worker, { 'listen::f': '' })
  bind(scene, made, `on-${type}-${made.worker.id}`, type, { function_id: 'listen::f' })
  return made
}

async function pass(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

function events({ link }: TestWorker): unknown[] {
  return link.delivered.splice(0).map(({ data }) => data)
}

describe(WORKERS, () => {
  it('tells of connect, announce and disconnect of another worker, in order, once each', async () => {
    const scene = makeEngine()
    const watcher = listener(scene, WORKERS)
    await pass()
    events(watcher)
    const { worker, link } = scene.attach()
    await scene.announce({ worker, link }, { name: 'w' })
    scene.router.endWorker(worker, { abnormal: false })
    await pass()
    expect(events(watcher)).toEqual([
      { event: 'worker_connected', worker_id: worker.id },
      { event: 'worker_metadata_updated', worker_id: worker.id },
      { event: 'worker_disconnected', worker_id: worker.id },
    ])
  })

  it('tells nothing of plugins', async () => {
    const scene = makeEngine()
    const watcher = listener(scene, WORKERS)
    const plugin = scene.attach({ slot: scene.slot('p') })
    scene.router.endWorker(plugin.worker, { abnormal: false })
    await pass()
    expect(events(watcher)).toEqual([])
  })

  it('refuses settings, which it has none of', async () => {
    const scene = makeEngine()
    const made = scene.attach()
    bind(scene, made, 'x', WORKERS, { config: { event: 'worker_connected' } })
    expect(made.link.sent).toMatchObject([
      {
        type: 'triggerregistrationresult',
        id: 'x',
        error: { message: "config: unknown key 'event'. None is allowed here." },
      },
    ])
    expect([...scene.triggers.bindings()]).toEqual([])
  })

  it('fires after the frame that raised the event, never within it', async () => {
    const scene = makeEngine()
    const watcher = listener(scene, WORKERS)
    scene.attach()
    expect(watcher.link.delivered).toEqual([])
    await pass()
    expect(watcher.link.delivered).toHaveLength(1)
  })

  it('passes the metadata of the trigger, and survives a target that does not exist', async () => {
    const scene = makeEngine()
    const watcher = scene.attach()
    bind(scene, watcher, 'x', WORKERS, { function_id: 'missing::f', metadata: { m: 1 } })
    const sidecars: (string | undefined)[] = []
    scene.router.functions.register(scene.router.engineWorker, 'local::f', {
      rawId: 'local::f',
      handler: (_input, { metadata }) => void sidecars.push(JSON.stringify(metadata)),
    })
    bind(scene, watcher, 'y', WORKERS, { function_id: 'local::f', metadata: { m: 2 } })
    scene.attach()
    await pass()
    expect(sidecars).toEqual(['{"m":2}'])
  })

  it('does not call for a session what the session may not call', async () => {
    const scene = makeEngine()
    const secret = scene.attach()
    offer(scene, secret.worker, { 'secret::f': '' })
    const session = scene.attach({ policy: sessionPolicy() })
    bind(scene, session, 'x', WORKERS, { function_id: 'secret::f' })
    scene.attach()
    await pass()
    expect(secret.link.delivered).toEqual([])
  })

  it('is silent after the trigger is unregistered, also for what was raised before', async () => {
    const scene = makeEngine()
    const watcher = scene.attach()
    offer(scene, watcher.worker, { 'listen::f': '' })
    bind(scene, watcher, 'x', WORKERS, { function_id: 'listen::f' })
    scene.attach()
    unbind(scene, watcher, 'x')
    await pass()
    expect(events(watcher)).toEqual([])
  })
})

describe(FUNCTIONS, () => {
  it('fires at once with the current list when a trigger is new', async () => {
    const scene = makeEngine()
    const watcher = listener(scene, FUNCTIONS)
    await pass()
    const [first, ...more] = events(watcher)
    expect(more).toEqual([])
    expect(first).toMatchObject({ event: 'functions_changed' })
    const ids = column(first, 'functions', 'function_id')
    expect(ids).toContain('listen::f')
    expect(ids).toContain('engine::functions::list')
  })

  it('collects changes for 500 ms, and then waits a second at least', async () => {
    const scene = makeEngine()
    const watcher = listener(scene, FUNCTIONS)
    await pass(10_000)
    events(watcher)
    const worker = scene.attach()
    offer(scene, worker.worker, { 'a::f': '' })
    await pass(400)
    offer(scene, worker.worker, { 'b::f': '' })
    expect(events(watcher)).toEqual([])
    await pass(100)
    const [event, ...more] = events(watcher)
    expect(more).toEqual([])
    expect(column(event, 'functions', 'function_id')).toEqual(expect.arrayContaining(['a::f', 'b::f']))
    offer(scene, worker.worker, { 'c::f': '' })
    await pass(999)
    expect(events(watcher)).toEqual([])
    await pass(1)
    expect(events(watcher)).toHaveLength(1)
  })

  it('does not fire when the set of ids is the same again', async () => {
    const scene = makeEngine()
    const [watcher, worker] = [listener(scene, FUNCTIONS), scene.attach()]
    await pass(10_000)
    events(watcher)
    offer(scene, worker.worker, { 'a::f': '' })
    scene.router.functions.unregister(worker.worker, 'a::f')
    offer(scene, watcher.worker, { 'listen::f': 'another description' })
    await pass(10_000)
    expect(events(watcher)).toEqual([])
  })

  it('shows a session only what it could call or owns', async () => {
    const scene = makeEngine()
    const other = scene.attach()
    offer(scene, other.worker, { 'api::open': '', 'db::secret': '' })
    const policy = sessionPolicy({ allowedFunctions: ['api::open'], expose: [] })
    const session = listener(scene, FUNCTIONS, policy)
    await pass()
    const ids = column(events(session)[0], 'functions', 'function_id')
    expect(ids).toContain('listen::f')
    expect(ids).toContain('api::open')
    expect(ids).not.toContain('db::secret')
    expect(ids).not.toContain('engine::functions::list')
  })
})

it('engine::plugins-changed carries the event as it is', async () => {
  const scene = makeEngine()
  const watcher = listener(scene, 'engine::plugins-changed')
  const failed = {
    event: 'failed',
    name: 'p',
    generation: 3,
    error: { code: 'PLUGIN_START_FAILED', message: 'm' },
  } as const
  scene.discovery.pluginsChanged({ event: 'started', name: 'p', generation: 1 })
  scene.discovery.pluginsChanged(failed)
  await pass()
  expect(events(watcher)).toEqual([{ event: 'started', name: 'p', generation: 1 }, failed])
})

it('a closed discovery fires nothing more', async () => {
  const scene = makeEngine()
  const watcher = listener(scene, FUNCTIONS)
  await pass(10_000)
  events(watcher)
  offer(scene, watcher.worker, { 'a::f': '' })
  scene.discovery.close()
  await pass(10_000)
  expect(events(watcher)).toEqual([])
})
