// When a plugin is told of the calls of its fan-outs that have succeeded, by the frames that its link writes.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FrameLink } from '../../../core/links/frame-link.ts'
import { FunctionEntry, Provider } from '../../../core/model/function-entry.ts'
import type { LinkEvents } from '../../../core/model/link-events.ts'
import { Worker } from '../../../core/model/worker.ts'
import { fanOutId, fanOutIdsOf } from '../../../protocol/ring/fan-out.ts'
import type { FrameDuplex } from '../../../protocol/ring/frame-duplex.ts'
import { Frame, FrameKind, readFrame } from '../../../protocol/ring/frame.ts'
import { makeCall } from '../router/calls.ts'

const TARGET = Buffer.alloc(64 * 1024)

let written: (readonly [kind: FrameKind, ids: unknown])[]
let link: FrameLink
let worker: Worker

beforeEach(() => {
  vi.useFakeTimers()
  written = []
  const duplex = {
    open: true,
    queuedBytes: 0,
    congested: false,
    target: TARGET,
    reserve: () => 0,
    commit(length: number) {
      const frame = new Frame()
      readFrame(TARGET, 0, length, frame)
      const { kind } = frame as { kind: FrameKind }
      written.push([kind, kind === FrameKind.FannedOut ? fanOutIdsOf(frame.payload(TARGET)) : frame.callId])
    },
  }
  const transport = { duplex: duplex as unknown as FrameDuplex, throttle() {}, detach() {} }
  link = new FrameLink('ring', transport, 1, {} as LinkEvents)
  worker = new Worker({ id: 'plugin', link, policy: { kind: 'trusted', middleware: undefined } })
  link.attach(worker)
})
afterEach(() => void vi.useRealTimers())

function succeed(place: number): number {
  const id = fanOutId(3, place)
  link.answer({ ...makeCall(worker, 'f'), invocationId: id }, Buffer.from('1'), undefined, false)
  return id
}

function deliver(callId: number): void {
  const provider = new Provider(worker, new FunctionEntry('default', 'p::f'), { rawId: 'p::f', index: 1 })
  link.deliver(makeCall(worker, 'p::f'), callId, provider, undefined)
}

it('tells of them together, after a while', () => {
  const ids = [succeed(0), succeed(1), succeed(2)]
  expect(written).toEqual([])
  vi.runAllTimers()
  expect(written).toEqual([[FrameKind.FannedOut, ids]])
})

it('tells of them before the next call of the plugin, and not again', () => {
  const ids = [succeed(0), succeed(1)]
  deliver(7)
  expect(written).toEqual([
    [FrameKind.FannedOut, ids],
    [FrameKind.Call, 7],
  ])
  deliver(8)
  vi.runAllTimers()
  expect(written.slice(2)).toEqual([[FrameKind.Call, 8]])
  const later = succeed(5)
  vi.runAllTimers()
  expect(written.slice(3)).toEqual([[FrameKind.FannedOut, [later]]])
})

it('tells of them at once when they are many', () => {
  const ids = Array.from({ length: 1024 }, (_, place) => succeed(place))
  expect(written).toEqual([[FrameKind.FannedOut, ids]])
  vi.runAllTimers()
  expect(written.length).toBe(1)
})

it('tells of failures by themselves, at once', () => {
  succeed(0)
  const error = Buffer.from('{"code":"NOT_FOUND","message":"no"}')
  link.answer({ ...makeCall(worker, 'f'), invocationId: fanOutId(3, 1) }, undefined, error, false)
  expect(written).toEqual([[FrameKind.Error, fanOutId(3, 1)]])
})
