import { expect, test } from 'vitest'
import { StreamEvent } from '../../../../plugins/stream/event.ts'
import { LocalFeed } from '../../../../plugins/stream/history/local-feed.ts'
import { RecentEvents } from '../../../../plugins/stream/history/recent-events.ts'

const LIMITS = { maxEvents: 100, maxBytes: 1_000_000 }
const ignore = (): void => {}

function event(offset: number): StreamEvent {
  const position = { epoch: 'e', offset }
  return new StreamEvent({
    stream: 's',
    group: 'g',
    item: 'i',
    timestamp: offset,
    event: '{"type":"create"}',
    position,
  })
}

function openFeed(): { feed: LocalFeed; errors: unknown[] } {
  const errors: unknown[] = []
  const recent = new RecentEvents(LIMITS, 0)
  const feed = new LocalFeed({ epoch: 'e', recent, onError: (_message, error) => errors.push(error) })
  return { feed, errors }
}

const offsets = (events: readonly StreamEvent[]) => events.map(({ position }) => position!.offset)

test('a listener that fails harms neither the others nor the next event', () => {
  const { feed, errors } = openFeed()
  const heard: StreamEvent[] = []
  const fail = (): never => {
    throw new Error('thrown by a listener')
  }
  feed.listen({ event: fail, lost: ignore })
  feed.listen({ event: (told) => heard.push(told), lost: ignore })
  feed.emitted(event(1), ignore)
  feed.emitted(event(2), fail)
  expect([offsets(heard), errors.length]).toEqual([[1, 2], 3])
})

test('an event that a listener causes is told after its cause, to everybody', () => {
  const { feed } = openFeed()
  const [first, second]: [StreamEvent[], StreamEvent[]] = [[], []]
  feed.listen({
    event: (told) => {
      first.push(told)
      if (told.position!.offset < 4) feed.emitted(event(told.position!.offset + 1), ignore)
    },
    lost: ignore,
  })
  feed.listen({ event: (told) => second.push(told), lost: ignore })
  feed.emitted(event(1), ignore)
  expect([offsets(first), offsets(second)]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ])
})

test('what is held is told in order when the turn is over, and at once when the feed is closed', async () => {
  const { feed } = openFeed()
  const heard: StreamEvent[] = []
  feed.listen({ event: (told) => heard.push(told), lost: ignore })
  feed.hold()
  feed.emitted(event(1), ignore)
  feed.emitted(event(2), ignore)
  expect(heard).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  feed.emitted(event(3), ignore)
  expect(offsets(heard)).toEqual([1, 2, 3])
  feed.hold()
  feed.emitted(event(4), ignore)
  feed.close()
  expect(offsets(heard)).toEqual([1, 2, 3, 4])
})

test('a position that is ahead of what has been told waits for it', async () => {
  const { feed } = openFeed()
  feed.hold()
  feed.emitted(event(1), ignore)
  const missed = await feed.missedSince({ epoch: 'e', offset: 1 }, 's', 'g', null)
  expect(missed).toEqual({ recovered: true, events: [], position: { epoch: 'e', offset: 1 } })
})

test('events that nobody asks for are not kept where they can be read again', async () => {
  const read: number[] = []
  const recent = new RecentEvents(LIMITS, 0)
  const feed = new LocalFeed({
    epoch: 'e',
    recent,
    keepUnasked: 3,
    readHistory: (newest) => {
      read.push(newest)
      return Array.from({ length: newest }, (_, i) => event(i + 1))
    },
    onError: (message) => expect.unreachable(message),
  })
  const ask = async (offset: number) => {
    const missed = await feed.missedSince({ epoch: 'e', offset }, 's', 'g', null)
    await new Promise((resolve) => setImmediate(resolve))
    return missed.recovered && offsets(missed.events)
  }
  let newest = 0
  const emit = (count: number): void => {
    for (let i = 0; i < count; i++) feed.emitted(event(++newest), ignore)
  }
  emit(5)
  expect([recent.length, await ask(3), recent.length, read]).toEqual([0, [4, 5], 5, [5]])
  emit(3)
  expect([recent.length, await ask(4), read]).toEqual([8, [5, 6, 7, 8], [5]])
  emit(4)
  expect([recent.length, await ask(12), recent.length]).toEqual([0, [], 0])
  expect([await ask(10), read]).toEqual([
    [11, 12],
    [5, 12],
  ])
})
