// A frame that is taken for a repetition of the one before is what the scanner would have found it to be.
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameKind, type Envelope } from '../../../protocol/scanner/envelope.ts'
import { FrameRun } from '../../../protocol/scanner/frame-run.ts'
import { randomFrame } from './random-frame.ts'
import { scan } from './reference-scan.ts'

const CALL = Buffer.from(
  '{"type":"invokefunction","function_id":"a::bc","action":{"type":"void"},"data":{"n":[1,"é"]}}',
)

/** The text of the second frame as a run that begins with the first one finds it. Both stand anywhere in one piece of memory. */
function textOf(first: Buffer, start: number, end: number, second: Buffer, key: number, areFew = true) {
  const gap = Math.abs(key) % 9
  const memory = Buffer.concat([Buffer.alloc(1 + gap), first, Buffer.alloc(gap), masked(second, key)])
  const at = memory.length - second.length
  const chunk = Buffer.from(Uint8Array.from(memory).buffer)
  const run = new FrameRun()
  run.begin(chunk.subarray(1 + gap, 1 + gap + first.length), start, end, areFew)
  const text = run.textIn(chunk, at, memory.length, key)
  expect(chunk.equals(memory)).toBe(true)
  run.end()
  expect(run.textIn(chunk, at, memory.length, key)).toBeUndefined()
  return text
}

function masked(bytes: Buffer, key: number): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ ((key >>> (8 * (index & 3))) & 0xff)))
}

function replaced(frame: Buffer, start: number, end: number, by: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, start), by, frame.subarray(end)])
}

const key = fc.oneof(fc.constant(0), fc.integer())

describe('a frame that differs in a text', () => {
  it.each(['x', 'a::bd', 'some::longer::function', 'f'.repeat(96), '\u007f~'])('is read as %s', (id) => {
    const start = CALL.indexOf('"a::bc"')
    const second = replaced(CALL, start + 1, start + 6, Buffer.from(id))
    for (const mask of [0, 1, -1, 0x12345678, -0x76543210]) {
      expect(textOf(CALL, start, start + 7, second, mask)).toBe(id)
      expect(textOf(CALL, start, start + 7, second, mask, false)).toBe(id)
    }
  })

  it.each(['', '"', 'a"b', '\\n', '\\', 'é', '\u0000', '\n', 'f'.repeat(97)])(
    'is left to the scanner with %j',
    (id) => {
      const start = CALL.indexOf('"a::bc"')
      const second = replaced(CALL, start + 1, start + 6, Buffer.from(id))
      for (const mask of [0, -1, 0x12345678]) expect(textOf(CALL, start, start + 7, second, mask)).toBeUndefined()
    },
  )

  it('is left to the scanner with any other byte changed, added or missing', () => {
    const start = CALL.indexOf('"a::bc"')
    for (let at = 0; at < CALL.length; at++) {
      if (at > start && at < start + 6) continue
      const changed = Buffer.from(CALL)
      changed[at] = (changed[at] as number) ^ 1
      for (const mask of [0, 0x12345678]) {
        expect(textOf(CALL, start, start + 7, changed, mask), `byte ${at}`).toBeUndefined()
        const shorter = replaced(CALL, at, at + 1, Buffer.alloc(0))
        expect(textOf(CALL, start, start + 7, shorter, mask), `without ${at}`).toBeUndefined()
      }
    }
  })

  it('is left to the scanner in other memory', () => {
    const run = new FrameRun()
    const start = CALL.indexOf('"a::bc"')
    run.begin(Buffer.from(Uint8Array.from(CALL).buffer), start, start + 7, true)
    expect(run.textIn(Buffer.from(Uint8Array.from(CALL).buffer), 0, CALL.length, 0)).toBeUndefined()
  })
})

describe('a random frame, repeated or damaged,', () => {
  const text = fc.oneof(
    fc.constantFrom('a::bc', 'w::other', '1'),
    fc.string({ maxLength: 100 }),
    fc.string({ unit: fc.constantFrom('"', '\\', 'a', ',', '{', '\u0001') }),
    fc.uint8Array({ maxLength: 5 }),
  )
  const damage = fc.record({ at: fc.nat(), byte: fc.nat(255) })

  it('is found to be what the scanner finds', () => {
    const seen = { repeated: 0, others: 0 }
    const property = fc.property(fc.integer(), text, fc.option(damage, { freq: 1 }), key, (seed, by, change, mask) => {
      const first = randomFrame(seed)
      const found = scan(first)
      if (found.kind !== FrameKind.Invoke && found.kind !== FrameKind.Result) return
      const isCall = found.kind === FrameKind.Invoke
      const [start, end] = isCall
        ? [found.functionIdStart, found.functionIdEnd]
        : [found.invocationIdStart, found.invocationIdEnd]
      const second = replaced(first, start + 1, end - 1, Buffer.from(by as string))
      if (change !== null) second[change.at % second.length] = change.byte
      const id = textOf(first, start, end, second, mask, isCall)
      if (id === undefined) {
        seen.others++
        return
      }
      seen.repeated++
      expect(isUtf8(second)).toBe(true)
      const whole = scan(second)
      expect(isCall ? whole.functionId : whole.invocationId).toBe(id)
      const rest = isCall ? { functionId: '' } : { invocationId: '' }
      expect({ ...valuesIn(second, whole), ...rest }).toEqual({ ...valuesIn(first, found), ...rest })
    })
    fc.assert(property, { numRuns: 4000 })
    expect(Math.min(seen.repeated, seen.others)).toBeGreaterThan(200)
  })
})

/** What is found, with the parts of the frame instead of where they stand. */
function valuesIn(frame: Buffer, found: Envelope): object {
  const part = (start: number, end: number): string | undefined =>
    start === -1 ? undefined : frame.toString('latin1', start, end)
  const { kind, type, problem, invocationId, functionId, namespace, traceparent, baggage } = found
  return {
    ...{ kind, type, problem, invocationId, functionId, namespace, traceparent, baggage },
    data: part(found.dataStart, found.dataEnd),
    result: part(found.resultStart, found.resultEnd),
    error: part(found.errorStart, found.errorEnd),
    metadata: part(found.metadataStart, found.metadataEnd),
    action: part(found.actionStart, found.actionEnd),
  }
}
