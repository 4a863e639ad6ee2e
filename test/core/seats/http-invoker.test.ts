// Functions that are invoked over HTTP, with a stand-in for the plugin that holds the seat http-invoker (spec 01 §10).
import { expect, test } from 'vitest'
import { CodedError } from '../../../protocol/errors.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'

const INVOCATION = { url: 'https://x.example/y', method: 'POST', timeout_ms: 5000 }

test('Without a holder the registration is logged, the worker is not told, and calls get function_not_found', async () => {
  const core = await startCore()
  const worker = await core.connect()
  const before = worker.frames.length
  worker.provide('ext::hook', undefined, { invocation: INVOCATION })
  await worker.settled()
  expect(worker.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect((await worker.call('ext::hook', {})).error?.code).toBe('function_not_found')
  expect(core.lines.filter((line) => line.includes('ext::hook') && line.includes('"level":"error"'))).toHaveLength(1)
})

test('The holder accepts the target, then gets every call with payload, caller and trace; the worker gets none', async () => {
  const asked: unknown[] = []
  const core = await withHolder((input) => {
    asked.push(input)
    return input['action'] === 'invoke' ? { status: 'done' } : null
  })
  const [worker, caller] = [await core.connect(), await core.connect()]
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  expect(asked).toEqual([
    { action: 'register', function_id: 'ext::hook', worker_id: worker.workerId, invocation: INVOCATION },
  ])
  expect((await caller.call('ext::hook', { a: 1 }, { traceparent: '00-aa-bb-01' })).result).toEqual({ status: 'done' })
  expect(asked[1]).toMatchObject({
    action: 'invoke',
    function_id: 'ext::hook',
    invocation: INVOCATION,
    traceparent: '00-aa-bb-01',
    data: { a: 1, _caller_worker_id: caller.workerId },
  })
  expect((await caller.call('ext::hook', [1])).result).toEqual({ status: 'done' })
  expect(asked[2]).toMatchObject({ data: [1] })
  expect(worker.calls('ext::hook')).toEqual([])
})

test('An error of the holder reaches the caller as it is', async () => {
  const core = await withHolder((input) => {
    if (input['action'] === 'invoke') throw new CodedError('http_error', 'HTTP 500 Internal Server Error')
  })
  const worker = await core.connect()
  await worker.provided('ext::hook', undefined, { invocation: INVOCATION })
  expect((await worker.call('ext::hook', {})).error).toMatchObject({
    code: 'http_error',
    message: 'HTTP 500 Internal Server Error',
  })
})

test('A target that the holder refuses is not registered, and the worker is not told', async () => {
  const core = await withHolder(() => {
    throw new CodedError('url_validation_failed', 'HTTPS is required')
  })
  const worker = await core.connect()
  const before = worker.frames.length
  worker.provide('ext::hook', undefined, { invocation: { url: 'http://x.example' } })
  await worker.settled()
  expect(worker.frames.slice(before)).toEqual([{ type: 'pong' }])
  expect((await worker.call('ext::hook', {})).error?.code).toBe('function_not_found')
  expect(core.lines.some((line) => line.includes('HTTPS is required'))).toBe(true)
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

function withHolder(handler: (input: Record<string, unknown>) => unknown): Promise<TestCore> {
  return startCore({
    prepare: (core) => core.seat('http-invoker', (input) => handler(input as Record<string, unknown>)),
  })
}
