import fc from 'fast-check'
import { expect, it } from 'vitest'
import { unmask } from '../../../core/gateway/unmask.ts'

const masked = (bytes: Buffer, key: number): Buffer =>
  Buffer.from(bytes.map((byte, index) => byte ^ ((key >>> (8 * (index & 3))) & 0xff)))

it('unmasks any part of any buffer, in any pieces, and touches nothing beside it', () => {
  const part = fc.record({
    length: fc.oneof(fc.nat(20), fc.nat(600)),
    offset: fc.nat(7),
    start: fc.nat(9),
    cuts: fc.array(fc.nat(600), { maxLength: 4 }),
    key: fc.integer(),
  })
  fc.assert(
    fc.property(part, ({ length, offset, start, cuts, key }) => {
      const plain = Buffer.from(Array.from({ length }, (_, index) => (index * 31 + 7) & 0xff))
      const memory = Buffer.alloc(offset + start + length + 5, 0xee)
      const bytes = memory.subarray(offset)
      masked(plain, key).copy(bytes, start)
      let at = start
      let rest = key
      for (const cut of [...cuts.map((cut) => start + Math.min(cut, length)).sort((a, b) => a - b), start + length]) {
        rest = unmask(bytes, at, cut, rest)
        at = cut
      }
      expect(bytes.subarray(start, start + length).equals(plain)).toBe(true)
      const others = Buffer.concat([memory.subarray(0, offset + start), memory.subarray(offset + start + length)])
      expect(others.every((byte) => byte === 0xee)).toBe(true)
    }),
  )
})
