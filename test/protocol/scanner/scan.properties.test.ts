// The scanner against JSON.parse: on random valid frames, and on valid frames damaged at random.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameKind } from '../../../protocol/scanner/envelope.ts'
import { randomFrame, randomJson } from './random-frame.ts'
import { expectAsParsed, scan } from './reference-scan.ts'

const seed = fc.integer()

describe('a frame that JSON.parse accepts', () => {
  it('is read as JSON.parse reads it', () => {
    const kinds = new Map<FrameKind, number>()
    fc.assert(
      fc.property(seed, (from) => {
        const bytes = randomFrame(from)
        const { kind } = scan(bytes)
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        expectAsParsed(bytes, JSON.parse(bytes.toString()))
      }),
      { numRuns: 5000 },
    )
    for (const kind of [FrameKind.Invoke, FrameKind.Result, FrameKind.Control])
      expect(kinds.get(kind)).toBeGreaterThan(50)
  })

  it('of any JSON value is refused without being an object', () => {
    fc.assert(fc.property(seed, (from) => expectAsParsed(Buffer.from(randomJson(from)), JSON.parse(randomJson(from)))))
  })
})

describe('a damaged frame', () => {
  const damage = fc.array(
    fc.record({
      what: fc.constantFrom('flip', 'set', 'delete', 'insert', 'double'),
      where: fc.nat(999_999).map((millionths) => millionths / 1e6),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\ u0eE-+.\n1tfnalse9'))),
    }),
    { minLength: 1, maxLength: 2 },
  )

  it('is refused exactly when JSON.parse refuses it, and else read as JSON.parse reads it', () => {
    const seen = { refused: 0, same: 0 }
    fc.assert(
      fc.property(seed, damage, (from, changes) => {
        const bytes = changes.reduce(applyDamage, randomFrame(from))
        const parsed = tryParse(bytes.toString())
        if (parsed !== undefined) {
          seen.same++
          expectAsParsed(bytes, parsed.value)
          return
        }
        seen.refused++
        expect(scan(bytes)).toMatchObject({ kind: FrameKind.Invalid, problem: expect.stringMatching(/JSON/) as string })
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.refused, seen.same)).toBeGreaterThan(500)
  })

  type Change = { readonly what: string; readonly where: number; readonly byte: number }

  function applyDamage(bytes: Buffer, { what, where, byte }: Change): Buffer {
    const at = Math.floor(where * bytes.length)
    const before = bytes.subarray(0, at)
    const after = bytes.subarray(at + 1)
    switch (what) {
      case 'flip':
        return Buffer.concat([before, Uint8Array.of((bytes[at] ?? 0) ^ (1 << (byte & 7))), after])
      case 'set':
        return Buffer.concat([before, Uint8Array.of(byte), after])
      case 'delete':
        return Buffer.concat([before, after])
      case 'insert':
        return Buffer.concat([before, Uint8Array.of(byte), bytes.subarray(at)])
      case 'cut':
        return before
      default:
        return Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)])
    }
  }

  function tryParse(json: string): { readonly value: unknown } | undefined {
    try {
      return { value: JSON.parse(json) }
    } catch {
      return undefined
    }
  }
})
