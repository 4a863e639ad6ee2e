// Calls between sockets: what callee and caller see (spec 01 §6, §9, checks 8–14, 16–18, 20–22).
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startCore, type TestCore } from '../../support/test-core.ts'
import type { RawClient } from '../../support/raw-client.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('A call reaches the callee with a UUID, its payload and its caller, and its result the caller under its own id', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::add', ({ a, b }: { a: number; b: number }) => ({ c: a + b }))
  const id = randomUUID()
  caller.send({ type: 'invokefunction', invocation_id: id, function_id: 'm::add', data: { a: 2, b: 3 } })
  expect(await caller.outcome(id)).toEqual({
    type: 'invocationresult',
    invocation_id: id,
    function_id: 'm::add',
    result: { c: 5 },
  })
  expect(worker.calls('m::add')).toEqual([
    {
      type: 'invokefunction',
      invocation_id: expect.stringMatching(UUID),
      function_id: 'm::add',
      data: { a: 2, b: 3, _caller_worker_id: caller.workerId },
    },
  ])
})

test.each([[[1]], ['x'], [null], [5], [true], [[]]])('The payload %j is delivered unchanged', async (data) => {
  const { worker, caller } = await pair()
  await worker.provided('m::echo', (input) => ({ got: input }))
  expect((await caller.call('m::echo', data)).result).toEqual({ got: data })
})

test.each([
  ['{"_caller_worker_id":"forged"}'],
  ['{"\\u005fcaller_worker_id":"forged","a":1}'],
  ['{ "a" : { } , "_caller_worker_id" : null }'],
  ['{}'],
])('In %s the caller is the real one', async (data) => {
  const { worker, caller } = await pair()
  await worker.provided('m::who', ({ _caller_worker_id: who }: { _caller_worker_id: string }) => who)
  const id = randomUUID()
  caller.send(`{"type":"invokefunction","invocation_id":"${id}","function_id":"m::who","data":${data}}`)
  expect((await caller.outcome(id)).result).toBe(caller.workerId)
})

test('A call without data reaches the callee with null and is answered', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::none', () => 1)
  expect((await caller.call('m::none')).result).toBe(1)
  expect(worker.calls('m::none')[0]).toHaveProperty('data', null)
})

test.each([{ result: null }, {}, { error: null }])(
  'The answer %j reaches the caller without result and error',
  async (outcome) => {
    const { worker, caller } = await pair()
    await worker.provided('m::void')
    const answered = caller.call('m::void', {})
    worker.answer(await worker.next('invokefunction'), outcome)
    const frame = await answered
    expect(Object.keys(frame).sort()).toEqual(['function_id', 'invocation_id', 'type'])
  },
)

test('An explicit null of a function of the engine is kept', async () => {
  const core = await startCore({ prepare: (host) => host.provide('engine::test::null', () => null) })
  const caller = await core.connect()
  expect(await caller.call('engine::test::null')).toHaveProperty('result', null)
})

test('An error of the callee reaches the caller unchanged', async () => {
  const error = { code: 'invocation_failed', message: 'boom', stacktrace: 'at x\nat y', extra: [1] }
  expect((await answeredBy({ error })).error).toEqual(error)
})

test.each([
  ['a text', 'invocation_failed', 'a text'],
  [{ reason: 'x' }, 'invocation_failed', '{"reason":"x"}'],
  [['x'], 'invocation_failed', '["x"]'],
  [5, 'invocation_failed', '5'],
  [{ code: 'E', message: 'm', stacktrace: null }, 'E', 'm'],
])('The error %j of a callee becomes a body with code %s', async (error, code, message) => {
  expect((await answeredBy({ error })).error).toEqual({ code, message })
})

test('An answer with result and error counts as the error', async () => {
  const outcome = await answeredBy({ result: 1, error: { code: 'E', message: 'm' } })
  expect(outcome).not.toHaveProperty('result')
  expect(outcome.error).toEqual({ code: 'E', message: 'm' })
})

test('An unknown id is function_not_found; the same as a void call sends nothing', async () => {
  const { caller } = await pair()
  const { error } = await caller.call('x::y', {})
  expect(error).toMatchObject({
    code: 'function_not_found',
    message: expect.stringMatching(/^Function x::y not found/),
  })
  const before = caller.frames.length
  caller.send({
    type: 'invokefunction',
    invocation_id: randomUUID(),
    function_id: 'x::y',
    data: {},
    action: { type: 'void' },
  })
  caller.send({ type: 'invokefunction', function_id: 'x::y', data: {} })
  await caller.settled()
  expect(caller.frames.slice(before)).toEqual([{ type: 'pong' }])
})

test('A void call reaches the callee with an id, and its answer goes nowhere', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::v', () => 'unwanted')
  const before = caller.frames.length
  caller.send({ type: 'invokefunction', function_id: 'm::v', data: {}, action: { type: 'void' } })
  const call = await worker.next('invokefunction')
  expect(call['invocation_id']).toMatch(UUID)
  expect(call).not.toHaveProperty('action')
  await worker.settled()
  await caller.settled()
  expect(caller.frames.slice(before)).toEqual([{ type: 'pong' }])
})

test('Enqueue without a queue worker is enqueue_error; with one the receipt comes at once and the job is complete', async () => {
  const { core, caller } = await pair()
  const action = { type: 'enqueue', queue: 'jobs' }
  expect((await caller.call('no::such', {}, { action })).error?.code).toBe('enqueue_error')
  const queue = await core.connect()
  await queue.provided('engine::queue::enqueue', () => ({}))
  const { result } = await caller.call('no::such', { a: 1 }, { action, baggage: 'k=v', metadata: { s: 1 } })
  expect(result).toEqual({ messageReceiptId: expect.stringMatching(UUID) })
  const job = queue.calls('engine::queue::enqueue')[0]
  expect(job).not.toHaveProperty('metadata')
  expect(job?.['data']).toEqual({
    queue: 'jobs',
    function_id: 'no::such',
    data: { a: 1 },
    messageReceiptId: (result as { messageReceiptId: string }).messageReceiptId,
    traceparent: null,
    baggage: expect.stringContaining('iii.function.id=no::such'),
  })
})

test('When the callee is cut off its caller gets invocation_stopped at once', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::slow')
  const answered = caller.call('m::slow', {})
  await worker.next('invokefunction')
  worker.socket.terminate()
  expect((await answered).error).toEqual({ code: 'invocation_stopped', message: 'Invocation stopped' })
})

test('When the caller is cut off the late answer is ignored and the callee stays', async () => {
  const { core, worker, caller } = await pair()
  await worker.provided('m::slow')
  caller.send({ type: 'invokefunction', invocation_id: randomUUID(), function_id: 'm::slow', data: {} })
  const call = await worker.next('invokefunction')
  const other = await core.connect()
  caller.socket.terminate()
  await gone(other, caller.workerId)
  worker.answer(call, { result: 1 })
  await worker.settled()
  expect(worker.socket.readyState).toBe(1)
})

test('An answer by another connection than the callee is ignored', async () => {
  const { core, worker, caller } = await pair()
  const stranger = await core.connect()
  await worker.provided('m::f')
  const answered = caller.call('m::f', {})
  const call = await worker.next('invokefunction')
  stranger.answer(call, { result: 'forged' })
  await stranger.settled()
  worker.answer(call, { result: 'real' })
  expect((await answered).result).toBe('real')
})

test('Only the first answer counts', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::f')
  const answered = caller.call('m::f', {})
  const call = await worker.next('invokefunction')
  worker.answer(call, { result: 1 })
  worker.answer(call, { result: 2 })
  await worker.settled()
  expect((await answered).result).toBe(1)
  await caller.settled()
  expect(caller.of('invocationresult').filter(({ function_id }) => function_id === 'm::f')).toHaveLength(1)
})

test('Two callers with the same invocation id each get their own result', async () => {
  const { core, worker, caller } = await pair()
  const other = await core.connect()
  await worker.provided('m::f')
  const invocation_id = randomUUID()
  caller.send({ type: 'invokefunction', invocation_id, function_id: 'm::f', data: 'a' })
  other.send({ type: 'invokefunction', invocation_id, function_id: 'm::f', data: 'b' })
  await worker.next('invokefunction', 2)
  const [first, second] = worker.calls('m::f')
  expect(first?.['invocation_id']).not.toBe(second?.['invocation_id'])
  for (const call of [second, first]) if (call !== undefined) worker.answer(call, { result: call['data'] })
  expect((await caller.outcome(invocation_id)).result).toBe('a')
  expect((await other.outcome(invocation_id)).result).toBe('b')
})

test.each(['1', 'näh "x"\n', 'x'.repeat(128)])(
  'The invocation id %j is echoed, and the callee gets a UUID',
  async (invocation_id) => {
    const { worker, caller } = await pair()
    await worker.provided('m::f', () => 1)
    caller.send({ type: 'invokefunction', invocation_id, function_id: 'm::f', data: {} })
    expect(await caller.outcome(invocation_id)).toMatchObject({ invocation_id, result: 1 })
    expect(worker.calls('m::f')[0]?.['invocation_id']).toMatch(UUID)
  },
)

test('Trace context reaches the callee with the function id once in the baggage, and comes back to the caller', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::f', () => 1)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const baggage = 'tenant=a,iii.function.id=other,k=v'
  const outcome = await caller.call('m::f', {}, { traceparent, baggage })
  const call = worker.calls('m::f')[0]
  expect(call?.['traceparent']).toBe(traceparent)
  const entries = String(call?.['baggage']).split(',')
  expect(entries.filter((entry) => entry.startsWith('iii.function.id='))).toHaveLength(1)
  expect(decodeURIComponent(entries.find((entry) => entry.startsWith('iii.function.id=')) ?? '')).toBe(
    'iii.function.id=m::f',
  )
  expect(entries).toEqual(expect.arrayContaining(['tenant=a', 'k=v']))
  expect(outcome['traceparent']).toBe(traceparent)
})

test('Metadata is a member of its own at the callee, and absent when there is none', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::f', () => 1)
  await caller.call('m::f', { a: 1 }, { metadata: { s: 1 } })
  await caller.call('m::f', { a: 1 }, { metadata: null })
  const [first, second] = worker.calls('m::f')
  expect(first?.['metadata']).toEqual({ s: 1 })
  expect(first?.['data']).toEqual({ a: 1, _caller_worker_id: caller.workerId })
  expect(second).not.toHaveProperty('metadata')
})

test('A worker may call itself', async () => {
  const { worker } = await pair()
  await worker.provided('m::self', (input: { n: number }) => input.n + 1)
  expect((await worker.call('m::self', { n: 1 })).result).toBe(2)
})

test('Large integers and unusual text cross the engine unchanged', async () => {
  const { worker, caller } = await pair()
  const raw: string[] = []
  worker.socket.on('message', (data: Buffer) => raw.push(data.toString()))
  await worker.provided('m::f', () => 1)
  const id = randomUUID()
  caller.send(
    `{"type":"invokefunction","invocation_id":"${id}","function_id":"m::f","data":[12345678901234567890,"\\u00e4ü\\ud83d","𝄞"]}`,
  )
  await caller.outcome(id)
  expect(raw.at(-1)).toContain('"data":[12345678901234567890,"\\u00e4ü\\ud83d","𝄞"]')
})

test('Calls and results of several megabytes arrive whole and in order with small ones', async () => {
  const { worker, caller } = await pair()
  await worker.provided('m::echo', (input: unknown) => input)
  const sizes = [10, 3_000_000, 20_000, 16_384, 65_536, 1, 70_000]
  const outcomes = await Promise.all(sizes.map((size) => caller.call('m::echo', ['ü'.repeat(size)])))
  expect(outcomes.map(({ result }) => (result as string[])[0]?.length)).toEqual(sizes)
  expect(worker.calls('m::echo').map(({ data }) => (data as string[])[0]?.length)).toEqual(sizes)
})

// ── leniency (§3) ────────────────────────────────────────────────────────────────────────────────────────────────────

test('registertrigger without config is bound with {}, registertriggertype without description with ""', async () => {
  const { worker, caller } = await pair()
  worker.send({ type: 'registertriggertype', id: 'lenient' })
  await worker.settled()
  caller.send({ type: 'registertrigger', id: randomUUID(), trigger_type: 'lenient', function_id: 'a::b' })
  expect((await worker.next('registertrigger'))['config']).toEqual({})
  const { result } = await caller.call('engine::triggers::list', {})
  expect(JSON.stringify(result)).toContain('"lenient"')
})

test.each([
  ['NaN in the payload', '"data":{"a":NaN}'],
  ['Infinity in the payload', '"data":[Infinity]'],
  ['a bad action', '"action":{"type":"later"}'],
  ['an enqueue without queue', '"action":{"type":"enqueue"}'],
  ['a namespace that is no string', '"namespace":5'],
  ['a broken end', '"data":{'],
])('A call with %s is answered with invalid_message at once', async (_what, members) => {
  const { caller } = await pair()
  const id = randomUUID()
  caller.send(`{"type":"invokefunction","invocation_id":"${id}","function_id":"m::f",${members}}`)
  const { error } = await caller.outcome(id)
  expect(error?.code).toBe('invalid_message')
  expect(error?.message).not.toBe('')
})

test('A call without a function id is answered with invalid_message', async () => {
  const { caller } = await pair()
  const id = randomUUID()
  caller.send({ type: 'invokefunction', invocation_id: id, data: {} })
  expect((await caller.outcome(id)).error?.code).toBe('invalid_message')
})

test.each(['"result":NaN', '"result":{"a":[NaN]}', '"error":NaN', '"result":{"a":'])(
  'An answer with %s settles the call with invalid_message',
  async (members) => {
    const { worker, caller } = await pair()
    await worker.provided('m::f')
    const answered = caller.call('m::f', {})
    const call = await worker.next('invokefunction')
    worker.send(
      `{"type":"invocationresult","invocation_id":"${String(call['invocation_id'])}","function_id":"m::f",${members}${members.endsWith(':') ? '' : '}'}`,
    )
    expect((await answered).error).toMatchObject({
      code: 'invalid_message',
      message: expect.stringContaining('could not be decoded'),
    })
    await worker.settled()
    expect(worker.of('invocationresult').filter(({ function_id }) => function_id === 'm::f')).toEqual([])
  },
)

async function pair(): Promise<{ core: TestCore; worker: RawClient; caller: RawClient }> {
  const core = await startCore()
  const [worker, caller] = await Promise.all([core.connect({ name: 'worker' }), core.connect({ name: 'caller' })])
  return { core, worker, caller }
}

async function answeredBy(outcome: object): Promise<Awaited<ReturnType<RawClient['call']>>> {
  const { worker, caller } = await pair()
  await worker.provided('m::f')
  const answered = caller.call('m::f', {})
  worker.answer(await worker.next('invokefunction'), outcome)
  return answered
}

/** Waits until a worker is no longer listed. */
async function gone(client: RawClient, workerId: string): Promise<void> {
  for (;;) {
    const { result } = await client.call('engine::workers::list', { worker_id: workerId })
    if ((result as { workers: unknown[] }).workers.length === 0) return
  }
}

test('An id that a caller has chosen to be that of a later call is not passed on', async () => {
  const core = await startCore()
  const callee = await core.connect({ name: 'callee' })
  const caller = await core.connect({ name: 'caller' })
  await callee.provided('m::say', (data) => data)
  const ids = (): string[] =>
    callee.frames.filter(({ type }) => type === 'invokefunction').map((frame) => frame['invocation_id'] as string)
  caller.send({ type: 'invokefunction', invocation_id: 'no UUID', function_id: 'm::say', data: 0 })
  await expect.poll(ids).toHaveLength(1)
  const next = `${ids()[0]!.slice(0, -1)}1`
  caller.send({ type: 'invokefunction', invocation_id: next, function_id: 'm::say', data: 1 })
  caller.send({ type: 'invokefunction', invocation_id: 'nor this', function_id: 'm::say', data: 2 })
  await expect.poll(ids).toHaveLength(3)
  expect(new Set(ids()).size).toBe(3)
  const results = (): unknown[] =>
    caller.frames
      .filter(({ type }) => type === 'invocationresult')
      .map((frame) => [frame['invocation_id'], frame['result']])
  await expect.poll(results).toEqual(
    expect.arrayContaining([
      ['no UUID', 0],
      [next, 1],
      ['nor this', 2],
    ]),
  )
})
