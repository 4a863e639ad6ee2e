import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { removeLeftovers, writeNew, writeWhole } from '../../../base/files/atomic-file.ts'
import { tempFolder } from '../../support/temp-folder.ts'

describe('a file that is written whole', () => {
  test.each([false, true])('is made or replaced, with nothing left beside it (durable: %s)', async (durable) => {
    const folder = tempFolder()
    const file = join(folder, 'a.json')
    for (const content of ['one', Buffer.from('two')]) {
      await writeWhole(file, content, { durable })
      expect(readFileSync(file, 'utf8')).toBe(content.toString())
    }
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  test('is never seen half-written', async () => {
    const file = join(tempFolder(), 'a.txt')
    const texts = ['a', 'b'].map((letter) => letter.repeat(1_000_000))
    await writeWhole(file, texts[0] ?? '')
    const seen: string[] = []
    for (let round = 0; round < 10; round++) {
      const written = writeWhole(file, texts[round % 2] ?? '').then(() => true)
      do seen.push(readFileSync(file, 'utf8'))
      while (!(await Promise.race([written, new Promise<false>((resolve) => setImmediate(resolve, false))])))
    }
    // Lengths and letters say more than a megabyte of them.
    const shapes = new Set(seen.map((text) => `${text.length} × ${[...new Set(text)].join()}`))
    expect([...shapes].sort()).toEqual(['1000000 × a', '1000000 × b'])
  })

  test.skipIf(process.platform === 'win32')(
    'keeps the rights that it was given, and is made with those asked for (needs POSIX)',
    async () => {
      const file = join(tempFolder(), 'a.txt')
      const rights = (): number => statSync(file).mode & 0o777
      await writeWhole(file, 'one', { mode: 0o600 })
      expect(rights()).toBe(0o600)
      chmodSync(file, 0o666)
      await writeWhole(file, 'two', { mode: 0o600 })
      expect(rights()).toBe(0o666)
    },
  )

  test('is written behind the link that names it', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'real'))
    writeFileSync(join(folder, 'real/a.txt'), 'old')
    symlinkSync('real/a.txt', join(folder, 'link'))
    await writeWhole(join(folder, 'link'), 'new')
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(folder, 'real/a.txt'), 'utf8')).toBe('new')
    expect(readdirSync(folder).sort()).toEqual(['link', 'real'])
  })

  test('stays as it was when the new content can’t take its place', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'a'))
    writeFileSync(join(folder, 'a/inside'), '')
    await expect(writeWhole(join(folder, 'a'), 'text')).rejects.toThrow()
    expect(readdirSync(folder)).toEqual(['a'])
  })
})

test('leftovers are removed once they are old, and only those of the files that are named', async () => {
  const folder = tempFolder()
  const names = ['.a.json.0123456789ab.tmp', '.b.json.0123456789ab.tmp', '.a.json.tmp', 'a.json']
  for (const name of names) {
    writeFileSync(join(folder, name), '')
    utimesSync(join(folder, name), 0, 0)
  }
  writeFileSync(join(folder, '.a.json.ba9876543210.tmp'), '')
  await removeLeftovers(folder, /^a\.json$/)
  expect(readdirSync(folder).sort()).toEqual(
    ['.a.json.ba9876543210.tmp', '.a.json.tmp', '.b.json.0123456789ab.tmp', 'a.json'].sort(),
  )
})

test('leftovers of a folder that is not there are none', async () => {
  await removeLeftovers(join(tempFolder(), 'none'), /./)
})

describe('a file that is made', () => {
  test.each([false, true])('is whole, and one that is there stays as it is (durable: %s)', async (durable) => {
    const folder = tempFolder()
    const file = join(folder, 'a.txt')
    expect(await writeNew(file, 'one', { durable, mode: 0o600 })).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await writeNew(file, 'two', { durable })).toBe(false)
    expect(readFileSync(file, 'utf8')).toBe('one')
    expect(readdirSync(folder)).toEqual(['a.txt'])
  })

  test('by many at once is made by one', async () => {
    const folder = tempFolder()
    const file = join(folder, 'a.txt')
    const made = await Promise.all(Array.from({ length: 50 }, (_, n) => writeNew(file, `${n}`.repeat(10_000))))
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(readFileSync(file, 'utf8')).toBe(`${made.indexOf(true)}`.repeat(10_000))
    expect(readdirSync(folder)).toEqual(['a.txt'])
  })

  test('is not made where a folder or a link is, even one that leads nowhere', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'a'))
    symlinkSync('nowhere', join(folder, 'b'))
    expect(await writeNew(join(folder, 'a'), 'one')).toBe(false)
    expect(await writeNew(join(folder, 'b'), 'one')).toBe(false)
    expect(readdirSync(folder).sort()).toEqual(['a', 'b'])
  })

  test('in a folder that is not there is an error', async () => {
    await expect(writeNew(join(tempFolder(), 'no', 'a'), 'one')).rejects.toThrow('ENOENT')
  })
})
