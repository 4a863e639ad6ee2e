// The frame codec: what is written is read back, wherever it stands.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FrameSink } from '../../../protocol/ring/frame-duplex.ts'
import { Frame, FrameKind, readFrame, writeFrame } from '../../../protocol/ring/frame.ts'

/** Takes one frame at an offset of its own, and checks that no more is written than was reserved. */
class OneFrame implements FrameSink {
  target = Buffer.alloc(0)
  start = 0
  end = 0
  #reserved = 0

  reserve(maxLength: number): number {
    this.start = 7
    this.#reserved = maxLength
    this.target = Buffer.alloc(7 + maxLength)
    return this.start
  }

  commit(length: number): void {
    expect(length).toBeLessThanOrEqual(this.#reserved)
    this.end = this.start + length
  }
}

const u32 = fc.nat(0xffffffff)

describe('a frame', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constantFrom(...Object.values(FrameKind)),
          flags: fc.nat(255),
          member: fc.nat(0xffff),
          callId: u32,
          index: u32,
          id: fc.string({ unit: 'grapheme', maxLength: 60 }),
          sidecar: fc.oneof(fc.constant(''), fc.json()),
          payload: fc.oneof(fc.constant(undefined), fc.string({ unit: 'grapheme', maxLength: 3000 }), fc.uint8Array()),
        }),
        ({ kind, flags, member, callId, index, id, sidecar, payload }) => {
          const sink = new OneFrame()
          writeFrame(sink, kind, flags, member, callId, index, id, sidecar, payload)
          const frame = new Frame()
          readFrame(sink.target, sink.start, sink.end, frame)
          expect(frame).toMatchObject({ kind, flags, member, callId, index })
          expect(frame.id(sink.target)).toBe(id)
          expect(frame.sidecar(sink.target) ?? '').toBe(sidecar)
          const bytes = payload === undefined ? Buffer.alloc(0) : Buffer.from(payload as string)
          expect(Buffer.from(frame.payload(sink.target))).toEqual(bytes)
          expect(frame.hasPayload).toBe(bytes.length > 0)
        },
      ),
    )
  })

  it('keeps a function id of any length', () => {
    const id = 'é'.repeat(40_000)
    const sink = new OneFrame()
    writeFrame(sink, FrameKind.Call, 0, 0, 1, 2, id, '{}', '{"a":1}')
    const frame = new Frame()
    readFrame(sink.target, sink.start, sink.end, frame)
    expect(frame.id(sink.target)).toBe(id)
    expect([frame.sidecar(sink.target), frame.text(sink.target)]).toEqual(['{}', '{"a":1}'])
  })

  it('puts a suffix in the place of the last byte of the payload', () => {
    const sink = new OneFrame()
    writeFrame(sink, FrameKind.Call, 0, 0, 1, 2, '', '', Buffer.from('{"a":1}'), ',"who":"é"}')
    const frame = new Frame()
    readFrame(sink.target, sink.start, sink.end, frame)
    expect(frame.text(sink.target)).toBe('{"a":1,"who":"é"}')
  })
})
