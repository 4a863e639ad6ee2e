// Limits of a listener and peers that do not read (spec 09 §5; design, "Bounds").
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { expect, test } from 'vitest'
import type { Link } from '../../../core/model/link.ts'
import { within } from '../../support/deadline.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'

const KIB = 1024
const MIB = 1024 * KIB

test('Above max_unanswered the oldest call settles with timeout', async () => {
  const core = await startCore({ listeners: [{ max_unanswered: 3 }] })
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('lim::f')
  const answers = [0, 1, 2, 3].map((n) => caller.call('lim::f', { n }))
  expect((await answers[0])?.error).toMatchObject({ code: 'timeout', message: expect.stringContaining('3 unanswered') })
  for (const call of worker.calls('lim::f').slice(1)) worker.answer(call, { result: 1 })
  expect((await Promise.all(answers.slice(1))).map(({ result }) => result)).toEqual([1, 1, 1])
})

test('A frame above max_frame_bytes closes its connection with 1009; others go on', async () => {
  const core = await startCore({ listeners: [{ max_frame_bytes: 2000 }] })
  const [big, small] = [await core.connect(), await core.connect()]
  big.send({ type: 'invokefunction', function_id: 'x', data: 'x'.repeat(3000) })
  expect((await big.closed).code).toBe(1009)
  small.send({ type: 'invokefunction', function_id: 'x', data: 'x'.repeat(1900) })
  await small.settled()
  expect(small.socket.readyState).toBe(1)
})

test('Above max_connections an upgrade answers 503 with Retry-After; a place that becomes free is used', async () => {
  const core = await startCore({ listeners: [{ max_connections: 2 }] })
  const first = await core.connect()
  await new RawClient(`${core.url()}/otel`).opened()
  const refused = await upgrade(core)
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '5'])
  await first.close()
  while (core.listener().connectionCount > 1) await new Promise((resolve) => setImmediate(resolve))
  expect((await core.connect()).workerId).not.toBe('')
})

test('Above max_connections_per_address an upgrade answers 429, and one warning says where it comes from', async () => {
  const core = await startCore({ listeners: [{ max_connections_per_address: 2 }, {}] })
  const first = await core.connect()
  await new RawClient(`${core.url()}/otel`).opened()
  for (let count = 0; count < 3; count++) {
    const refused = await upgrade(core)
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '5'])
  }
  expect(core.logged('warn').map(({ msg }) => msg)).toEqual([
    "listener 'iii-worker-manager': 127.0.0.1 has 2 connections (max_connections_per_address); new ones from there are refused",
  ])
  // Each listener counts its own.
  await core.connect({ listener: 1 })
  await first.close()
  while (core.listener().connectionCount > 1) await new Promise((resolve) => setImmediate(resolve))
  expect((await core.connect()).workerId).not.toBe('')
})

test('Registrations above max_registrations are ignored; known ids may still be replaced', async () => {
  const core = await startCore({ listeners: [{ max_registrations: 2 }] })
  const [worker, caller] = [await core.connect(), await core.connect()]
  for (const id of ['r::1', 'r::2', 'r::3', 'r::1']) worker.provide(id, () => id)
  for (const id of ['t1', 't2', 't3']) worker.send({ type: 'registertriggertype', id, description: '' })
  for (const id of ['b1', 'b2', 'b3'])
    worker.send({ type: 'registertrigger', id, trigger_type: 'none', function_id: 'r::1', config: {} })
  await worker.settled()
  expect((await caller.call('r::1', {})).result).toBe('r::1')
  expect((await caller.call('r::2', {})).result).toBe('r::2')
  expect((await caller.call('r::3', {})).error?.code).toBe('function_not_found')
  expect(['t1', 't2', 't3'].map((id) => core.core.triggers.findType('default', id) !== undefined)).toEqual([
    true,
    true,
    false,
  ])
  expect(['b1', 'b2', 'b3'].map((id) => core.core.triggers.findBinding(id) !== undefined)).toEqual([true, true, false])
  worker.send({ type: 'unregisterfunction', id: 'r::2' })
  await worker.provided('r::3', () => 'r::3')
  expect((await caller.call('r::3', {})).result).toBe('r::3')
  expect(worker.of('registrationrejected')).toEqual([])
})

test('Registrations above max_registered_bytes are refused, until something is unregistered or becomes small', async () => {
  const core = await startCore({ listeners: [{ max_registered_bytes: 8 * KIB }] })
  const [worker, caller] = [await core.connect(), await core.connect()]
  const large = { text: 'x'.repeat(3 * KIB) }
  const provide = (id: string, metadata: object): Promise<void> => worker.provided(id, () => id, { metadata })
  const there = async (id: string): Promise<boolean> => (await caller.call(id, {})).error === undefined
  const bind = async (id: string): Promise<unknown> => {
    worker.send({ type: 'registertrigger', id, trigger_type: 'none', function_id: 'r::1', config: large })
    await worker.settled()
    return worker.of('triggerregistrationresult').find((frame) => frame['id'] === id)?.['error']
  }
  for (const id of ['r::1', 'r::2', 'r::3', 'r::1']) await provide(id, large)
  await provide('r::small', {})
  expect(await Promise.all(['r::1', 'r::2', 'r::3', 'r::small'].map(there))).toEqual([true, true, false, true])
  worker.send({ type: 'registertriggertype', id: 't', description: large.text })
  expect(await bind('b1')).toMatchObject({
    code: 'overloaded',
    message: expect.stringContaining('max_registered_bytes'),
  })
  expect(core.core.triggers.findType('default', 't')).toBeUndefined()
  worker.send({ type: 'unregisterfunction', id: 'r::2' })
  expect(await bind('b2')).toBeUndefined()
  expect(core.core.triggers.findBinding('b2')).toBeDefined()
  await provide('r::3', large)
  expect(await there('r::3')).toBe(false)
  await provide('r::1', {})
  await provide('r::3', large)
  expect(await there('r::3')).toBe(true)
})

test('Trigger types of one id in many namespaces count each', async () => {
  const core = await startCore({ listeners: [{ max_registered_bytes: 8 * KIB }] })
  const worker = await core.connect()
  const register = (namespace: string): void =>
    worker.send({ type: 'registertriggertype', id: 't', namespace, description: 'x'.repeat(3 * KIB) })
  for (const namespace of ['a', 'b', 'c']) register(namespace)
  worker.send({ type: 'unregistertriggertype', id: 't' })
  for (const namespace of ['d', 'e', 'f']) register(namespace)
  await worker.settled()
  const there = ['a', 'b', 'c', 'd', 'e', 'f'].filter((namespace) => core.core.triggers.findType(namespace, 't'))
  expect(there).toEqual(['d', 'e'])
})

test('What is registered before the announce counts as well', async () => {
  const core = await startCore({ listeners: [{ max_registered_bytes: 8 * KIB }] })
  const metadata = { text: 'x'.repeat(3 * KIB) }
  const first = ['r::1', 'r::2', 'r::3'].map((id) => ({ type: 'registerfunction', id, metadata }))
  const worker = await core.connect({ first })
  await worker.settled()
  expect(['r::1', 'r::2', 'r::3'].map((id) => core.core.router.functions.find('default', id) !== undefined)).toEqual([
    true,
    true,
    false,
  ])
})

test('A trigger type counts once per namespace, and may still be replaced in each', async () => {
  const core = await startCore({ listeners: [{ max_registrations: 2 }] })
  const worker = await core.connect()
  const register = (namespace: string, description: string): void =>
    worker.send({ type: 'registertriggertype', id: 't', namespace, description })
  const described = (namespace: string): string | undefined =>
    core.core.triggers.findType(namespace, 't')?.current?.description
  for (const namespace of ['a', 'b', 'c']) register(namespace, 'first')
  register('b', 'second')
  await worker.settled()
  expect(['a', 'b', 'c'].map(described)).toEqual(['first', 'second', undefined])
  worker.send({ type: 'unregistertriggertype', id: 't' })
  register('c', 'third')
  await worker.settled()
  expect(['a', 'b', 'c'].map(described)).toEqual([undefined, undefined, 'third'])
})

test('Senders to a peer above outbox_soft_bytes are paused and go on when it reads', async () => {
  const core = await startCore({ listeners: [{ outbox_soft_bytes: 256 * KIB }] })
  const [slow, sender] = [await core.connect(), await core.connect()]
  await slow.provided('slow::f')
  slow.socket.pause()
  const data = 'x'.repeat(64 * KIB)
  const frames = 400
  for (let index = 0; index < frames; index++) sender.send({ type: 'invokefunction', function_id: 'slow::f', data })
  const link = linkOf(core, slow)
  await until(() => link.congested && sender.socket.bufferedAmount > 0 && isStable(() => sender.socket.bufferedAmount))
  expect(link.queuedBytes).toBeLessThan(2 * MIB)
  slow.socket.resume()
  await slow.until(() => slow.calls('slow::f').length === frames, `${frames} calls`)
  await sender.settled()
  expect(link.queuedBytes).toBe(0)
})

test('With a soft limit below what a socket buffers by itself paused senders still go on', async () => {
  const core = await startCore({ listeners: [{ outbox_soft_bytes: 100 }] })
  const [worker, sender] = [await core.connect(), await core.connect()]
  await worker.provided('small::f', (n: number) => n)
  for (let index = 0; index < 200; index++) expect((await sender.call('small::f', index)).result).toBe(index)
})

test('A peer that never reads is cut off after outbox_hard_ms, its calls settle, and third parties are not held up', async () => {
  const core = await startCore({
    listeners: [{ outbox_soft_bytes: 64 * KIB, outbox_hard_bytes: 256 * KIB, outbox_hard_ms: 300 }],
    engine: { restart_grace_ms: 0 },
  })
  const [deaf, sender, callee, bystander] = [
    await core.connect(),
    await core.connect(),
    await core.connect(),
    await core.connect(),
  ]
  await deaf.provided('deaf::f')
  await callee.provided('other::f', () => 'fine')
  deaf.socket.pause()
  const answered = Array.from({ length: 300 }, () => sender.call('deaf::f', 'x'.repeat(64 * KIB)))
  await until(() => linkOf(core, deaf).queuedBytes > 256 * KIB)
  expect((await bystander.call('other::f', {})).result).toBe('fine')
  const codes = new Set((await Promise.all(answered)).map(({ error }) => error?.code))
  for (const code of codes) expect(['invocation_stopped', 'function_not_found', 'overloaded']).toContain(code)
  expect(core.core.router.workers.has(deaf.workerId)).toBe(false)
  expect((await sender.call('other::f', {})).result).toBe('fine')
  deaf.socket.resume()
  expect((await deaf.closed).code).toBe(1013)
})

test('A caller that does not read its answers is not read either, and its callee serves others on', async () => {
  const core = await startCore({ listeners: [{ outbox_soft_bytes: 256 * KIB, outbox_hard_bytes: 64 * MIB }] })
  const [greedy, worker, other] = [await core.connect(), await core.connect(), await core.connect()]
  await worker.provided('big::f', () => 'x'.repeat(256 * KIB))
  greedy.socket.pause()
  for (let index = 0; index < 2000; index++)
    greedy.send({
      type: 'invokefunction',
      invocation_id: randomUUID(),
      function_id: 'big::f',
      data: 'y'.repeat(16 * KIB),
    })
  await until(() => linkOf(core, greedy).congested)
  await until(() => isStable(() => worker.calls('big::f').length))
  expect(worker.calls('big::f').length).toBeLessThan(2000)
  expect(linkOf(core, greedy).queuedBytes).toBeLessThan(64 * MIB)
  greedy.socket.terminate()
  expect(String((await other.call('big::f', {})).result)).toHaveLength(256 * KIB)
})

test('Two workers that flood each other both go on', async () => {
  const core = await startCore({ listeners: [{ outbox_soft_bytes: 512 * KIB }] })
  const [a, b] = [await core.connect(), await core.connect()]
  await a.provided('flood::a', () => 'a')
  await b.provided('flood::b', () => 'b')
  const data = 'x'.repeat(32 * KIB)
  const rounds = 1000
  const outcomes = Promise.all(
    Array.from({ length: rounds }, () => [a.call('flood::b', data), b.call('flood::a', data)]).flat(),
  )
  expect(new Set((await within(15_000, 'all answers', outcomes)).map(({ result }) => result))).toEqual(
    new Set(['a', 'b']),
  )
})

test('A sender that is paused for another one is not taken for dead', async () => {
  const core = await startCore({
    listeners: [
      { outbox_soft_bytes: 64 * KIB, outbox_hard_bytes: 256 * MIB, ping_interval_ms: 50, idle_timeout_ms: 200 },
      {},
    ],
  })
  const sender = await core.connect()
  const slow = await core.connect({ listener: 1 })
  await slow.provided('slow::f')
  const link = linkOf(core, slow)
  // As if the peer had 1 MB queued: the sender is held until it drains.
  link.throttle(linkOf(core, sender))
  const since = performance.now()
  let pings = 0
  await new Promise<void>((resolve) => sender.socket.on('ping', () => (++pings >= 10 ? resolve() : undefined)))
  expect(performance.now() - since).toBeGreaterThan(300)
  expect(core.core.router.workers.has(sender.workerId)).toBe(true)
  await slow.settled()
  expect((await sender.call('no::such', {})).error?.code).toBe('function_not_found')
})

function linkOf(core: TestCore, { workerId }: RawClient): Link {
  const worker = core.core.router.workers.get(workerId)
  if (worker === undefined) throw new Error('the worker is gone')
  return worker.link
}

function upgrade(core: TestCore): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    const request = http.get({ host: '127.0.0.1', port: core.listener().port, headers }, (response) => {
      response.resume()
      resolve(response)
    })
    request.once('error', reject)
  })
}

/** Turns of the event loop are the clock. */
async function until(holds: () => boolean, ms = 8000): Promise<void> {
  const deadline = performance.now() + ms
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it does not come to hold: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

const last = { value: NaN, since: 0 }

/** True once a value has not changed for 100 ms. */
function isStable(read: () => number): boolean {
  const value = read()
  if (value !== last.value) Object.assign(last, { value, since: performance.now() })
  return performance.now() - last.since > 100
}
