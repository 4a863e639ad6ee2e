import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { turnBegins, turnEnds, turnNow } from '../../../base/time/turn-clock.ts'

it('stands still for the rest of a turn, and goes on with the next one', async () => {
  const seen: number[] = []
  setImmediate(() => {
    const first = turnNow()
    seen.push(first)
    while (performance.now() === first) {
      // Until the clock itself shows another time.
    }
    seen.push(turnNow())
    process.nextTick(() => seen.push(turnNow()))
  })
  await nextTurn()
  await nextTurn()
  expect(seen).toHaveLength(3)
  expect(new Set(seen).size).toBe(1)
  expect(turnNow()).toBeGreaterThan(seen[0]!)
})

it('goes on at the end of a part of a turn that is told of, and as ever after it', async () => {
  turnBegins()
  const first = turnNow()
  while (performance.now() === first) {
    // Until the clock itself shows another time.
  }
  expect(turnNow()).toBe(first)
  turnEnds()
  const second = turnNow()
  expect(second).toBeGreaterThan(first)
  await nextTurn()
  expect(turnNow()).toBeGreaterThan(second)
})
