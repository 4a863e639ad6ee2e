// The frames that an outbox writes, read back by the receiver of `ws`.
import type { Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as ws from 'ws'
import { Outbox } from '../../protocol/outbox.ts'
import { giveAllBack, type Region } from '../../protocol/slabs.ts'

/** Exported by `ws`, though its types do not say so. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable }

interface Part {
  readonly head: string
  readonly body: Buffer | undefined
  readonly tail: string
}

test.each([0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 200_000])(
  'A frame of %i bytes has the right header, with and without a body',
  async (bytes) => {
    const head = Math.min(10, bytes)
    const parts: Part[] = [
      { head: 'x'.repeat(bytes), body: undefined, tail: '' },
      { head: 'x'.repeat(head), body: Buffer.alloc(bytes - head, 'y'), tail: '' },
    ]
    expect(await received(parts)).toEqual(parts.map(textOf))
  },
)

test.each([
  [41, 'ä'],
  [42, 'ä'],
  [61, 'ä'],
  [62, 'ä'],
  [63, 'ä'],
  [31, '𝄞'],
  [32, '𝄞'],
  [41, '中'],
  [42, '中'],
  [43, '中'],
  [21_845, '中'],
  [21_846, '中'],
  [32_767, 'ä'],
  [32_768, 'ä'],
])('A head of %i × %s, whose bytes are more than its characters, has the right header', async (count, character) => {
  const parts = [
    { head: character.repeat(count), body: undefined, tail: '' },
    { head: character.repeat(count), body: Buffer.from('1'), tail: '}' },
    { head: '', body: undefined, tail: character.repeat(count) },
  ]
  expect(await received(parts)).toEqual(parts.map(textOf))
})

test('Lone surrogates are written as the replacement character', async () => {
  expect(await received([{ head: 'a\ud800b', body: undefined, tail: '\udc00' }])).toEqual(['a\ufffdb\ufffd'])
})

test('What is no frame stands as it is, and before the frames that follow', () => {
  const { outbox, written } = recording()
  outbox.plain('HTTP/1.1 101\r\n\r\n')
  expect(outbox.bytes).toBe(16)
  outbox.text('hi', undefined, '')
  outbox.flush()
  expect(written.flat().map((bytes) => bytes.toString('latin1'))).toEqual(['HTTP/1.1 101\r\n\r\n\x81\x02hi'])
})

test('A large body is handed on by reference, a small one is copied', () => {
  const large = Buffer.alloc(20_000, 'l')
  const small = Buffer.alloc(100, 's')
  const { outbox, written } = recording()
  outbox.text('{', large, '}')
  outbox.text('{', small, '}')
  outbox.flush()
  expect(written.flat().some((buffer) => buffer.buffer === large.buffer && buffer.length === large.length)).toBe(true)
  expect(
    written.flat().some((buffer) => buffer.buffer === small.buffer && buffer.byteOffset === small.byteOffset),
  ).toBe(false)
})

test('A body in shared memory is copied, whatever its size', async () => {
  for (const size of [100, 20_000]) {
    const shared = Buffer.from(new SharedArrayBuffer(size)).fill('a')
    const { outbox, bytes } = recording()
    outbox.text('', shared, '')
    shared.fill('b')
    outbox.flush()
    expect(await texts(bytes())).toEqual(['a'.repeat(size)])
  }
})

test('A large frame whose tail does not fit behind its head is whole', async () => {
  // The head ends a few bytes before its slab does.
  for (let room = 0; room < 12; room++) {
    const head = 'h'.repeat(64 * 1024 - 10 - room)
    const parts = [
      { head, body: Buffer.alloc(16 * 1024, 'b'), tail: 'tail5' },
      { head: 'next', body: undefined, tail: '' },
    ]
    expect(await received(parts)).toEqual(parts.map(textOf))
  }
})

test('Bytes are counted from the first frame to the flush, and nothing is written without one', () => {
  const { outbox, written } = recording()
  outbox.flush()
  expect(written).toEqual([])
  outbox.text('ab', Buffer.from('cd'), 'e')
  expect(outbox.bytes).toBe(7)
  outbox.flush()
  expect(outbox.bytes).toBe(0)
  expect(written).toHaveLength(1)
})

test('What is discarded is not written', async () => {
  const { outbox, bytes } = recording()
  outbox.text('lost', Buffer.alloc(20_000), '')
  outbox.discard()
  outbox.text('kept', undefined, '')
  outbox.flush()
  expect(await texts(bytes())).toEqual(['kept'])
})

test('Memory of a flush is not touched before it was written, and used again afterwards', () => {
  const flushed: { buffer: Buffer; copy: Buffer; lent: readonly Region[] }[] = []
  const outbox = new Outbox({
    write: (buffers, lent) =>
      void flushed.push(...buffers.map((buffer) => ({ buffer, copy: Buffer.from(buffer), lent }))),
  })
  const flushMany = (): Set<ArrayBufferLike> => {
    const from = flushed.length
    for (let round = 0; round < 300; round++) {
      outbox.text(`${round}`, Buffer.alloc(1000, round), '')
      outbox.flush()
    }
    return new Set(flushed.slice(from).map(({ buffer }) => buffer.buffer))
  }
  const first = flushMany()
  const second = flushMany()
  for (const { buffer, copy } of flushed) expect(buffer.equals(copy)).toBe(true)
  for (const { lent } of flushed) giveAllBack(lent)
  const before = new Set([...first, ...second])
  expect([...flushMany()].some((memory) => before.has(memory))).toBe(true)
})

test('Whatever outboxes write, and whenever they flush, a receiver reads it back', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.nat(70_000).map((length) => 'ä'.repeat(length)),
  )
  const size = fc.oneof(fc.nat(300), fc.nat(70_000), fc.constantFrom(16_383, 16_384, 65_535, 65_536))
  const part = fc.record({
    head: text,
    size: fc.option(size),
    tail: fc.string({ unit: 'grapheme', maxLength: 40 }),
    flush: fc.boolean(),
    box: fc.nat(1),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (steps) => {
      const boxes = [recording(), recording()]
      const expected: string[][] = [[], []]
      for (const { head, size: bytes, tail, flush, box } of steps) {
        const body = bytes === null ? undefined : Buffer.alloc(bytes, 'b')
        boxes[box]?.outbox.text(head, body, tail)
        expected[box]?.push(textOf({ head, body, tail }))
        if (flush) boxes[box]?.outbox.flush()
      }
      for (const [index, { outbox, bytes }] of boxes.entries()) {
        outbox.flush()
        expect(await texts(bytes())).toEqual(expected[index])
      }
    }),
    { numRuns: 60 },
  )
})

function textOf({ head, body, tail }: Part): string {
  return Buffer.from(head + (body?.toString() ?? '') + tail).toString()
}

/** Takes copies at once and lets the memory be used again, as a socket does that writes without delay. */
function recording(): { outbox: Outbox; written: Buffer[][]; bytes(): Buffer } {
  const written: Buffer[][] = []
  const copies: Buffer[] = []
  const outbox = new Outbox({
    write(buffers, lent) {
      written.push([...buffers])
      copies.push(...buffers.map((buffer) => Buffer.from(buffer)))
      giveAllBack(lent)
    },
  })
  return { outbox, written, bytes: () => Buffer.concat(copies) }
}

async function received(parts: readonly Part[]): Promise<string[]> {
  const { outbox, bytes } = recording()
  for (const { head, body, tail } of parts) outbox.text(head, body, tail)
  outbox.flush()
  return texts(bytes())
}

/** The text messages in the bytes, and none but those. */
async function texts(bytes: Buffer): Promise<string[]> {
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true })
  const messages: string[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push(isBinary ? 'binary' : data.toString()))
  await new Promise<void>((resolve, reject) => {
    receiver.once('error', reject)
    receiver.write(bytes, () => resolve())
    if (bytes.length === 0) resolve()
  })
  return messages
}
