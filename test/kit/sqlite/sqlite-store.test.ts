import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SqliteStore, StoreError, type SqliteStoreOptions } from '../../../kit/sqlite/sqlite-store.ts'
import { ORDERED_TABLE_SCHEMA, OrderedTable } from '../../../kit/sqlite/ordered-table.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const FILE = 'test.db'

function open(folder: string, options: Partial<SqliteStoreOptions> = {}) {
  const errors: unknown[] = []
  const store = new SqliteStore({
    folder,
    name: FILE,
    setting: 'file_path of the test',
    schema: ORDERED_TABLE_SCHEMA,
    version: 1,
    onError: (_message, error) => errors.push(error),
    ...options,
  })
  onTestFinished(() => store.close())
  return { store, table: new OrderedTable(store), errors }
}

function setPageLimit(store: SqliteStore, extraPages: number): void {
  const pages = Number(store.database.prepare('PRAGMA page_count').get()?.['page_count'])
  store.database.exec(`PRAGMA max_page_count=${extraPages === Infinity ? 0x3fffffff : pages + extraPages}`)
}

describe('batches', () => {
  test('operations of one turn share a transaction, and are answered in order', async () => {
    const { store, table } = open(tempFolder())
    const during: boolean[] = []
    const order: number[] = []
    await Promise.all(
      [0, 1, 2].map((i) =>
        store
          .run(() => {
            during.push(store.database.isTransaction)
            table.edit('s', `k${i}`, () => `${i}`)
          })
          .then(() => {
            expect(store.database.isTransaction).toBe(false)
            order.push(i)
          }),
      ),
    )
    expect(during).toEqual([true, true, true])
    expect(order).toEqual([0, 1, 2])
    expect(await store.run(() => table.values('s'))).toEqual(['0', '1', '2'])
  })

  test('a read is answered after the commit of the writes before it', async () => {
    const { store, table } = open(tempFolder())
    const log: string[] = []
    const write = store.run(() => table.edit('s', 'k', () => '1'), { committed: () => log.push('committed') })
    const read = store.run(() => table.get('s', 'k')).then((value) => log.push(`read ${value}`))
    await Promise.all([write, read])
    expect(log).toEqual(['committed', 'read 1'])
  })

  test('the limits of operations and bytes split a batch', async () => {
    const { store } = open(tempFolder(), { limits: { maxBatchOperations: 3, maxBatchBytes: 100 } })
    const batches: number[][] = []
    let current: number[] = []
    // The first operation of a transaction sees that nothing ran since the last commit.
    const op = (i: number, bytes: number) =>
      store.run(() => void current.push(i), {
        bytes,
        committed: () => {
          if (current.length > 0) batches.push(current)
          current = []
        },
      })
    await Promise.all([0, 1, 2, 3].map((i) => op(i, 0)).concat([op(4, 60), op(5, 60), op(6, 500)]))
    expect(batches).toEqual([[0, 1, 2], [3, 4], [5], [6]])
  })

  test('what waits is bounded; more is refused as overloaded and does not run', async () => {
    const { store } = open(tempFolder(), { limits: { maxWaitingOperations: 2, maxWaitingBytes: 10 } })
    let ran = 0
    const op = (bytes: number) => store.run(() => ++ran, { bytes })
    const first = [op(1), op(1)]
    await expect(op(1)).rejects.toMatchObject({ code: 'overloaded' })
    await Promise.all(first)
    const big = op(100)
    await expect(op(1)).rejects.toMatchObject({ code: 'overloaded' })
    await big
    expect(ran).toBe(3)
  })

  test('an operation that throws fails alone', async () => {
    const { store, table } = open(tempFolder())
    const outcomes = await Promise.allSettled([
      store.run(() => table.edit('s', 'a', () => '1')),
      store.run(() =>
        table.edit('s', 'b', () => {
          throw new Error('no')
        }),
      ),
      store.run(() => table.edit('s', 'c', () => '3')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.run(() => table.values('s'))).toEqual(['1', '3'])
  })

  test('an atomic operation that throws takes back its own writes only', async () => {
    const { store, table } = open(tempFolder())
    const outcomes = await Promise.allSettled([
      store.run(() => table.edit('s', 'a', () => '1'), { atomic: true }),
      store.run(
        () => {
          table.edit('s', 'b', () => '2')
          throw new Error('no')
        },
        { atomic: true },
      ),
      store.run(() => table.edit('s', 'c', () => '3')),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.run(() => table.values('s'))).toEqual(['1', '3'])
  })

  test('a listener that throws is reported and harms nobody', async () => {
    const { store, errors } = open(tempFolder())
    const committed = () => {
      throw new Error('listener')
    }
    expect(await Promise.all([store.run(() => 1, { committed }), store.run(() => 2)])).toEqual([1, 2])
    expect(errors).toMatchObject([{ message: 'listener' }])
  })

  test('closing finishes what is queued and refuses what comes later', async () => {
    const folder = tempFolder()
    const { store, table } = open(folder)
    const writes = [1, 2, 3].map((i) => store.run(() => table.edit('s', `k${i}`, () => `${i}`)))
    store.close()
    await Promise.all(writes)
    await expect(store.run(() => 1)).rejects.toMatchObject({ code: 'plugin_unavailable' })
    expect(existsSync(join(folder, `${FILE}-wal`))).toBe(false)
    const again = open(folder)
    expect(await again.store.run(() => again.table.values('s'))).toEqual(['1', '2', '3'])
  })
})

describe('a full disk', () => {
  const big = JSON.stringify('x'.repeat(20_000))

  test('fails every operation of the batch with one cause, fires nothing, and later batches work', async () => {
    const { store, table } = open(tempFolder())
    await store.run(() => table.edit('s', 'old', () => '"kept"'))
    setPageLimit(store, 2)
    const fired: string[] = []
    const write = (key: string, value: string) =>
      store.run(() => table.edit('s', key, () => value), { committed: () => fired.push(key) })
    const outcomes = await Promise.allSettled([
      write('small', '1'),
      write('big', big),
      store.run(() => table.get('s', 'old'), { committed: () => fired.push('read') }),
    ])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) })
      expect((outcome as PromiseRejectedResult).reason.message).toMatch(/test\.db cannot grow.*disk is full/)
    }
    expect(fired).toEqual([])
    expect(store.database.isTransaction).toBe(false)
    expect(await store.run(() => [table.get('s', 'old'), table.get('s', 'small')])).toEqual(['"kept"', undefined])
    await write('small', '2')
    setPageLimit(store, Infinity)
    await write('big', big)
    expect(fired).toEqual(['small', 'big'])
    expect(await store.run(() => table.values('s'))).toEqual(['"kept"', '2', big])
  })

  test('is what max_bytes looks like', async () => {
    const folder = tempFolder()
    const { store, table } = open(folder, { maxBytes: 64 * 1024 })
    const writes = Array.from({ length: 10 }, (_, i) => store.run(() => table.edit('s', `k${i}`, () => big)))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    await store.run(() => table.edit('s', 'k', () => '1'))
    store.close()
    expect(statSync(join(folder, FILE)).size).toBeLessThanOrEqual(64 * 1024)
  })
})

describe('a commit that fails', () => {
  test('takes back the whole batch, fires nothing, and the next one works', async () => {
    const { store, table } = open(tempFolder())
    // A deferred foreign key is looked at by COMMIT alone: every statement before it succeeds.
    store.database.exec(
      'CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)',
    )
    const fired: string[] = []
    const outcomes = await Promise.allSettled([
      store.run(() => table.edit('s', 'k', () => '1'), { committed: () => fired.push('edit') }),
      store.run(() => store.database.exec('INSERT INTO child VALUES (1)'), { committed: () => fired.push('child') }),
      store.run(() => table.get('s', 'k'), { committed: () => fired.push('read') }),
    ])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('FOREIGN KEY') } })
    }
    expect([fired, store.database.isTransaction]).toEqual([[], false])
    expect(await store.run(() => table.edit('s', 'k', () => '2'))).toBeUndefined()
    expect(await store.run(() => table.values('s'))).toEqual(['2'])
  })
})

describe('opening', () => {
  function failure(folder: string, options: Partial<SqliteStoreOptions> = {}): StoreError {
    try {
      open(folder, options)
    } catch (error) {
      expect(error).toBeInstanceOf(StoreError)
      return error as StoreError
    }
    throw new Error('The store opened.')
  }

  async function filledFolder(rows = 2_000): Promise<string> {
    const folder = tempFolder()
    const { store, table } = open(folder)
    await store.run(() => {
      for (let i = 0; i < rows; i++) table.edit('s', `key-${i}`, () => JSON.stringify('v'.repeat(100)))
    })
    store.close()
    return folder
  }

  test('creates the folder with its parents', async () => {
    const folder = join(tempFolder(), 'a', 'b')
    open(folder)
    expect(existsSync(join(folder, FILE))).toBe(true)
  })

  test('refuses a folder that is in use, by the same process and by another one', async () => {
    const folder = await filledFolder()
    open(folder)
    expect(failure(folder).message).toMatch(
      new RegExp(`^The data folder ${folder} is in use by another engine\\. .*file_path of the test`),
    )
    const child = spawnSync(process.execPath, [
      '-e',
      `
      const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(join(folder, FILE))})
      try { db.exec('BEGIN IMMEDIATE'); console.log('open') } catch (error) { console.log(error.message) }
    `,
    ])
    expect(child.stdout.toString()).toContain('database is locked')
  })

  test('refuses a file that is no database, and does not touch it', () => {
    const folder = tempFolder()
    const file = join(folder, FILE)
    writeFileSync(file, 'no database at all, but long enough to have a header. '.repeat(40))
    const before = readFileSync(file)
    expect(failure(folder).message).toMatch(
      new RegExp(`^The store file ${file} is damaged .*Restore it from a backup, or move it`),
    )
    expect(readFileSync(file)).toEqual(before)
  })

  test('refuses a file with a damaged page', async () => {
    const folder = await filledFolder()
    const file = join(folder, FILE)
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096 * 20, 4096 * 22)
    writeFileSync(file, bytes)
    expect(failure(folder).message).toMatch(/test\.db is damaged/)
  })

  test('refuses a file that was cut off', async () => {
    const folder = await filledFolder()
    const file = join(folder, FILE)
    writeFileSync(file, readFileSync(file).subarray(0, 4096 * 10))
    expect(failure(folder).message).toMatch(/test\.db is damaged/)
  })

  test('a file above the size of the full check opens, and damage shows when it is read', async () => {
    const folder = await filledFolder()
    const file = join(folder, FILE)
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096 * 20, 4096 * 22)
    writeFileSync(file, bytes)
    const { store, table } = open(folder, { fullCheckBytes: 4096 })
    await expect(store.run(() => table.values('s'))).rejects.toThrow(/test\.db is damaged .*Restore it from a backup/)
    expect(await store.run(() => table.edit('other', 'k', () => '1'))).toBeUndefined()
  })

  test('refuses the database of another program, and another format version', async () => {
    const folder = tempFolder()
    const foreign = new DatabaseSync(join(folder, FILE))
    foreign.exec('CREATE TABLE t (x)')
    foreign.close()
    expect(failure(folder).message).toMatch(/test\.db is a database of another program\. Move it away/)
    const newer = await filledFolder(1)
    expect(failure(newer, { version: 2 }).message).toMatch(/has format version 1, this engine reads version 2/)
  })

  test('refuses a path that is a file', () => {
    const file = join(tempFolder(), 'file')
    writeFileSync(file, '')
    expect(failure(file).message).toMatch(new RegExp(`^The data folder ${file} cannot be created .*choose another one`))
  })

  test.skipIf(process.platform === 'win32')(
    'refuses a folder that it may not write, and a store that it may not write (needs POSIX)',
    async () => {
      const place = tempFolder()
      const folder = join(place, 'data')
      const filled = await filledFolder()
      mkdirSync(folder)
      cpSync(join(filled, FILE), join(place, FILE))
      chmodSync(place, 0o777)
      chmodSync(folder, 0o555)
      chmodSync(join(place, FILE), 0o444)
      onTestFinished(() => chmodSync(folder, 0o755))
      // Root may write everywhere: the attempt is made by a process that gives its rights up, after it has loaded what it needs.
      const attempt = (where: string) => {
        const script = `
        const { SqliteStore } = await import(${JSON.stringify(new URL('../../../kit/sqlite/sqlite-store.ts', import.meta.url).href)})
        if (process.getuid() === 0) {
          process.setgid(65534)
          process.setuid(65534)
        }
        try {
          new SqliteStore({ folder: ${JSON.stringify(where)}, name: ${JSON.stringify(FILE)}, setting: 'file_path', schema: '', version: 1, onError() {} })
          console.log('opened')
        } catch (error) { console.log(error.name, error.message) }`
        return spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: '/' }).stdout.toString()
      }
      expect(attempt(folder)).toMatch(/^StoreError The data folder \S+data cannot be written\. Make it writable/)
      expect(attempt(place)).toMatch(/^StoreError The store file \S+test\.db cannot be written\. Make it writable/)
      expect(attempt(join(folder, 'below'))).toMatch(/^StoreError The data folder \S+ cannot be created/)
    },
  )
})
