// What is told of a connection is what ws alone would tell of the same bytes, whatever is wrong with them and however they are cut.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import type { Region } from '../../../protocol/slabs.ts'
import { closePairs, frame, pair, type PairOptions } from './frame-reader-scene.ts'

afterEach(closePairs)

const MAX = 280_000
/** A limit that also frames have to be held against which would be put together directly. */
const LOW_MAX = 60_000

const size = fc.constantFrom(
  0,
  1,
  125,
  126,
  8_200,
  16_370,
  16_384,
  40_000,
  65_535,
  65_536,
  70_000,
  262_130,
  262_140,
  270_000,
)
const key = fc.constantFrom(0, 0x12345678, 0xff000000)
const text = size.map((length) => Buffer.alloc(length, 'abc'))
const message = fc
  .record({ payload: text, opcode: fc.constantFrom(1, 2), key })
  .map(({ payload, ...rest }) => frame(payload, rest))
const fragments = fc
  .record({ payload: text, cut: fc.double({ min: 0, max: 1, noNaN: true }), key })
  .map(({ payload, cut, key }) => {
    const at = Math.floor(payload.length * cut)
    return Buffer.concat([
      frame(payload.subarray(0, at), { key, final: false }),
      frame('in between', { opcode: 9 }),
      frame(payload.subarray(at), { key, opcode: 0 }),
    ])
  })
const invalidText = fc
  .record({ payload: text, at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), key })
  .map(({ payload, at, key }) => {
    const broken = Buffer.concat([payload, Buffer.from('.')])
    broken[Math.floor(broken.length * at)] = 0xff
    return frame(broken, { key })
  })
const violation = fc.oneof(
  { weight: 3, arbitrary: invalidText },
  { weight: 1, arbitrary: message.map((bytes) => Buffer.concat([Buffer.of(bytes[0]! | 0x40), bytes.subarray(1)])) },
  {
    weight: 1,
    arbitrary: message.map((bytes) => Buffer.concat([Buffer.of(bytes[0]!, bytes[1]! & 0x7f), bytes.subarray(2)])),
  },
  { weight: 1, arbitrary: message.map((bytes) => Buffer.concat([frame('begun', { final: false }), bytes])) },
  { weight: 1, arbitrary: text.map((payload) => frame(payload, { opcode: 0 })) },
  { weight: 1, arbitrary: fc.constant(frame(Buffer.alloc(MAX + 1))) },
  { weight: 1, arbitrary: fc.constant(frame(Buffer.from([3, 232]), { opcode: 8 })) },
)
const stream = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: message },
      { weight: 2, arbitrary: fragments },
      { weight: 2, arbitrary: violation },
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((frames) => Buffer.concat(frames))
const cuts = fc.array(fc.constantFrom(1, 2, 6, 13, 14, 5_000, 16_384, 65_536, 100_000), { minLength: 1, maxLength: 8 })

async function told(bytes: Buffer, pieces: readonly number[], max: number, options: PairOptions): Promise<unknown> {
  const { client, server, messages } = await pair(max, options)
  const errors: unknown[] = []
  server.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  const kept: [Buffer, string][] = []
  server.on('message', (data: Buffer, _isBinary: boolean, region?: Region) => {
    if (region === undefined) kept.push([data, summary(data)])
  })
  const ended = new Promise<number>((resolve) => server.once('close', (code: number) => resolve(code)))
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = turn < 20 ? pieces[turn % pieces.length]! : bytes.length
    client.write(bytes.subarray(at, at + piece))
    at += piece
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.end()
  return {
    code: await ended,
    errors,
    messages: messages.map(([data, isBinary]) => [summary(data), isBinary]),
    isChanged: kept.some(([data, was]) => summary(data) !== was),
  }
}

function summary(data: string | Buffer): string {
  return `${data.length}: ${crc32(Buffer.from(data as string, 'latin1')).toString(16)}`
}

it.each([
  ['into memory of its own', { smallReads: 0 }],
  ['into memory that it shares', { smallReads: 16 }],
  ['for a channel', { smallReads: 16, takesLent: true }],
])('tells of a socket that is read %s what ws would', async (_way, options) => {
  await fc.assert(
    fc.asyncProperty(stream, cuts, fc.constantFrom(MAX, MAX, LOW_MAX), async (bytes, pieces, max) => {
      const plain = await told(bytes, pieces, max, { isPlain: true })
      expect(await told(bytes, pieces, max, options)).toEqual(plain)
    }),
    { seed: 1, numRuns: 25 },
  )
})
