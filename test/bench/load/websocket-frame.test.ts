import fc from 'fast-check'
import * as ws from 'ws'
import { expect, test } from 'vitest'
import { encodeMasked, FrameReader, maskedHeaderLength, Opcode } from '../../../bench/load/websocket-frame.ts'

/** Exported by the library, but missing from its types. */
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => NodeJS.WritableStream
  Sender: { frame(data: Buffer, options: object): Buffer[] }
}

/** Lengths on both sides of every change of the header, and large ones. */
const lengths = fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 65_535, 65_536), fc.nat(200_000))

function serverFrames(payloads: readonly Buffer[]): Buffer {
  const options = { fin: true, opcode: Opcode.Text, mask: false, rsv1: false, readOnly: true }
  return Buffer.concat(payloads.flatMap((payload) => Sender.frame(payload, options)))
}

function readAll(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const payloads: Buffer[] = []
  const reader = new FrameReader((opcode, buffer, start, end) => {
    expect(opcode).toBe(Opcode.Text)
    payloads.push(Buffer.from(buffer.subarray(start, end)))
  })
  let at = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
    const end = Math.min(cut, stream.length)
    // Like the shared read buffer of the connections: overwritten by the next read.
    const chunk = Buffer.from(stream.subarray(at, end))
    reader.push(chunk, 0, chunk.length)
    chunk.fill(0xff)
    at = end
  }
  return payloads
}

test('the frames of a server are read whole, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 6 }), fc.array(fc.nat(300_000), { maxLength: 12 }), (sizes, cuts) => {
      const payloads = sizes.map((size, index) => Buffer.alloc(size, 97 + index))
      expect(readAll(serverFrames(payloads), cuts).map(String)).toEqual(payloads.map(String))
    }),
    { numRuns: 60 },
  )
})

test('frames are read whole when every byte comes alone', () => {
  const payloads = [0, 1, 125, 126, 300].map((size, index) => Buffer.alloc(size, 65 + index))
  const stream = serverFrames(payloads)
  expect(readAll(stream, Array.from(stream.keys())).map(String)).toEqual(payloads.map(String))
})

test('a WebSocket server understands the masked frames', () => {
  fc.assert(
    fc.property(lengths, (size) => {
      const payload = Buffer.alloc(size, 'ab')
      const received: Buffer[] = []
      const receiver = new Receiver({ isServer: true, allowSynchronousEvents: true, maxPayload: 0 })
      receiver.on('message', (data: Buffer) => received.push(data))
      const frame = encodeMasked(payload)
      expect(frame.length).toBe(maskedHeaderLength(size) + size)
      receiver.write(frame)
      expect(received.map(String)).toEqual([String(payload)])
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['fragmented', Buffer.from([0x01, 0x00])],
  ['continued', Buffer.from([0x80, 0x00])],
  ['masked', Buffer.from([0x81, 0x80, 0, 0, 0, 0])],
  ['longer than 128 MiB', Buffer.from([0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0])],
])('a frame that is %s is an error', (_, bytes) => {
  const reader = new FrameReader(() => {})
  expect(() => reader.push(bytes, 0, bytes.length)).toThrow('The server sent a')
})
