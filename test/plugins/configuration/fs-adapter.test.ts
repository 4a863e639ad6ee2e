// The adapter fs (spec 04 A.9.1, A.9.3): files, their damage, edits by hand, and what is left after a crash.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { JsonValue } from '../../../base/values/json-value.ts'
import { formatEntry, MAX_FILE_BYTES, readEntryFile } from '../../../plugins/configuration/adapters/entry-file.ts'
import { FolderStore, openFolderStore } from '../../../plugins/configuration/adapters/fs.ts'
import type { StoredEntry } from '../../../plugins/configuration/adapters/store.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { configurationStoreCases, ignoring, storedEntry } from './adapter-cases.ts'

configurationStoreCases('fs', async () => {
  const folder = tempFolder()
  const open = async () => openFolder(folder).store
  return { store: await open(), again: open }
})

function openFolder(folder: string, more: { debounceMs?: number; maxFiles?: number } = {}) {
  const log = collectingLog()
  const changes = new Collector<StoredEntry | string>()
  const store = new FolderStore({ folder, log, debounceMs: 20, ...more })
  onTestFinished(() => store.close())
  const load = () => store.load({ changed: changes.add, removed: changes.add })
  const warnings = () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { store, changes, load, warnings }
}

test('A file written by hand may say no more than its id and value', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'demo.yaml'), '# mine\nid: demo\nvalue: { port: 1 }\n')
  expect(await openFolder(folder).load()).toEqual([{ id: 'demo', name: 'demo', description: '', value: { port: 1 } }])
})

test.each([
  ['a: [', 'it is not valid YAML (BAD_INDENT, line 1)'],
  ['- 1', 'it must hold a mapping with `id` and `value`'],
  ['id: other\nvalue: 1', 'its `id` must be demo, as the file is named'],
  ['id: demo', 'it has no `value`'],
  ['id: demo\nvalue: .inf', 'it holds something that JSON can’t express'],
  ['id: demo\nvalue: *nobody', 'it holds a YAML alias that can’t be resolved'],
  ['id: demo\nname: 5\nvalue: 1', '`name` must be a string'],
])('The file %j is skipped with a warning, and the others are read', async (text, problem) => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'demo.yaml'), text)
  writeFileSync(join(folder, 'fine.yaml'), 'id: fine\nvalue: 1\n')
  const { load, warnings } = openFolder(folder)
  expect((await load()).map(({ id }) => id)).toEqual(['fine'])
  expect(warnings()).toEqual([`${join(folder, 'demo.yaml')} is skipped: ${problem}`])
})

test('A file that is named like no entry is warned about, once', async () => {
  const folder = tempFolder()
  for (const name of ['Upper.yaml', 'short.yml', 'a b.yaml', '.hidden.yaml', 'fine.yaml.broken', 'notes.txt'])
    writeFileSync(join(folder, name), 'id: x\nvalue: 1\n')
  const { load, warnings, changes } = openFolder(folder)
  expect(await load()).toEqual([])
  writeFileSync(join(folder, 'fine.yaml'), 'id: fine\nvalue: 1\n')
  await changes.take(1)
  expect(warnings().sort()).toEqual(
    ['Upper.yaml', 'a b.yaml', 'short.yml'].map((name) =>
      expect.stringContaining(`${join(folder, name)} is not read: `),
    ),
  )
})

test('A warning about a broken file shows nothing of what is in it', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'demo.yaml'), 'id: demo\nvalue: { password: hunter2\n')
  const { load, warnings } = openFolder(folder)
  await load()
  expect(warnings().join()).toContain('is skipped')
  expect(warnings().join()).not.toContain('hunter2')
})

test('A file that is too large, or one too many, is skipped', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'a.yaml'), `id: a\nvalue: ${'x'.repeat(MAX_FILE_BYTES)}\n`)
  for (const id of ['b', 'c']) writeFileSync(join(folder, `${id}.yaml`), `id: ${id}\nvalue: 1\n`)
  const { load, warnings } = openFolder(folder, { maxFiles: 2 })
  expect((await load()).map(({ id }) => id)).toEqual(['b'])
  expect(warnings()).toEqual([
    `${folder} holds 3 configuration files; only the first 2 are used`,
    expect.stringMatching(/a\.yaml is skipped: it has \d+ bytes, and at most 4194304 are read/),
  ])
})

test('A broken file that is written over is kept aside', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'demo.yaml'), 'a: [')
  const { store, load } = openFolder(folder)
  await load()
  await store.save(storedEntry('demo', 1))
  expect(readFileSync(join(folder, 'demo.yaml.broken'), 'utf8')).toBe('a: [')
  expect(await openFolder(folder).load()).toMatchObject([{ id: 'demo', value: 1 }])
})

test('Changes by hand are told: new, edited, removed; comments and order are no change', async () => {
  const folder = tempFolder()
  const path = join(folder, 'demo.yaml')
  const { load, changes } = openFolder(folder)
  await load()
  writeFileSync(path, 'id: demo\nvalue: 1\n')
  await changes.take(1)
  writeFileSync(path, '# only a comment\nvalue: 1\nid: demo\n')
  writeFileSync(join(folder, 'next.yaml'), 'id: next\nvalue: 1\n')
  await changes.take(2)
  writeFileSync(join(folder, '.swap'), 'id: demo\ndescription: d\nvalue: 1\n')
  renameSync(join(folder, '.swap'), path)
  await changes.take(3)
  unlinkSync(path)
  const entry = { id: 'demo', name: 'demo', description: '', value: 1 }
  expect(await changes.take(4)).toEqual([
    entry,
    { ...entry, id: 'next', name: 'next' },
    { ...entry, description: 'd' },
    'demo',
  ])
})

test('Own writes are told to nobody, also right beside somebody else’s', async () => {
  const folder = tempFolder()
  const { store, load, changes } = openFolder(folder, { debounceMs: 1 })
  await load()
  for (let value = 0; value < 50; value++) {
    await store.save(storedEntry('own', value))
    writeFileSync(join(folder, 'other.yaml'), `id: other\nvalue: ${value}\n`)
  }
  await store.delete('own')
  writeFileSync(join(folder, 'last.yaml'), 'id: last\nvalue: 1\n')
  await vi.waitFor(() => expect(changes.items.map((change) => (change as StoredEntry).id)).toContain('last'), 10_000)
  expect(new Set(changes.items.map((change) => (change as StoredEntry).id))).toEqual(new Set(['other', 'last']))
})

test('An edit that breaks a file changes nothing, and the repaired one counts', async () => {
  const folder = tempFolder()
  const path = join(folder, 'demo.yaml')
  writeFileSync(path, 'id: demo\nvalue: 1\n')
  const { load, changes, warnings } = openFolder(folder)
  await load()
  writeFileSync(path, 'id: demo\nvalue: [\n')
  await vi.waitFor(() => expect(warnings().length).toBe(1), 10_000)
  writeFileSync(path, '')
  writeFileSync(join(folder, 'mark.yaml'), 'id: mark\nvalue: 1\n')
  await changes.take(1)
  writeFileSync(path, 'id: demo\nvalue: 2\n')
  expect(await changes.take(2)).toMatchObject([{ id: 'mark' }, { id: 'demo', value: 2 }])
  expect(warnings().length).toBe(1)
})

test('A folder that is gone deletes nothing, and comes back with the next write', async () => {
  const folder = join(tempFolder(), 'config')
  mkdirSync(folder)
  const { store, load, changes, warnings } = openFolder(folder)
  await load()
  await store.save(storedEntry('demo', 1))
  rmSync(folder, { recursive: true })
  await vi.waitFor(
    () => expect(warnings()).toEqual([expect.stringContaining('is gone: what was read from it stays in force')]),
    10_000,
  )
  await store.save(storedEntry('demo', 2))
  expect(readdirSync(folder)).toEqual(['demo.yaml'])
  writeFileSync(join(folder, 'hand.yaml'), 'id: hand\nvalue: 1\n')
  expect(await changes.take(1)).toMatchObject([{ id: 'hand' }])
})

test('A folder that comes back after a while is read again, and edits in it are told as before', async () => {
  const folder = join(tempFolder(), 'config')
  mkdirSync(folder)
  writeFileSync(join(folder, 'demo.yaml'), 'id: demo\nvalue: 0\n')
  const { load, changes, warnings } = openFolder(folder)
  await load()
  for (const round of [1, 2]) {
    rmSync(folder, { recursive: true })
    await vi.waitFor(() => expect(warnings().length).toBe(round), 10_000)
    mkdirSync(folder)
    writeFileSync(join(folder, 'demo.yaml'), `id: demo\nvalue: back ${round}\n`)
    await changes.take(round * 2 - 1)
    writeFileSync(join(folder, 'demo.yaml'), `id: demo\nvalue: edited ${round}\n`)
    await changes.take(round * 2)
  }
  const values = changes.items.map((change) => (change as StoredEntry).value)
  expect(values).toEqual(['back 1', 'edited 1', 'back 2', 'edited 2'])
})

test('A folder into whose place another is moved is read as it is now', async () => {
  const parent = tempFolder()
  const [folder, next] = [join(parent, 'config'), join(parent, 'next')]
  for (const [path, value] of [
    [folder, 'old'],
    [next, 'new'],
  ] as const) {
    mkdirSync(path)
    writeFileSync(join(path, 'demo.yaml'), `id: demo\nvalue: ${value}\n`)
  }
  const { load, changes } = openFolder(folder)
  await load()
  renameSync(folder, join(parent, 'away'))
  renameSync(next, folder)
  await changes.take(1)
  writeFileSync(join(folder, 'demo.yaml'), 'id: demo\nvalue: edited\n')
  expect(await changes.take(2)).toMatchObject([{ value: 'new' }, { value: 'edited' }])
})

test('What a killed engine left half-written is swept up once it is old', async () => {
  const folder = tempFolder()
  const leftover = (name: string) => join(folder, `.demo.yaml.${name}.tmp`)
  for (const name of ['0123456789ab', 'ba9876543210']) writeFileSync(leftover(name), 'half')
  utimesSync(leftover('0123456789ab'), 0, 0)
  writeFileSync(join(folder, '.notes.tmp'), 'mine')
  utimesSync(join(folder, '.notes.tmp'), 0, 0)
  await openFolder(folder).load()
  expect(readdirSync(folder).sort()).toEqual(['.demo.yaml.ba9876543210.tmp', '.notes.tmp'])
})

test('A write keeps the rights that a file was given', async () => {
  const folder = tempFolder()
  const { store, load } = openFolder(folder)
  await load()
  await store.save(storedEntry('demo', 1))
  expect(statSync(join(folder, 'demo.yaml')).mode & 0o777).toBe(0o600)
  chmodSync(join(folder, 'demo.yaml'), 0o640)
  await store.save(storedEntry('demo', 2))
  expect(statSync(join(folder, 'demo.yaml')).mode & 0o777).toBe(0o640)
})

test('Entries of an older place are moved over once; those that exist win', async () => {
  const projectRoot = tempFolder()
  const [from, to] = [join(projectRoot, 'data/configuration'), join(projectRoot, 'config')]
  for (const folder of [from, to]) mkdirSync(folder, { recursive: true })
  for (const id of ['a', 'b']) writeFileSync(join(from, `${id}.yaml`), `id: ${id}\nvalue: old\n`)
  writeFileSync(join(to, 'b.yaml'), 'id: b\nvalue: new\n')
  const store = await openFolderStore({ config: {}, projectRoot, log: collectingLog() })
  onTestFinished(() => store.close())
  expect((await store.load(ignoring)).map(({ id, value }) => [id, value])).toEqual([
    ['a', 'old'],
    ['b', 'new'],
  ])
  expect(readdirSync(from)).toEqual(['b.yaml'])
})

test('Nothing is moved to a folder that was chosen', async () => {
  const projectRoot = tempFolder()
  mkdirSync(join(projectRoot, 'data/configuration'), { recursive: true })
  writeFileSync(join(projectRoot, 'data/configuration/a.yaml'), 'id: a\nvalue: 1\n')
  const store = await openFolderStore({ config: { directory: 'mine' }, projectRoot, log: collectingLog() })
  onTestFinished(() => store.close())
  expect(await store.load(ignoring)).toEqual([])
  expect(existsSync(join(projectRoot, 'mine'))).toBe(true)
})

test('A chosen folder that cannot be made ends the start; the default one is a warning', async () => {
  const projectRoot = tempFolder()
  for (const name of ['mine', 'config']) writeFileSync(join(projectRoot, name), 'a file')
  const log = collectingLog()
  await expect(openFolderStore({ config: { directory: 'mine' }, projectRoot, log })).rejects.toThrow(
    /The folder .*mine of configuration entries can't be written .*adapter\.config\.directory/,
  )
  const store = await openFolderStore({ config: {}, projectRoot, log })
  onTestFinished(() => store.close())
  expect(log.lines).toEqual([
    expect.objectContaining({ level: 'warn', message: expect.stringContaining('configuration::set and') }),
  ])
  expect(await store.load(ignoring)).toEqual([])
  await expect(store.save(storedEntry('demo', 1), 'entry')).rejects.toThrow()
})

test('Any value comes back from its file as it was', async () => {
  const folder = tempFolder()
  const path = join(folder, 'demo.yaml')
  const values = fc.jsonValue({ stringUnit: 'binary', noUnicodeString: false } as object)
  await fc.assert(
    fc.asyncProperty(values, async (generated) => {
      const value = JSON.parse(JSON.stringify(generated)) as JsonValue
      const entry = storedEntry('demo', value, { seed: 'seed' })
      writeFileSync(path, await formatEntry(entry))
      expect(await readEntryFile(path, 'demo', undefined)).toMatchObject({ entry })
    }),
    { numRuns: 200 },
  )
})
