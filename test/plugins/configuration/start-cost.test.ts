// What an engine pays whose settings nobody touches: neither the YAML library nor the validator is loaded.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'

const url = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href)

/** Starts the plugin, tells it of another one, runs `then`, and prints the packages that were loaded. */
const script = (folder: string, then: string) => `
  import { createRequire } from 'node:module'
  const { default: plugin } = await import(${url('plugins/configuration/index.ts')})
  const { startTestEngine } = await import(${url('testing/index.ts')})
  const engine = await startTestEngine({ projectRoot: ${JSON.stringify(folder)} })
  // Without its schema: what checks its own settings is the host, which remembers what it has checked before.
  await engine.run({ ...plugin, config: undefined }, { builtIn: true })
  const call = (function_id, payload) => engine.call(function_id, payload)
  await call('engine::seat::settings', { op: 'resolve', plugin: 'iii-state', config: { a: 1 } })
  const about = { aliases: [], description: '', schema: {}, config: { a: 1 }, value: { a: 1 }, file: null }
  await call('engine::seat::settings', { op: 'applied', plugin: 'iii-state', ...about })
  await call('configuration::get', { id: 'iii-state' })
  ${then}
  const loaded = Object.keys(createRequire(${url('package.json')}).cache)
  console.log(JSON.stringify(['ajv', 'yaml'].filter((name) => loaded.some((file) => file.includes('/node_modules/' + name + '/')))))
  process.exit(0)
`

async function loadedBy(then: string): Promise<unknown> {
  const args = ['--input-type=module', '-e', script(tempFolder(), then)]
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
}

test('A fresh start with plugins loads neither; what is registered needs both', async () => {
  expect(await loadedBy('')).toEqual([])
  expect(await loadedBy(`await call('configuration::register', { id: 'demo', schema: {} })`)).toEqual(['ajv', 'yaml'])
})
