// What becomes of calls while the other engine is away, and of everything else once it is back (spec 06 C.5).
import { expect, test, vi } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { RawClient, type Outcome } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { bridgeTo, untilProvided } from './bridged.ts'

const at = (port: number): string => `ws://0.0.0.0:${port}`
const FORWARD = [{ local_function: 'f', remote_function: 'there::f', timeout_ms: 300 }]
const PATIENT = [{ local_function: 'patient', remote_function: 'there::f', timeout_ms: 20_000 }]

const TIMED_OUT = {
  code: 'bridge_error',
  message: expect.stringMatching(
    /^invocation timed out after \d+ms\. The engine at ws:\/\/127\.0\.0\.1:\d+\/ is not connected: .*ECONNREFUSED/,
  ) as string,
}

test('an engine starts without the other one, calls wait their time, and all of it works once that one is there', async () => {
  const port = await unusedPort()
  const config = { forward: [...FORWARD, ...PATIENT], expose: [{ local_function: 'a::f', remote_function: 'x::f' }] }
  const here = await startRemoteEngine([bridgeTo(at(port), config)])
  const near = await RawClient.connect(here.url)
  await near.provided('a::f', () => 'here')
  const since = performance.now()
  expect((await near.call('f', {})).error).toEqual(TIMED_OUT)
  expect(performance.now() - since).toBeGreaterThan(290)
  const waiting = near.call('patient', { n: 1 })
  const queued = near.call('bridge.invoke_async', { function_id: 'there::f', data: { n: 2 } })
  expect((await queued).result).toBeNull()

  for (const round of [1, 2]) {
    const there = await startRemoteEngine([], port)
    const far = await RawClient.connect(there.url)
    await far.provided('there::f', ({ n }: { n: number }) => n)
    await untilProvided(far, 'x::f')
    expect((await far.call('x::f', {})).result).toBe('here')
    expect((await near.call('patient', { n: 3 })).result).toBe(3)
    if (round === 1) {
      // They were sent as soon as the connection was there, which may have been before the function was.
      const { result, error } = await waiting
      expect(result ?? error?.message).toEqual(result === undefined ? expect.stringContaining('not found') : 1)
    }
    await there.close()
  }
}, 40_000)

test('calls that wait are sent in their order, those that were given up are not', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([bridgeTo(at(port), { forward: [...FORWARD, ...PATIENT] })])
  const near = await RawClient.connect(here.url)
  expect((await near.call('f', 'given up')).error).toEqual(TIMED_OUT)
  for (const n of [1, 2, 3]) void near.call('patient', n).catch(() => {})
  await near.call('bridge.invoke_async', { function_id: 'there::f', data: 4 })
  const there = await scriptedEngine(port)
  await there.sockets.take(1, 20_000)
  const sent = (await there.frames[0]!.take(5)).slice(1)
  expect(sent.map(({ function_id, data }) => [function_id, data])).toEqual([1, 2, 3, 4].map((n) => ['there::f', n]))
}, 30_000)

test('1,000 calls wait for the connection at once, and all of them are answered', async () => {
  const port = await unusedPort()
  const forward = [{ local_function: 'groups', remote_function: 'state::list_groups' }]
  const here = await startRemoteEngine([bridgeTo(at(port), { forward })])
  const near = await RawClient.connect(here.url)
  for (let n = 0; n < 1_000; n++)
    near.send({ type: 'invokefunction', invocation_id: `call-${n}`, function_id: 'groups', data: {} })
  await near.settled()
  await startRemoteEngine(
    ['{ name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }'],
    port,
  )
  // Beside the answer to the announce.
  await near.until(() => near.of('invocationresult').length === 1_001, 'all answers', 20_000)
  const answers = near.of('invocationresult').filter(({ invocation_id: id }) => String(id).startsWith('call-'))
  expect(answers).toHaveLength(1_000)
  for (const { result } of answers) expect(result).toEqual({ groups: [] })
}, 40_000)

test('beyond 10,000 waiting calls further ones are overloaded, until those before them were given up', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([bridgeTo(at(port), { forward: FORWARD })])
  const near = await RawClient.connect(here.url)
  for (let n = 0; n < 10_000; n++)
    near.send({
      type: 'invokefunction',
      function_id: 'bridge.invoke_async',
      data: { function_id: 'there::f', data: n },
    })
  await near.settled()
  await vi.waitUntil(
    async () => (await near.call('bridge.invoke_async', { function_id: 'g' })).error?.code === 'overloaded',
    {
      timeout: 10_000,
    },
  )
  expect((await near.call('f', {})).error).toMatchObject({ code: 'overloaded' })
  const there = await startRemoteEngine([], port)
  await RawClient.connect(there.url)
  await vi.waitUntil(
    async () =>
      (await near.call('f', {})).error?.message === 'remote error (function_not_found): Function there::f not found',
    { timeout: 10_000 },
  )
}, 40_000)

test('calls that time out leave their place in the queue to others', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([
    bridgeTo(at(port), { forward: [{ local_function: 'f', remote_function: 'there::f', timeout_ms: 50 }] }),
  ])
  const near = await RawClient.connect(here.url)
  for (let round = 0; round < 3; round++) {
    const before = near.of('invocationresult').length
    for (let n = 0; n < 6_000; n++)
      near.send({ type: 'invokefunction', invocation_id: `${round}-${n}`, function_id: 'f', data: n })
    await near.until(() => near.of('invocationresult').length === before + 6_000, 'all outcomes', 20_000)
  }
  const codes = new Set(near.of('invocationresult').map((outcome) => (outcome as Outcome).error?.code))
  codes.delete(undefined)
  expect([...codes]).toEqual(['bridge_error'])
}, 60_000)

test('health says degraded while the other engine is away, and healthy when it is there', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([bridgeTo(at(port))])
  const near = await RawClient.connect(here.url)
  const health = async () => {
    const { result } = await near.call('engine::health::check', {})
    return (result as { components: Record<string, { status: string; details: { error?: string; url?: string } }> })
      .components
  }
  const part = async () => Object.entries(await health()).find(([name]) => name.includes('bridge'))?.[1]
  await vi.waitUntil(async () => (await part())?.status === 'degraded', { timeout: 10_000 })
  expect((await part())!.details).toMatchObject({ error: expect.stringContaining('ECONNREFUSED') as string })
  await startRemoteEngine([], port)
  await vi.waitUntil(async () => (await part())?.status === 'healthy', { timeout: 10_000 })
}, 30_000)

test('an engine that stays away is told of in the log once, not with each attempt', async () => {
  const port = await unusedPort()
  const folder = new EngineFolder()
  folder.configure(LISTENER, bridgeTo(at(port)))
  await folder.start({ watch: false })
  await folder.logged('Cannot connect to the engine at')
  const near = await folder.connect({ name: 'near' })
  await near.call('bridge.invoke', { function_id: 'f', timeout_ms: 1_500 })
  expect(folder.log.items.filter(({ msg }) => msg.includes('Cannot connect to'))).toHaveLength(1)
})
