// Reconnects: reattach, its races, the zombie guard, liveness (spec 01 §8.8, §12, checks 38–41).
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { EngineOptions } from '../../../core/model/options.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'
import { sessionAnswer } from '../../support/session-rights.ts'

test('A valid reattach closes the old socket before the next frame, and the replay leaves exactly one provider', async () => {
  const { core, caller } = await scene()
  const old = await core.connect({ name: 'w' })
  await old.provided('re::f', () => 'old')
  const fresh = new RawClient(core.url())
  await fresh.opened()
  fresh.handle('re::f', () => 'new')
  fresh.send({ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token })
  fresh.provide('re::f', () => 'new')
  await fresh.announce({ name: 'w' })
  await old.closed
  expect(fresh.workerId).not.toBe(old.workerId)
  const { result } = await caller.call('engine::workers::list', { search: 'w' })
  expect((result as { workers: { id: string }[] }).workers.map(({ id }) => id)).toContain(fresh.workerId)
  expect(core.core.router.workers.has(old.workerId)).toBe(false)
  for (let round = 0; round < 5; round++) expect((await caller.call('re::f', {})).result).toBe('new')
})

test('A function that the new connection does not replay is gone after the restart grace', async () => {
  const { core, caller } = await scene({ restart_grace_ms: 100 })
  const old = await core.connect()
  await old.provided('re::dropped', () => 'old')
  await core.connect({ first: [{ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token }] })
  expect((await caller.call('re::dropped', {})).error?.code).toBe('function_not_found')
})

test.each([
  ['a wrong token', (old: RawClient) => ({ previous_worker_id: old.workerId, reattach_token: randomUUID() })],
  ['no token', (old: RawClient) => ({ previous_worker_id: old.workerId })],
  ['a token that is no string', (old: RawClient) => ({ previous_worker_id: old.workerId, reattach_token: 5 })],
  ['an unknown id', (old: RawClient) => ({ previous_worker_id: randomUUID(), reattach_token: old.token })],
  ['an id that is none', (old: RawClient) => ({ previous_worker_id: '../x', reattach_token: old.token })],
  ['an id of another type', (old: RawClient) => ({ previous_worker_id: 5, reattach_token: old.token })],
])('A reattach with %s leaves the old connection alone and gets no reply', async (_what, members) => {
  const { core, caller } = await scene()
  const old = await core.connect()
  await old.provided('re::f', () => 'old')
  const fresh = await core.connect()
  const before = fresh.frames.length
  fresh.send({ type: 'reattach', ...members(old) })
  await fresh.settled()
  expect(fresh.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect((await caller.call('re::f', {})).result).toBe('old')
  expect(core.lines.join('\n')).not.toContain(old.token)
})

test('A connection cannot reattach to itself', async () => {
  const { core } = await scene()
  const client = await core.connect()
  client.send({ type: 'reattach', previous_worker_id: client.workerId, reattach_token: client.token })
  await client.settled()
  expect(client.socket.readyState).toBe(1)
})

test('Frames of the old connection behind the eviction are not handled', async () => {
  const { core, caller } = await scene()
  const old = await core.connect()
  await core.connect({ first: [{ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token }] })
  old.provide('re::late', () => 'late')
  await old.closed
  await caller.settled()
  expect((await caller.call('re::late', {})).error?.code).toBe('function_not_found')
})

test('Answers to the calls of the old connection go to the new one', async () => {
  const { core } = await scene()
  const [worker, old] = [await core.connect(), await core.connect()]
  await worker.provided('re::slow')
  const id = randomUUID()
  old.send({ type: 'invokefunction', invocation_id: id, function_id: 're::slow', data: {} })
  const call = await worker.next('invokefunction')
  const fresh = await core.connect({
    first: [{ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token }],
  })
  worker.answer(call, { result: 'kept' })
  expect((await fresh.outcome(id)).result).toBe('kept')
})

test('Calls that the evicted connection had not answered are invocation_stopped', async () => {
  const { core, caller } = await scene()
  const old = await core.connect()
  await old.provided('re::slow')
  const answered = caller.call('re::slow', {})
  await old.next('invokefunction')
  await core.connect({ first: [{ type: 'reattach', previous_worker_id: old.workerId, reattach_token: old.token }] })
  expect((await answered).error?.code).toBe('invocation_stopped')
})

test('What a new connection registered survives the teardown of the old one, a hundred times', async () => {
  const { core, caller } = await scene()
  const binder = await core.connect()
  const bindingId = randomUUID()
  binder.send({ type: 'registertrigger', id: bindingId, trigger_type: 'race', function_id: 'race::f', config: {} })
  let old = await join(core, 0)
  for (let round = 1; round <= 100; round++) {
    const fresh = await join(core, round)
    old.socket.terminate()
    await until(() => !core.core.router.workers.has(old.workerId), caller)
    expect((await caller.call('race::f', {})).result).toBe(round)
    expect(core.core.triggers.ownerOf('race-own')?.id).toBe(fresh.workerId)
    expect(core.core.triggers.findType('default', 'race')?.current?.worker.id).toBe(fresh.workerId)
    await fresh.settled()
    expect(fresh.of('registertrigger').filter(({ id }) => id === bindingId)).toHaveLength(1)
    old = fresh
  }
  expect(core.core.triggers.findBinding(bindingId)).toBeDefined()
})

test('A newer connection of the same process ends an older one that is silent', async () => {
  const { core, caller } = await scene()
  const zombie = await core.connect({ name: 'z', pid: 7 })
  await zombie.provided('z::f', () => 'zombie')
  zombie.socket.pause()
  const fresh = await core.connect({ name: 'z', pid: 7 })
  await fresh.provided('z::f', () => 'fresh')
  // Until the old one is gone the newer one is preferred.
  for (let round = 0; round < 4; round++) expect((await caller.call('z::f', {})).result).toBe('fresh')
  await until(() => !core.core.router.workers.has(zombie.workerId), caller)
  expect((await caller.call('z::f', {})).result).toBe('fresh')
})

test('An older connection that answers the ping stays, and replicas with other process ids are not asked', async () => {
  const { core, caller } = await scene()
  const [older, replica] = [await core.connect({ name: 'z', pid: 7 }), await core.connect({ name: 'z', pid: 8 })]
  let replicaPings = 0
  replica.socket.on('ping', () => replicaPings++)
  const pinged = new Promise((resolve) => older.socket.once('ping', resolve))
  const newer = await core.connect({ name: 'z', pid: 7 })
  await pinged
  const until150 = performance.now() + 150
  while (performance.now() < until150) await newer.settled()
  expect([older, replica, newer].map(({ workerId }) => core.core.router.workers.has(workerId))).toEqual([
    true,
    true,
    true,
  ])
  expect(core.core.router.workers.get(older.workerId)?.suspectedZombie).toBe(false)
  expect(replicaPings).toBe(0)
  await caller.settled()
})

test('A peer that went silent is dropped after idle_timeout_ms; one that answers pings stays', async () => {
  const core = await startCore({ listeners: [{ ping_interval_ms: 40, idle_timeout_ms: 150 }] })
  const [deaf, alive] = [await core.connect(), await core.connect()]
  await deaf.provided('deaf::f')
  const stopped = alive.call('deaf::f', {})
  await deaf.next('invokefunction')
  const since = performance.now()
  deaf.socket.pause()
  expect((await stopped).error?.code).toBe('invocation_stopped')
  expect(performance.now() - since).toBeLessThan(1500)
  let pings = 0
  await new Promise<void>((resolve) => alive.socket.on('ping', () => (++pings === 8 ? resolve() : undefined)))
  expect(alive.socket.readyState).toBe(1)
})

test('A standstill of the engine makes no peer look silent', async () => {
  const core = await startCore({ listeners: [{ ping_interval_ms: 40, idle_timeout_ms: 150 }] })
  const alive = await core.connect()
  const pings = async (count: number): Promise<void> => {
    for (let seen = 0; seen < count; seen++) await once(alive.socket, 'ping')
  }
  await pings(2)
  const until = performance.now() + 500
  while (performance.now() < until);
  await pings(4)
  expect(core.core.router.workers.has(alive.workerId)).toBe(true)
})

test('workers-available tells of each connection exactly once that it came, announced itself and left', async () => {
  const { core, caller: watcher } = await scene()
  const events: { event: string; worker_id: string }[] = []
  watcher.handle('watch::workers', (event) => void events.push(event))
  watcher.provide('watch::workers')
  watcher.send({
    type: 'registertrigger',
    id: randomUUID(),
    trigger_type: 'engine::workers-available',
    function_id: 'watch::workers',
    config: {},
  })
  await watcher.settled()
  const client = await core.connect()
  await client.close()
  await watcher.until(() => events.some(({ event }) => event === 'worker_disconnected'), 'worker_disconnected')
  await watcher.settled()
  expect(events.filter(({ worker_id }) => worker_id === client.workerId).map(({ event }) => event)).toEqual([
    'worker_connected',
    'worker_metadata_updated',
    'worker_disconnected',
  ])
})

test('The id of a killed provider waits for the next one, its callers in order; after a clean close it is gone at once', async () => {
  const { core, caller } = await scene()
  const first = await core.connect()
  await first.provided('grace::f', (n: { n: number }) => n.n)
  first.socket.terminate()
  await until(() => !core.core.router.workers.has(first.workerId), caller)
  const answers = Array.from({ length: 50 }, (_, n) => caller.call('grace::f', { n }))
  await caller.settled()
  const second = await core.connect()
  await second.provided('grace::f', (n: { n: number }) => n.n)
  expect((await Promise.all(answers)).map(({ result }) => result)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  expect(second.calls('grace::f').map(({ data }) => (data as { n: number }).n)).toEqual(
    Array.from({ length: 50 }, (_, n) => n),
  )
  second.socket.close()
  await second.closed
  await until(() => !core.core.router.workers.has(second.workerId), caller)
  expect((await caller.call('grace::f', {})).error?.code).toBe('function_not_found')
})

test('Calls made while a provider is being cut off never meet a half-dead connection', async () => {
  const { core, caller } = await scene({ restart_grace_ms: 50 })
  for (let round = 0; round < 30; round++) {
    const worker = await core.connect()
    await worker.provided('cut::f', () => 1)
    const answers: Promise<{ error?: { code: string } }>[] = []
    const flood = setInterval(() => answers.push(caller.call('cut::f', {})), 0)
    worker.socket.terminate()
    await until(() => !core.core.router.workers.has(worker.workerId), caller)
    clearInterval(flood)
    for (const { error } of await Promise.all(answers)) expect(error?.code ?? 'fine').not.toBe('channel_send_failed')
  }
})

test('A worker is gone with its close frame, though its socket may linger', async () => {
  const { core, caller } = await scene()
  const worker = await core.connect()
  await worker.provided('linger::f')
  const pending = caller.call('linger::f', {})
  await worker.next('invokefunction')
  const { _socket: tcp } = worker.socket as unknown as { _socket: Socket }
  tcp.pause()
  // A masked close frame without a code; the answer is never read and the socket never closed.
  tcp.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]))
  expect((await pending).error?.code).toBe('invocation_stopped')
  expect((await caller.call('linger::f', {})).error?.code).toBe('function_not_found')
})

test('Calls made while a provider closes cleanly get function_not_found', async () => {
  const { core, caller } = await scene()
  for (let round = 0; round < 30; round++) {
    const worker = await core.connect()
    await worker.provided('leave::f', () => 1)
    worker.socket.close()
    const codes = new Set<string>()
    do codes.add((await caller.call('leave::f', {})).error?.code ?? 'answered')
    while (core.core.router.workers.has(worker.workerId))
    for (const code of codes) expect(['answered', 'invocation_stopped', 'function_not_found']).toContain(code)
  }
})

async function scene(engine: Partial<EngineOptions> = {}): Promise<{ core: TestCore; caller: RawClient }> {
  const core = await startCore({ engine, zombieAnswerMs: 100 })
  return { core, caller: await core.connect({ name: 'caller' }) }
}

async function join(core: TestCore, round: number): Promise<RawClient> {
  const client = await core.connect({ name: 'racer', pid: 100 + round })
  client.send({ type: 'registertriggertype', id: 'race', description: '' })
  client.send({
    type: 'registertrigger',
    id: 'race-own',
    trigger_type: 'race',
    function_id: 'race::f',
    config: { round },
  })
  await client.provided('race::f', () => round)
  return client
}

/** Round trips of a client are the clock. */
async function until(holds: () => boolean, client: RawClient): Promise<void> {
  const deadline = performance.now() + 4000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it does not come to hold')
    await client.settled()
  }
}

test('However many connections of one process there are, each new one has one other asked, and none of a session a trusted worker', async () => {
  const core = await startCore({
    listeners: [{}, { rbac: {} }],
    prepare: (host) => host.seat('session-policy', () => sessionAnswer()),
  })
  const same = { name: 'z', pid: 7 }
  const clients: RawClient[] = []
  let pings = 0
  for (let index = 0; index < 10; index++) {
    const client = await core.connect(same)
    client.socket.on('ping', () => pings++)
    clients.push(client)
  }
  await Promise.all(clients.map((client) => client.settled()))
  expect(pings).toBe(9)
  await core.connect({ ...same, listener: 1 })
  await Promise.all(clients.map((client) => client.settled()))
  expect(pings).toBe(9)
  await clients.at(-1)?.close()
  const next = await core.connect(same)
  await next.settled()
  expect(pings).toBe(9)
})
