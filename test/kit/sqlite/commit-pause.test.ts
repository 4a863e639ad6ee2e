import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CommitPause } from '../../../kit/sqlite/commit-pause.ts'
import { GroupCommit } from '../../../kit/sqlite/group-commit.ts'

describe('CommitPause', () => {
  const after = (operations: number, tookMs: number): CommitPause => {
    const pause = new CommitPause()
    pause.committed(operations, tookMs, 100)
    return pause
  }

  test('a commit waits for a part of what the last one took, once', () => {
    const pause = after(30, 2)
    expect(pause.before(30, 100)).toBe(0.5)
    expect(pause.before(31, 100.5)).toBe(0)
    pause.committed(31, 2, 103)
    expect(pause.before(20, 103)).toBe(0.5)
  })

  test('it never waits for longer than a millisecond', () => expect(after(30, 400).before(30, 100)).toBe(1))

  test.each([
    ['the disk is quick', after(30, 0.2), 30, 100],
    ['nobody has company', after(1, 2), 1, 100],
    ['the last commit was large', after(64, 2), 10, 100],
    ['this commit is large', after(10, 2), 64, 100],
    ['its operations came after the last commit', after(30, 2), 30, 103],
    ['there was no commit yet', new CommitPause(), 30, 0],
  ])('it does not wait when %s', (_case, pause, operations, now) => expect(pause.before(operations, now)).toBe(0))
})

describe('a group commit', () => {
  /** On a disk that takes 2 ms for each commit, by a clock that only commits and pauses move. */
  function slowCommits() {
    const database = new DatabaseSync(':memory:')
    const pauses: number[] = []
    const sizes: number[] = []
    let now = 0
    let size = 0
    let inCommit = false
    const commits = new GroupCommit(database, {
      describe: (cause) => cause as Error,
      onListenerError: (error) => {
        throw error
      },
      batch: {
        beforeCommit: () => void (inCommit = true),
        committed: () => {
          inCommit = false
          sizes.push(size)
          size = 0
        },
        rolledBack() {},
      },
      time: {
        now: () => (inCommit ? (now += 2) : now),
        pause: (ms) => {
          pauses.push(ms)
          now += ms
        },
      },
    })
    onTestFinished(() => {
      commits.close()
      database.close()
    })
    const run = (count: number, lazy = false): Promise<number>[] =>
      Array.from({ length: count }, () => commits.run(() => ++size, { lazy }))
    return { commits, run, pauses, sizes }
  }

  test('takes in what arrives while it pauses, and answers all of it', async () => {
    const { run, pauses, sizes } = slowCommits()
    await Promise.all(run(30))
    const waiting = run(20)
    // After the pause, and before the commit.
    const late = new Promise<number[]>((resolve) => setImmediate(() => resolve(Promise.all(run(10)))))
    await Promise.all([...waiting, late])
    expect(pauses).toEqual([0.5])
    expect(sizes).toEqual([30, 30])
  })

  test('does not pause for what need not wait for the disk', async () => {
    const { run, pauses, sizes } = slowCommits()
    await Promise.all(run(30))
    await Promise.all(run(20, true))
    expect([pauses, sizes]).toEqual([[], [30, 20]])
  })

  test('that is closed while it pauses runs what waits at once', async () => {
    const { commits, run, pauses, sizes } = slowCommits()
    await Promise.all(run(30))
    const waiting = run(20)
    process.nextTick(() => commits.close())
    await Promise.all(waiting)
    await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
    expect([pauses, sizes]).toEqual([[0.5], [30, 20]])
  })
})
