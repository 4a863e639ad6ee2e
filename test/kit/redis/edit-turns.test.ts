import { describe, expect, test } from 'vitest'
import { EDIT_TURNS_DEFAULTS, EditTurns, type Change, type EditTurnsLimits } from '../../../kit/redis/edit-turns.ts'
import { within } from '../../support/deadline.ts'

/** Edits over a store in memory, in which somebody else may write before each swap. */
function setUp(limits: Partial<EditTurnsLimits> = {}, interfere: (attempt: number, key: string) => void = () => {}) {
  const values = new Map<string, string>()
  const swaps: { key: string; changes: number; swapped: boolean }[] = []
  const gate = { open: Promise.resolve() }
  const turns = new EditTurns<string, string, string>({
    read: async (key) => {
      await gate.open
      return values.get(key)
    },
    swap: async (key, expected, changes, report) => {
      interfere(swaps.length + 1, key)
      const current = values.get(key)
      const swapped = current === expected
      swaps.push({ key, changes: changes.length, swapped })
      if (!swapped) return { swapped, current }
      const { after } = changes.at(-1)!
      if (after === undefined) values.delete(key)
      else values.set(key, after)
      report(`reply ${swaps.length}`)
      return { swapped }
    },
    id: (key) => key,
    limits,
  })
  const append = (key: string, text: string) =>
    turns.run(
      key,
      text.length,
      (before = '') => before + text,
      text,
      (change, reply, index) => ({ change, reply, index }),
    )
  return { turns, values, swaps, gate, append }
}

describe('edits of one value', () => {
  test('take turns, and those that wait are written in one step, each with its own change', async () => {
    const { append, swaps, values, turns } = setUp()
    const first = append('k', 'a')
    expect(turns.isBusy('k')).toBe(true)
    const results = await Promise.all([first, append('k', 'b'), append('k', 'c'), append('other', 'x')])
    expect(results.map(({ change }) => change)).toEqual<Change<string>[]>([
      { before: undefined, after: 'a', note: 'a' },
      { before: 'a', after: 'ab', note: 'b' },
      { before: 'ab', after: 'abc', note: 'c' },
      { before: undefined, after: 'x', note: 'x' },
    ])
    expect(swaps.filter(({ key }) => key === 'k').map(({ changes }) => changes)).toEqual([1, 2])
    expect(values.get('k')).toBe('abc')
    expect(results[1]!.reply).toBe(results[2]!.reply)
    expect(results.map(({ index }) => index)).toEqual([0, 0, 1, 0])
    await within(5_000, 'idle', turns.idle())
    expect(turns.isBusy('k')).toBe(false)
  })

  test('start again from what another engine has written meanwhile', async () => {
    const interfere = (attempt: number): void => void (attempt <= 2 && values.set('k', `other${attempt} `))
    const { append, swaps, values } = setUp({}, interfere)
    expect((await append('k', 'mine')).change).toEqual({ before: 'other2 ', after: 'other2 mine', note: 'mine' })
    expect(swaps.map(({ swapped }) => swapped)).toEqual([false, false, true])
  })

  test('fail after maxAttempts, say so, and write nothing', async () => {
    const { append, swaps, values, turns } = setUp({ maxAttempts: 3 }, (attempt) => values.set('k', `${attempt}`))
    await expect(append('k', 'mine')).rejects.toThrow(
      'Other engines changed the value between each of 3 attempts. Nothing was written; try again.',
    )
    expect([swaps.length, values.get('k')]).toEqual([3, '3'])
    expect(turns.isBusy('k')).toBe(false)
  })

  test('one that throws fails alone', async () => {
    const { append, turns, values } = setUp()
    const broken = turns.run(
      'k',
      0,
      () => expect.unreachable('thrown by the edit'),
      '',
      () => 'written',
    )
    const outcomes = await Promise.allSettled([append('k', 'a'), broken, append('k', 'b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(values.get('k')).toBe('ab')
    const alone = turns.run(
      'k',
      0,
      () => expect.unreachable('thrown by the edit'),
      '',
      () => 'written',
    )
    await expect(alone).rejects.toThrow('thrown by the edit')
  })

  test('a failing store fails the edits of the step, and the next ones try anew', async () => {
    const failing = { on: true }
    const { append, values } = setUp({}, () => {
      if (failing.on) throw new Error('the connection broke')
    })
    const outcomes = await Promise.allSettled([append('k', 'a')])
    expect(outcomes).toMatchObject([{ status: 'rejected', reason: { message: 'the connection broke' } }])
    failing.on = false
    await append('k', 'b')
    expect(values.get('k')).toBe('b')
  })

  test('an edit may delete, and the next one starts from nothing', async () => {
    const { append, turns, values } = setUp()
    const changes = await Promise.all([
      append('k', 'a'),
      turns.run(
        'k',
        0,
        () => undefined,
        '',
        (change) => ({ change }),
      ),
      append('k', 'b'),
    ])
    expect(changes[2].change).toEqual({ before: undefined, after: 'b', note: 'b' })
    expect(values.get('k')).toBe('b')
  })
})

describe('bounds', () => {
  test('the defaults', () => {
    expect(EDIT_TURNS_DEFAULTS).toEqual({
      maxAttempts: 100,
      maxBatch: 1_024,
      maxBatchBytes: 8_388_608,
      maxWaiting: 100_000,
      maxWaitingBytes: 134_217_728,
    })
  })

  test('no step writes more than maxBatch', async () => {
    const { append, swaps } = setUp({ maxBatch: 2 })
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((text) => append('k', text)))
    expect(swaps.map(({ changes }) => changes)).toEqual([1, 2, 2, 1])
  })

  test('nor computes much more than maxBatchBytes', async () => {
    const { append, swaps, values } = setUp({ maxBatchBytes: 6 })
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((text) => append('k', text)))
    // The values are 1; 2 and 3 and 4; 5 and 6 bytes long.
    expect(swaps.map(({ changes }) => changes)).toEqual([1, 3, 2])
    expect(values.get('k')).toBe('abcdef')
  })

  test.each([
    [{ maxWaiting: 2 }, 'More than 2 updates wait for the store. Nothing was written; try again.'],
    [{ maxWaitingBytes: 2 }, 'More than 2 bytes of updates wait for the store.'],
  ])('beyond %j edits are refused with overloaded until others are done', async (limits, message) => {
    const { append, gate, values } = setUp(limits)
    const { promise, resolve } = Promise.withResolvers<void>()
    gate.open = promise
    const waiting = [append('k', 'a'), append('l', 'b')]
    await expect(append('k', 'c')).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining(message),
    })
    resolve()
    await Promise.all(waiting)
    await append('k', 'd')
    expect(values.get('k')).toBe('ad')
  })
})
