// A copy of a store that is in use: whole transactions, safe on the disk, never over another file, and nothing left of one that failed.
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SqliteStore, type StoreError } from '../../../kit/sqlite/sqlite-store.ts'
import { backUpStore } from '../../../kit/sqlite/store-backup.ts'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const PADDING = 'x'.repeat(2_000)

function open(folder: string, name = 'test.db') {
  const store = new SqliteStore({
    folder,
    name,
    setting: 'file_path of the test',
    schema: ORDERED_TABLE_SCHEMA,
    version: 1,
    onError: (message) => expect.unreachable(message),
  })
  onTestFinished(() => store.close())
  const table = new OrderedTable(store)
  /** Two values in one transaction. */
  const pair = (key: string, value: string): Promise<void> =>
    store.run(() => {
      table.edit('one', key, () => value)
      table.edit('other', key, () => value)
    })
  return { store, table, pair }
}

async function filled(folder: string, pairs: number) {
  const opened = open(folder)
  await Promise.all(Array.from({ length: pairs }, (_, n) => opened.pair(`k${n}`, JSON.stringify(PADDING))))
  return opened
}

test('is a store with the same values, in the same order', async () => {
  const [folder, target] = [tempFolder(), tempFolder()]
  const { store, table, pair } = await filled(folder, 5)
  await pair('k9', '9007199254740993')
  const bytes = await store.backup(join(target, 'copy.db'))
  expect(bytes).toBe(readFileSync(join(target, 'copy.db')).length)
  const copy = open(target, 'copy.db')
  expect(await copy.store.run(() => copy.table.values('one'))).toEqual(await store.run(() => table.values('one')))
  expect(copy.table.get('other', 'k9')).toBe('9007199254740993')
})

describe('begun while a transaction writes', () => {
  function beginWrite(): DatabaseSync {
    const database = new DatabaseSync(join(tempFolder(), 'written.db'))
    onTestFinished(() => database.close())
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)')
    return database
  }

  test('waits for its end', async () => {
    const target = tempFolder()
    const database = beginWrite()
    const copied = backUpStore(database, join(target, 'copy.db'), { signal: new AbortController().signal })
    await expect.poll(() => readdirSync(target)).not.toEqual([])
    database.exec('COMMIT')
    expect(await copied).toBe(readFileSync(join(target, 'copy.db')).length)
    const copy = new DatabaseSync(join(target, 'copy.db'))
    onTestFinished(() => copy.close())
    expect(copy.prepare('SELECT n FROM t').all()).toMatchObject([{ n: 1 }])
  })

  test('is given up where it never ends, and leaves nothing', async () => {
    const target = tempFolder()
    const { signal } = new AbortController()
    await expect(backUpStore(beginWrite(), join(target, 'copy.db'), { signal })).rejects.toThrow(
      'a write was under way all 200 times that it was begun',
    )
    expect(readdirSync(target)).toEqual([])
  })

  test('ends at once when it is told to', async () => {
    const target = tempFolder()
    const ending = new AbortController()
    const copied = backUpStore(beginWrite(), join(target, 'copy.db'), { signal: ending.signal })
    const failure = expect(copied).rejects.toThrow('enough')
    await expect.poll(() => readdirSync(target)).not.toEqual([])
    ending.abort(new Error('enough'))
    await failure
    expect(readdirSync(target)).toEqual([])
  })
})

test('made while the store is written: whole transactions, none that was answered before is missing', async () => {
  const [folder, target] = [tempFolder(), tempFolder()]
  const { store, pair } = await filled(folder, 2_000)
  let [written, progress] = [0, 0]
  await pair('before', '1')
  const backup = store.backup(join(target, 'copy.db'), {
    onProgress: ({ copiedPages, pages }) => {
      expect(copiedPages).toBeLessThanOrEqual(pages)
      progress++
    },
  })
  const over = new AbortController()
  void backup.finally(() => over.abort())
  for (; !over.signal.aborted; written++) {
    await pair(`k${(written * 7) % 2_000}`, `${written}`)
    await pair(`new${written}`, `${written}`)
    // The copy goes on in turns of the event loop.
    await new Promise(setImmediate)
  }
  await backup
  expect(progress).toBeGreaterThan(5)
  expect(written).toBeGreaterThan(0)
  const copy = open(target, 'copy.db')
  expect(copy.store.database.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok')
  expect(copy.table.values('one')).toEqual(copy.table.values('other'))
  expect(copy.table.get('one', 'before')).toBe('1')
  expect(copy.table.values('one').length).toBeGreaterThanOrEqual(2_001)
})

describe('a copy that can not be made', () => {
  const refusal = (store: SqliteStore, file: string): Promise<StoreError> =>
    store.backup(file).then(
      () => expect.unreachable('It was made.'),
      (error: StoreError) => error,
    )

  test('over a file that is there', async () => {
    const [folder, target] = [tempFolder(), tempFolder()]
    const { store } = await filled(folder, 1)
    writeFileSync(join(target, 'there'), 'mine')
    expect(await refusal(store, join(target, 'there'))).toMatchObject({
      name: 'StoreError',
      message: `The file ${join(target, 'there')} exists already. Move it away, or choose another name; nothing was written.`,
    })
    expect([readdirSync(target), readFileSync(join(target, 'there'), 'utf8')]).toEqual([['there'], 'mine'])
  })

  test('over a file that somebody makes meanwhile', async () => {
    const [folder, target] = [tempFolder(), tempFolder()]
    const { store } = await filled(folder, 2_000)
    const file = join(target, 'there')
    const backup = store.backup(file, { onProgress: () => void writeFileSync(file, 'mine') })
    await expect(backup).rejects.toThrow('exists already')
    expect([readdirSync(target), readFileSync(file, 'utf8')]).toEqual([['there'], 'mine'])
  })

  test('in a folder that is not there, or under a relative path', async () => {
    const { store } = await filled(tempFolder(), 1)
    const missing = join(tempFolder(), 'nope')
    expect((await refusal(store, join(missing, 'copy.db'))).message).toBe(
      `The folder ${missing} of the backup does not exist. Create it, or choose another file.`,
    )
    expect((await refusal(store, 'copy.db')).message).toBe('The path of a backup must be absolute, got "copy.db".')
  })

  test.each(['ended', 'closed at once'])('because the store is %s: nothing is left of it', async (how) => {
    const [folder, target] = [tempFolder(), tempFolder()]
    const { store } = await filled(folder, 3_000)
    const begun = Promise.withResolvers<void>()
    const backup = store.backup(join(target, 'copy.db'), { onProgress: () => begun.resolve() })
    const failure = backup.catch((error: unknown) => error)
    await begun.promise
    if (how === 'ended') await store.endBackups()
    store.close()
    expect(await failure).toMatchObject({ code: 'plugin_unavailable' })
    expect(readdirSync(target)).toEqual([])
    await expect(store.backup(join(target, 'copy.db'))).rejects.toMatchObject({ code: 'plugin_unavailable' })
    expect(open(folder).table.values('one')).toHaveLength(3_000)
  })
})

test('what a killed engine has left of a copy is removed by the next one into the same file, and nothing else', async () => {
  const [folder, target] = [tempFolder(), tempFolder()]
  const { store } = await filled(folder, 1)
  const old = ['.copy.db.0123456789ab.tmp', '.copy.db.0123456789ab.tmp-journal']
  const others = ['.copy.db.ffffffffffff.tmp', '.other.db.0123456789ab.tmp', 'copy.db.0123456789ab.tmp']
  for (const name of [...old, ...others]) writeFileSync(join(target, name), 'left')
  for (const name of [...old, ...others.slice(1)]) utimesSync(join(target, name), 1, 1)
  await store.backup(join(target, 'copy.db'))
  expect(readdirSync(target).sort()).toEqual([...others, 'copy.db'].sort())
  expect(existsSync(join(target, 'copy.db'))).toBe(true)
})
