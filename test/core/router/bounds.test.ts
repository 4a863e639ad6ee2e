// Bounds of the router that no other test reaches: each with its code (spec 09 §5, spec 01 §9.6).
import { ALL_NAMES } from '../../support/worker-names.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Seats } from '../../../core/seats/seats.ts'
import { SessionPolicy } from '../../../core/seats/session-policy.ts'
import { makeRouter } from './test-router.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('the gate of a plugin that restarts', () => {
  it('holds gate_max_calls calls; the next one is overloaded, a void one dropped with a warning', () => {
    const test = makeRouter({ gate_max_calls: 2 })
    const { generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.router.endWorker(generation.worker, { abnormal: true })
    const held = [test.call(caller, 'f'), test.call(caller, 'f')]
    const refused = test.call(caller, 'f')
    test.call(caller, 'f', {}, { type: 'void' })
    expect(held.map((id) => test.answerTo(caller, id))).toEqual([undefined, undefined])
    expect(test.answerTo(caller, refused)?.error?.code).toBe('overloaded')
    expect(test.router.warnings.total).toBe(1)
  })

  it('holds gate_max_bytes of payload', () => {
    const test = makeRouter({ gate_max_bytes: 1000 })
    const { slot, generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.router.endWorker(generation.worker, { abnormal: true })
    test.call(caller, 'f', 'x'.repeat(900))
    const refused = test.call(caller, 'f', 'x'.repeat(200))
    expect(test.answerTo(caller, refused)?.error?.code).toBe('overloaded')
    expect(slot.gate.bytes).toBeLessThanOrEqual(1000)
  })

  it('is left after gate_ms with plugin_unavailable', async () => {
    vi.useFakeTimers()
    const test = makeRouter({ gate_ms: 25_000 })
    const { generation } = test.plugin('p', ['f'])
    const caller = test.join()
    test.router.endWorker(generation.worker, { abnormal: true })
    const id = test.call(caller, 'f')
    await vi.advanceTimersByTimeAsync(24_900)
    expect(test.answerTo(caller, id)).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    expect(test.answerTo(caller, id)?.error?.code).toBe('plugin_unavailable')
  })
})

it('the restart grace of an id holds gate_max_bytes of payload', () => {
  const test = makeRouter({ gate_max_bytes: 1000 })
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  test.router.endWorker(provider.worker, { abnormal: true })
  test.call(caller, 'f', 'x'.repeat(900))
  const refused = test.call(caller, 'f', 'x'.repeat(200))
  expect(test.answerTo(caller, refused)?.error?.code).toBe('overloaded')
})

it('the bytes of calls in flight to a generation are bounded, and free again when they are answered', () => {
  const test = makeRouter()
  const { generation } = test.plugin('p', ['f'], { maxInFlightBytes: 1000 })
  const caller = test.join()
  test.call(caller, 'f', 'x'.repeat(900))
  const refused = test.call(caller, 'f', 'x'.repeat(200))
  expect(test.answerTo(caller, refused)?.error?.code).toBe('overloaded')
  test.reply(generation, 1)
  const taken = test.call(caller, 'f', 'x'.repeat(200))
  expect(test.answerTo(caller, taken)).toBeUndefined()
  expect(generation.link.delivered).toHaveLength(2)
})

it('a call that is larger than all that may be in flight to a plugin is payload_too_large: to try again does not help', () => {
  const test = makeRouter()
  const { generation } = test.plugin('p', ['f'], { maxInFlightBytes: 1000 })
  const caller = test.join()
  const refused = test.call(caller, 'f', 'x'.repeat(1001))
  expect(test.answerTo(caller, refused)?.error?.code).toBe('payload_too_large')
  expect(generation.link.delivered).toEqual([])
})

it('a void call that is never answered is forgotten after ten minutes, others are not', async () => {
  // The router reads the time once per turn: not in that of the test before, on another clock.
  await turn()
  vi.useFakeTimers()
  const test = makeRouter()
  const [provider, caller] = [test.join(), test.join()]
  test.provide(provider.worker, 'f')
  const kept = test.call(caller, 'f')
  test.call(caller, 'f', {}, { type: 'void' })
  await vi.advanceTimersByTimeAsync(599_000)
  expect(provider.worker.inFlight).toBe(2)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(provider.worker.inFlight).toBe(1)
  expect([...provider.worker.calls].map(({ invocationId }) => invocationId)).toEqual([kept])
  expect(caller.link.answers).toEqual([])
})

it('a decision on a session that does not come in 31 s is AUTH_ERROR', async () => {
  vi.useFakeTimers()
  const test = makeRouter()
  const holder = test.plugin('rbac', [], { builtIn: true }).generation
  test.provide(holder.worker, 'engine::seat::session-policy')
  const asked = new SessionPolicy(new Seats(test.router).sessionPolicy, ALL_NAMES).decide({
    listener: 'iii-worker-manager',
    rbac: {},
    middleware: undefined,
    seesStacks: false,
    input: { headers: {}, query_params: {}, ip_address: '127.0.0.1' },
  })
  const refused = expect(asked).rejects.toMatchObject({
    code: 'AUTH_ERROR',
    message: expect.stringContaining('31000 ms'),
  })
  expect(holder.link.delivered).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(31_000)
  await refused
})
