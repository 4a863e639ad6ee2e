// Who asks again and again for the stages of operations misses none that are kept, and is told of those that are not.
import { describe, expect, it } from 'vitest'
import type { WorkerEvent } from '../../../../plugins/worker-ops/events.ts'
import { EVENT_LIMITS, EventTail } from '../../../../plugins/worker-ops/follow/event-tail.ts'

const event = (timestamp_ms: number): WorkerEvent => ({
  operation: 'add',
  worker: 'w',
  stage: 'started',
  timestamp_ms,
  caller_mode: 'trigger',
})
const times = (events: readonly WorkerEvent[]) => events.map(({ timestamp_ms }) => timestamp_ms)

describe('EventTail', () => {
  it('begins where its reader comes, and goes on from there', async () => {
    const tail = new EventTail()
    tail.add(event(1))
    const first = await tail.page(undefined, 0)
    expect(first).toEqual({ events: [], next: 1, missed: 0 })
    tail.add(event(2))
    expect(await tail.page(first.next, 0)).toEqual({ events: [event(2)], next: 2, missed: 0 })
  })
  it('answers when something comes, at the end of the wait, and when it is closed', async () => {
    const tail = new EventTail()
    const waiting = tail.page(0, 60_000)
    tail.add(event(1))
    expect(times((await waiting).events)).toEqual([1])
    expect(await tail.page(1, 5)).toEqual({ events: [], next: 1, missed: 0 })
    const last = tail.page(1, 60_000)
    tail.close()
    expect((await last).events).toEqual([])
  })
  it('keeps so many, gives them out in pages, and counts those that are gone', async () => {
    const tail = new EventTail()
    for (let index = 0; index < EVENT_LIMITS.kept + 5; index++) tail.add(event(index))
    const page = await tail.page(0, 0)
    expect(page.missed).toBe(5)
    expect(times(page.events)).toEqual(Array.from({ length: EVENT_LIMITS.page }, (_, index) => index + 5))
    expect((await tail.page(page.next, 0)).events[0]).toEqual(event(EVENT_LIMITS.page + 5))
  })
  it('lets so many wait, and answers further ones at once', async () => {
    const tail = new EventTail()
    const waiting = Array.from({ length: EVENT_LIMITS.waiting }, () => tail.page(0, 60_000))
    expect((await tail.page(0, 60_000)).events).toEqual([])
    tail.close()
    await Promise.all(waiting)
  })
  it('takes a number of another run for the beginning', async () => {
    const tail = new EventTail()
    tail.add(event(1))
    expect(times((await tail.page(700, 0)).events)).toEqual([1])
  })
})
