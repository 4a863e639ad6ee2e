import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { NODE_SOCKETS } from '../../../sdk/transports/node-sockets.ts'
import { SocketConnection } from '../../../sdk/transports/socket-connection.ts'
import { SOCKET_LIMITS } from '../../../sdk/transports/socket-options.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { Collector, within } from '../../support/deadline.ts'
import { startCore } from '../../support/test-core.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { eventLike, openSocket } from './socket-run.ts'

/** Passes bytes on to a port; `cut` breaks the connections without a close frame, as a lost network does. */
async function breakableWire(target: number) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, cut }
}

test('after a break everything is registered again, exactly once, and reattach comes first', async () => {
  const engine = await scriptedEngine()
  const { iii } = openSocket(engine.url)
  iii.registerTriggerType({ id: 'type' }, { registerTrigger: () => {}, unregisterTrigger: () => {} })
  iii.registerFunction('own::kept', () => 1)
  const gone = iii.registerFunction('own::gone', () => 1)
  iii.registerTrigger({ type: 'event', function_id: 'own::kept', config: { n: 1 } })
  const dropped = iii.registerTrigger({ type: 'event', function_id: 'own::kept', config: { n: 2 } })
  const [first] = await engine.sockets.take(1)
  await engine.frames[0]!.take(6)
  gone.unregister()
  dropped.unregister()
  await engine.frames[0]!.take(8)
  first!.terminate()
  await engine.sockets.take(2)
  const again = await engine.frames[1]!.take(5)
  void iii.trigger({ function_id: 'after::all', action: { type: 'void' } })
  expect(
    (await engine.frames[1]!.take(6)).map(({ type, id, function_id, previous_worker_id, reattach_token }) => [
      type,
      id ?? function_id ?? `${String(previous_worker_id)} ${String(reattach_token)}`,
    ]),
  ).toEqual([
    ['reattach', 'w-1 t-1'],
    ['invokefunction', 'engine::workers::register'],
    ['registertriggertype', 'type'],
    ['registerfunction', 'own::kept'],
    ['registertrigger', again[4]!['id']],
    ['invokefunction', 'after::all'],
  ])
  expect(again[4]).toMatchObject({ config: { n: 1 } })
})

test('in a real engine, functions and triggers are there exactly once after ten breaks', async () => {
  const core = await startCore()
  const wire = await breakableWire(core.listener().port)
  const worker = openSocket(wire.url, {}, 'often-broken')
  worker.iii.registerFunction('own::f', () => 1)
  worker.iii.registerTrigger({ type: 'parked', function_id: 'own::f' })
  await eventLike(worker, /^connected$/)
  for (let round = 0; round < 10; round++) {
    const before = worker.events.items.length
    wire.cut()
    await eventLike(worker, /^connected again$/, before)
  }
  const functions = (await worker.iii.listFunctions()) as { function_id: string }[]
  const triggers = (await worker.iii.listTriggers()) as { trigger_type: string }[]
  const workers = (await worker.iii.listWorkers()) as { name: string }[]
  expect(functions.filter(({ function_id }) => function_id === 'own::f')).toHaveLength(1)
  expect(triggers.filter(({ trigger_type }) => trigger_type === 'parked')).toHaveLength(1)
  expect(workers.filter(({ name }) => name === 'often-broken')).toHaveLength(1)
  expect(await worker.iii.trigger({ function_id: 'own::f' })).toBe(1)
})

test('calls under way fail at the break and are not sent again; waiting ones follow on the next connection', async () => {
  const engine = await scriptedEngine()
  const { iii, events } = openSocket(engine.url, { reconnectMs: 50 })
  const underWay = iii.trigger({ function_id: 'slow::write', payload: 1 })
  const [first] = await engine.sockets.take(1)
  await engine.frames[0]!.take(2)
  first!.terminate()
  await expect(underWay).rejects.toMatchObject({
    code: 'bridge_error',
    sent: true,
    message: expect.stringMatching(/127\.0\.0\.1:\d+\/? broke .*code 1006.* may have been carried out/) as string,
  })
  expect(events.items.at(-1)).toMatch(/^disconnected/)
  const later = iii.trigger({ function_id: 'next::write', payload: 2 })
  await engine.sockets.take(2)
  const frames = await engine.frames[1]!.take(3)
  expect(frames.map(({ function_id }) => function_id)).toEqual([undefined, 'engine::workers::register', 'next::write'])
  const { invocation_id, function_id } = frames[2]!
  const [, second] = await engine.sockets.take(2)
  second!.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id, result: 3 }))
  expect(await later).toBe(3)
})

test('without an engine calls fail after awayMs with its address and the reason, without what may be a secret', async () => {
  const port = await unusedPort()
  const { iii, events } = openSocket(`ws://user:pass@127.0.0.1:${port}/base?token=secret`, { awayMs: 50 })
  const error = await iii.trigger({ function_id: 'any::f' }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'bridge_error', sent: false, function_id: 'any::f' })
  expect((error as Error).message).toContain(`ws://127.0.0.1:${port}/base is not connected`)
  expect((error as Error).message).toContain('ECONNREFUSED')
  expect((error as Error).message).toContain('was not sent')
  expect((error as Error).message).not.toMatch(/secret|pass/)
  await iii.trigger({ function_id: 'void::f', action: { type: 'void' } })
  expect(await eventLike({ events } as never, /^dropped/)).toContain('void::f')
})

test('an engine that comes late finds the worker, its functions and its waiting calls', async () => {
  const port = await unusedPort()
  const worker = openSocket(`ws://127.0.0.1:${port}`, { awayMs: 10_000 })
  worker.iii.registerFunction('own::late', () => 'here')
  const call = worker.iii.trigger({ function_id: 'own::late' })
  await eventLike(worker, /^failed/)
  await startCore({ listeners: [{ port }] })
  expect(await call).toBe('here')
})

test('more calls than may wait are refused at once: by number and by length', async () => {
  const url = `ws://127.0.0.1:${await unusedPort()}`
  const { iii } = openSocket(url, { maxWaitingCalls: 2, maxWaitingLength: 100, awayMs: 500 })
  const call = (payload: string) =>
    iii.trigger({ function_id: 'any::f', payload }).catch((error: { code: string }) => error.code)
  const codes = await Promise.all([call('a'), call('x'.repeat(100)), call('b'), call('c')])
  expect(codes).toEqual(['bridge_error', 'overloaded', 'bridge_error', 'overloaded'])
})

test('more unanswered calls than allowed: the oldest is given up', async () => {
  const engine = await scriptedEngine()
  const { iii, transport } = openSocket(engine.url, { maxUnanswered: 2 })
  const calls = ['a', 'b', 'c'].map((payload) => iii.trigger({ function_id: 'never::answers', payload }))
  for (const call of calls) call.catch(() => {})
  await expect(calls[0]).rejects.toMatchObject({ code: 'timeout' })
  await transport.end()
  for (const call of calls.slice(1)) await expect(call).rejects.toMatchObject({ code: 'invocation_stopped' })
})

test('more delivered calls than allowed are answered with overloaded', async () => {
  const engine = await scriptedEngine()
  const { iii } = openSocket(engine.url, { maxUnanswered: 1 })
  const release = Promise.withResolvers<string>()
  iii.registerFunction('own::slow', () => release.promise)
  const [socket] = await engine.sockets.take(1)
  await engine.frames[0]!.take(2)
  for (const id of ['a', 'b'])
    socket!.send(JSON.stringify({ type: 'invokefunction', invocation_id: id, function_id: 'own::slow', data: {} }))
  expect((await engine.frames[0]!.take(3))[2]).toMatchObject({ invocation_id: 'b', error: { code: 'overloaded' } })
  release.resolve('done')
  expect((await engine.frames[0]!.take(4))[3]).toMatchObject({ invocation_id: 'a', result: 'done' })
})

test('a peer that reads nothing makes the handle congested: new calls are refused, and taken again when it reads', async () => {
  const engine = await scriptedEngine()
  const { iii } = openSocket(engine.url, { maxBufferedBytes: 100_000 })
  const [socket] = await engine.sockets.take(1)
  await engine.frames[0]!.take(1)
  socket!.pause()
  const payload = 'x'.repeat(1_000_000)
  while (!iii.congested) {
    void iii.trigger({ function_id: 'a::b', payload, timeoutMs: 60_000 }).catch(() => {})
    await Promise.resolve()
  }
  const refused = await iii.trigger({ function_id: 'a::b' }).catch((error: { code: string }) => error)
  expect(refused).toMatchObject({ code: 'overloaded' })
  socket!.resume()
  await iii.drained()
  expect(iii.congested).toBe(false)
})

test('a break ends the congestion: what had not left is lost, and new calls wait for the next connection', async () => {
  const engine = await scriptedEngine()
  const worker = openSocket(engine.url, { maxBufferedBytes: 100_000 })
  const { iii } = worker
  const [socket] = await engine.sockets.take(1)
  await engine.frames[0]!.take(1)
  socket!.pause()
  while (!iii.congested) {
    void iii.trigger({ function_id: 'a::b', payload: 'x'.repeat(1_000_000) }).catch(() => {})
    await Promise.resolve()
  }
  socket!.terminate()
  await iii.drained()
  await eventLike(worker, /^disconnected/)
  void iii.trigger({ function_id: 'a::next', action: { type: 'void' } })
  await engine.sockets.take(2)
  expect((await engine.frames[1]!.take(3))[2]).toMatchObject({ function_id: 'a::next' })
})

test('frames that cannot be decoded fail their call at once, in both directions', async () => {
  const engine = await scriptedEngine()
  const { iii } = openSocket(engine.url)
  iii.registerFunction('own::f', () => 1)
  const [socket] = await engine.sockets.take(1)
  await engine.frames[0]!.take(2)
  const call = iii.trigger({ function_id: 'other::f' })
  const id = String((await engine.frames[0]!.take(3))[2]!['invocation_id'])
  for (const frame of ['', 'no json', '[]', '{"type":5}', '{"type":"strange"}']) socket!.send(frame)
  socket!.send(`{"type":"invocationresult","invocation_id":"${id}","function_id":"other::f","result":NaN}`)
  await expect(call).rejects.toMatchObject({ code: 'invalid_message' })
  socket!.send('{"type":"invokefunction","invocation_id":"a","function_id":"own::f","data":{"x":NaN}}')
  expect((await engine.frames[0]!.take(4))[3]).toMatchObject({ invocation_id: 'a', error: { code: 'invalid_message' } })
  socket!.send('{"type":"ping"}')
  expect((await engine.frames[0]!.take(5))[4]).toEqual({ type: 'pong' })
})

test('a call or a result that is larger than a frame may be fails alone', async () => {
  const core = await startCore()
  const { iii, events } = openSocket(core.url(), { maxSentBytes: 1_000 })
  iii.registerFunction('own::large', (length: number) => 'ü'.repeat(length))
  expect(await iii.trigger({ function_id: 'own::large', payload: 300 })).toHaveLength(300)
  await expect(iii.trigger({ function_id: 'own::large', payload: 500 })).rejects.toMatchObject({
    code: 'result_too_large',
    message: expect.stringMatching(/frame has 1\d\d\d bytes; at most 1000/) as string,
  })
  const large = iii.trigger({ function_id: 'own::large', payload: 'x'.repeat(1_000) })
  await expect(large).rejects.toMatchObject({ code: 'bridge_error', sent: false })
  expect(events.items).toEqual(['connected'])
})

test('a frame of the engine above maxFrameBytes ends the connection, which is made again', async () => {
  const engine = await scriptedEngine()
  const run = openSocket(engine.url, { maxFrameBytes: 1_000 })
  const [first] = await engine.sockets.take(1)
  await eventLike(run, /^connected$/)
  first!.send(JSON.stringify({ type: 'unknown', filler: 'x'.repeat(1_000) }))
  expect(await eventLike(run, /^disconnected/)).toMatch(/Max payload size exceeded/)
  await eventLike(run, /^connected again$/)
})

test('an engine that does not answer the close is left after closeMs', async () => {
  const engine = await scriptedEngine()
  const run = openSocket(engine.url, { closeMs: 20 })
  const [socket] = await engine.sockets.take(1)
  await eventLike(run, /^connected$/)
  socket!.pause()
  // ws itself would wait for 30 s.
  await within(10_000, 'the end of the connection', run.transport.end())
})

test('an engine that greets and closes at once is asked less and less often', async () => {
  const engine = await scriptedEngine()
  const spy = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => spy.mockRestore())
  openSocket(engine.url, { reconnectMs: 11, maxReconnectMs: 1_000, reconnectJitter: 0 })
  for (let count = 1; count <= 5; count++) (await engine.sockets.take(count))[count - 1]!.close(1011)
  await engine.sockets.take(6)
  const waits = spy.mock.calls.map(([, ms]) => ms).filter((ms) => [11, 22, 44, 88, 176].includes(ms ?? 0))
  expect(waits).toEqual([11, 22, 44, 88, 176])
})

test('what accepts connections and is no engine is given up after handshakeMs', async () => {
  const silent = await scriptedEngine(0, false)
  const worker = openSocket(silent.url, { handshakeMs: 50 })
  expect(await eventLike(worker, /^failed/)).toContain('it did not greet as an engine within 50 ms')
  await silent.sockets.take(2)
})

test('an engine that falls silent is dropped after idleMs, one that answers pings is not', async () => {
  const engine = await scriptedEngine()
  const worker = openSocket(engine.url, { pingMs: 20, idleMs: 200 })
  const [socket] = await engine.sockets.take(1)
  // Pings are answered by `ws` itself: more of them than fit into the time of silence.
  const pings = new Collector<void>()
  socket!.on('ping', () => pings.add())
  await pings.take(15)
  expect(worker.transport.connected).toBe(true)
  socket!.pause()
  expect(await eventLike(worker, /^disconnected/)).toContain('silent for 200 ms')
  await engine.sockets.take(2)
})

test('a refusal by the auth function is named as the reason', async () => {
  const engine = await scriptedEngine(0, false)
  const worker = openSocket(engine.url)
  const [socket] = await engine.sockets.take(1)
  socket!.send(JSON.stringify({ type: 'error', error: { code: 'AUTH_ERROR', message: 'who are you' } }))
  socket!.close(1008)
  expect(await eventLike(worker, /^failed/)).toContain('AUTH_ERROR: who are you')
})

test('a name that is taken gets a suffix; the worker comes back with it', async () => {
  const engine = await scriptedEngine()
  openSocket(engine.url, {}, 'iii-state-bridge')
  for (const round of [1, 2]) {
    const socket = (await engine.sockets.take(round))[round - 1]!
    await engine.frames[round - 1]!.take(round)
    socket.send(
      JSON.stringify({
        type: 'registrationrejected',
        code: 'WORKER_NAMESPACE_CONFLICT',
        namespace: 'default',
        owner_worker_id: 'x',
      }),
    )
    socket.close(1008)
  }
  await engine.sockets.take(3)
  const names = (await engine.frames[2]!.take(2)).map(({ data }) => (data as { name?: string } | undefined)?.name)
  // The first other one was taken, too.
  expect(names[1]).toMatch(new RegExp(`^iii-state-bridge-.+-${process.pid}-2$`))
})

test('without a wait between attempts there is one all the same', async () => {
  const engine = await scriptedEngine()
  const spy = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => spy.mockRestore())
  openSocket(engine.url, { reconnectMs: 0, maxReconnectMs: 0 })
  for (let count = 1; count <= 3; count++) (await engine.sockets.take(count))[count - 1]!.close(1011)
  await engine.sockets.take(4)
  expect(spy.mock.calls.map(([, ms]) => ms).filter((ms) => ms === 10)).toHaveLength(3)
})

test('waits between attempts double up to the limit and are spread by the jitter', async () => {
  const port = await unusedPort()
  const failed = new Collector<number>()
  const spy = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => spy.mockRestore())
  const connection = new SocketConnection(
    {
      url: `ws://127.0.0.1:${port}`,
      platform: NODE_SOCKETS,
      limits: { ...SOCKET_LIMITS, reconnectMs: 8, maxReconnectMs: 41, reconnectJitter: 0.5 },
      firstFrame: () => undefined,
      random: () => 1,
    },
    {
      up: () => {},
      frame: () => {},
      written: () => {},
      down: () => {},
      failed: (_reason, attempt) => failed.add(attempt),
      givenUp: () => {},
      state: () => {},
    },
  )
  connection.open()
  await failed.take(6)
  await connection.close()
  const waits = spy.mock.calls.map(([, ms]) => ms).filter((ms) => [12, 24, 48, 61.5].includes(ms ?? 0))
  expect(failed.items.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5])
  expect(waits.slice(0, 5)).toEqual([12, 24, 48, 61.5, 61.5])
})

test('close ends the connection cleanly: its functions are gone at once', async () => {
  const core = await startCore()
  const other = await core.connect()
  const { iii, transport } = openSocket(core.url())
  iii.registerFunction('own::f', () => 1)
  await iii.listFunctions()
  await transport.end()
  expect((await other.call('own::f')).error).toMatchObject({ code: 'function_not_found' })
  await expect(iii.trigger({ function_id: 'own::f' })).rejects.toMatchObject({ code: 'invocation_stopped' })
})
