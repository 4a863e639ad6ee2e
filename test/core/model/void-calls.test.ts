// Void calls that are counted instead of recorded: how many are open, and that each answer counts once.
import { expect, it } from 'vitest'
import { VoidCalls } from '../../../core/model/void-calls.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

it('gives out valid UUIDs that all differ', () => {
  const voids = new VoidCalls()
  const ids = Array.from({ length: 1000 }, () => voids.add())
  expect(ids.filter((id) => !UUID.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(1000)
  expect(voids.open).toBe(1000)
})

it('takes each answer once, in any order', () => {
  const voids = new VoidCalls()
  const ids = [voids.add(), voids.add(), voids.add()] as const
  expect([voids.answered(ids[2]), voids.answered(ids[0]), voids.answered(ids[2])]).toEqual([true, true, false])
  expect(voids.open).toBe(1)
})

it('numbers on when the digits at the end begin anew', () => {
  const voids = new VoidCalls()
  const first = voids.add()
  for (let count = 1; count < 4096; count++) voids.answered(voids.add())
  const next = voids.add()
  expect(next.slice(-12)).toBe('000000001000')
  expect([voids.answered(next), voids.answered(first), voids.open]).toEqual([true, true, 0])
})

it('knows the answer to a call that thousands of later ones have overtaken', () => {
  const voids = new VoidCalls()
  const slow = [voids.add(), voids.add()] as const
  for (let count = 0; count < 10_000; count++) voids.answered(voids.add())
  expect(voids.open).toBe(2)
  expect([voids.answered(slow[1]), voids.answered(slow[1])]).toEqual([true, false])
  expect(voids.open).toBe(1)
})

it.each([
  ['a number', 7],
  ['an id of another kind', '6f1c2a34-0000-4000-8000-000000000000'],
  ['no id', ''],
])('leaves %s to others', (_what, id) => {
  const voids = new VoidCalls()
  voids.add()
  expect(voids.answered(id)).toBe(false)
  expect(voids.open).toBe(1)
})

it('does not take the number of a call that was not made yet', () => {
  const voids = new VoidCalls()
  const id = voids.add()
  expect(voids.answered(`${id.slice(0, -1)}9`)).toBe(false)
  expect(voids.answered(`${id.slice(0, -2)}zz`)).toBe(false)
})

it('gives up the oldest first', () => {
  const voids = new VoidCalls()
  const ids = Array.from({ length: 300 }, () => voids.add())
  voids.forgetOldest()
  voids.forgetOldest()
  expect(ids.map((id) => voids.answered(id)).indexOf(true)).toBe(2)
})

it('gives up what was open at a sweep so long ago, and nothing younger', () => {
  const voids = new VoidCalls()
  const old = Array.from({ length: 300 }, () => voids.add())
  expect(voids.sweep(0, 1000)).toBe(0)
  const young = voids.add()
  expect(voids.sweep(900, 1000)).toBe(0)
  expect(voids.answered(old[0]!)).toBe(true)
  expect(voids.sweep(1000, 1000)).toBe(299)
  expect([voids.open, voids.answered(old[1]!), voids.answered(young)]).toEqual([1, false, true])
})

it('counts none of a worker that is gone', () => {
  const voids = new VoidCalls()
  const ids = Array.from({ length: 300 }, () => voids.add())
  expect(voids.clear()).toBe(300)
  expect([voids.open, ids.some((id) => voids.answered(id))]).toEqual([0, false])
})

it('gives ids to other calls that are none of a void call, and counts none of them', () => {
  const voids = new VoidCalls()
  const others = [voids.newId()]
  const first = voids.add()
  // So many that the first one is overtaken, by ids alone too.
  for (let count = 0; count < 700; count++) {
    if (count < 300 || count % 2 === 0) others.push(voids.newId())
    else expect(voids.answered(voids.add())).toBe(true)
  }
  expect(new Set([first, ...others]).size).toBe(others.length + 1)
  expect(others.filter((id) => !UUID.test(id))).toEqual([])
  expect(voids.open).toBe(1)
  expect(others.filter((id) => voids.answered(id))).toEqual([])
  expect([voids.answered(first), voids.answered(first), voids.open]).toEqual([true, false, 0])
})

it('gives up what is oldest or too old among ids of other calls', () => {
  const voids = new VoidCalls()
  for (let count = 0; count < 1000; count++) {
    if (count % 100 === 0) voids.add()
    else voids.newId()
  }
  expect(voids.open).toBe(10)
  voids.forgetOldest()
  expect(voids.open).toBe(9)
  voids.sweep(0, 10)
  const young = voids.add()
  expect(voids.sweep(20, 10)).toBe(9)
  expect([voids.open, voids.answered(young)]).toEqual([1, true])
})

it('knows its own ids, also those that it has not given out yet', () => {
  const voids = new VoidCalls()
  expect(voids.isCounted('a8c5d9e2-31b0-4a4e-9d1e-000000000000')).toBe(false)
  const id = voids.newId()
  expect([id, id.slice(0, -1) + '7'].map((each) => voids.isCounted(each))).toEqual([true, true])
  expect(voids.isCounted(new VoidCalls().newId())).toBe(false)
})
