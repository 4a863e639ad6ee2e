// What a folder holds at a moment: which files of it are other than before.
import { chmodSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { differences, NOTHING, readFolder } from '../../../base/files/folder-state.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const NOW = new Date('2026-01-01T00:00:00Z')
const any = (): boolean => true
const none = (): boolean => false

/** Written at a time of the test. */
function write(file: string, text: string, at = NOW): void {
  writeFileSync(file, text)
  utimesSync(file, at, at)
}

test('a file is other than before when its content, its time or the file itself is another one, and not with its rights', async () => {
  const folder = tempFolder()
  for (const name of ['a', 'b', 'c', 'd']) write(join(folder, name), '1')
  const read = () => readFolder(folder, any, () => NOW.getTime() + 60_000)
  const before = await read()
  expect(differences(before, await read(), any)).toEqual([])
  chmodSync(join(folder, 'a'), 0o600)
  write(join(folder, 'b'), '12')
  write(join(folder, 'c'), '2', new Date(NOW.getTime() + 1))
  write(join(folder, 'other'), '1')
  renameSync(join(folder, 'other'), join(folder, 'd'))
  expect(differences(before, await read(), any)).toEqual(['b', 'c', 'd'])
})

test('a file that was written right before it was looked at, and is touched, is other than before though nothing tells', async () => {
  const folder = tempFolder()
  for (const name of ['touched', 'left']) write(join(folder, name), '1')
  const read = () => readFolder(folder, any, () => NOW.getTime() + 5)
  const before = await read()
  write(join(folder, 'touched'), '2')
  const after = await read()
  expect(differences(before, after, (name) => name === 'touched')).toEqual(['touched'])
  expect(differences(before, after, none)).toEqual([])
})

test('a folder that is not there, or is a file, holds nothing; folders are told apart from files', async () => {
  const folder = tempFolder()
  write(join(folder, 'file'), '1')
  mkdirSync(join(folder, 'below'))
  const read = (path: string) => readFolder(path, any, Date.now)
  expect(await read(join(folder, 'missing'))).toEqual(NOTHING)
  expect(await read(join(folder, 'file'))).toEqual(NOTHING)
  const { files, folders } = await read(folder)
  expect([[...files.keys()], [...folders]]).toEqual([['file'], ['below']])
})

test('more files than are looked at side by side are all looked at', async () => {
  const folder = tempFolder()
  for (let index = 0; index < 300; index++) write(join(folder, `${index}.ts`), '1')
  const { files } = await readFolder(folder, (name) => name !== '7.ts', Date.now)
  expect(files.size).toBe(299)
})
