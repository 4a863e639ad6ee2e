// Which of a plugin's two modules is run: its copy, or the one that it was made of.
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { signatureOf } from '../../../../base/files/file-signature.ts'
import type { ThreadFile } from '../../../../core/host/containers/thread-file.ts'
import { importPlugin } from '../../../../core/host/inside/import-plugin.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

function plugin(): { url: string; source: string; copy: string; file: ThreadFile } {
  const folder = tempFolder()
  const source = path.join(folder, 'source.mjs')
  const copy = path.join(folder, 'copy.mjs')
  writeFileSync(source, 'export default "source"')
  const url = pathToFileURL(source).href
  writeFileSync(copy, `export const plugins = { ${JSON.stringify(url)}: async () => ({ default: 'copy' }) }`)
  const plugins = { [url]: signatureOf(statSync(source)) }
  return { url, source, copy, file: { url: 'file:///thread.mjs', builtIns: pathToFileURL(copy).href, plugins } }
}

it('is the copy while the source looks as it did', async () => {
  const { url, file } = plugin()
  expect(await importPlugin(url, file)).toMatchObject({ default: 'copy' })
})

it('is the source where it has changed since, also to one of the same size', async () => {
  const { url, source, file } = plugin()
  const { mtimeMs } = statSync(source)
  writeFileSync(source, 'export default "edited"')
  utimesSync(source, mtimeMs / 1_000 + 10, mtimeMs / 1_000 + 10)
  expect(await importPlugin(url, file)).toMatchObject({ default: 'edited' })
})

it('is the source where there is no copy, or this thread is not made of the one file', async () => {
  const { url, file } = plugin()
  expect(await importPlugin(url, { ...file, plugins: {} })).toMatchObject({ default: 'source' })
  expect(await importPlugin(url, undefined)).toMatchObject({ default: 'source' })
})

it.each([
  ['torn', 'export const plug'],
  ['empty', ''],
  ['of others', 'export const plugins = {}'],
  ['faulty', 'export const plugins = new Proxy({}, { get: () => () => Promise.reject(new Error("faulty")) })'],
  ['of zeros', '\0'.repeat(100)],
])('is the source where the file with its copy is %s', async (_how, text) => {
  const { url, copy, file } = plugin()
  writeFileSync(copy, text)
  expect(await importPlugin(url, file)).toMatchObject({ default: 'source' })
})

it('is the source where the file with its copy was cleared away', async () => {
  const { url, copy, file } = plugin()
  rmSync(copy)
  expect(await importPlugin(url, file)).toMatchObject({ default: 'source' })
})
