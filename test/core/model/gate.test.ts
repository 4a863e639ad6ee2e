import { describe, expect, it } from 'vitest'
import { Gate } from '../../../core/model/gate.ts'
import type { Call } from '../../../core/model/call.ts'
import { makeCall, makeWorker } from '../router/calls.ts'

const LIMITS = { maxCalls: 3, maxBytes: 1000, maxMs: 60_000 }

describe('Gate', () => {
  it('hands out calls in the order in which they came', () => {
    const { worker } = makeWorker()
    const gate = new Gate(LIMITS, () => {})
    const calls = [1, 2, 3].map((n) => makeCall(worker, 'a::b', n))
    for (const call of calls) expect(gate.hold(call)).toBe(true)
    const out: Call[] = []
    gate.release((call) => out.push(call))
    expect(out).toEqual(calls)
    expect([gate.size, gate.bytes]).toEqual([0, 0])
  })

  it('keeps its own copy of the payload', () => {
    const { worker } = makeWorker()
    const gate = new Gate(LIMITS, () => {})
    const frame = Buffer.from('{"n":1}')
    const call = makeCall(worker, 'a::b')
    call.data = frame
    gate.hold(call)
    frame.fill(0)
    expect(call.data.toString()).toBe('{"n":1}')
  })

  it('refuses a call above its limit of calls, and one above its limit of bytes', () => {
    const { worker } = makeWorker()
    const gate = new Gate(LIMITS, () => {})
    expect(gate.hold(makeCall(worker, 'a::b', 'x'.repeat(998)))).toBe(true)
    expect(gate.hold(makeCall(worker, 'a::b', 1))).toBe(false)
    const small = new Gate(LIMITS, () => {})
    for (let n = 0; n < 3; n++) expect(small.hold(makeCall(worker, 'a::b', n))).toBe(true)
    expect(small.hold(makeCall(worker, 'a::b', 4))).toBe(false)
  })

  it('gives up a call when its time is over and keeps the younger ones', async () => {
    const { worker } = makeWorker()
    const first = makeCall(worker, 'a::b', 1)
    const second = makeCall(worker, 'a::b', 2)
    const expired = await new Promise<Call>((resolve) => {
      const gate = new Gate(LIMITS, resolve)
      gate.hold(first, 5)
      gate.hold(second)
      expect(gate.size).toBe(2)
    })
    expect(expired).toBe(first)
  })

  it('hands out what has come back first, in the order in which it came back', () => {
    const { worker } = makeWorker()
    const gate = new Gate({ ...LIMITS, maxCalls: 4 }, () => {})
    const [first, second, third, fourth] = [1, 2, 3, 4].map((n) => makeCall(worker, 'a::b', n))
    for (const call of [third!, fourth!]) gate.hold(call)
    for (const call of [first!, second!]) expect(gate.takeBack(call)).toBe(true)
    expect(gate.takeBack(makeCall(worker, 'a::b', 5))).toBe(false)
    const out: Call[] = []
    gate.release((call) => out.push(call))
    expect(out).toEqual([first, second, third, fourth])
    expect([gate.size, gate.bytes]).toEqual([0, 0])
  })

  it('lets only the calls of admitted callers pass, in order', () => {
    const a = makeWorker().worker
    const b = makeWorker().worker
    const gate = new Gate(LIMITS, () => {})
    gate.hold(makeCall(a, 'x', 1))
    gate.hold(makeCall(b, 'x', 2))
    gate.hold(makeCall(a, 'x', 3))
    const out: unknown[] = []
    gate.releaseIf(
      ({ caller }) => caller === a,
      (call) => out.push(JSON.parse(call.data.toString())),
    )
    expect(out).toEqual([1, 3])
    expect(gate.size).toBe(1)
  })
})
