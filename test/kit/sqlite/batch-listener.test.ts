// What is written once per batch, in its transaction.
import { expect, onTestFinished, test } from 'vitest'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'
import { tempFolder } from '../../support/temp-folder.ts'

function openStore(): { store: SqliteStore; seen: string[]; rows: () => unknown[]; failWith: (error?: Error) => void } {
  const store = new SqliteStore({
    folder: tempFolder(),
    name: 'batch.db',
    setting: 'test',
    schema: 'CREATE TABLE note (text TEXT NOT NULL)',
    version: 1,
    onError: (message) => expect.unreachable(message),
  })
  onTestFinished(() => store.close())
  const seen: string[] = []
  let failure: Error | undefined
  const insert = store.database.prepare('INSERT INTO note VALUES (?)')
  store.onBatch({
    beforeCommit: () => {
      seen.push('before')
      insert.run('batch')
      if (failure !== undefined) throw failure
    },
    committed: () => void seen.push('committed'),
    rolledBack: () => void seen.push('rolled back'),
  })
  const rows = () =>
    store.database
      .prepare('SELECT text FROM note')
      .all()
      .map(({ text }) => text)
  return { store, seen, rows, failWith: (error) => (failure = error) }
}

const note = (store: SqliteStore, text: string) => () =>
  void store.database.prepare('INSERT INTO note VALUES (?)').run(text)

test('a listener writes once per batch, and is told before anybody is answered', async () => {
  const { store, seen, rows } = openStore()
  const answered = () => void seen.push('answered')
  await Promise.all([
    store.run(note(store, 'a'), { committed: answered }),
    store.run(note(store, 'b'), { committed: answered }),
  ])
  expect(seen).toEqual(['before', 'committed', 'answered', 'answered'])
  expect(rows()).toEqual(['a', 'b', 'batch'])
})

test('when it throws, the whole batch is undone, and the next one is not', async () => {
  const { store, seen, rows, failWith } = openStore()
  failWith(new Error('thrown by the listener'))
  const outcomes = await Promise.allSettled([store.run(note(store, 'a')), store.run(note(store, 'b'))])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  failWith(undefined)
  await store.run(note(store, 'c'))
  expect(seen).toEqual(['before', 'rolled back', 'before', 'committed'])
  expect(rows()).toEqual(['c', 'batch'])
})

test('an operation that fails alone does not undo the batch', async () => {
  const { store, seen, rows } = openStore()
  const fail = (): never => {
    throw new Error('thrown by the operation')
  }
  const outcomes = await Promise.allSettled([store.run(fail), store.run(note(store, 'b'))])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(seen).toEqual(['before', 'committed'])
  expect(rows()).toEqual(['b', 'batch'])
})
