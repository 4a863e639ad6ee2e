// A store whose file goes away under it: nothing is acknowledged that nobody would find again.
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteStore } from '../../../kit/sqlite/sqlite-store.ts'
import { OwnFile } from '../../../kit/sqlite/own-file.ts'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { tempFolder } from '../../support/temp-folder.ts'

function setUp() {
  const folder = tempFolder()
  const store = new SqliteStore({
    folder,
    name: 'test.db',
    setting: 'file_path of the test',
    schema: ORDERED_TABLE_SCHEMA,
    version: 1,
    onError: () => {},
  })
  onTestFinished(() => store.close())
  const table = new OrderedTable(store)
  const set = (value: string) => store.run(() => table.edit('s', 'k', () => value))
  const get = () => store.run(() => table.get('s', 'k'))
  return { folder, file: join(folder, 'test.db'), set, get }
}

const REMOVED = /test\.db was removed or replaced while it is in use; nothing of this was written/

test('it looks at most every 50 ms', () => {
  const folder = tempFolder()
  const file = join(folder, 'test.db')
  writeFileSync(file, '')
  let now = 0
  const own = new OwnFile({ folder, file, setting: '' }, () => now)
  rmSync(file)
  now = 49
  own.check()
  now = 50
  expect(() => own.check()).toThrow(REMOVED)
})

test('a write after the folder was removed fails, and so does every later one', async () => {
  const { folder, set, get } = setUp()
  await set('1')
  rmSync(folder, { recursive: true })
  await expect.poll(() => set('2').catch((error: Error) => error.message), { interval: 5 }).toMatch(REMOVED)
  await expect(get()).rejects.toThrow(REMOVED)
})

test('a write after the file was replaced fails; put back, it is written to again', async () => {
  const { file, set, get } = setUp()
  await set('1')
  renameSync(file, `${file}.away`)
  copyFileSync(`${file}.away`, file)
  await expect.poll(() => set('2').catch((error: Error) => error.message), { interval: 5 }).toMatch(REMOVED)
  renameSync(`${file}.away`, file)
  await set('3')
  expect(await get()).toBe('3')
})
