// When what was written in a turn leaves: with the read that caused it, or later where more is being read.
import { expect, test } from 'vitest'
import { flushAfter, flushAfterTurn, noteFullRead, type Flushable } from '../../../core/links/flush-turn.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function counted(): Flushable & { flushes: number } {
  return {
    flushes: 0,
    flush() {
      this.flushes++
    },
  }
}

test('what a read has caused leaves when it was handled, once for each target', async () => {
  const [one, other] = [counted(), counted()]
  flushAfter(() => {
    flushAfterTurn(one)
    flushAfterTurn(other)
    expect(one.flushes).toBe(0)
  })
  expect([one.flushes, other.flushes]).toEqual([1, 1])
  await turn()
  expect([one.flushes, other.flushes]).toEqual([1, 1])
})

test('what a read has caused leaves although handling it failed', () => {
  const target = counted()
  const read = () =>
    flushAfter(() => {
      flushAfterTurn(target)
      throw new Error('a fault')
    })
  expect(read).toThrow('a fault')
  expect(target.flushes).toBe(1)
})

test('outside of a read it leaves at the end of the turn', async () => {
  const target = counted()
  flushAfterTurn(target)
  expect(target.flushes).toBe(0)
  await new Promise((resolve) => process.nextTick(resolve))
  expect(target.flushes).toBe(1)
})

test('after a read that filled its buffer it waits for those that follow in the same poll, and leaves with them', async () => {
  const target = counted()
  for (let read = 0; read < 2; read++) {
    flushAfter(() => {
      noteFullRead()
      flushAfterTurn(target)
    })
  }
  expect(target.flushes).toBe(0)
  await turn()
  expect(target.flushes).toBe(2)
  // And the next one does not wait any more.
  flushAfter(() => flushAfterTurn(target))
  expect(target.flushes).toBe(3)
})
