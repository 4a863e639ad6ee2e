import { expect, test } from 'vitest'
import { Tail } from '../../../core/telemetry/tail.ts'
import { within } from '../../support/deadline.ts'

const all = { limit: 100, matches: () => true }

function filled(count: number, options = {}): Tail<number> {
  const tail = new Tail<number>(options)
  for (let n = 1; n <= count; n++) tail.add(n, String(n))
  return tail
}

test('the newest are read, oldest first, and from there on what has come since', () => {
  const tail = filled(5)
  const { entries, next } = tail.read({ ...all, limit: 2 })
  expect(entries).toEqual(['4', '5'])
  tail.add(6, '6')
  expect(tail.read({ ...all, after: next })).toEqual({ entries: ['6'], next: 6, missed: 0 })
})

test('a reader gets no more than it wants, and the rest the next time', () => {
  const tail = filled(5)
  const part = tail.read({ ...all, after: 0, limit: 2 })
  expect(part).toEqual({ entries: ['1', '2'], next: 2, missed: 0 })
  expect(tail.read({ ...all, after: part.next }).entries).toEqual(['3', '4', '5'])
})

test('what does not match is passed over', () => {
  const even = { limit: 100, matches: (n: number) => n % 2 === 0 }
  const tail = filled(5)
  expect(tail.read({ ...even, limit: 1 }).entries).toEqual(['4'])
  expect(tail.read({ ...even, after: 0 })).toEqual({ entries: ['2', '4'], next: 5, missed: 0 })
})

test.each([
  ['entries', { maxEntries: 3 }],
  ['bytes', { maxBytes: 3 }],
])('no more than so many %s are kept; a slow reader is told how many it has missed', (_what, options) => {
  const tail = filled(9, options)
  expect(tail.read({ ...all, after: 2 })).toEqual({ entries: ['7', '8', '9'], next: 9, missed: 4 })
})

test('a reader who comes with a number of an engine before begins with what is kept', () => {
  expect(filled(2).read({ ...all, after: 70 })).toEqual({ entries: ['1', '2'], next: 2, missed: 0 })
})

test('a reader waits for what comes, and gets all of that turn', async () => {
  const tail = filled(1)
  const waiting = tail.readOrWait({ ...all, after: 1 }, 60_000)
  tail.add(2, '2')
  tail.add(3, '3')
  expect(await within(1_000, 'an entry', waiting)).toEqual({ entries: ['2', '3'], next: 3, missed: 0 })
})

test('what does not match does not end the waiting, and its deadline does', async () => {
  const tail = filled(1)
  const even = { limit: 100, matches: (n: number) => n % 2 === 0, after: 1 }
  const waiting = tail.readOrWait(even, 60_000)
  tail.add(3, '3')
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  tail.add(4, '4')
  expect((await within(1_000, 'an entry', waiting)).entries).toEqual(['4'])
  expect(await within(1_000, 'the end', tail.readOrWait({ ...all, after: 3 }, 1))).toMatchObject({ entries: [] })
})

test('no more than so many readers wait', async () => {
  const tail = filled(1, { maxWaiting: 1 })
  const first = tail.readOrWait({ ...all, after: 1 }, 60_000)
  await expect(tail.readOrWait({ ...all, after: 1 }, 60_000)).rejects.toThrow('1 readers wait already')
  tail.add(2, '2')
  expect((await within(1_000, 'an entry', first)).entries).toEqual(['2'])
})

test('what nobody reads is not made to text, and what is read once only', () => {
  const tail = new Tail<number>({ maxEntries: 2 })
  const made: number[] = []
  for (let n = 1; n <= 3; n++) tail.addUnread(n, 1, () => String(made.push(n) && n))
  expect(made).toEqual([])
  expect(tail.read({ ...all, limit: 1 }).entries).toEqual(['3'])
  expect(tail.read({ ...all, after: 0 })).toEqual({ entries: ['2', '3'], next: 3, missed: 1 })
  expect(made).toEqual([3, 2])
})

test('what is not made to text yet counts by its size', () => {
  const tail = new Tail<number>({ maxBytes: 10 })
  for (let n = 1; n <= 3; n++) tail.addUnread(n, 4, () => String(n))
  expect(tail.read({ ...all, after: 0 })).toEqual({ entries: ['2', '3'], next: 3, missed: 1 })
})
