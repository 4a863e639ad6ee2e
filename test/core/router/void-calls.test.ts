// Void calls to workers on sockets: a count per worker, in which they are in flight as any other call.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { makeRouter } from './test-router.ts'

const VOID = { type: 'void' } as const

afterEach(() => {
  vi.useRealTimers()
})

it('a void call to a worker is in flight until it is answered, without a record of it', () => {
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.call(caller, 'f', { n: 1 }, VOID)
  expect(provider.link.delivered).toMatchObject([{ data: { n: 1 } }])
  expect([provider.worker.inFlight, provider.worker.calls.size]).toEqual([1, 0])
  test.reply(provider, 'nobody wants it')
  expect(provider.worker.inFlight).toBe(0)
  expect(caller.link.answers).toEqual([])
})

it('an answer to a void call that comes twice counts once', () => {
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.call(caller, 'f', {}, VOID)
  test.call(caller, 'f', {}, VOID)
  const { callId } = provider.link.delivered[0]!
  test.router.settle(provider.worker, callId, undefined, undefined)
  test.router.settle(provider.worker, callId, undefined, undefined)
  expect(provider.worker.inFlight).toBe(1)
})

it('the next call goes to the replica with fewer void calls', () => {
  const test = makeRouter()
  const [busy, free, caller] = [test.join(), test.join(), test.join()]
  test.provide(busy.worker, 'f')
  test.provide(free.worker, 'f')
  test.call(caller, 'f', {}, VOID)
  test.call(caller, 'f', {}, VOID)
  test.reply(free, null)
  test.call(caller, 'f')
  expect([busy.link.delivered.length, free.link.delivered.length]).toEqual([1, 2])
})

it('idle waits for void calls too', async () => {
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.call(caller, 'f', {}, VOID)
  const idle = vi.fn()
  const waiting = test.router.idle(provider.worker, 60_000).then(idle)
  await Promise.resolve()
  expect(idle).not.toHaveBeenCalled()
  test.reply(provider, null)
  await waiting
  expect(idle).toHaveBeenCalledWith(true)
})

it('a hand-over waits for the void calls of the old generation', async () => {
  const test = makeRouter()
  const { slot, generation } = test.plugin('p', ['f'])
  const caller = test.join()
  test.call(caller, 'f', {}, VOID)
  const handOver = test.router.beginHandOver([slot])
  const drained = vi.fn()
  const draining = handOver.drain(60_000).then(drained)
  await Promise.resolve()
  expect(drained).not.toHaveBeenCalled()
  test.reply(generation, null)
  await draining
  expect(drained).toHaveBeenCalledWith(true)
})

it('void calls count for the limit on unanswered ones, and are given up first', () => {
  const test = makeRouter()
  const [provider, caller] = [test.join({ maxUnanswered: 2 }), test.join()]
  test.provide(provider.worker, 'f')
  const waited = [test.call(caller, 'f')]
  test.call(caller, 'f', {}, VOID)
  waited.push(test.call(caller, 'f'))
  expect(provider.worker.inFlight).toBe(2)
  expect(waited.map((id) => test.answerTo(caller, id))).toEqual([undefined, undefined])
  test.call(caller, 'f', {}, VOID)
  expect(provider.worker.inFlight).toBe(2)
})

it('a void call is forgotten after max_invocation_ms', async () => {
  vi.useFakeTimers()
  const test = makeRouter({ max_invocation_ms: 400 })
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.call(caller, 'f', {}, VOID)
  await vi.advanceTimersByTimeAsync(300)
  expect(provider.worker.inFlight).toBe(1)
  await vi.advanceTimersByTimeAsync(300)
  expect(provider.worker.inFlight).toBe(0)
})

it('the end of a worker leaves none of its void calls open', () => {
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.call(caller, 'f', {}, VOID)
  test.router.endWorker(provider.worker, { abnormal: true })
  expect(provider.worker.inFlight).toBe(0)
})

it('whoever listens to iii:invocation hears of the end of void calls as well', () => {
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  const heard: unknown[] = []
  const listener = (message: unknown): void => void heard.push(message)
  subscribe('iii:invocation', listener)
  onTestFinished(() => void unsubscribe('iii:invocation', listener))
  test.call(caller, 'f', {}, VOID)
  expect(heard).toEqual([])
  test.reply(provider, null)
  expect(heard).toMatchObject([{ function_id: 'f', caller: caller.worker.id, callee: provider.worker.id, ok: true }])
})
