// What is said of native modules that Node can't load, with a loader that fails as Node's does.
import { expect, test } from 'vitest'
import { explainNativeFailures, type Loading } from '../../../../core/host/inside/native-failures.ts'

const FILE = '/p/node_modules/@scope/sqlite/build/Release/sqlite.node'

function failing(message: string): Loading {
  const loading: Loading = {
    dlopen: () => {
      throw Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' })
    },
    execPath: '/opt/node26/bin/node',
    version: 'v26.10.0',
  }
  explainNativeFailures(loading)
  return loading
}

test('one that was compiled for another Node: with which Node to install its package', () => {
  const { dlopen } = failing(
    `The module '${FILE}'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115. This version of Node.js requires\nNODE_MODULE_VERSION 147. Please try re-compiling`,
  )
  const failure = expect.objectContaining({
    code: 'ERR_DLOPEN_FAILED',
    message: expect.stringMatching(
      /sqlite\.node was compiled for another Node \(NODE_MODULE_VERSION 115\) .*v26\.10\.0.*PATH="\/opt\/node26\/bin:\$PATH" npm rebuild @scope\/sqlite$/,
    ),
  })
  expect(() => dlopen({}, FILE)).toThrow(failure)
})

test('one that only one thread can load: to give the plugin a process', () => {
  expect(() => failing(`Module did not self-register: '${FILE}'.`).dlopen({}, FILE)).toThrow(/isolation: process/)
})

test('other failures stay as they are', () => {
  expect(() => failing(`${FILE}: file too short`).dlopen({}, FILE)).toThrow(`${FILE}: file too short`)
})

test('what can be loaded is', () => {
  const loaded: unknown[] = []
  const loading: Loading = { dlopen: (...args) => void loaded.push(args), execPath: '', version: '' }
  explainNativeFailures(loading)
  loading.dlopen({ exports: {} }, FILE, 2)
  expect(loaded).toEqual([[{ exports: {} }, FILE, 2]])
})
