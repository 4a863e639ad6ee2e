// What subscribers rely on: after any break they get what they have missed, in order and once, or are told that they can't.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamStore } from '../../../plugins/stream/adapters/store.ts'
import type { Position, StreamEvent } from '../../../plugins/stream/event.ts'
import { Collector } from '../../support/deadline.ts'
import { ignore, item, type OpenStream, type OpenedStream } from './opened-stream.ts'
import { TestSubscriber } from './test-subscriber.ts'

const SENT = '{"type":"event","event":{"type":"x","data":null}}'

export function feedCases(name: string, open: OpenStream): void {
  describe(`stream adapter ${name}: history`, () => {
    test('every event has a position of one epoch, and they increase by one', async () => {
      const { store } = await open()
      const events = await written(store, 5)
      const [first] = events
      expect(first!.position!.epoch).toMatch(/^[0-9a-z]{1,32}$/)
      expect(events.map(({ position }) => position)).toEqual(
        events.map((_, i) => ({ epoch: first!.position!.epoch, offset: first!.position!.offset + i })),
      )
    })

    test('missedSince gives what came after a position, of a group or of one item', async () => {
      const { store } = await open()
      const start = await positionOf(store)
      const seen = listening(store)
      await store.set(item('i'), '1', ignore)
      await store.set(item('i', 'other'), '2', ignore)
      await store.set(item('i', 'g', 'other'), '3', ignore)
      await store.emit('s', 'g', null, SENT, ignore)
      await store.set(item('j'), '4', ignore)
      await store.delete(item('i'), ignore)
      const events = await seen.take(6)
      const offsets = (list: readonly StreamEvent[]) => list.map(({ position }) => position!.offset - start.offset)
      const ask = async (offset: number, id: string | null) => {
        const missed = await store.feed.missedSince({ ...start, offset: start.offset + offset }, 's', 'g', id)
        if (!missed.recovered) return 'not recovered'
        expect(missed.position).toEqual(events.at(-1)!.position)
        return offsets(missed.events)
      }
      expect(await ask(0, null)).toEqual([1, 4, 5, 6])
      expect(await ask(4, null)).toEqual([5, 6])
      expect(await ask(6, null)).toEqual([])
      expect(await ask(0, 'i')).toEqual([1, 6])
      expect(await ask(1, 'j')).toEqual([5])
      expect(await ask(7, null)).toBe('not recovered')
      const foreign = await store.feed.missedSince({ ...start, epoch: 'another' }, 's', 'g', null)
      expect(foreign).toEqual({ recovered: false })
      const missed = await store.feed.missedSince(start, 's', 'g', null)
      const frames = missed.recovered ? missed.events.map(({ frame }) => frame.toString()) : []
      expect(frames).toEqual([0, 3, 4, 5].map((index) => events[index]!.frame.toString()))
    })

    test('what is older than the history cannot be recovered', async () => {
      const { store } = await open({ maxEvents: 10, maxBytes: 1_000_000 })
      const start = await positionOf(store)
      const seen = listening(store)
      for (let i = 0; i < 2_000; i++) void store.set(item('i'), `${i}`, ignore)
      const events = await seen.take(2_000)
      expect(await store.feed.missedSince(start, 's', 'g', null)).toEqual({ recovered: false })
      const late = events.at(-6)!.position!
      expect(await store.feed.missedSince(late, 's', 'g', null)).toMatchObject({ events: { length: 5 } })
    })

    test('the history outlives the store, where anything does', async () => {
      const opened = await open()
      const start = await positionOf(opened.store)
      const before = await written(opened.store, 30)
      if (opened.reopen === undefined) return
      const { store } = await opened.reopen()
      const after = await written(store, 5)
      const middle = before[9]!.position!
      const missed = await store.feed.missedSince(middle, 's', 'g', null)
      const frames = (events: readonly StreamEvent[]) => events.map(({ frame }) => frame.toString())
      expect(missed).toMatchObject({ recovered: true, position: after.at(-1)!.position })
      expect(missed.recovered && frames(missed.events)).toEqual(frames([...before.slice(10), ...after]))
      expect(await store.feed.missedSince(start, 's', 'g', 'i3')).toMatchObject({ events: { length: 2 } })
    })

    test('a snapshot has the data and the position that it is current at', async () => {
      const { store } = await open()
      expect(await store.snapshot('s', 'g', null)).toMatchObject({ data: '[]' })
      expect(await store.snapshot('s', 'g', 'i')).toMatchObject({ data: 'null' })
      const seen = listening(store)
      const snapshots = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          void store.set(item('i'), `${i}`, ignore)
          return store.snapshot('s', 'g', i % 2 === 0 ? 'i' : null)
        }),
      )
      const events = await seen.take(20)
      for (const [i, { data, position }] of snapshots.entries()) {
        // What happened up to the position is in the data, and nothing else.
        const last = events.findLast((event) => event.position!.offset <= position!.offset)!
        const value = (JSON.parse(last.event) as { data: number }).data
        expect(data).toBe(i % 2 === 0 ? `${value}` : `[${value}]`)
        expect(value).toBeGreaterThanOrEqual(i)
      }
    })

    test('a subscriber that comes back again and again under load gets each event once and in order', async () => {
      const { store } = await open()
      const all = listening(store)
      const subscriber = new TestSubscriber('s', 'g', null)
      await subscriber.join(store)
      const writes: Promise<unknown>[] = []
      for (let i = 0; i < 400; i++) {
        writes.push(store.set(item(`i${i % 5}`), `${i}`, ignore))
        if (i % 7 === 0) await Promise.resolve()
        if (i % 50 === 25) subscriber.leave()
        if (i % 50 === 40) await subscriber.join(store)
      }
      await Promise.all(writes)
      await subscriber.join(store)
      const events = await all.take(400)
      expect(await subscriber.take(400)).toEqual(events.map(({ frame }) => frame.toString()))
      expect(subscriber.fresh).toEqual([1])
    })

    test('what happens between the answer and its continuation comes after it', async () => {
      const { store } = await open()
      const all = listening(store)
      const subscriber = new TestSubscriber('s', 'g', null)
      await subscriber.join(store)
      const write = (): void => void store.set(item('i'), '1', ignore)
      /** Something else that runs before the continuation. */
      const between = [
        () => queueMicrotask(write),
        () => process.nextTick(write),
        () => write(),
        () => queueMicrotask(() => queueMicrotask(() => process.nextTick(write))),
      ]
      let writes = 0
      for (const round of [...between, ...between]) {
        subscriber.leave()
        write()
        await store.get(item('i'))
        const joined = Promise.withResolvers<void>()
        // In a tick: those that follow run before any promise goes on.
        process.nextTick(() => {
          round()
          subscriber.join(store).then(joined.resolve, joined.reject)
          round()
        })
        await joined.promise
        writes += 3
        await all.take(writes)
      }
      expect(await subscriber.take(writes)).toEqual(all.items.map(({ frame }) => frame.toString()))
      expect(subscriber.fresh).toEqual([1])
    })

    test('whatever is written and whenever subscribers come, go and the store restarts: in order, once, complete', async () => {
      const step = fc.oneof(
        { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), ...WRITE }) },
        {
          weight: 1,
          arbitrary: fc.record({ kind: fc.constant('burst' as const), count: fc.integer({ min: 2, max: 12 }) }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'join' as const), who: fc.nat(3) }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
      )
      const maxEvents = fc.constantFrom(5, 20, 1_000)
      await fc.assert(
        fc.asyncProperty(maxEvents, fc.array(step, { maxLength: 60 }), async (limit, steps) => {
          await playSteps(await open({ maxEvents: limit, maxBytes: 1_000_000 }), steps, limit === 1_000)
        }),
        { numRuns: 25 },
      )
    }, 60_000)
  })
}

const WRITE = {
  stream: fc.constantFrom('s', 't'),
  group: fc.constantFrom('g', 'h'),
  item: fc.constantFrom('i', 'j', null),
  change: fc.constantFrom('set' as const, 'delete' as const, 'send' as const),
}

type Step =
  | { kind: 'write'; stream: string; group: string; item: string | null; change: 'set' | 'delete' | 'send' }
  | { kind: 'burst'; count: number }
  | { kind: 'leave' | 'join'; who: number }
  | { kind: 'reopen' }
  | { kind: 'settle' }

/** @param keepsAll the history is long enough for all: nobody may have to start anew */
async function playSteps(opened: OpenedStream, steps: readonly Step[], keepsAll: boolean): Promise<void> {
  const subscribers = [
    new TestSubscriber('s', 'g', null),
    new TestSubscriber('s', 'g', 'i'),
    new TestSubscriber('t', 'h', null),
    new TestSubscriber('t', 'g', 'j'),
  ]
  const emitted: StreamEvent[] = []
  const onEmitted = (event: StreamEvent): void => void emitted.push(event)
  let { store, reopen } = opened
  const start = await positionOf(store)
  for (const subscriber of subscribers) await subscriber.join(store)
  let writes: Promise<unknown>[] = []
  let value = 0
  const write = ({ stream, group, item: id, change }: Extract<Step, { kind: 'write' }>): Promise<unknown> => {
    if (id === null || change === 'send') return store.emit(stream, group, id, SENT, onEmitted)
    const address = { stream, group, item: id }
    return change === 'delete' ? store.delete(address, onEmitted) : store.set(address, `${value++}`, onEmitted)
  }
  for (const step of steps) {
    if (step.kind === 'write') writes.push(write(step))
    if (step.kind === 'burst') {
      for (let i = 0; i < step.count; i++) {
        writes.push(write({ kind: 'write', stream: 's', group: 'g', item: i % 2 === 0 ? 'i' : 'j', change: 'set' }))
      }
    }
    if (step.kind === 'leave') subscribers[step.who]!.leave()
    if (step.kind === 'join') await subscribers[step.who]!.join(store)
    if (step.kind === 'settle') await Promise.all(writes)
    if (step.kind === 'reopen' && reopen !== undefined) {
      await Promise.all(writes)
      writes = []
      for (const subscriber of subscribers) subscriber.leave()
      ;({ store, reopen } = await reopen())
    }
  }
  await Promise.all(writes)
  for (const subscriber of subscribers) await subscriber.join(store)
  expect(emitted.map(({ position }) => position)).toEqual(
    emitted.map((_, i) => ({ epoch: start.epoch, offset: start.offset + 1 + i })),
  )
  for (const subscriber of subscribers) await subscriber.check(emitted)
  if (keepsAll) expect(subscribers.map(({ fresh }) => fresh)).toEqual(subscribers.map(() => [1]))
  await store.close()
}

/** Some writes, and their events from the feed. */
async function written(store: StreamStore, count: number): Promise<StreamEvent[]> {
  const seen = listening(store)
  for (let i = 0; i < count; i++) await store.set(item(`i${i}`), `${i}`, ignore)
  return seen.take(count)
}

function listening(store: StreamStore): Collector<StreamEvent> {
  const seen = new Collector<StreamEvent>()
  store.feed.listen({ event: seen.add, lost: () => expect.unreachable('events were lost') })
  return seen
}

async function positionOf(store: StreamStore): Promise<Position> {
  const { position } = await store.snapshot('nothing', 'here', null)
  return position!
}
