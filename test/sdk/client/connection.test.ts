// A connection that comes late, breaks, is refused or ended (spec 08 §12, §14, §17; checks 1, 4, 27, 28, 31, 38).
import { describe, expect, it, vi } from 'vitest'
import { Gate } from '../../examples/gate.ts'
import { Collector } from '../../support/deadline.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { startCore } from '../../support/test-core.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { connect, failureOf, SURFACES, type Client } from './clients.ts'

function statesOf(iii: Client): Collector<string> {
  const states = new Collector<string>()
  iii.addConnectionStateListener(states.add)
  return states
}

const reach = (states: Collector<string>, state: string): Promise<void> =>
  expect.poll(() => states.items.at(-1)).toBe(state)

describe.each(SURFACES)('the connection of $name', ({ sdk }) => {
  it('may come after what is registered and called', async () => {
    const port = await unusedPort()
    const iii = connect(sdk, `ws://127.0.0.1:${port}`)
    iii.registerFunction('early::f', () => 'served')
    const called = iii.trigger({ function_id: 'early::f' })
    await expect.poll(() => iii.getConnectionState()).toBe('reconnecting')
    await startCore({ listeners: [{ port }] })
    expect(await called).toBe('served')
  })

  it('tells its state at once and after each change, until it is told no more', async () => {
    const core = await startCore()
    const gate = await Gate.to(core.listener().port)
    const iii = connect(sdk, gate.url)
    const states = statesOf(iii)
    expect(states.items).toEqual(['connecting'])
    await reach(states, 'connected')
    const [others, own] = [new Collector<string>(), new Collector<string>()]
    const forget = iii.addConnectionStateListener(others.add)
    iii.addConnectionStateListener(own.add)
    expect(others.items).toEqual(['connected'])
    forget()
    gate.shut()
    await reach(states, 'reconnecting')
    gate.open()
    await reach(states, 'connected')
    expect(states.items.slice(0, 5)).toEqual(['connecting', 'connected', 'disconnected', 'reconnecting', 'connecting'])
    expect(others.items).toEqual(['connected'])
    await iii.shutdown()
    expect(own.items.at(-1)).toBe('disconnected')
    expect(iii.getConnectionState()).toBe('disconnected')
    await gate.close()
  })

  it('goes on telling others when one of those who listen throws', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    const core = await startCore()
    const iii = connect(sdk, core.url())
    iii.addConnectionStateListener(() => {
      throw new Error('a bad listener')
    })
    await reach(statesOf(iii), 'connected')
    expect(errors.mock.calls.flat().join(' ')).toContain('a bad listener')
  })

  it('that breaks fails at once the calls that were sent, and is made again with everything under the same ids', async () => {
    // The second connection stays silent until the call is given up.
    const engine = await scriptedEngine(0, (connection) => connection === 1)
    const iii = connect(sdk, engine.url)
    iii.registerTriggerType({ id: 'ticks', description: 'd' }, { registerTrigger() {}, unregisterTrigger() {} })
    iii.registerFunction('own::f', () => 1)
    iii.registerFunction('own::gone', () => 1).unregister()
    iii.registerTrigger({ type: 'ticks', function_id: 'own::f', config: {} })
    const pending = failureOf(iii.trigger({ function_id: 'far::f', payload: {} }))
    const [socket] = await engine.sockets.take(1)
    const before = await engine.frames[0]!.take(5)
    socket!.terminate()
    const error = await pending
    expect(error).toBeInstanceOf(sdk.InvocationError)
    expect(error).toMatchObject({ code: 'connection_lost', function_id: 'far::f' })
    expect(error.message).toMatch(/broke before it answered.*may have been carried out/)
    const late = failureOf(iii.trigger({ function_id: 'far::g', payload: {}, timeoutMs: 1 }))
    const waiting = iii.trigger({ function_id: 'far::h', payload: {} })
    expect(await late).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^TIMEOUT: invocation timed out after 1ms\. The engine at ws:.* is not connected/),
    })
    const [, next] = await engine.sockets.take(2)
    next!.send('{"type":"workerregistered","worker_id":"w-2","reattach_token":"t-2"}')
    const again = await engine.frames[1]!.take(6)
    expect(again[0]).toEqual({ type: 'reattach', previous_worker_id: 'w-1', reattach_token: 't-1' })
    // All but the call that failed, and the one that waited behind it; not the one whose time was up.
    expect(again.slice(1, 5)).toEqual(before.slice(0, 4))
    expect(again[5]).toMatchObject({ function_id: 'far::h' })
    const invocation_id = again[5]!['invocation_id']
    next!.send(JSON.stringify({ type: 'invocationresult', invocation_id, function_id: 'far::h', result: 2 }))
    expect(await waiting).toBe(2)
  })

  it('fails for good after as many attempts as it may make, and calls end at once from then on', async () => {
    const port = await unusedPort()
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const iii = connect(sdk, `ws://127.0.0.1:${port}`, {
      reconnectionConfig: { initialDelayMs: 1, maxDelayMs: 1, maxRetries: 2 },
    })
    const waiting = failureOf(iii.trigger({ function_id: 'far::f' }))
    const states = statesOf(iii)
    expect(await waiting).toMatchObject({
      code: 'not_connected',
      message: expect.stringContaining('2 further attempts were made'),
    })
    expect(iii.getConnectionState()).toBe('failed')
    expect(states.items.filter((state) => state === 'connecting')).toHaveLength(3)
    expect(await failureOf(iii.trigger({ function_id: 'far::f' }))).toMatchObject({ code: 'not_connected' })
    expect(iii.getFatalError()).toBeUndefined()
    expect(warnings.mock.calls.flat().filter((line) => String(line).includes('Cannot connect'))).toHaveLength(1)
  })

  it.each([
    ['WORKER_NAMESPACE_CONFLICT', { worker_name: 'taken' }, 'worker "taken"'],
    ['SOMETHING_NEW', { function_id: 'a::b' }, 'function "a::b"'],
  ])('ends for good when the engine refuses the worker with %s', async (code, more, what) => {
    const engine = await scriptedEngine()
    const iii = connect(sdk, engine.url, { workerName: 'taken' })
    const pending = failureOf(iii.trigger({ function_id: 'far::f' }))
    const states = statesOf(iii)
    const [socket] = await engine.sockets.take(1)
    await engine.frames[0]!.take(2)
    socket!.send(
      JSON.stringify({ type: 'registrationrejected', code, namespace: 'default', owner_worker_id: 'w-0', ...more }),
    )
    const error = await pending
    expect(error).toBeInstanceOf(sdk.RegistrationRejectedError)
    expect(error).toMatchObject({
      code,
      message: `${code}: registration rejected for ${what} in namespace "default" (already owned by worker w-0)`,
    })
    expect(iii.getFatalError()).toBe(error)
    expect(await failureOf(iii.trigger({ function_id: 'far::f' }))).toBe(error)
    expect(await failureOf(iii.trigger({ function_id: 'f', action: sdk.TriggerAction.Void() }))).toBe(error)
    expect(states.items.at(-1)).toBe('failed')
    await expect.poll(() => socket!.readyState).toBe(socket!.CLOSED)
    expect(engine.sockets.items).toHaveLength(1)
  })

  it('goes on when the engine refuses one function, and says so', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    const core = await startCore()
    const iii = connect(sdk, core.url())
    iii.registerFunction('engine::workers::list', () => 'mine')
    iii.registerFunction('own::f', () => 'own')
    expect(await iii.trigger({ function_id: 'own::f' })).toBe('own')
    expect(errors.mock.calls.flat().join(' ')).toContain('Registration of engine::workers::list rejected')
    expect([iii.getConnectionState(), iii.getFatalError()]).toEqual(['connected', undefined])
  })

  it('that is shut down rejects what waits, drops what was registered, and stays closed', async () => {
    const core = await startCore()
    const observer = await core.connect()
    await observer.provided('silent::f')
    const iii = connect(sdk, core.url())
    iii.registerFunction('own::f', () => 1)
    const pending = failureOf(iii.trigger({ function_id: 'silent::f' }))
    await observer.next('invokefunction')
    await iii.shutdown()
    expect(String(await pending)).toBe('Error: iii is shutting down')
    expect(String(await failureOf(iii.trigger({ function_id: 'own::f' })))).toContain('iii is shutting down')
    await expect.poll(async () => (await observer.call('own::f')).error?.code).toBe('function_not_found')
    await iii.shutdown()
  })
})
