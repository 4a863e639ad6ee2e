// That memory for a frame is taken as it comes: who announces one and sends nothing more must not make the engine take much of it.
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { GatheredFrame } from '../../../core/gateway/gathered-frame.ts'
import { giveBack } from '../../../protocol/slabs.ts'
import { frame } from './frame-reader-scene.ts'

const KiB = 1024
const HEADER_BYTES = 14

afterEach(() => vi.restoreAllMocks())

/** Bytes that are taken from now on. Lent memory is taken in slabs of 64 KiB. */
function takenBytes(): () => number {
  const take = vi.spyOn(Buffer, 'allocUnsafeSlow')
  return () => take.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)
}

function begin(bytes: Buffer, size: number, takesLent = false): GatheredFrame {
  return GatheredFrame.begin(bytes, 0, size, takesLent)!
}

it.each([
  ['into memory of its own', 255 * KiB, false],
  ['into lent memory', 63 * KiB, true],
])('takes at most 1 KiB for each frame that is little more than announced, to go %s', (_where, size, takesLent) => {
  const whole = frame(Buffer.alloc(size), { opcode: 2 })
  const taken = takenBytes()
  for (const some of [0, 1, 20, 50]) {
    const before = taken()
    expect(begin(whole.subarray(0, HEADER_BYTES + some), whole.length, takesLent).region).toBeUndefined()
    expect(taken() - before).toBeLessThanOrEqual(KiB)
  }
})

const cuts = fc.array(fc.constantFrom(1, 7, 200, KiB, 1_460, 5 * KiB, 16 * KiB, 64 * KiB), {
  minLength: 1,
  maxLength: 6,
})

it('has taken at most 18 times what has come, and has all of it in one piece at the end', () => {
  const sizes = fc.integer({ min: 16 * KiB, max: 255 * KiB })
  fc.assert(
    fc.property(sizes, cuts, fc.constantFrom(0, 0x12345678), fc.boolean(), (size, pieces, key, takesLent) => {
      const payload = Buffer.alloc(size, 'what was sent')
      const whole = frame(payload, { opcode: 2, key })
      const taken = takenBytes()
      let at = Math.min(whole.length, HEADER_BYTES + pieces[0]!)
      const gathered = begin(whole.subarray(0, at), whole.length, takesLent)
      const isLent = takesLent && size <= 64 * KiB
      const most = (): number => Math.max(KiB, 18 * at) + (isLent ? 64 * KiB : 0)
      expect(taken()).toBeLessThanOrEqual(most())
      for (let turn = 1; !gathered.isFull; turn++) {
        const next = Math.min(whole.length, at + pieces[turn % pieces.length]! + turn)
        expect(gathered.take(whole.subarray(at, next), 0)).toBe(next - at)
        at = next
        expect(taken()).toBeLessThanOrEqual(most())
      }
      expect(gathered.payload.equals(payload)).toBe(true)
      expect(gathered.region !== undefined).toBe(isLent)
      if (gathered.region !== undefined) giveBack(gathered.region)
      vi.restoreAllMocks()
    }),
    { seed: 1, numRuns: 200 },
  )
})

it('takes no more than its size for a frame of which a sixteenth comes at once', () => {
  const whole = frame(Buffer.alloc(64 * KiB), { opcode: 2 })
  const taken = takenBytes()
  const gathered = begin(whole.subarray(0, HEADER_BYTES + 4 * KiB), whole.length)
  expect(gathered.take(Buffer.concat([whole.subarray(HEADER_BYTES + 4 * KiB), Buffer.from('next')]), 0)).toBe(60 * KiB)
  expect(gathered.isFull).toBe(true)
  expect(taken()).toBe(64 * KiB)
})
