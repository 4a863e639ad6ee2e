// What a plugin's handle does for events that go to the functions of many bindings, over a recorded transport.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FAN_OUT_CALLS, fanOutId, fanOutNumberOf } from '../../protocol/ring/fan-out.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'
import { PluginHandle } from '../../sdk/plugin-handle.ts'
import type { OfferTransport, Sidecar } from '../../sdk/transport.ts'
import { within } from '../support/deadline.ts'
import { RecordingTransport } from './recording-transport.ts'

interface SentFanOut {
  readonly firstId: number
  readonly rows: readonly unknown[]
  readonly payload: string | undefined
  readonly sidecar: Sidecar | undefined
}

class FanOutTransport extends RecordingTransport implements OfferTransport {
  onChannelAsked: OfferTransport['onChannelAsked']
  fanOuts: OfferTransport['fanOuts']
  passCallsOn(): void {}
  readonly sent: SentFanOut[] = []

  announceOffers(): void {}
  refuseChannel(): void {}
  fanOut(firstId: number, rows: string, payload: string | undefined, sidecar: Sidecar | undefined): void {
    this.sent.push({ firstId, rows: JSON.parse(rows) as unknown[], payload, sidecar })
  }
}

let transport: FanOutTransport
let iii: PluginHandle
let settled: [place: number, error: unknown][]

const TIMEOUT_MS = 1000

beforeEach(() => {
  vi.useFakeTimers()
  transport = new FanOutTransport()
  iii = new PluginHandle(transport, { onProblem() {} })
  settled = []
})
afterEach(() => void vi.useRealTimers())

function bindings(count: number): TriggerBinding[] {
  return Array.from({ length: count }, (_, place) => ({ id: `b${place}`, function_id: `f${place}`, config: {} }))
}

function fanOut(targets: readonly TriggerBinding[], payload: unknown = { n: 1 }, more: object = {}): void {
  const onSettled = (place: number, error: unknown): void => void settled.push([place, error])
  iii.fanOut({ bindings: targets, payload, timeoutMs: TIMEOUT_MS, onSettled, ...more })
}

it('is one message, with what each of the calls carries', () => {
  const [one, two] = bindings(2) as [TriggerBinding, TriggerBinding]
  fanOut(
    [
      { ...one, namespace: 'n', metadata: { m: [1] } },
      { ...two, metadata: null },
    ],
    [1],
    { traceparent: '00-t' },
  )
  expect(transport.sent).toEqual([
    {
      firstId: fanOutId(1, 0),
      rows: [
        ['f0', 'b0', 'n', '{"m":[1]}'],
        ['f1', 'b1', null, 'null'],
      ],
      payload: '[1]',
      sidecar: { traceparent: '00-t', baggage: undefined },
    },
  ])
  expect(iii.pendingCalls).toBe(2)
})

it('is one message for so many, and places count through all of them', () => {
  fanOut(bindings(FAN_OUT_CALLS + 2))
  expect(transport.sent.map(({ rows }) => rows.length)).toEqual([FAN_OUT_CALLS, 2])
  const [first, second] = transport.sent.map(({ firstId }) => firstId) as [number, number]
  expect(fanOutNumberOf(second)).toBe(fanOutNumberOf(first) + 1)
  transport.fanOuts?.onSucceeded([second + 1, first])
  expect(settled).toEqual([
    [FAN_OUT_CALLS + 1, undefined],
    [0, undefined],
  ])
})

it('ends each call once, with its outcome', () => {
  fanOut(bindings(3))
  const { firstId } = transport.sent[0]!
  transport.fanOuts?.onFailed(firstId + 1, '{"code":"NOT_FOUND","message":"no"}', true)
  transport.fanOuts?.onSucceeded([firstId + 1, firstId, firstId, firstId + 2, firstId + 2])
  transport.fanOuts?.onFailed(firstId, '{}', false)
  expect(settled).toEqual([
    [1, expect.objectContaining({ code: 'NOT_FOUND', function_id: 'f1', isUndelivered: true })],
    [0, undefined],
    [2, undefined],
  ])
  expect(iii.pendingCalls).toBe(0)
  vi.advanceTimersByTime(TIMEOUT_MS)
  expect(settled).toHaveLength(3)
})

it('fails what has not ended in time, and what the end of the connection leaves open', () => {
  fanOut(bindings(2))
  transport.fanOuts?.onSucceeded([transport.sent[0]!.firstId])
  vi.advanceTimersByTime(TIMEOUT_MS)
  expect(settled.slice(1)).toEqual([[1, expect.objectContaining({ code: 'TIMEOUT', function_id: 'f1' })]])
  fanOut(bindings(2))
  transport.fanOuts?.onClosed()
  expect(settled.slice(2)).toEqual([
    [0, expect.objectContaining({ code: 'invocation_stopped' })],
    [1, expect.objectContaining({ code: 'invocation_stopped' })],
  ])
})

it('fails as a whole when it cannot be sent', () => {
  fanOut(bindings(1), 1n)
  transport.open = false
  fanOut(bindings(1))
  expect(transport.sent).toEqual([])
  expect(settled).toEqual([
    [0, expect.any(TypeError)],
    [0, expect.objectContaining({ code: 'invocation_stopped' })],
  ])
  expect(iii.pendingCalls).toBe(0)
})

it('fails what cannot be sent, and no more', () => {
  const error = new RangeError('too large')
  const { fanOut: send } = transport
  transport.fanOut = (...frame) => {
    if (transport.sent.length > 0) throw error
    send.apply(transport, frame)
  }
  fanOut(bindings(FAN_OUT_CALLS + 1))
  expect(settled).toEqual([[FAN_OUT_CALLS, error]])
  expect(iii.pendingCalls).toBe(FAN_OUT_CALLS)
})

it('keeps the handle from being idle', async () => {
  vi.useRealTimers()
  await within(5_000, 'nothing', iii.idle())
  fanOut(bindings(2))
  let isIdle = false
  const idle = iii.idle().then(() => (isIdle = true))
  const { firstId } = transport.sent[0]!
  transport.fanOuts?.onSucceeded([firstId])
  await new Promise((resolve) => setImmediate(resolve))
  expect(isIdle).toBe(false)
  transport.fanOuts?.onSucceeded([firstId + 1])
  await within(5_000, 'the end of the calls', idle)
})
