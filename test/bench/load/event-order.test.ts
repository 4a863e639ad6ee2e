import { expect, test } from 'vitest'
import { EventOrder } from '../../../bench/load/event-order.ts'

/** What a subscriber that gets these events, of which 10 is the first, tells. */
function tell(...events: readonly number[]): { told: string[]; missed: number } {
  const told: string[] = []
  const order = new EventOrder(10, {
    onDelivery: (event) => told.push(`got ${event}`),
    onSkipped: (event) => told.push(`skipped ${event}`),
    onWrong: (reason) => told.push(reason),
  })
  for (const event of events) order.take(event)
  return { told, missed: order.missed }
}

test('events in order are all delivered', () => {
  expect(tell(10, 11, 12)).toEqual({ told: ['got 10', 'got 11', 'got 12'], missed: 0 })
})

test('a lost event is noticed with the next one', () => {
  expect(tell(10, 12)).toEqual({ told: ['got 10', 'skipped 11', 'got 12'], missed: 1 })
})

test('an event that comes twice is noticed', () => {
  expect(tell(10, 10, 11)).toEqual({ told: ['got 10', 'event_twice', 'got 11'], missed: 0 })
})

test('an event that others have overtaken is noticed, and is not missed', () => {
  const { told, missed } = tell(11, 10, 10)
  expect(told).toEqual(['skipped 10', 'got 11', 'event_out_of_order', 'event_twice'])
  expect(missed).toBe(0)
})
