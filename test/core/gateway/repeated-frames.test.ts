// What a worker sends in one piece has the effect that it has frame by frame, also where frames repeat the one before them and are not scanned.
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { RepeatedFrames } from '../../../core/gateway/repeated-frames.ts'
import { AnswerForm } from '../../../protocol/scanner/answer-form.ts'
import { FrameRun } from '../../../protocol/scanner/frame-run.ts'
import type { Frame, RawClient } from '../../support/raw-client.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** All of it leaves in one write, and comes in one read. */
function sendTogether(client: RawClient, frames: readonly (object | string)[]): void {
  const { _socket: socket } = client.socket as unknown as { _socket: Socket }
  socket.cork()
  for (const frame of frames) client.send(frame)
  socket.uncork()
}

const toEach = (ids: readonly string[], more: object = { data: { n: 1 } }): object[] =>
  ids.map((id) => ({ type: 'invokefunction', function_id: id, action: { type: 'void' }, ...more }))

async function scene(): Promise<{ core: TestCore; worker: RawClient; caller: RawClient }> {
  const core = await startCore()
  return { core, worker: await core.connect({ name: 'worker' }), caller: await core.connect({ name: 'caller' }) }
}

/** What was delivered, without ids that differ each time. */
function delivered(worker: RawClient): string[] {
  return worker.of('invokefunction').map((frame) => {
    const { invocation_id: _id, data, ...rest } = frame
    const { _caller_worker_id: caller, ...others } = (data ?? {}) as Record<string, unknown>
    return JSON.stringify({ ...rest, data: typeof data === 'object' ? others : data, isNamed: caller !== undefined })
  })
}

test('Each function of an event gets the call, in order, with the id of its caller and one of its own', async () => {
  const { worker, caller } = await scene()
  const repeated = vi.spyOn(RepeatedFrames.prototype, 'callOf')
  const ids = Array.from({ length: 20 }, (_, index) => `w::f${index}`)
  for (const id of ids) worker.provide(id)
  await worker.settled()
  sendTogether(caller, [...toEach(ids), ...toEach(ids, { data: { n: 2 } })])
  await caller.settled()
  await worker.settled()
  expect(worker.of('invokefunction').map(({ function_id, data }) => [function_id, data])).toEqual(
    [1, 2].flatMap((n) => ids.map((id) => [id, { n, _caller_worker_id: caller.workerId }])),
  )
  expect(new Set(worker.of('invokefunction').map((frame) => frame['invocation_id'])).size).toBe(40)
  expect(repeated.mock.results.filter(({ value }) => value !== undefined).length).toBeGreaterThanOrEqual(30)
})

test('Answers that differ in their call are taken each for its own, once', async () => {
  const { core, worker, caller } = await scene()
  const repeated = vi.spyOn(RepeatedFrames.prototype, 'callOf')
  await worker.provided('w::f')
  sendTogether(caller, toEach(Array.from({ length: 10 }, () => 'w::f')))
  const waiting = [caller.call('w::f'), caller.call('w::f')]
  await worker.until(() => worker.calls('w::f').length === 12, 'the calls')
  const worked = [...core.core.router.workers.values()].find(({ name }) => name === 'worker')!
  expect(worked.inFlight).toBe(12)
  const answers = worker.calls('w::f').map(({ invocation_id, function_id }) => ({
    type: 'invocationresult',
    invocation_id,
    function_id,
    result: { done: true },
  }))
  sendTogether(worker, [...answers.slice(0, 5), ...answers.slice(0, 5)])
  await worker.settled()
  expect(worked.inFlight).toBe(7)
  sendTogether(worker, answers.slice(5))
  expect(await Promise.all(waiting)).toMatchObject([{ result: { done: true } }, { result: { done: true } }])
  expect(worked.inFlight).toBe(0)
  expect(repeated.mock.results.length).toBeGreaterThanOrEqual(10)
})

test('Answers of different workers that look alike are taken each for its own call, once', async () => {
  const core = await startCore()
  const read = vi.spyOn(AnswerForm.prototype, 'idIn')
  const caller = await core.connect({ name: 'caller' })
  const callees = await Promise.all(['a', 'b', 'c'].map((name) => core.connect({ name })))
  const known = callees.map((_, index) =>
    [...core.core.router.workers.values()].find(({ name }) => name === 'abc'[index])!,
  )
  for (const [index, callee] of callees.entries()) await callee.provided(`w::f${index}`)
  for (let round = 0; round < 3; round++) {
    for (const index of callees.keys()) caller.send({ ...toEach([`w::f${index}`])[0] })
    const waiting = callees.map((_, index) => caller.call(`w::f${index}`))
    for (const [index, callee] of callees.entries()) {
      await callee.until(() => callee.calls(`w::f${index}`).length === 2 * (round + 1), 'the calls')
      expect(known[index]!.inFlight).toBe(2)
      const answers = callee
        .calls(`w::f${index}`)
        .slice(-2)
        .map(({ invocation_id, function_id }) => ({ type: 'invocationresult', invocation_id, function_id }))
      // One that another worker has been given is none of its own.
      const strangers = callees[(index + 1) % 3]!.calls(`w::f${(index + 1) % 3}`).slice(-2)
      for (const { invocation_id, function_id } of strangers)
        callee.send({ type: 'invocationresult', invocation_id, function_id })
      for (const answer of [answers[0]!, answers[0]!, answers[1]!]) {
        callee.send(answer)
        await callee.settled()
      }
      expect(known[index]!.inFlight).toBe(0)
    }
    expect((await Promise.all(waiting)).map(({ error }) => error)).toEqual([undefined, undefined, undefined])
  }
  expect(read.mock.results.filter(({ value }) => value !== undefined).length).toBeGreaterThan(10)
})

test('An answer that looks like others but is no JSON is told of, and an error is one', async () => {
  const { worker, caller } = await scene()
  await worker.provided('w::f')
  const outcomes = [caller.call('w::f'), caller.call('w::f'), caller.call('w::f')]
  await worker.until(() => worker.calls('w::f').length === 3, 'the calls')
  const [first, second, third] = worker.calls('w::f').map(({ invocation_id }) => String(invocation_id))
  worker.send({ type: 'invocationresult', invocation_id: first, function_id: 'w::f' })
  expect(await outcomes[0]).not.toHaveProperty('error')
  worker.send(`{"type":"invocationresult","invocation_id":"${second}","function_id":"w::f",}`)
  expect(await outcomes[1]).toMatchObject({ error: { code: 'invalid_message' } })
  worker.send({
    type: 'invocationresult',
    invocation_id: third,
    function_id: 'w::f',
    error: { code: 'c', message: 'm' },
  })
  expect(await outcomes[2]).toMatchObject({ error: { code: 'c' } })
})

test('A function that is not there is told of, and those behind it get their calls', async () => {
  const { core, worker, caller } = await scene()
  await worker.provided('w::f')
  sendTogether(caller, toEach(['w::f', 'w::g', 'w::h', 'w::f']))
  await caller.settled()
  await worker.until(() => worker.calls('w::f').length === 2, 'both calls')
  expect(core.core.engineTelemetry.metrics.counts.voidDropped).toBe(2)
})

test('An announcement among such calls is one', async () => {
  const { worker, core } = await scene()
  await worker.provided('w::f')
  const late = await core.connect({ name: null })
  const telling = { data: { runtime: 'node', version: '0.22.1', name: 'late', pid: 1, namespace: 'there' } }
  sendTogether(late, toEach(['w::f', 'w::f', 'engine::workers::register', 'w::f'], telling))
  await late.settled()
  const known = [...core.core.router.workers.values()].find(({ name }) => name === 'late')
  expect(known?.namespace).toBe('there')
})

test('What follows a registration that takes time waits for it', async () => {
  const { worker, core } = await scene()
  await worker.provided('w::f')
  const late = await core.connect({ name: null })
  const answer = { type: 'invokefunction', invocation_id: 'x1', function_id: 'late::f', data: 1 }
  sendTogether(late, [{ type: 'registerfunction', id: 'late::f' }, ...toEach(['late::f', 'late::f', 'w::f']), answer])
  await late.announce({ name: 'late' })
  await late.until(() => late.calls('late::f').length === 3, 'its own calls')
  await worker.until(() => worker.calls('w::f').length === 1, 'the call of the other')
  expect(late.calls('late::f').map(({ data }) => data)).toMatchObject([{ n: 1 }, { n: 1 }, 1])
})

test('Any frames have the same effect as without repetitions', async () => {
  const { worker, caller, core } = await scene()
  for (const id of ['w::f', 'w::g', 'w::longer', 'w::é']) worker.provide(id)
  await worker.settled()
  const aFrame = fc.record({
    id: fc.constantFrom('w::f', 'w::g', 'w::longer', 'w::é', 'w::none', ''),
    data: fc.constantFrom({ n: 1 }, { n: 1 }, { n: 2 }, {}, 'é', null, [1], { text: 'x'.repeat(120) }),
    more: fc.constantFrom({}, {}, {}, { metadata: { m: 1 } }, { namespace: 'n' }, { baggage: 'a=b' }),
    isVoid: fc.constantFrom(true, true, true, false),
    isDamaged: fc.constantFrom(false, false, false, false, true),
  })
  const plain = vi.spyOn(FrameRun.prototype, 'textIn')
  const run = async (frames: readonly object[]): Promise<[string[], unknown[], object]> => {
    const from = worker.frames.length
    caller.frames.length = 0
    const before = { ...core.core.engineTelemetry.metrics.counts }
    sendTogether(
      caller,
      frames.map((frame) => ('isDamaged' in frame ? JSON.stringify(frame).replace('"data":', '"data":,') : frame)),
    )
    await caller.settled()
    await worker.settled()
    const view = { of: () => worker.frames.slice(from).filter(({ type }) => type === 'invokefunction') }
    for (const call of view.of()) worker.answer(call)
    await worker.settled()
    await caller.settled()
    const after = core.core.engineTelemetry.metrics.counts as unknown as Record<string, number>
    const counts = Object.fromEntries(
      Object.entries(before).map(([name, count]) => [name, after[name]! - Number(count)]),
    )
    return [delivered(view as never), caller.frames.splice(0).map(outcomeOf), counts]
  }
  await fc.assert(
    fc.asyncProperty(fc.array(aFrame, { minLength: 2, maxLength: 30 }), async (parts) => {
      const frames = parts.map(({ id, data, more, isVoid, isDamaged }, index) => ({
        type: 'invokefunction',
        function_id: id,
        ...(isVoid ? { action: { type: 'void' } } : { invocation_id: `c${index}` }),
        ...more,
        data,
        ...(isDamaged ? { isDamaged } : {}),
      }))
      plain.mockReturnValue(undefined)
      const expected = await run(frames)
      plain.mockReset()
      expect(await run(frames)).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

function outcomeOf({ type, invocation_id, error }: Frame): unknown {
  return [type, invocation_id, (error as { code?: string } | undefined)?.code]
}
