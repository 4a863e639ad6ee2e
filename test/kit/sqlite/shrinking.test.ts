// Room that deleted values have left goes back to the file system, a little at a time, in new files and in those of earlier versions.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { SqliteStore, type SqliteStoreOptions } from '../../../kit/sqlite/sqlite-store.ts'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { SHRINK_DEFAULTS } from '../../../kit/sqlite/shrinking.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const SOON = { stepPages: 8, pauseMs: 1, keepPages: 4, keepShare: 0, lookAfterMs: 1 }
const VALUE = JSON.stringify('x'.repeat(3_000))
const VALUES = 400

function open(folder: string, options: Partial<SqliteStoreOptions> = {}) {
  const [errors, warnings]: [unknown[], string[]] = [[], []]
  const store = new SqliteStore({
    folder,
    name: 'test.db',
    setting: 'file_path of the test',
    schema: ORDERED_TABLE_SCHEMA,
    version: 1,
    shrink: SOON,
    onError: (_message, error) => errors.push(error),
    onWarning: (message) => warnings.push(message),
    ...options,
  })
  onTestFinished(() => store.close())
  return { store, table: new OrderedTable(store), errors, warnings }
}

type Opened = ReturnType<typeof open>

async function fill({ store, table }: Opened): Promise<void> {
  await Promise.all(Array.from({ length: VALUES }, (_, n) => store.run(() => table.edit('s', `k${n}`, () => VALUE))))
  // Into the file itself.
  store.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** All but every hundredth. */
const empty = ({ store, table }: Opened) =>
  Promise.all(Array.from({ length: VALUES }, (_, n) => store.run(() => n % 100 > 0 && table.delete('s', `k${n}`))))

const pages = ({ store }: Opened, what: 'page_count' | 'freelist_count'): number =>
  Number(store.database.prepare(`PRAGMA ${what}`).get()?.[what])

const size = (folder: string): number => statSync(join(folder, 'test.db')).size

/** A file as earlier versions made it. */
function earlierFile(folder: string, values: number): void {
  const database = new DatabaseSync(join(folder, 'test.db'))
  database.exec(
    `${ORDERED_TABLE_SCHEMA}; PRAGMA application_id=0x69696968; PRAGMA user_version=1; PRAGMA journal_mode=WAL`,
  )
  const insert = database.prepare('INSERT INTO entry (scope, key, value) VALUES (?, ?, ?)')
  for (let n = 0; n < VALUES; n++) insert.run('s', `k${n}`, VALUE)
  database.exec(`DELETE FROM entry WHERE seq > ${values}`)
  database.close()
}

test('what was written and deleted does not stay on the disk, and what is left is all there', async () => {
  const folder = tempFolder()
  const opened = open(folder)
  await fill(opened)
  expect(size(folder)).toBeGreaterThan((VALUES / 2) * 4_096)
  await empty(opened)
  await expect.poll(() => size(folder)).toBeLessThan(20 * 4_096)
  expect(pages(opened, 'freelist_count')).toBeLessThanOrEqual(SOON.keepPages)
  const { store, table, errors } = opened
  expect(await store.run(() => table.values('s'))).toEqual([VALUE, VALUE, VALUE, VALUE])
  expect(store.database.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok')
  expect(errors).toEqual([])
})

test('in steps of a few pages, between which the store is used', async () => {
  const folder = tempFolder()
  const opened = open(folder)
  await fill(opened)
  const exec = vi.spyOn(opened.store.database, 'exec')
  await empty(opened)
  const steps = (): number[] =>
    exec.mock.calls.flatMap(([sql]) => Number(/incremental_vacuum\((\d+)\)/.exec(sql)?.[1] ?? NaN) || [])
  /** After how many steps the store was used. */
  const usedAfter = new Set<number>()
  while (size(folder) > 20 * 4_096) {
    await opened.store.run(() => opened.table.edit('other', 'k', () => '1'))
    usedAfter.add(steps().length)
    await new Promise(setImmediate)
  }
  expect(steps().length).toBeGreaterThan(20)
  expect(Math.max(...steps())).toBe(SOON.stepPages)
  expect(usedAfter.size).toBeGreaterThan(10)
})

test('some free pages stay for what is written next', async () => {
  const opened = open(tempFolder(), { shrink: { ...SOON, keepPages: 50 } })
  await fill(opened)
  await empty(opened)
  await expect.poll(() => pages(opened, 'freelist_count')).toBe(50)
  const large = open(tempFolder(), { shrink: { ...SOON, keepShare: 1 / 2 } })
  await fill(large)
  await large.store.run(() => Array.from({ length: VALUES / 2 }, (_, n) => large.table.delete('s', `k${n}`)))
  const used = pages(large, 'page_count') - pages(large, 'freelist_count')
  await expect.poll(() => pages(large, 'freelist_count')).toBe(Math.floor(used / 2))
  expect(SHRINK_DEFAULTS.keepPages).toBeGreaterThan(0)
})

test('room that became free before the store was opened is given back too', async () => {
  const folder = tempFolder()
  const first = open(folder, { shrink: { ...SOON, lookAfterMs: 1_000_000 } })
  await fill(first)
  await empty(first)
  first.store.close()
  expect(size(folder)).toBeGreaterThan(200 * 4_096)
  open(folder)
  await expect.poll(() => size(folder)).toBeLessThan(20 * 4_096)
})

test('a file of an earlier version with little in it is written anew when it is opened', async () => {
  const folder = tempFolder()
  earlierFile(folder, 3)
  const before = size(folder)
  expect(before).toBeGreaterThan(VALUES * 2_048)
  const opened = open(folder)
  expect(opened.store.database.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum']).toBe(2)
  expect(await opened.store.run(() => opened.table.values('s'))).toEqual([VALUE, VALUE, VALUE])
  expect(opened.warnings).toEqual([])
  opened.store.close()
  expect(size(folder)).toBeLessThan(before / 10)
})

test('one with much in it is used as it is, and the log says how it can shrink', async () => {
  const folder = tempFolder()
  earlierFile(folder, VALUES)
  const opened = open(folder, { fullCheckBytes: 1_000_000 })
  expect(opened.warnings).toEqual([
    expect.stringMatching(
      /test\.db comes from an earlier version and keeps its size\. .*PRAGMA auto_vacuum=2; VACUUM"$/,
    ),
  ])
  const exec = vi.spyOn(opened.store.database, 'exec')
  await empty(opened)
  expect(await opened.store.run(() => opened.table.values('s'))).toHaveLength(4)
  expect(exec.mock.calls.filter(([sql]) => sql.includes('incremental_vacuum'))).toEqual([])
})

test('a step that fails is told, and tried again after the next write', async () => {
  const folder = tempFolder()
  const opened = open(folder, { shrink: { ...SOON, lookAfterMs: 1 } })
  await fill(opened)
  const exec = vi.spyOn(opened.store.database, 'exec').mockImplementation((sql) => {
    if (sql.includes('incremental_vacuum')) throw new Error('no room for it')
  })
  await empty(opened)
  await expect.poll(() => opened.errors).toEqual([new Error('no room for it')])
  exec.mockRestore()
  await opened.store.run(() => opened.table.edit('s', 'k', () => '1'))
  await expect.poll(() => size(folder)).toBeLessThan(20 * 4_096)
})
