import { expect, it } from 'vitest'
import { Slots } from '../../../../plugins/http/exchange/slots.ts'

const waiter = (name: string, granted: string[]) => ({ granted: () => void granted.push(name) })

it('gives slots in the order in which they were asked for, and refuses when too many wait', () => {
  const slots = new Slots({ atOnce: 1, waiting: 2 })
  const granted: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => waiter(name, granted))
  expect([slots.take(a!), slots.take(b!), slots.take(c!), slots.take(d!)]).toEqual([
    'granted',
    'waiting',
    'waiting',
    'full',
  ])
  slots.leave(b!)
  slots.release()
  expect([granted, slots.taken, slots.waiting]).toEqual([['c'], 1, 0])
  slots.release()
  expect(slots.taken).toBe(0)
})

it('more slots at once let those in who wait', () => {
  const slots = new Slots({ atOnce: 1, waiting: 10 })
  const granted: string[] = []
  for (const name of ['a', 'b', 'c']) slots.take(waiter(name, granted))
  slots.change({ atOnce: 2, waiting: 10 })
  expect([granted, slots.taken, slots.waiting]).toEqual([['b'], 2, 1])
})
