// Native code in plugins, with a real `.node` file in packages that are laid out as those of npm are.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Isolation } from '../../../sdk/plugin.ts'
import { lacks, nativeFile } from '../../support/needs.ts'
import { testHost, type TestHost } from './test-host.ts'

const NATIVE_FILE = nativeFile()

/** Finds the root of its caller's package by the stack, as `bindings` does. */
const BINDINGS = `
const { dirname, join } = require('path'), { existsSync } = require('fs')
module.exports = (name) => {
  const before = Error.prepareStackTrace
  let caller
  Error.prepareStackTrace = (_error, frames) => (caller = frames.map((frame) => frame.getFileName()).find((file) => file !== __filename))
  void new Error().stack
  Error.prepareStackTrace = before
  let root = dirname(caller)
  while (!existsSync(join(root, 'package.json'))) root = dirname(root)
  return require(join(root, 'build', 'Release', name))
}`

const LAYOUTS = {
  'an entry that is a .node file': {
    use: `import * as addon from 'only-binary'`,
    packages: { 'only-binary': { 'package.json': { main: 'addon.node' }, 'addon.node': NATIVE_FILE } },
  },
  'an entry that is required': {
    use: `const addon = require('only-binary')`,
    packages: { 'only-binary': { 'package.json': { main: 'addon.node' }, 'addon.node': NATIVE_FILE } },
  },
  'a wrapper that asks for the package of its platform': {
    use: `import { nice } from '@napi/wrapper'\nconst addon = { nice }`,
    packages: {
      '@napi/wrapper': {
        'package.json': { main: 'index.js', optionalDependencies: { '@napi/wrapper-linux-x64-gnu': '1' } },
        'index.js': `
let native
try { native = require('./wrapper.android-arm64.node') } catch {}
try { native ??= require('@napi/wrapper-' + ['linux', 'x64', 'gnu'].join('-')) } catch {}
module.exports.nice = native.nice`,
      },
      '@napi/wrapper-linux-x64-gnu': { 'package.json': { main: 'wrapper.node' }, 'wrapper.node': NATIVE_FILE },
    },
  },
  'a wrapper whose sources alone say so': {
    use: `import { nice } from 'plain'\nconst addon = { nice }`,
    packages: {
      plain: { 'package.json': { main: 'index.js' }, 'index.js': `module.exports = require('only-binary')` },
      'only-binary': { 'package.json': { main: 'addon.node' }, 'addon.node': NATIVE_FILE },
    },
  },
  'a package that looks for its own root': {
    use: `import addon from 'rooted'`,
    packages: {
      rooted: {
        'package.json': { main: 'lib/index.js', dependencies: { bindings: '1' } },
        'lib/index.js': `module.exports = require('bindings')('addon.node')`,
        'build/Release/addon.node': NATIVE_FILE,
      },
      bindings: { 'package.json': { main: 'bindings.js' }, 'bindings.js': BINDINGS },
    },
  },
  'an ES module that makes its own require': {
    use: `import { addon } from 'modern'`,
    packages: {
      modern: {
        'package.json': { type: 'module', exports: './index.js', dependencies: { 'node-gyp-build': '4' } },
        'index.js': `import { createRequire } from 'node:module'
export const addon = createRequire(import.meta.url)('./addon.node')`,
        'addon.node': NATIVE_FILE,
      },
    },
  },
  'a .node file of its own': { use: `import addon from './own/addon.node'`, packages: {} },
  'one that is named without its ending': { use: `const addon = require('./own/addon')`, packages: {} },
} as const

type Packages = Readonly<Record<string, Readonly<Record<string, object | string | undefined>>>>

function write(host: TestHost, use: string, packages: Packages): void {
  const put = (path: string, content: object | string | undefined): void => {
    const file = join(host.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    if (path.endsWith('.node')) copyFileSync(content as string, file)
    else writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  }
  for (const [name, files] of Object.entries(packages))
    for (const [file, content] of Object.entries(files)) put(`node_modules/${name}/${file}`, content)
  put('plugins/hello/own/addon.node', NATIVE_FILE)
  put(
    'plugins/hello/index.ts',
    `import { definePlugin } from 'iii-host/plugin'
${use}
export default definePlugin({
  name: 'hello',
  start({ iii }) {
    iii.registerFunction('hello::type', () => typeof addon.nice)
  },
})`,
  )
}

describe.skipIf(lacks('native package'))('native code is loaded (needs native package)', () => {
  test.each(Object.entries(LAYOUTS))('in a thread: %s', async (_name, { use, packages }) => {
    const host = testHost()
    write(host, use, packages)
    expect((await host.start({ name: 'hello' })).failed).toEqual([])
    expect(await host.call('hello::type')).toBe('function')
  })

  test('in a process', async () => {
    const host = testHost()
    const { use, packages } = LAYOUTS['a package that looks for its own root']
    write(host, use, packages)
    expect((await host.start({ name: 'hello', isolation: 'process' as Isolation })).failed).toEqual([])
    expect(await host.call('hello::type')).toBe('function')
  })

  test('in the generation after it as well', async () => {
    const host = testHost()
    const { use, packages } = LAYOUTS['a wrapper that asks for the package of its platform']
    write(host, use, packages)
    await host.start({ name: 'hello' })
    await host.host.reload('hello')
    expect(await host.call('hello::type')).toBe('function')
  })
})

describe.skipIf(lacks('native package'))('native code is refused with the reason (needs native package)', () => {
  test.each(['a package that looks for its own root', 'a .node file of its own'] as const)(
    'under permissions: %s',
    async (layout) => {
      const host = testHost()
      const { use, packages } = LAYOUTS[layout]
      write(host, use, packages)
      const permissions = { fs_read: [], fs_write: [], net: true, child_process: false }
      const { failed } = await host.start({ name: 'hello', isolation: 'process', permissions })
      expect(failed).toMatchObject([{ message: expect.stringMatching(/has native code.*'permissions'/) }])
    },
  )
})
