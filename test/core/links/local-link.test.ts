// The engine's own functions: parsed values in, JSON out, never inside dispatch.
import { expect, it } from 'vitest'
import { LocalLink } from '../../../core/links/local-link.ts'
import { FunctionEntry, Provider, type LocalHandler } from '../../../core/model/function-entry.ts'
import { Worker } from '../../../core/model/worker.ts'
import type { Call } from '../../../core/model/call.ts'
import type { EngineMessage } from '../../../protocol/messages.ts'
import { CodedError } from '../../../protocol/errors.ts'
import { Collector } from '../../support/deadline.ts'

function createLocal(handler: LocalHandler) {
  const results = new Collector<{ callId: number | string; result: string | undefined; error: unknown }>()
  const messages = new Collector<EngineMessage>()
  const link = new LocalLink({
    onResult: (_worker, callId, result, error) =>
      results.add({
        callId,
        result: result?.toString(),
        error: error === undefined ? undefined : JSON.parse(error.toString()),
      }),
    onMessage: (message) => messages.add(message),
  })
  const worker = new Worker({ id: 'engine', link, policy: { kind: 'engine' } })
  const provider = new Provider(worker, new FunctionEntry('default', 'engine::f'), { rawId: 'engine::f', handler })
  const deliver = (json: string, callerWorkerId?: string, more: Partial<Call> = {}) => {
    const call = { data: Buffer.from(json), functionId: 'engine::f', caller: worker, ...more } as Call
    const callId = link.nextCallId(call)
    link.deliver(call, callId, provider, callerWorkerId)
    call.data.fill(0)
    return callId
  }
  return { link, results, messages, deliver, worker }
}

it('runs handlers after the dispatch, in order, and takes the input as it was', async () => {
  const seen: unknown[] = []
  const { deliver, results } = createLocal((input) => void seen.push(input))
  deliver('{"n":1}')
  deliver('{"n":2}')
  expect(seen).toEqual([])
  await Promise.resolve()
  expect(seen).toEqual([{ n: 1 }, { n: 2 }])
  expect(results.items).toEqual([
    { callId: 1, result: undefined, error: undefined },
    { callId: 2, result: undefined, error: undefined },
  ])
})

it('answers a synchronous handler after one microtask', async () => {
  const { deliver, results } = createLocal((input) => ({ input }))
  deliver('[1]')
  await Promise.resolve()
  expect(results.items).toEqual([{ callId: 1, result: '{"input":[1]}', error: undefined }])
})

it('gives the handler the caller in object payloads only, and the context of the call', async () => {
  const seen: unknown[] = []
  const { deliver, worker } = createLocal(
    (input, { caller, functionId, metadata, traceparent, baggage }) =>
      void seen.push([input, caller.id, functionId, metadata, traceparent, baggage]),
  )
  deliver('{"_caller_worker_id":"forged"}', 'w', { metadata: Buffer.from('{"m":1}'), traceparent: 't', baggage: 'b' })
  deliver('[]', 'w')
  await Promise.resolve()
  expect(seen).toEqual([
    [{ _caller_worker_id: 'w' }, worker.id, 'engine::f', { m: 1 }, 't', 'b'],
    [[], worker.id, 'engine::f', undefined, undefined, undefined],
  ])
})

it.each<[string, LocalHandler, object]>([
  [
    'throws a coded error',
    () => {
      throw new CodedError('NOT_FOUND', 'no')
    },
    { code: 'NOT_FOUND', message: 'no' },
  ],
  ['rejects', () => Promise.reject(new Error('later')), { code: 'invocation_failed', message: 'later' }],
  ['returns a bigint', () => 1n, { code: 'serialization_error', message: expect.stringContaining('BigInt') as string }],
])('answers with an error, without our stack, when a handler %s', async (_name, handler, error) => {
  const { deliver, results } = createLocal(handler)
  deliver('null')
  const [outcome] = await results.take(1)
  expect(outcome).toEqual({ callId: 1, result: undefined, error })
})

it('answers a payload that is no JSON with invalid_message', async () => {
  const { deliver, results } = createLocal(() => 1)
  deliver('{"n":NaN}')
  const [outcome] = await results.take(1)
  expect(outcome?.error).toMatchObject({ code: 'invalid_message' })
})

it('hands control messages to the engine after the dispatch', async () => {
  const { link, messages } = createLocal(() => 1)
  link.send({ type: 'ping' })
  expect(messages.items).toEqual([])
  expect(await messages.take(1)).toEqual([{ type: 'ping' }])
})

it('brings the outcome of an engine call to the one who made it', () => {
  const { link } = createLocal(() => 1)
  const outcomes: unknown[] = []
  const onSettled: Call['onSettled'] = (result, error) => void outcomes.push(result?.toString(), error)
  link.answer({ onSettled } as Call, Buffer.from('1'), undefined)
  expect(outcomes).toEqual(['1', undefined])
})
