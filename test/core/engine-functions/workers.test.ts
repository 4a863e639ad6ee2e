// Workers: listing, description and announce (spec 04 C.3, 01 §7, 08 §18; check 37).
import { describe, expect, it } from 'vitest'
import { setClock } from '../../support/set-clock.ts'
import { ENGINE_VERSION } from '../../../core/version.ts'
import { Worker } from '../../../core/model/worker.ts'
import { bind, provide } from '../registry/scene.ts'
import { RecordingLink } from '../router/calls.ts'
import { column, makeEngine, offer, sessionPolicy } from './engine.ts'

const LIST = 'engine::workers::list'
const REGISTER = 'engine::workers::register'

describe(LIST, () => {
  it('has the members of all versions, null where nothing is known', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await scene.announce(worker, { name: 'orders', os: 'linux', pid: 42, description: 'd', isolation: null })
    offer(scene, worker.worker, { 'b::f': '', 'a::f': '' })
    const { id, connectedAt } = worker.worker
    expect(await scene.call(worker, LIST)).toEqual({
      timestamp: expect.any(Number) as number,
      workers: [
        {
          id,
          name: 'orders',
          description: 'd',
          version: '0.22.1',
          namespace: 'default',
          runtime: 'node',
          os: 'linux',
          status: 'connected',
          function_count: 2,
          functions: ['a::f', 'b::f'],
          connected_at_ms: connectedAt,
          active_invocations: 0,
          unresponsive_since_ms: null,
          isolation: null,
          ip_address: null,
          pid: 42,
          telemetry: null,
          latest_metrics: null,
        },
      ],
    })
  })

  it('keeps three texts of what a worker says of its project, whatever else is there', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    const shown = async (telemetry: unknown): Promise<unknown> => {
      await scene.announce(worker, { name: 'w', telemetry })
      const { workers } = (await scene.call(worker, LIST)) as { workers: { telemetry: unknown }[] }
      return workers[0]?.telemetry
    }
    const said = { language: 'ts', project_name: 'shop\u202e', framework: 5, amplitude_api_key: 'k' }
    const kept = { language: 'ts', project_name: 'shop', framework: null }
    expect(await shown('none')).toBeNull()
    expect(await shown(said)).toEqual(kept)
    expect(await shown(undefined)).toEqual(kept)
  })

  it('shows a connection that registered anything without an announce, and no bare one', async () => {
    const scene = makeEngine()
    const [withFunction, withType, withTrigger, bare] = [scene.attach(), scene.attach(), scene.attach(), scene.attach()]
    offer(scene, withFunction.worker, { 'a::f': '' })
    provide(scene, withType, 't')
    bind(scene, withTrigger, 'x', 't')
    const answer = await scene.call(bare, LIST)
    const shown = [withFunction, withType, withTrigger].map(({ worker }) => worker.id).sort()
    expect(column(answer, 'workers', 'id')).toEqual(shown)
    expect(column(answer, 'workers', 'name')).toEqual([null, null, null])
    expect(answer).toMatchObject({ workers: [{ runtime: 'unknown' }, {}, {}] })
  })

  it('filters and sorts by name', async () => {
    const scene = makeEngine()
    const [one, two, three] = [scene.attach(), scene.attach(), scene.attach()]
    await scene.announce(one, { name: 'zeta', runtime: 'python' })
    await scene.announce(two, { name: 'Alpha' })
    await scene.announce(three, { name: 'beta' })
    const listed = async (input?: object) => column(await scene.call(one, LIST, input), 'workers', 'name')
    expect(await listed()).toEqual(['Alpha', 'beta', 'zeta'])
    expect(await listed({ search: 'alph' })).toEqual(['Alpha'])
    expect(await listed({ runtime: 'python' })).toEqual(['zeta'])
    expect(await listed({ status: 'connected' })).toEqual(['Alpha', 'beta', 'zeta'])
    expect(await listed({ status: 'available' })).toEqual([])
    expect(await listed({ worker_id: three.worker.id })).toEqual(['beta'])
  })

  it('calls a worker connected while it has calls to answer, and counts those', async () => {
    const scene = makeEngine()
    const [worker, caller] = [scene.attach(), scene.attach()]
    await scene.announce(worker, { name: 'w' })
    offer(scene, worker.worker, { 'a::f': '' })
    const answer = scene.call(caller, 'a::f')
    const row = { status: 'connected', active_invocations: 1 }
    expect(await scene.call(caller, LIST, { status: 'connected' })).toMatchObject({ workers: [row] })
    expect(await scene.call(caller, 'engine::workers::info', { name: 'w' })).toMatchObject({ worker: row })
    scene.router.endWorker(worker.worker, { abnormal: false })
    await expect(answer).rejects.toMatchObject({ code: 'invocation_stopped' })
  })

  it('shows since when a worker has answered nothing while calls wait for it', async () => {
    const scene = makeEngine()
    const [worker, caller] = [scene.attach(), scene.attach()]
    await scene.announce(worker, { name: 'w' })
    offer(scene, worker.worker, { 'a::f': '' })
    const clock = await setClock(1_000)
    const since = async () =>
      column(await scene.call(caller, LIST, { search: 'w' }), 'workers', 'unresponsive_since_ms')[0]
    const calls = [scene.call(caller, 'a::f'), scene.call(caller, 'a::f')]
    await clock.set(11_000)
    expect(await since()).toBe(null)
    await clock.set(11_002)
    expect(await since()).toBeCloseTo(Date.now() - 10_002, -3)
    expect(await scene.call(caller, 'engine::workers::info', { name: 'w' })).toMatchObject({
      worker: { status: 'connected', unresponsive_since_ms: expect.any(Number) as number },
    })
    // An answer, whichever: it begins anew.
    scene.router.settle(worker.worker, worker.link.unanswered.shift()!, undefined, undefined)
    expect(await since()).toBe(null)
    await clock.set(22_000)
    expect(await since()).not.toBe(null)
    scene.router.settle(worker.worker, worker.link.unanswered.shift()!, undefined, undefined)
    expect(await since()).toBe(null)
    await Promise.all(calls)
  })

  it('shows workers inside the engine by instance, replicas as one, and those that the engine names', async () => {
    const scene = makeEngine({
      deps: { internalWorkers: () => [{ instanceId: 'iii-worker-manager#1', name: 'iii-worker-manager' }] },
    })
    const slot = scene.slot('cpu')
    const policy = { kind: 'plugin', plugin: 'cpu', builtIn: false, allow: undefined } as const
    for (const id of ['r0', 'r1']) {
      const replica = new Worker({
        id,
        link: new RecordingLink(),
        policy,
        slot,
        internal: { instanceId: 'cpu', name: 'cpu', description: 'burns' },
      })
      scene.router.addWorker(replica)
      scene.router.functions.register(replica, 'cpu::burn', { rawId: 'cpu::burn' })
    }
    const answer = await scene.call(scene.attach(), LIST)
    const inside = {
      runtime: 'engine',
      status: 'available',
      isolation: 'in-process',
      os: null,
      version: ENGINE_VERSION,
      ip_address: null,
    }
    expect(answer).toMatchObject({
      workers: [
        { ...inside, id: 'cpu', name: 'cpu', description: 'burns', function_count: 1, functions: ['cpu::burn'] },
        { ...inside, id: 'iii-worker-manager#1', name: 'iii-worker-manager', function_count: 0 },
      ],
    })
  })

  it('shows the engine itself where it has a name, with its functions', async () => {
    const scene = makeEngine({ listedAs: 'iii-engine-functions' })
    expect(await scene.call(scene.attach(), LIST)).toMatchObject({
      workers: [
        { id: 'iii-engine-functions', runtime: 'engine', functions: expect.arrayContaining([LIST]) as string[] },
      ],
    })
  })

  it('names to a session only functions that it could call or owns', async () => {
    const scene = makeEngine()
    const [worker, session] = [
      scene.attach(),
      scene.attach({ policy: sessionPolicy({ allowedFunctions: ['api::open'] }) }),
    ]
    offer(scene, worker.worker, { 'api::open': '', 'db::secret': '' })
    expect(await scene.call(session, LIST)).toMatchObject({
      workers: [{ functions: ['api::open'], function_count: 1 }],
    })
  })
})

describe('engine::workers::info', () => {
  it('describes a worker by name or id with its functions, types and the triggers of its functions', async () => {
    const scene = makeEngine()
    const [worker, other] = [scene.attach(), scene.attach()]
    await scene.announce(worker, { name: 'shop', pid: 7 })
    offer(scene, worker.worker, { 'svc::target': 'd', 'a::f': '' })
    provide(scene, worker, 't')
    bind(scene, other, 'x', 't')
    bind(scene, worker, 'elsewhere', 't', { function_id: 'other::f' })
    const answer = await scene.call(other, 'engine::workers::info', { name: 'shop' })
    expect(answer).toMatchObject({
      worker: { name: 'shop', pid: 7, internal: false },
      functions: [{ function_id: 'a::f' }, { function_id: 'svc::target', description: 'd' }],
      trigger_types: [{ id: 't', namespace: 'default', worker_name: 'shop', description: 'events of t' }],
      registered_triggers: [{ id: 'x', trigger_type: 't', worker_name: 'shop' }],
    })
    expect(await scene.call(other, 'engine::workers::info', { id: worker.worker.id })).toEqual(answer)
  })

  it('fails for a name that nobody has', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await expect(scene.call(worker, 'engine::workers::info', { name: 'nobody' })).rejects.toEqual({
      code: 'NOT_FOUND',
      message: "Worker 'nobody' is not connected.",
    })
    await scene.announce(worker, { name: 'nobodys' })
    await expect(scene.call(worker, 'engine::workers::info', { name: 'nobody' })).rejects.toMatchObject({
      message: "Worker 'nobody' is not connected. Did you mean 'nobodys'?",
    })
    await expect(scene.call(worker, 'engine::workers::info', {})).rejects.toMatchObject({
      code: 'deserialization_error',
    })
  })
})

describe(REGISTER, () => {
  it('cleans name and description of what could deceive, and cuts them', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    const name = ' \u0000ev\u202eil\u2066\u2028\u001b[31m '
    expect(await scene.announce(worker, { name, description: '💥'.repeat(400) })).toEqual({ success: true })
    expect(worker.worker.announcement?.name).toBe('evil[31m')
    expect([...(worker.worker.announcement?.description ?? '')]).toHaveLength(280)
    await scene.announce(scene.attach(), { name: '\u0007 ' })
  })

  it('keeps what a repeated call leaves out, except runtime and version', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await scene.call(worker, REGISTER, {
      runtime: 'node',
      version: '1',
      name: 'n',
      description: 'd',
      os: 'o',
      pid: 1,
      isolation: 'i',
    })
    await scene.call(worker, REGISTER, { name: '' })
    expect(worker.worker.announcement).toEqual({
      runtime: 'unknown',
      version: undefined,
      name: 'n',
      description: 'd',
      os: 'o',
      pid: 1,
      isolation: 'i',
    })
  })

  it('refuses a blank namespace and garbled input, and leaves the worker as it was', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await expect(scene.call(worker, REGISTER, { namespace: '  ' })).rejects.toMatchObject({ code: 'INVALID_NAMESPACE' })
    for (const input of [null, 'x', [], { pid: -1 }, { pid: 1.5 }, { name: 7 }]) {
      await expect(scene.call(worker, REGISTER, input)).rejects.toMatchObject({ code: 'deserialization_error' })
    }
    expect(worker.worker.announcement).toBeUndefined()
  })

  it('accepts a namespace that comes too late, with a warning', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    expect(await scene.announce(worker, { namespace: 'late' })).toEqual({ success: true })
    expect(worker.worker.namespace).toBe('default')
    expect(scene.log.lines.map(({ level }) => level)).toContain('warn')
  })

  it('tells the zombie guard', async () => {
    const announced: string[] = []
    const scene = makeEngine({ deps: { onAnnounced: (worker) => announced.push(worker.announcement?.name ?? '') } })
    await scene.announce(scene.attach(), { name: 'w' })
    expect(announced).toEqual(['w'])
  })

  it('lets several workers have one name', async () => {
    const scene = makeEngine()
    const [one, two] = [scene.attach(), scene.attach()]
    await scene.announce(one, { name: 'w', version: '0.23.0' })
    expect(await scene.announce(two, { name: 'w', version: '0.23.0' })).toEqual({ success: true })
    expect(column(await scene.call(one, LIST), 'workers', 'name')).toEqual(['w', 'w'])
  })

  describe('with duplicate_workers: reject', () => {
    const engine = { duplicate_workers: 'reject' } as const

    it('refuses a taken name to clients that give up then, and closes', async () => {
      const scene = makeEngine({ engine })
      const [one, two] = [scene.attach(), scene.attach()]
      await scene.announce(one, { name: 'w' })
      expect(await scene.announce(two, { name: 'w', version: '0.23.0' })).toEqual({ success: false })
      expect(two.link.sent).toEqual([
        {
          type: 'registrationrejected',
          code: 'WORKER_NAMESPACE_CONFLICT',
          namespace: 'default',
          owner_worker_id: one.worker.id,
          worker_name: 'w',
        },
      ])
      await new Promise((resolve) => setImmediate(resolve))
      expect(two.link.open).toBe(false)
    })

    it('accepts old clients, which would reconnect for ever, and repeated announces', async () => {
      const scene = makeEngine({ engine })
      const [one, two] = [scene.attach(), scene.attach()]
      await scene.announce(one, { name: 'w', version: '0.23.0' })
      expect(await scene.announce(one, { name: 'w', version: '0.23.0' })).toEqual({ success: true })
      expect(await scene.announce(two, { name: 'w', version: '0.22.1' })).toEqual({ success: true })
    })
  })
})
