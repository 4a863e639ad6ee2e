// When what was written in a turn leaves: with the read that caused it, or later where more is being read.
import { expect, test } from 'vitest'
import { flushAfter, flushAfterTurn, type Flushable } from '../../../core/links/flush-turn.ts'

const FULL_READ = 65_536
/** As large as the window of a socket lets one be, which is no full read. */
const LARGE_READ = 65_483
const MANY = 100

const turn = () => new Promise((resolve) => setImmediate(resolve))

function counted(): Flushable & { flushes: number } {
  return {
    flushes: 0,
    flush() {
      this.flushes++
    },
  }
}

/** A socket: written to once for all that comes before it is flushed, as links do it. */
function linkLike() {
  let isDirty = false
  return {
    writes: 0,
    add() {
      if (isDirty) return
      isDirty = true
      flushAfterTurn(this)
    },
    flush() {
      isDirty = false
      this.writes++
    },
  }
}

const many = () => Array.from({ length: MANY }, linkLike)

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
  for (let read = 0; read < 2; read++) flushAfter(() => flushAfterTurn(target), FULL_READ)
  expect(target.flushes).toBe(0)
  await turn()
  expect(target.flushes).toBe(2)
  // And the next one does not wait any more.
  flushAfter(() => flushAfterTurn(target))
  expect(target.flushes).toBe(3)
})

test('a large read for a few targets is written at once', () => {
  const target = counted()
  flushAfter(() => flushAfterTurn(target), LARGE_READ)
  expect(target.flushes).toBe(1)
})

test('large reads for many targets are written together, when a poll has brought no more of them', async () => {
  const links = many()
  const read = () => flushAfter(() => links.forEach((link) => link.add()), LARGE_READ)
  for (let poll = 0; poll < 5; poll++) {
    read()
    await turn()
    expect(links[0]!.writes).toBe(0)
  }
  await turn()
  expect(links.map(({ writes }) => writes)).toEqual(links.map(() => 1))
  // What follows is a burst of its own.
  read()
  await turn()
  await turn()
  expect(links[0]!.writes).toBe(2)
})

test('a burst that does not end is written every two megabytes', async () => {
  const links = many()
  let reads = 0
  while (links[0]!.writes === 0) {
    flushAfter(() => links.forEach((link) => link.add()), LARGE_READ)
    reads++
    await turn()
  }
  expect(reads * LARGE_READ).toBeGreaterThanOrEqual(2 * 1024 * 1024)
  expect((reads - 1) * LARGE_READ).toBeLessThan(2 * 1024 * 1024)
  await turn()
})

test('what a small read has caused does not wait for the burst of another', async () => {
  const [links, other] = [many(), linkLike()]
  flushAfter(() => links.forEach((link) => link.add()), LARGE_READ)
  flushAfter(() => {
    other.add()
    links[0]!.add()
  }, 200)
  expect([other.writes, links[0]!.writes]).toEqual([1, 0])
  await turn()
  await turn()
  expect([other.writes, links[0]!.writes]).toEqual([1, 1])
})
