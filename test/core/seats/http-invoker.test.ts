// Functions that are invoked over HTTP, with a stand-in for the plugin that holds the seat http-invoker (spec 01 §10).
import { describe, expect, test } from 'vitest'
import type { EngineOptions } from '../../../core/model/options.ts'
import { engineCall } from '../../../core/router/engine-call.ts'
import { MAX_REFUSED_FUNCTIONS } from '../../../core/registry/refused-functions.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { SEATS, type HttpInvokerMetadata } from '../../../protocol/seats.ts'
import { sessionAnswer } from '../../support/session-rights.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

const INVOCATION = { url: 'https://x.example/y', method: 'POST', timeout_ms: 5000 }

test('Without a holder the registration is refused: the log, the worker and callers are told why', async () => {
  const core = await startCore()
  const worker = await core.connect()
  worker.provide('ext::hook', undefined, { invocation: INVOCATION })
  const reason = { code: 'plugin_unavailable', message: "no plugin holds the seat 'http-invoker'" }
  expect(await worker.next('registrationrejected')).toEqual({
    type: 'registrationrejected',
    code: 'FUNCTION_NAMESPACE_CONFLICT',
    namespace: 'default',
    function_id: 'ext::hook',
    owner_worker_id: '',
    reason,
  })
  expect((await worker.call('ext::hook', {})).error).toMatchObject({
    code: 'function_not_found',
    message: `Function ext::hook not found: its registration was refused with ${reason.code}: ${reason.message}`,
  })
  expect(core.lines.filter((line) => line.includes('ext::hook') && line.includes('"level":"error"'))).toHaveLength(1)
})

test('The holder accepts the target, then gets every call with payload, caller and trace; the worker gets none', async () => {
  const asked: Asked[] = []
  const core = await withHolder((asking) => {
    asked.push(asking)
    return asking.metadata.action === 'invoke' ? { status: 'done' } : null
  })
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  const target = { function_id: 'ext::hook', invocation: INVOCATION, is_session: false }
  expect(asked).toEqual([{ data: null, metadata: { action: 'register', ...target, worker_id: worker.workerId } }])
  expect((await caller.call('ext::hook', { a: 1 }, { traceparent: '00-aa-bb-01' })).result).toEqual({ status: 'done' })
  expect(asked[1]).toEqual({
    data: { a: 1, _caller_worker_id: caller.workerId },
    metadata: { action: 'invoke', ...target, traceparent: '00-aa-bb-01', baggage: null, timeout_ms: null },
  })
  expect((await caller.call('ext::hook', [1])).result).toEqual({ status: 'done' })
  expect(asked[2]?.data).toEqual([1])
  expect(worker.calls('ext::hook')).toEqual([])
})

test('The holder is told how long the engine waits for an answer', async () => {
  const asked: Asked[] = []
  const core = await withHolder((asking) => void asked.push(asking), { max_invocation_ms: 7_000 })
  const worker = await core.connect()
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  await worker.call('ext::hook', {})
  expect(asked[1]?.metadata).toMatchObject({ timeout_ms: 7_000 })
})

test('An error of the holder reaches the caller as it is', async () => {
  const core = await withHolder(({ metadata }) => {
    if (metadata.action === 'invoke') throw new CodedError('http_error', 'HTTP 500 Internal Server Error')
  })
  const worker = await core.connect()
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  expect((await worker.call('ext::hook', {})).error).toMatchObject({
    code: 'http_error',
    message: 'HTTP 500 Internal Server Error',
  })
})

test('A target that the holder refuses is not registered, and the worker is told; a good one takes its place', async () => {
  const core = await withHolder(({ metadata }) => {
    if (metadata.invocation !== null) throw new CodedError('url_validation_failed', 'HTTPS is required')
  })
  const worker = await core.connect()
  worker.provide('ext::hook', undefined, { invocation: { url: 'http://x.example' } })
  expect(await worker.next('registrationrejected')).toMatchObject({
    function_id: 'ext::hook',
    reason: { code: 'url_validation_failed', message: 'HTTPS is required' },
  })
  expect((await worker.call('ext::hook', {})).error).toMatchObject({
    code: 'function_not_found',
    message: expect.stringContaining('url_validation_failed: HTTPS is required'),
  })
  expect(core.logged('error').map(({ msg }) => msg)).toEqual([
    "HTTP-invoked function 'ext::hook' not registered: url_validation_failed: HTTPS is required",
  ])
  await worker.provided('ext::hook', () => 'here')
  worker.send({ type: 'unregisterfunction', id: 'ext::hook' })
  await worker.settled()
  expect((await worker.call('ext::hook', {})).error?.message).toBe('Function ext::hook not found')
})

test('Of refused registrations callers are told why for the latest thousand', async () => {
  const core = await withHolder(() => {
    throw new CodedError('url_validation_failed', 'HTTPS is required')
  })
  const worker = await core.connect()
  for (let at = 0; at <= MAX_REFUSED_FUNCTIONS; at++) worker.provide(`ext::n${at}`, undefined, { invocation: {} })
  await worker.settled()
  const messageOf = async (id: string): Promise<string | undefined> => (await worker.call(id, {})).error?.message
  expect(await messageOf('ext::n0')).toBe('Function ext::n0 not found')
  expect(await messageOf('ext::n1')).toContain('HTTPS is required')
  expect(await messageOf(`ext::n${MAX_REFUSED_FUNCTIONS}`)).toContain('HTTPS is required')
})

test('The function goes with unregisterfunction, and with its connection', async () => {
  const core = await withHolder(() => null)
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('ext::one', undefined, { invocation: INVOCATION })
  await worker.provided('ext::two', undefined, { invocation: INVOCATION })
  worker.send({ type: 'unregisterfunction', id: 'ext::one' })
  await worker.settled()
  expect((await caller.call('ext::one', {})).error?.code).toBe('function_not_found')
  expect((await caller.call('ext::two', {})).error).toBeUndefined()
  await worker.close()
  expect((await caller.call('ext::two', {})).error?.code).toBe('function_not_found')
})

test('While the worker that registered it restarts, calls wait for it to register the function again', async () => {
  const core = await withHolder(({ metadata }) => (metadata.action === 'invoke' ? metadata.invocation : null))
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  worker.socket.terminate()
  await expect.poll(() => core.core.router.workers.has(worker.workerId)).toBe(false)
  const outcome = caller.call('ext::hook', {})
  await caller.settled()
  const again = await core.connect()
  again.provide('ext::hook', undefined, { invocation: { ...INVOCATION, timeout_ms: 1 } })
  expect((await outcome).result).toEqual({ ...INVOCATION, timeout_ms: 1 })
})

describe('A call under way', () => {
  test('counts as one of the worker whose function it is, until it is answered', async () => {
    const { core, answers } = await withSlowHolder()
    const [worker, caller] = [await core.connect(), await core.connect()]
    await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
    const result = caller.call('ext::hook', {})
    const inFlight = (): number | undefined => core.core.router.workers.get(worker.workerId)?.inFlight
    await expect.poll(inFlight).toBe(1)
    answers.shift()?.(1)
    expect((await result).result).toBe(1)
    expect(inFlight()).toBe(0)
  })

  test('makes the replica with fewer of them the next one', async () => {
    const { core, answers } = await withSlowHolder()
    const [first, second, caller] = [await core.connect(), await core.connect(), await core.connect()]
    await first.provided('ext::only', undefined, { invocation: INVOCATION })
    for (const replica of [first, second]) await replica.provided('ext::hook', undefined, { invocation: INVOCATION })
    const started = ['ext::only', 'ext::only', 'ext::hook', 'ext::hook'].map((id) => caller.call(id, {}))
    await expect.poll(() => answers.length).toBe(4)
    const inFlight = [first, second].map(({ workerId }) => core.core.router.workers.get(workerId)?.inFlight)
    expect(inFlight).toEqual([2, 2])
    for (const answer of answers.splice(0)) answer(null)
    await Promise.all(started)
  })

  test('is answered although the worker has gone that registered the function', async () => {
    const { core, answers } = await withSlowHolder()
    const [worker, caller] = [await core.connect(), await core.connect()]
    await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
    const result = caller.call('ext::hook', {})
    await expect.poll(() => answers.length).toBe(1)
    await worker.close()
    answers.shift()?.('done')
    expect((await result).result).toBe('done')
  })
})

test('A plugin that is replaced together with the holder, and waits for such a call, gets its answer first', async () => {
  const core = await startCore()
  const { router } = core.core
  const holder = core.plugin('holder', { [SEATS['http-invoker']]: () => 'done' })
  const answers: ((value: unknown) => void)[] = []
  const plugin = core.plugin('shop', { 'shop::f': () => new Promise((resolve) => answers.push(resolve)) })
  const worker = await core.connect()
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  const asked = worker.call('shop::f', {})
  await expect.poll(() => answers.length).toBe(1)
  const handOver = router.beginHandOver([plugin.slot, holder.slot])
  const drained = handOver.drain(20_000)
  // The plugin has closed gates all around it, but what it waits for is let through.
  const outcome = await new Promise<string | undefined>((resolve) => {
    const request = { functionId: 'ext::hook', data: Buffer.from('{}') }
    const call = engineCall(request, plugin.worker, (result, error) => resolve((result ?? error)?.toString()))
    router.call({ ...call, invocationId: 'x' }, undefined)
  })
  expect(outcome).toBe('"done"')
  answers.shift()?.(1)
  expect((await asked).result).toBe(1)
  expect(await drained).toBe(true)
  handOver.reopen()
})

test('Of a session the holder knows that it is one; a refusal is a warning, and is not told to callers', async () => {
  const asked: Asked[] = []
  const core = await startCore({
    listeners: [{}, { rbac: { expose_functions: [] } }],
    prepare: (started) => {
      started.seat('session-policy', () => sessionAnswer())
      holdSeat(started, (asking) => {
        asked.push(asking)
        throw new CodedError('FORBIDDEN', 'no auth for you')
      })
    },
  })
  const session = await core.connect({ listener: 1 })
  session.provide('ext::mine', undefined, { invocation: INVOCATION })
  expect(await session.next('registrationrejected')).toMatchObject({ reason: { message: 'no auth for you' } })
  expect(asked[0]?.metadata).toMatchObject({ is_session: true })
  expect(core.logged('warn').map(({ msg }) => msg)).toContainEqual(expect.stringContaining('no auth for you'))
  const inside = await core.connect()
  expect((await inside.call('ext::mine', {})).error?.message).toBe('Function ext::mine not found')
})

interface Asked {
  readonly data: unknown
  readonly metadata: HttpInvokerMetadata
}

function withHolder(handler: (asked: Asked) => unknown, engine?: Partial<EngineOptions>): Promise<TestCore> {
  return startCore({ ...(engine && { engine }), prepare: (core) => holdSeat(core, handler) })
}

function holdSeat(core: TestCore, handler: (asked: Asked) => unknown): void {
  core.seat('http-invoker', (data, { metadata }) => handler({ data, metadata: metadata as HttpInvokerMetadata }))
}

/** It accepts every target; calls wait for their answer. */
async function withSlowHolder(): Promise<{ core: TestCore; answers: ((value: unknown) => void)[] }> {
  const answers: ((value: unknown) => void)[] = []
  const core = await withHolder(({ metadata }) =>
    metadata.action === 'invoke' ? new Promise((resolve) => answers.push(resolve)) : null,
  )
  return { core, answers }
}
