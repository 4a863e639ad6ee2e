// One timer for many entries: order, early timers, a clock that is set, and the heap beneath.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DueEntry, DueHeap } from '../../../plugins/cron/due-heap.ts'
import { LONGEST_WAIT_MS, type Scheduled, Scheduler } from '../../../plugins/cron/scheduler.ts'
import { ManualClock } from './manual-clock.ts'

const START = 1_767_225_600

class Entry implements Scheduled {
  dueAt = 0
  heapIndex = -1
  readonly name: string
  readonly #seen: string[]

  constructor(name: string, seen: string[]) {
    this.name = name
    this.#seen = seen
  }

  due(now: number): void {
    this.#seen.push(`${this.name} ${Math.floor(now / 1_000) - START}`)
  }

  clockSetBack(now: number): void {
    this.#seen.push(`${this.name} set back ${Math.floor(now / 1_000) - START}`)
  }
}

function scene() {
  const clock = new ManualClock('2026-01-01T00:00:00Z')
  const scheduler = new Scheduler(clock)
  const seen: string[] = []
  const at = (name: string, second: number): Entry => {
    const entry = new Entry(name, seen)
    scheduler.schedule(entry, START + second)
    return entry
  }
  return { clock, scheduler, seen, at }
}

describe('the scheduler', () => {
  test('tells each when its second has come, with one timer', async () => {
    const { clock, seen, at } = scene()
    for (const [name, second] of [
      ['c', 30],
      ['a', 10],
      ['d', 30],
      ['b', 20],
    ] as const)
      at(name, second)
    expect(clock.waiting).toBe(1)
    await clock.pass(30_000)
    expect(seen.slice(0, 2)).toEqual(['a 10', 'b 20'])
    expect(seen.slice(2).sort()).toEqual(['c 30', 'd 30'])
    expect(clock.waiting).toBe(0)
  })

  test('moves and cancels', async () => {
    const { clock, scheduler, seen, at } = scene()
    const a = at('a', 10)
    scheduler.cancel(at('b', 10))
    scheduler.schedule(a, START + 5)
    scheduler.cancel(new Entry('never scheduled', seen))
    await clock.pass(20_000)
    expect(seen).toEqual(['a 5'])
    expect(scheduler.size).toBe(0)
  })

  test('what has passed already is due at once', async () => {
    const { clock, seen, at } = scene()
    at('a', -5)
    await clock.pass(0)
    expect(seen).toEqual(['a 0'])
  })

  test('no wait is longer than a minute, however far the second is', async () => {
    const { clock, seen, at } = scene()
    at('a', 60 * 86_400)
    await clock.pass(86_400_000)
    expect(clock.longest).toBe(LONGEST_WAIT_MS)
    expect(clock.longest).toBeLessThan(2 ** 31)
    expect(seen).toEqual([])
  })

  test('a clock that was set forward is noticed within a minute', async () => {
    const { clock, seen, at } = scene()
    at('a', 86_400)
    await clock.pass(30_000)
    clock.set('2026-01-02T12:00:00Z')
    await clock.pass(60_000)
    expect(seen).toHaveLength(1)
  })

  test('a clock that was set back is told to everything that waits, a clock that was corrected by less than a second is not', async () => {
    const { clock, seen, at } = scene()
    at('a', 3_600)
    await clock.pass(60_000)
    clock.set('2026-01-01T00:00:59.500Z')
    await clock.pass(60_000)
    expect(seen).toEqual([])
    clock.set('2025-12-31T00:00:00Z')
    await clock.pass(60_000)
    expect(seen).toEqual([`a set back ${60 - 86_400}`])
  })

  test('after stop nothing is due', async () => {
    const { clock, scheduler, seen, at } = scene()
    at('a', 1)
    scheduler.stop()
    at('b', 1)
    await clock.pass(5_000)
    expect(seen).toEqual([])
    expect(clock.waiting).toBe(0)
  })
})

test('the heap gives the earliest first, whatever is put, moved and removed', () => {
  const step = fc.record({ entry: fc.nat(9), dueAt: fc.option(fc.nat(50), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new DueHeap<DueEntry>()
      const entries = Array.from({ length: 10 }, () => ({ dueAt: 0, heapIndex: -1 }))
      const inside = new Set<DueEntry>()
      for (const { entry: index, dueAt } of steps) {
        const entry = entries[index]!
        if (dueAt === undefined) heap.remove(entry)
        else heap.put(entry, dueAt)
        if (dueAt === undefined) inside.delete(entry)
        else inside.add(entry)
        expect(heap.size).toBe(inside.size)
        expect(heap.first?.dueAt).toBe(inside.size === 0 ? undefined : Math.min(...[...inside].map((one) => one.dueAt)))
      }
      const order: number[] = []
      for (let { first } = heap; first !== undefined; { first } = heap) {
        order.push(first.dueAt)
        heap.remove(first)
      }
      expect(order).toEqual([...inside].map(({ dueAt }) => dueAt).sort((one, other) => one - other))
    }),
  )
})
