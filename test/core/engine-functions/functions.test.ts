// `engine::functions::list` and `::info` (spec 04 C.1, B.8; checks 27–29).
import { describe, expect, it } from 'vitest'
import { bind } from '../registry/scene.ts'
import { column, makeEngine, offer, sessionPolicy } from './engine.ts'

const LIST = 'engine::functions::list'
const INFO = 'engine::functions::info'

async function ids(
  scene: ReturnType<typeof makeEngine>,
  worker: Parameters<typeof scene.call>[0],
  input?: object,
): Promise<unknown[]> {
  return column(await scene.call(worker, LIST, input), 'functions', 'function_id')
}

describe(LIST, () => {
  it('hides engine ids but those of queues, and functions that are marked internal', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    offer(scene, worker.worker, { 'todo::add': 'Adds', 'engine::queue::list_topics': 'Topics' })
    scene.router.functions.register(worker.worker, 'todo::secret', {
      rawId: 'todo::secret',
      metadata: { internal: true },
    })
    expect(await ids(scene, worker)).toEqual(['engine::queue::list_topics', 'todo::add'])
    expect(await ids(scene, worker, { prefix: 'engine::' })).toEqual(['engine::queue::list_topics'])
    expect(await ids(scene, worker, { include_internal: true, prefix: 'engine::workers::' })).toEqual([
      'engine::workers::info',
      'engine::workers::list',
      'engine::workers::register',
    ])
    expect(await ids(scene, worker, { include_internal: true, prefix: 'logger::' })).toHaveLength(5)
    expect(await ids(scene, worker, { include_internal: true, prefix: 'todo::' })).toEqual([
      'todo::add',
      'todo::secret',
    ])
  })

  it('sorts a search by how well the id fits, then by id', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    offer(scene, worker.worker, {
      'zoo::feed': 'Stores STATE of animals',
      'my::restated': '',
      'a::state': '',
      'state::get': 'Reads',
      'plain::f': '',
    })
    expect(await ids(scene, worker, { search: 'State' })).toEqual([
      'a::state',
      'state::get',
      'my::restated',
      'zoo::feed',
    ])
  })

  it('has the members of all versions, without those that were not registered', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    await scene.announce(worker, { name: 'orders' })
    const { functions } = scene.router
    functions.register(worker.worker, 'a::bare', { rawId: 'a::bare' })
    functions.register(worker.worker, 'a::full', {
      rawId: 'a::full',
      description: 'd',
      metadata: { m: 1 },
      requestFormat: { type: 'object' },
      responseFormat: { type: 'string' },
    })
    expect(await scene.call(worker, LIST, { prefix: 'a::' })).toEqual({
      functions: [
        { function_id: 'a::bare', namespace: 'default', worker_name: 'orders' },
        {
          function_id: 'a::full',
          namespace: 'default',
          worker_name: 'orders',
          description: 'd',
          metadata: { m: 1 },
          request_format: { type: 'object' },
          response_format: { type: 'string' },
        },
      ],
    })
  })

  it('has one row per id, of the latest provider, and filters by owner', async () => {
    const scene = makeEngine()
    const [one, two, caller] = [scene.attach(), scene.attach(), scene.attach()]
    await scene.announce(one, { name: 'one' })
    await scene.announce(two, { name: 'two' })
    offer(scene, one.worker, { 'lb::f': 'first', 'solo::f': '' })
    offer(scene, two.worker, { 'lb::f': 'second' })
    expect(await scene.call(caller, LIST, { prefix: 'lb::' })).toMatchObject({
      functions: [{ worker_name: 'two', description: 'second' }],
    })
    expect(await ids(scene, caller, { worker: 'one' })).toEqual(['solo::f'])
    expect(await ids(scene, caller, { workers: ['one'], worker: 'two' })).toEqual(['lb::f', 'solo::f'])
    expect(await ids(scene, caller, { workers: [] })).toEqual([])
    scene.router.endWorker(two.worker, { abnormal: false })
    expect(await scene.call(caller, LIST, { prefix: 'lb::' })).toMatchObject({
      functions: [{ worker_name: 'one', description: 'first' }],
    })
  })

  it('names the first segment of the id while the owner has no name', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    offer(scene, worker.worker, { 'todo::add': '' })
    expect(await scene.call(worker, LIST)).toMatchObject({ functions: [{ worker_name: 'todo' }] })
  })

  it('takes null for no input, and names the function and the member of a wrong type', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    expect(await ids(scene, worker, undefined)).toEqual([])
    expect(await scene.call(worker, LIST, null)).toEqual({ functions: [] })
    expect(await scene.call(worker, LIST, { search: null, unknown: 1 })).toEqual({ functions: [] })
    await expect(scene.call(worker, LIST, { search: 7 })).rejects.toEqual({
      code: 'deserialization_error',
      message: "engine::functions::list: 'search' must be a string, got 7",
    })
    await expect(scene.call(worker, LIST, { include_internal: 'yes' })).rejects.toMatchObject({
      code: 'deserialization_error',
    })
    await expect(scene.call(worker, LIST, { workers: [1] })).rejects.toMatchObject({ code: 'deserialization_error' })
    await expect(scene.call(worker, LIST, 'text')).rejects.toMatchObject({ code: 'deserialization_error' })
  })

  it('shows a session what it could call and what it registered', async () => {
    const scene = makeEngine()
    const [worker, session] = [
      scene.attach(),
      scene.attach({ policy: sessionPolicy({ allowedFunctions: ['api::open'] }) }),
    ]
    offer(scene, worker.worker, { 'api::open': '', 'db::secret': '' })
    offer(scene, session.worker, { 'ui::own': '' })
    expect(await ids(scene, session)).toEqual(['api::open', 'ui::own'])
  })
})

describe(INFO, () => {
  it('renames the formats to schemas and lists the triggers of the function', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    scene.router.functions.register(worker.worker, 'a::b', {
      rawId: 'a::b',
      description: 'd',
      requestFormat: { r: 1 },
      responseFormat: { s: 1 },
    })
    bind(scene, worker, 'y', 'cron', { function_id: 'a::b', config: { at: 2 } })
    bind(scene, worker, 'x', 'cron', { function_id: 'a::b', config: { at: 1 } })
    bind(scene, worker, 'z', 'cron', { function_id: 'a::b', namespace: 'other' })
    expect(await scene.call(worker, INFO, { function_id: 'a::b' })).toEqual({
      function_id: 'a::b',
      namespace: 'default',
      worker_name: 'a',
      description: 'd',
      request_schema: { r: 1 },
      response_schema: { s: 1 },
      registered_triggers: [
        { id: 'x', trigger_type: 'cron', config: { at: 1 }, state: 'parked' },
        { id: 'y', trigger_type: 'cron', config: { at: 2 }, state: 'parked' },
      ],
    })
  })

  it('answers a batch in order, each id once, with an error in place of what is missing', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    offer(scene, worker.worker, { 'a::b': '', 'c::d': '' })
    const answer = await scene.call(worker, INFO, { function_ids: ['c::d', 'nope', 'a::b', 'c::d'] })
    expect(column(answer, 'functions', 'function_id')).toEqual(['c::d', 'nope', 'a::b'])
    expect(answer).toMatchObject({ functions: [{}, { function_id: 'nope', error: 'not_found' }, {}] })
  })

  it('refuses arguments that contradict each other, none, and too many', async () => {
    const scene = makeEngine()
    const worker = scene.attach()
    const many = Array.from({ length: 33 }, (_, index) => `f${index}`)
    for (const input of [{}, { function_id: 'a', function_ids: ['b'] }, { function_ids: [] }, { function_ids: many }]) {
      await expect(scene.call(worker, INFO, input)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' })
    }
    await expect(scene.call(worker, INFO, { function_ids: many })).rejects.toMatchObject({
      message: expect.stringContaining('too many function_ids (max 32)') as string,
    })
    await expect(scene.call(worker, INFO, { function_ids: [...many.slice(1), 'f1'] })).resolves.toMatchObject({
      functions: { length: 32 },
    })
  })

  it('tells a missing id from one that a session may not see', async () => {
    const scene = makeEngine()
    const [worker, session] = [scene.attach(), scene.attach({ policy: sessionPolicy() })]
    offer(scene, worker.worker, { 'db::secret': '' })
    await expect(scene.call(worker, INFO, { function_id: 'nope' })).rejects.toEqual({
      code: 'NOT_FOUND',
      message: "Function 'nope' is not registered.",
    })
    await expect(scene.call(worker, INFO, { function_id: 'db::secrt' })).rejects.toMatchObject({
      message: "Function 'db::secrt' is not registered. Did you mean 'db::secret'?",
    })
    await expect(scene.call(session, INFO, { function_id: 'db::secret' })).rejects.toEqual({
      code: 'FORBIDDEN',
      message: "Function 'db::secret' is not visible to this session.",
    })
    expect(await scene.call(session, INFO, { function_ids: ['db::secret'] })).toEqual({
      functions: [{ function_id: 'db::secret', error: 'forbidden' }],
    })
  })

  it('counts the calls that wait for the return of the last provider', async () => {
    const scene = makeEngine()
    const [worker, caller] = [scene.attach(), scene.attach()]
    offer(scene, worker.worker, { 'a::b': '' })
    scene.router.endWorker(worker.worker, { abnormal: true })
    void scene.call(caller, 'a::b')
    expect(await scene.call(caller, INFO, { function_id: 'a::b' })).toMatchObject({ held_calls: 1 })
    offer(scene, caller.worker, { 'a::b': '' })
  })
})
