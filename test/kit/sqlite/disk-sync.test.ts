// Commits that do not wait for the disk, and those that gather before they are made.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { DiskSync, LAZY_MS } from '../../../kit/sqlite/disk-sync.ts'
import { GroupCommit } from '../../../kit/sqlite/group-commit.ts'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const FORMAT = { schema: 'CREATE TABLE note (text TEXT NOT NULL)', version: 7 }
const NORMAL = 1
const FULL = 2

function openStore() {
  const folder = tempFolder()
  const store = new SqliteStore({
    folder,
    name: 'lazy.db',
    setting: 'test',
    ...FORMAT,
    onError: (message) => expect.unreachable(message),
  })
  onTestFinished(() => store.close())
  let commits = 0
  store.onBatch({ beforeCommit: () => {}, committed: () => void commits++, rolledBack: () => {} })
  const insert = store.database.prepare('INSERT INTO note VALUES (?)')
  const mode = store.database.prepare('PRAGMA synchronous')
  /** Writes, and tells how its commit is made. */
  const note = (text: string) => (): unknown => {
    insert.run(text)
    return mode.get()?.['synchronous']
  }
  return { store, folder, note, commits: () => commits }
}

test('a commit of lazy operations alone does not wait for the disk, all others do', async () => {
  const { store, note } = openStore()
  expect(await store.run(note('first'))).toBe(FULL)
  expect(await Promise.all([store.run(note('a'), { lazy: true }), store.run(note('b'), { lazy: true })])).toEqual([
    NORMAL,
    NORMAL,
  ])
  expect(await Promise.all([store.run(note('c'), { lazy: true }), store.run(note('d'))])).toEqual([FULL, FULL])
  expect(await store.run(note('e'))).toBe(FULL)
})

test('what was committed lazily is in the files when it is answered: the end of the process does not take it back', async () => {
  const { store, folder, note } = openStore()
  await store.run(note('lazy'), { lazy: true })
  const copy = tempFolder()
  for (const name of ['lazy.db', 'lazy.db-wal']) copyFileSync(join(folder, name), join(copy, name))
  const database = new DatabaseSync(join(copy, 'lazy.db'))
  onTestFinished(() => database.close())
  expect(database.prepare('SELECT text FROM note').all()).toEqual([{ text: 'lazy' }])
})

test('the version of the file stays as it is when lazy commits are brought to the disk', async () => {
  const { store, note, commits } = openStore()
  await store.run(note('lazy'), { lazy: true })
  await vi.waitFor(() => expect(commits()).toBe(2), { timeout: 10_000, interval: 5 })
  expect(store.database.prepare('PRAGMA user_version').get()).toEqual({ user_version: FORMAT.version })
})

describe('with a clock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  function scene(write: () => Promise<void> = () => Promise.resolve()) {
    const database = new DatabaseSync(':memory:')
    database.exec(FORMAT.schema)
    const writes = vi.fn<(operation: () => void) => Promise<void>>(write)
    const sync = new DiskSync(database, writes)
    const commit = (isLazy: boolean, sql = "INSERT INTO note VALUES ('')"): void => {
      sync.begin(isLazy)
      database.exec(sql)
      sync.committed()
    }
    onTestFinished(() => {
      sync.close()
      database.close()
    })
    return { sync, writes, commit }
  }

  test('many lazy commits are brought to the disk by one, in time', async () => {
    const { writes, commit } = scene()
    for (let count = 0; count < 10; count++) commit(true)
    await vi.advanceTimersByTimeAsync(LAZY_MS - 1)
    expect(writes).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(writes).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(10 * LAZY_MS)
    expect(writes).toHaveBeenCalledTimes(1)
    commit(true)
    await vi.advanceTimersByTimeAsync(LAZY_MS)
    expect(writes).toHaveBeenCalledTimes(2)
  })

  test('a commit that waits spares that, if it has written something', async () => {
    const { writes, commit } = scene()
    commit(true)
    commit(false)
    await vi.advanceTimersByTimeAsync(LAZY_MS)
    expect(writes).not.toHaveBeenCalled()
    commit(true)
    commit(false, 'SELECT 1')
    await vi.advanceTimersByTimeAsync(LAZY_MS)
    expect(writes).toHaveBeenCalledTimes(1)
  })

  test('it is tried again where it fails, and not after the end', async () => {
    const { sync, writes, commit } = scene(() => Promise.reject(new Error('full')))
    commit(true)
    await vi.advanceTimersByTimeAsync(3 * LAZY_MS)
    expect(writes).toHaveBeenCalledTimes(3)
    sync.close()
    await vi.advanceTimersByTimeAsync(3 * LAZY_MS)
    expect(writes).toHaveBeenCalledTimes(3)
  })

  function gathering(maxBatchOperations = 100) {
    const database = new DatabaseSync(':memory:')
    const batches: number[][] = []
    let batch: number[] = []
    const commits = new GroupCommit(database, {
      limits: { maxBatchOperations },
      describe: (cause) => cause as Error,
      onListenerError: (error) => expect.unreachable(String(error)),
      batch: {
        beforeCommit: () => {},
        committed: () => void (batches.push(batch), (batch = [])),
        rolledBack: () => {},
      },
    })
    onTestFinished(() => {
      commits.close()
      database.close()
    })
    const run = (n: number, withinMs?: number) =>
      commits.run(() => void batch.push(n), { lazy: true, withinMs: withinMs ?? 0 })
    return { commits, run, batches }
  }

  test('operations that may wait are committed together, in time', async () => {
    const { run, batches } = gathering()
    void run(1, 5)
    await vi.advanceTimersByTimeAsync(4)
    void run(2, 5)
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([[1, 2]])
  })

  test('one that may not takes them along, in their order, and the next ones wait anew', async () => {
    const { run, batches } = gathering()
    void run(1, 5)
    await run(2)
    void run(3, 5)
    await vi.advanceTimersByTimeAsync(4)
    expect(batches).toEqual([[1, 2]])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([[1, 2], [3]])
  })

  test('a full batch does not wait, and the end leaves nothing', async () => {
    const { commits, run, batches } = gathering(3)
    await Promise.all([run(1, 1e9), run(2, 1e9), run(3, 1e9)])
    expect(batches).toEqual([[1, 2, 3]])
    const last = run(4, 1e9)
    commits.close()
    await last
    expect(batches).toEqual([[1, 2, 3], [4]])
  })
})
