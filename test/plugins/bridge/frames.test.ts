// What a bridge sends, frame by frame, to an engine of which it knows the protocol alone (spec 06 C.1, C.2, C.5).
import { hostname } from 'node:os'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { bridgeTo } from './bridged.ts'

type Frame = Record<string, unknown>

async function scripted(config: Readonly<Record<string, unknown>> = {}) {
  const there = await scriptedEngine()
  const here = await startRemoteEngine([bridgeTo(there.url, config)])
  const near = await RawClient.connect(here.url)
  await there.sockets.take(1)
  return { there, here, near, frames: there.frames[0]! }
}

/** The frames of the load, without those by which the bridge looks after itself. */
const callsIn = (frames: readonly Frame[]): Frame[] =>
  frames.filter(({ type, function_id: id }) => type === 'invokefunction' && !String(id).startsWith('engine::'))

async function firstCall(frames: { take(count: number): Promise<Frame[]>; items: readonly Frame[] }): Promise<Frame> {
  return vi.waitUntil(() => callsIn(frames.items)[0], { timeout: 10_000 })
}

const HOPS = { baggage: 'iii.hops=1' }

test('a connection begins with announce, service and functions', async () => {
  const { frames } = await scripted({
    service_id: 'edge',
    service_name: 'Edge',
    expose: [{ local_function: 'a::f', remote_function: 'x::f' }, { local_function: 'a::g' }],
  })
  const [announce, service, ...functions] = await frames.take(4)
  expect(announce).toEqual({
    type: 'invokefunction',
    function_id: 'engine::workers::register',
    action: { type: 'void' },
    data: expect.objectContaining({ name: 'Edge', pid: process.pid, runtime: 'node' }) as unknown,
  })
  expect(service).toEqual({ type: 'registerservice', id: 'edge', name: 'Edge' })
  expect(functions).toEqual([
    { type: 'registerfunction', id: 'x::f', description: expect.stringContaining('a::f') as string },
    { type: 'registerfunction', id: 'a::g', description: expect.stringContaining('a::g') as string },
  ])
})

test.each([
  [{}, { name: 'iii-bridge-client' }],
  [{ service_id: 'edge' }, { name: 'edge' }],
  [{ service_name: 'Edge' }, { name: 'Edge' }],
  [{ namespace: 'shop' }, { name: 'iii-bridge-client', namespace: 'shop' }],
])('with %j it announces itself as %j', async (config, announced) => {
  const { frames } = await scripted(config)
  const [announce] = await frames.take(1)
  expect(announce!['data']).toMatchObject(announced)
  if (!('namespace' in config)) expect(announce!['data']).not.toHaveProperty('namespace')
})

test('a forwarded call is one frame with the payload as it was written, the hop count and the trace', async () => {
  const { near, frames, there } = await scripted({
    forward: [
      { local_function: 'f', remote_function: 'there::f' },
      { local_function: 'g', remote_function: 'there::g', namespace: 'shop' },
    ],
  })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const outcome = near.call('f', { a: [1] }, { traceparent, baggage: 'k=v', metadata: { not: 'passed on' } })
  const call = await firstCall(frames)
  expect(call).toEqual({
    type: 'invokefunction',
    invocation_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    function_id: 'there::f',
    data: { a: [1] },
    traceparent,
    // The engine has added what it calls.
    baggage: 'k=v,iii.function.id=f,iii.hops=1',
  })
  const [socket] = there.sockets.items
  socket!.send(
    JSON.stringify({ type: 'invocationresult', invocation_id: call['invocation_id'], function_id: 'f', result: 7 }),
  )
  expect((await outcome).result).toBe(7)
  void near.call('g', null)
  await vi.waitUntil(() => callsIn(frames.items).length === 2)
  expect(callsIn(frames.items)[1]).toMatchObject({ function_id: 'there::g', namespace: 'shop', data: null, ...HOPS })
})

test('bridge.invoke_async sends a void frame, without an id', async () => {
  const { near, frames } = await scripted()
  expect((await near.call('bridge.invoke_async', { function_id: 'f', data: 'x', timeout_ms: 1 })).result).toBeNull()
  expect(await firstCall(frames)).toEqual({
    type: 'invokefunction',
    function_id: 'f',
    data: 'x',
    action: { type: 'void' },
    ...HOPS,
  })
})

test('where its name is taken it comes back under another one, over a new connection', async () => {
  const { there } = await scripted()
  for (const [at, name] of [
    'iii-bridge-client',
    `iii-bridge-client-${hostname()}-${process.pid}`,
    `iii-bridge-client-${hostname()}-${process.pid}-2`,
  ].entries()) {
    const socket = (await there.sockets.take(at + 1))[at]!
    const announce = await vi.waitUntil(() => there.frames[at]!.items.find(({ type }) => type === 'invokefunction'))
    expect(announce['data']).toMatchObject({ name })
    socket.send(
      JSON.stringify({
        type: 'registrationrejected',
        code: 'WORKER_NAMESPACE_CONFLICT',
        namespace: 'default',
        worker_name: name,
        owner_worker_id: 'other',
      }),
    )
    socket.close()
  }
})

test('the namespace of the process it runs in is not its own', async () => {
  vi.stubEnv('III_NAMESPACE', 'x')
  const there = await startRemoteEngine([])
  await startRemoteEngine([bridgeTo(there.url, { expose: [{ local_function: 'a::f' }] })])
  const far = await RawClient.connect(there.url)
  await vi.waitUntil(
    async () => {
      const { result } = await far.call('engine::functions::list', { search: 'a::f' })
      const { functions } = result as { functions: { namespace: string }[] }
      return functions[0]?.namespace === 'default'
    },
    { timeout: 10_000 },
  )
})

describe('an engine that misbehaves', () => {
  test('never answers: the call ends at its time', async () => {
    const { near } = await scripted({ forward: [{ local_function: 'f', remote_function: 'f', timeout_ms: 100 }] })
    expect((await near.call('f', {})).error).toMatchObject({
      code: 'bridge_error',
      message: expect.stringMatching(/^invocation timed out/) as string,
    })
  })

  test.each([
    ['a result that is no JSON', (id: string) => `{"type":"invocationresult","invocation_id":"${id}","result":{"a":}`],
    ['an error of no shape', (id: string) => `{"type":"invocationresult","invocation_id":"${id}","error":[1]}`],
  ])('answers with %s: the call fails, and the next one does not', async (_what, answer) => {
    const { near, frames, there } = await scripted({ forward: [{ local_function: 'f', remote_function: 'f' }] })
    const [socket] = there.sockets.items
    const outcome = near.call('f', {})
    const { invocation_id: id } = await firstCall(frames)
    socket!.send('nonsense')
    socket!.send(answer(String(id)))
    expect((await outcome).error).toMatchObject({
      code: 'bridge_error',
      message: expect.stringMatching(/^remote error \(/) as string,
    })
    const next = near.call('f', {})
    await vi.waitUntil(() => callsIn(frames.items).length === 2)
    socket!.send(
      JSON.stringify({
        type: 'invocationresult',
        invocation_id: callsIn(frames.items)[1]!['invocation_id'],
        result: 1,
      }),
    )
    expect((await next).result).toBe(1)
  })

  test('answers twice, or what was not asked: nobody hears of it', async () => {
    const { near, frames, there } = await scripted({ forward: [{ local_function: 'f', remote_function: 'f' }] })
    const [socket] = there.sockets.items
    const outcome = near.call('f', {})
    const { invocation_id: id } = await firstCall(frames)
    for (const [of, result] of [
      ['6a1c9f0e-1111-4c63-9d58-0f8a4e5a3a11', 0],
      [id, 1],
      [id, 2],
    ])
      socket!.send(JSON.stringify({ type: 'invocationresult', invocation_id: of, result }))
    expect((await outcome).result).toBe(1)
  })

  test('drops the connection: calls under way fail at once', async () => {
    const { near, frames, there } = await scripted({ forward: [{ local_function: 'f', remote_function: 'f' }] })
    const outcomes = Promise.all([near.call('f', {}), near.call('f', {})])
    await vi.waitUntil(() => callsIn(frames.items).length === 2)
    there.sockets.items[0]!.terminate()
    for (const { error } of await outcomes)
      expect(error).toMatchObject({
        code: 'bridge_error',
        message: expect.stringMatching(/broke before it answered.*may have been carried out/) as string,
      })
  })

  test('calls what is not exposed: function_not_found', async () => {
    const { frames, there } = await scripted({ expose: [{ local_function: 'a::f' }] })
    there.sockets.items[0]!.send(
      JSON.stringify({ type: 'invokefunction', invocation_id: '1', function_id: 'state::get', data: {} }),
    )
    const answer = await vi.waitUntil(() => frames.items.find(({ type }) => type === 'invocationresult'))
    expect(answer).toMatchObject({ invocation_id: '1', error: { code: 'function_not_found' } })
  })

  test('floods an exposed function that does not answer: overloaded beyond the limit, and everything else is served', async () => {
    const { near, frames, there } = await scripted({ expose: [{ local_function: 'a::f' }] })
    await near.provided('a::f')
    await near.provided('a::other', () => 1)
    const [socket] = there.sockets.items
    for (let n = 0; n < 10_050; n++)
      socket!.send(`{"type":"invokefunction","invocation_id":"call-${n}","function_id":"a::f","data":{}}`)
    await vi.waitUntil(() => frames.items.filter(({ type }) => type === 'invocationresult').length === 50, {
      timeout: 10_000,
    })
    const refused = frames.items.filter(({ type }) => type === 'invocationresult')
    expect(refused.every(({ error }) => (error as { code: string }).code === 'overloaded')).toBe(true)
    expect((await near.call('a::other', {})).result).toBe(1)
  })
})

test('a result of 20 MB comes through, and a payload that no frame takes is refused by itself', async () => {
  const there = await startRemoteEngine([])
  const here = await startRemoteEngine([
    bridgeTo(there.url, { forward: [{ local_function: 'f', remote_function: 'f' }] }),
  ])
  const far = await RawClient.connect(there.url)
  await far.provided('f', ({ text }: { text: string }) => text)
  const near = await RawClient.connect(here.url)
  const text = 'ü"'.repeat(5_000_000)
  expect((await near.call('f', { text })).result === text).toBe(true)
  onTestFinished(() => near.socket.terminate())
}, 30_000)
