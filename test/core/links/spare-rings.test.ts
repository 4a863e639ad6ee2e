// Memory of ended threads that is used again.
import { expect, test } from 'vitest'
import { SpareRings } from '../../../core/links/spare-rings.ts'
import { HEAD, ringOf, TAIL } from '../../../protocol/ring/memory.ts'

test('memory that was given back is used again, as if new', () => {
  const rings = new SpareRings()
  const memory = rings.take()
  for (const side of [0, 1] as const) {
    const { control } = ringOf(memory, side)
    control[HEAD] = 4096
    control[TAIL] = 1024
  }
  rings.giveBack(memory)
  expect(rings.take()).toBe(memory)
  for (const side of [0, 1] as const) expect(ringOf(memory, side).control.every((word) => word === 0)).toBe(true)
})

test('no more than the limit is kept', () => {
  const rings = new SpareRings(2)
  const taken = [rings.take(), rings.take(), rings.take()]
  for (const memory of taken) rings.giveBack(memory)
  const again = [rings.take(), rings.take(), rings.take()]
  expect(taken).toContain(again[0])
  expect(taken).toContain(again[1])
  expect(taken).not.toContain(again[2])
})
