// Who serves an id when workers come and go (spec 01 §8, checks 23–27, 29) and registration before the announce (§13).
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startCore, type TestCore } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'

test('Two workers with the same id share the calls, and one that does not answer gets fewer', async () => {
  const { core, caller } = await scene()
  const [a, b] = [await core.connect(), await core.connect()]
  await a.provided('lb::f', () => 'a')
  await b.provided('lb::f', () => 'b')
  for (let round = 0; round < 100; round++) await caller.call('lb::f', {})
  expect(a.calls('lb::f').length).toBeGreaterThanOrEqual(40)
  expect(b.calls('lb::f').length).toBeGreaterThanOrEqual(40)
  await a.provided('only::a')
  for (let round = 0; round < 10; round++)
    caller.send({ type: 'invokefunction', invocation_id: randomUUID(), function_id: 'only::a', data: {} })
  await a.until(() => a.calls('only::a').length === 10, '10 calls')
  const before = a.calls('lb::f').length
  for (let round = 0; round < 10; round++) expect((await caller.call('lb::f', {})).result).toBe('b')
  expect(a.calls('lb::f').length).toBe(before)
})

test('After one of two providers closed all calls succeed; what it had is invocation_stopped; after the last there is nothing', async () => {
  const { core, caller } = await scene()
  const [a, b] = [await core.connect(), await core.connect()]
  await a.provided('lb::f')
  const lost = caller.call('lb::f', {})
  await a.next('invokefunction')
  await b.provided('lb::f', () => 'b')
  await a.close(1000)
  expect((await lost).error?.code).toBe('invocation_stopped')
  for (let round = 0; round < 20; round++) expect((await caller.call('lb::f', {})).result).toBe('b')
  expect(b.calls('lb::f')).toHaveLength(20)
  b.send({ type: 'unregisterfunction', id: 'lb::f' })
  await b.settled()
  expect((await caller.call('lb::f', {})).error?.code).toBe('function_not_found')
})

test('A second registration by the same connection replaces the first', async () => {
  const { core, caller } = await scene()
  const a = await core.connect()
  a.provide('re::f', undefined, { description: 'one' })
  await a.provided('re::f', () => 1, { description: 'two' })
  const { result } = await caller.call('engine::functions::list', {})
  const rows = (result as { functions: { function_id: string; description: string }[] }).functions.filter(
    ({ function_id }) => function_id === 're::f',
  )
  expect(rows.map(({ description }) => description)).toEqual(['two'])
  expect((await caller.call('re::f', {})).result).toBe(1)
  expect(a.calls('re::f')).toHaveLength(1)
})

test('An id of a built-in is refused to other workers, before and after they leave', async () => {
  const core = await startCore({ prepare: (host) => host.plugin('iii-state', { 'state::get': () => 'built-in' }) })
  const [rival, caller] = [await core.connect(), await core.connect()]
  for (const id of ['state::get', 'engine::workers::list']) {
    rival.provide(id, () => 'rival')
    const refused = await rival.find(
      (frame) => frame.type === 'registrationrejected' && frame['function_id'] === id,
      'a refusal',
    )
    expect(refused).toMatchObject({ code: 'FUNCTION_NAMESPACE_CONFLICT', owner_worker_id: '', namespace: 'default' })
  }
  expect((await caller.call('state::get', {})).result).toBe('built-in')
  expect(rival.socket.readyState).toBe(1)
  await rival.close()
  expect((await caller.call('state::get', {})).result).toBe('built-in')
})

test('Workers with the same name are both listed', async () => {
  const { core, caller } = await scene()
  const [a, b] = [await core.connect({ name: 'twin', pid: 1 }), await core.connect({ name: 'twin', pid: 2 })]
  const { result } = await caller.call('engine::workers::list', { search: 'twin' })
  expect((result as { workers: { id: string }[] }).workers.map(({ id }) => id).sort()).toEqual(
    [a.workerId, b.workerId].sort(),
  )
})

test('unregisterfunction by another connection has no effect', async () => {
  const { core, caller } = await scene()
  const a = await core.connect()
  await a.provided('own::f', () => 1)
  caller.send({ type: 'unregisterfunction', id: 'own::f' })
  await caller.settled()
  expect((await caller.call('own::f', {})).result).toBe(1)
})

test('unregistertrigger needs no type, works while parked and ignores unknown ids', async () => {
  const { core, caller } = await scene()
  const binding = { type: 'registertrigger', id: randomUUID(), trigger_type: 'parked', function_id: 'a::b', config: {} }
  caller.send(binding)
  caller.send({ type: 'unregistertrigger', id: binding.id })
  caller.send({ type: 'unregistertrigger', id: randomUUID() })
  await caller.settled()
  const provider = await core.connect()
  provider.send({ type: 'registertriggertype', id: 'parked', description: '' })
  await provider.settled()
  caller.send({ ...binding, id: 'second' })
  await caller.settled()
  await provider.settled()
  expect(provider.of('registertrigger').map(({ id }) => id)).toEqual(['second'])
  caller.send({ type: 'unregistertrigger', id: 'second' })
  expect(await provider.next('unregistertrigger')).toEqual({
    type: 'unregistertrigger',
    id: 'second',
    trigger_type: 'parked',
  })
})

// ── before the announce (§13) ────────────────────────────────────────────────────────────────────────────────────────

test('Registrations wait for the announce, which puts them into its namespace', async () => {
  const { core, caller } = await scene()
  const worker = await core.connect({ name: null })
  worker.provide('ns::f', () => 'there')
  await worker.settled()
  expect((await caller.call('ns::f', {})).error?.code).toBe('function_not_found')
  await worker.announce({ namespace: 'apart' })
  expect((await caller.call('ns::f', {}, { namespace: 'apart' })).result).toBe('there')
  expect((await caller.call('ns::f', {})).error).toMatchObject({
    code: 'function_not_found',
    message: 'Function ns::f not found in namespace default. It is registered in namespace(s): apart.',
  })
})

test('A worker that never announces itself is callable after a quarter of a second of silence', async () => {
  const { core, caller } = await scene()
  const worker = await core.connect({ name: null })
  const sent = performance.now()
  worker.provide('quiet::f', () => 'there')
  await available(caller, 'quiet::f')
  const waited = performance.now() - sent
  expect(waited).toBeGreaterThanOrEqual(230)
  expect(waited).toBeLessThan(2000)
})

test('The grace ends the wait of a connection that is never silent, and a later namespace is answered and ignored', async () => {
  const core = await startCore({ namespaceGraceMs: 400 })
  const [caller, worker] = [await core.connect(), await core.connect({ name: null })]
  worker.provide('busy::f', () => 'there')
  const chatter = setInterval(() => worker.send({ type: 'pong' }), 20)
  try {
    await available(caller, 'busy::f')
  } finally {
    clearInterval(chatter)
  }
  expect((await worker.announce({ namespace: 'late' })).result).toEqual({ success: true })
  expect((await caller.call('busy::f', {})).result).toBe('there')
  expect(core.logged('warn').map(({ msg }) => msg)).toEqual([expect.stringContaining("'late' too late")])
})

test('Calls of a worker wait behind its own registrations, in order; with nothing held they go at once', async () => {
  const { core } = await scene()
  const worker = await core.connect({ name: null })
  const early = worker.call('engine::workers::list', {})
  expect((await early).error).toBeUndefined()
  worker.provide('own::f', () => 'mine')
  const own = worker.call('own::f', {})
  worker.send({ type: 'unregisterfunction', id: 'own::f' })
  await worker.settled()
  expect(worker.calls('own::f')).toEqual([])
  await worker.announce()
  expect((await own).result).toBe('mine')
  expect((await worker.call('own::f', {})).error?.code).toBe('function_not_found')
})

test('A trigger type that is given up before the announce does not come to be', async () => {
  const { core, caller } = await scene()
  const worker = await core.connect({ name: null })
  worker.send({ type: 'registertriggertype', id: 'brief', description: '' })
  worker.send({ type: 'unregistertriggertype', id: 'brief' })
  await worker.announce()
  caller.send({ type: 'registertrigger', id: randomUUID(), trigger_type: 'brief', function_id: 'a::b', config: {} })
  await caller.settled()
  await worker.settled()
  expect(worker.of('registertrigger')).toEqual([])
})

test.each([
  ['invokefunction', async (worker: RawClient) => (await worker.call('a::b', {}, { namespace: ' ' })).error?.code],
  ['the announce', async (worker: RawClient) => (await worker.announce({ namespace: ' ' })).error?.code],
  [
    'registertrigger',
    async (worker: RawClient) => {
      worker.send({
        type: 'registertrigger',
        id: 'x',
        trigger_type: 't',
        function_id: 'a::b',
        config: {},
        namespace: '  ',
      })
      return ((await worker.next('triggerregistrationresult'))['error'] as { code: string }).code
    },
  ],
])('A blank namespace in %s is INVALID_NAMESPACE', async (_where, code) => {
  const core = await startCore()
  expect(await code(await core.connect())).toBe('INVALID_NAMESPACE')
})

test('engine ids outside the namespace default are refused', async () => {
  const core = await startCore()
  const worker = await core.connect({ namespace: 'apart' })
  worker.provide('engine::mine')
  expect(await worker.next('registrationrejected')).toMatchObject({
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    owner_worker_id: '',
  })
})

async function scene(): Promise<{ core: TestCore; caller: RawClient }> {
  const core = await startCore()
  return { core, caller: await core.connect({ name: 'caller' }) }
}

/** Calls until the function is there; the round trips are the clock. */
async function available(caller: RawClient, id: string): Promise<void> {
  const until = performance.now() + 4000
  for (;;) {
    const { error } = await caller.call(id, {})
    if (error === undefined) return
    if (performance.now() > until) throw new Error(`${id}: ${error.message}`)
  }
}
