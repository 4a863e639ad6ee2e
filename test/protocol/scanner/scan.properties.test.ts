// The scanner against JSON.parse: on random valid frames, and on valid frames damaged at random.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameKind, type Envelope } from '../../../protocol/scanner/envelope.ts'
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
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\ u0eE-.\n'))),
    }),
    { minLength: 1, maxLength: 2 },
  )

  it('is accepted only for what may be wrong inside brackets, and else read as JSON.parse reads it', () => {
    const seen = { refused: 0, same: 0, lax: 0 }
    fc.assert(
      fc.property(seed, damage, (from, changes) => {
        const bytes = changes.reduce(applyDamage, randomFrame(from))
        const parsed = tryParse(bytes.toString())
        if (parsed !== undefined) {
          seen.same++
          expectAsParsed(bytes, parsed.value)
          return
        }
        const found = scan(bytes)
        seen[found.kind === FrameKind.Invalid ? 'refused' : 'lax']++
        if (found.kind !== FrameKind.Invalid) expectLaxOnlyInside(bytes, found)
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.refused, seen.same, seen.lax)).toBeGreaterThan(20)
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

  /** The envelope is JSON once every payload in brackets is replaced; and each payload is balanced, its strings whole. */
  function expectLaxOnlyInside(bytes: Buffer, found: Envelope): void {
    const { envelope, payloads } = takeApart(bytes.toString('latin1'))
    expect(tryParse(envelope), envelope).not.toBe(undefined)
    for (const payload of payloads) {
      const strings = payload.match(STRING) ?? []
      for (const string of strings) expect(tryParse(string), string).not.toBe(undefined)
      const bare = payload.replace(STRING, '')
      expect(bare).toMatch(/^[ \t\r\n,:+\-.0-9Eaeflnrstu{}[\]]*$/)
      expect(bare.split('{').length).toBe(bare.split('}').length)
      expect(bare.split('[').length).toBe(bare.split(']').length)
      expect(bare.at(-1)).toBe(bare[0] === '{' ? '}' : ']')
    }
    const latin1 = bytes.toString('latin1')
    for (const [start, end] of [
      [found.dataStart, found.dataEnd],
      [found.resultStart, found.resultEnd],
    ] as const) {
      if (start !== -1 && '[{'.includes(latin1[start]!)) expect(payloads).toContain(latin1.slice(start, end))
    }
  }

  const STRING = /"(?:[^"\\]|\\[^])*"/g

  /** Splits a frame into its envelope, with `0` for each payload in brackets, and those payloads. */
  function takeApart(json: string): { envelope: string; payloads: string[] } {
    const payloads: string[] = []
    let envelope = ''
    let depth = 0
    for (const token of json.match(/"(?:[^"\\]|\\[^])*"|[^]/g) ?? []) {
      if (token === '{' || token === '[') {
        if (++depth === 2) payloads.push('')
      }
      if (depth < 2) envelope += token
      else payloads[payloads.length - 1] += token
      if (token === '}' || token === ']') {
        if (--depth === 1) envelope += '0'
      }
    }
    return { envelope, payloads }
  }
})
