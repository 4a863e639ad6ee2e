// What an engine pays for a directory that nobody asks: none of the libraries that answering takes is loaded.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { putImageResize } from '../../kit/registry/registry-folder.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const url = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href)

/** Starts the plugin, runs `then`, and prints which of the packages and modules were loaded. */
const script = (folder: string, then: string) => `
  import { createRequire, registerHooks } from 'node:module'
  const ours = []
  registerHooks({ load(file, context, next) { ours.push(file); return next(file, context) } })
  const { default: plugin } = await import(${url('plugins/directory/index.ts')})
  const { startTestEngine } = await import(${url('testing/index.ts')})
  const engine = await startTestEngine({ projectRoot: ${JSON.stringify(folder)} })
  await engine.run({ ...plugin, config: undefined }, { builtIn: true })
  const call = (function_id, payload) => engine.call(function_id, payload)
  ${then}
  const loaded = [...Object.keys(createRequire(${url('package.json')}).cache), ...ours]
  const parts = ['node_modules/semver/', 'node_modules/yaml/', 'node_modules/tar-stream/', 'remote-registry', 'worker-registry', 'engine-workers/details', 'search/search']
  console.log(JSON.stringify(parts.filter((part) => loaded.some((file) => file.includes(part)))))
  process.exit(0)
`

async function loadedBy(then: string): Promise<unknown> {
  const folder = tempFolder()
  putImageResize(`${folder}/.iii/registry`)
  const args = ['--input-type=module', '-e', script(folder, then)]
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
}

test('Nothing is loaded before the first call, and a call loads what it needs', async () => {
  expect(await loadedBy('')).toEqual([])
  expect(await loadedBy(`await call('directory::registry::settings', {})`)).toEqual([])
  expect(await loadedBy(`await call('directory::registry::workers::info', { name: 'image-resize' })`)).toEqual([
    'node_modules/semver/',
    'node_modules/yaml/',
    'worker-registry',
  ])
})
