// Compiling and caching: what a bundle holds, when it is found again, what errors say.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { PluginBuilds } from '../../../../core/host/builds/plugin-builds.ts'
import type { PluginSource } from '../../../../core/host/table/plugin-source.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

const ROOT = resolve(fileURLToPath(import.meta.url), '../../../../..')

function place(files: Record<string, string>) {
  const folder = tempFolder()
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  const entryFile = join(folder, 'plugins/hello/index.ts')
  const source: PluginSource = {
    name: 'hello',
    aliases: [],
    entryFile,
    path: dirname(entryFile),
    builtIn: false,
    replaces: false,
    origin: 'plugins/hello',
  }
  const builds = (engineVersion = '1', root = ROOT) =>
    new PluginBuilds({
      engine: { root, pluginModule: join(ROOT, 'sdk/plugin.ts') },
      engineVersion,
      projectRoot: folder,
      cacheDir: join(folder, 'cache'),
    })
  const run = async () => {
    const own = builds()
    const bundle = await own.bundleOf(source)
    await own.close()
    return ((await import(pathToFileURL(bundle.file).href)) as { default: unknown }).default
  }
  return { folder, write, source, builds, run, entryFile }
}

test('a package that a built-in loads only on demand stays outside of its bundle; one of a user plugin does not', async () => {
  const { folder, source, builds } = place({
    'plugins/hello/index.ts': `export default { load: async () => (await import('heavy')).default }`,
    'node_modules/heavy/package.json': '{"name":"heavy","main":"main.js"}',
    'node_modules/heavy/main.js': `module.exports = 'a heavy package'`,
  })
  const asBuiltIn = builds('1', folder)
  const asUser = builds('2')
  const bundles = [await asBuiltIn.bundleOf(source), await asUser.bundleOf(source)]
  await Promise.all([asBuiltIn.close(), asUser.close()])
  const holds = bundles.map(({ file }) => readFileSync(file, 'utf8').includes('a heavy package'))
  expect(holds).toEqual([false, true])
  for (const { file } of bundles) {
    const { default: plugin } = (await import(pathToFileURL(file).href)) as { default: { load(): Promise<string> } }
    expect(await plugin.load()).toBe('a heavy package')
  }
})

test('a bundle holds the plugin and its packages, CommonJS ones as well, each with its own place', async () => {
  const { run, folder } = place({
    'plugins/hello/index.ts': `import { shout } from './shout.ts'
import legacy from 'legacy'
export default { text: shout('hi'), legacy, url: import.meta.url, dirname: import.meta.dirname }`,
    'plugins/hello/shout.ts': 'export const shout = (text: string): string => text.toUpperCase()',
    'node_modules/legacy/package.json': '{"name":"legacy","main":"main.js"}',
    'node_modules/legacy/main.js': `const path = require('path'); module.exports = path.basename(__dirname) + path.basename(__filename)`,
  })
  expect(await run()).toEqual({
    text: 'HI',
    legacy: 'legacymain.js',
    url: pathToFileURL(join(folder, 'plugins/hello/index.ts')).href,
    dirname: join(folder, 'plugins/hello'),
  })
})

test('what a module looks up it looks up from its own place', async () => {
  const { run, folder } = place({
    'plugins/hello/index.ts': `import deep from 'deep'
export default {
  ...deep,
  beside: import.meta.resolve('./part.ts'),
  package: import.meta.resolve('deep'),
  builtIn: [import.meta.resolve('fs'), import.meta.resolve('node:fs')],
}`,
    'node_modules/deep/package.json': '{"name":"deep","main":"lib/main.js"}',
    'node_modules/deep/lib/main.js': `
module.exports = {
  own: require.resolve('./worker'),
  inner: require.resolve('inner/package.json'),
  missing: (() => { try { return require.resolve('nowhere') } catch (error) { return error.code } })(),
}`,
    'node_modules/deep/lib/worker.js': '',
    'node_modules/deep/node_modules/inner/package.json': '{"name":"inner"}',
  })
  const url = (path: string): string => pathToFileURL(join(folder, path)).href
  expect(await run()).toEqual({
    own: join(folder, 'node_modules/deep/lib/worker.js'),
    inner: join(folder, 'node_modules/deep/node_modules/inner/package.json'),
    missing: 'MODULE_NOT_FOUND',
    beside: url('plugins/hello/part.ts'),
    package: url('node_modules/deep/lib/main.js'),
    builtIn: ['node:fs', 'node:fs'],
  })
})

test('iii-host/plugin is the module of the running engine, not a copy of it', async () => {
  const { builds, source } = place({
    'plugins/hello/index.ts': `export { definePlugin as default } from 'iii-host/plugin'`,
  })
  const own = builds()
  const bundle = await own.bundleOf(source)
  await own.close()
  expect(readFileSync(bundle.file, 'utf8')).toContain(pathToFileURL(join(ROOT, 'sdk/plugin.ts')).href)
})

test('a warm cache gives the same bundle without compiling, with what it declared', async () => {
  const { builds, source } = place({ 'plugins/hello/index.ts': 'export default 1' })
  const cold = builds()
  const made = await cold.bundleOf(source)
  cold.remember(source, made, { name: 'hello', requires: [], overlap: true, seats: [] })
  await cold.close()
  const before = readFileSync(made.file)
  const warm = builds()
  const found = await warm.bundleOf(source)
  expect(found).toEqual({ ...made, declaration: { name: 'hello', requires: [], overlap: true, seats: [] } })
  expect(readFileSync(found.file)).toEqual(before)
  await warm.close()
})

test.each(['plugins/hello/index.ts', 'plugins/hello/part.ts'])('a change of %s is another bundle', async (changed) => {
  const { builds, source, write } = place({
    'plugins/hello/index.ts': `import { part } from './part.ts'\nexport default part`,
    'plugins/hello/part.ts': 'export const part = 1',
  })
  const own = builds()
  const first = await own.bundleOf(source)
  write(
    changed,
    changed.endsWith('part.ts') ? 'export const part = 2' : `import { part } from './part.ts'\nexport default -part`,
  )
  const second = await own.bundleOf(source)
  expect(second.hash).not.toBe(first.hash)
  expect(second.inputs.map(({ path }) => path).sort()).toEqual(first.inputs.map(({ path }) => path).sort())
  await own.close()
})

test('another version of the engine is another bundle', async () => {
  const { builds, source } = place({ 'plugins/hello/index.ts': 'export default 1' })
  const [one, two] = [builds('1'), builds('2')]
  expect((await one.bundleOf(source)).file).not.toBe((await two.bundleOf(source)).file)
  await Promise.all([one.close(), two.close()])
})

test('errors name file, line and column, and the files whose change may mend them', async () => {
  const { builds, source, folder } = place({
    'plugins/hello/index.ts': `import './broken.ts'\nexport default 1`,
    'plugins/hello/broken.ts': 'const a = 1\nconst b = ;\n',
  })
  const own = builds()
  await expect(own.bundleOf(source)).rejects.toMatchObject({
    code: 'PLUGIN_BUILD_FAILED',
    message: expect.stringMatching(/^plugins\/hello\/broken\.ts:2:11: /),
  })
  expect(own.inputsOf(source)).toMatchObject({
    anyBeside: true,
    files: expect.arrayContaining([join(folder, 'plugins/hello/broken.ts')]),
  })
  await own.close()
})

test('a missing package and a file of a strange type are build errors', async () => {
  const { builds, source, write } = place({
    'plugins/hello/index.ts': `import 'nowhere-to-be-found'\nexport default 1`,
  })
  const own = builds()
  await expect(own.bundleOf(source)).rejects.toMatchObject({ message: expect.stringContaining('nowhere-to-be-found') })
  write('plugins/hello/picture.png', 'x')
  write('plugins/hello/index.ts', `import './picture.png'`)
  await expect(own.bundleOf(source)).rejects.toMatchObject({ message: expect.stringContaining("'.png'") })
  await own.close()
})

test('a manifest that is no JSON is a cold cache', async () => {
  const { builds, source, folder } = place({ 'plugins/hello/index.ts': 'export default 1' })
  const first = builds()
  const { hash } = await first.bundleOf(source)
  await first.close()
  const manifest = readdirSync(join(folder, 'cache/plugins')).find((file) => file.endsWith('.json'))
  writeFileSync(join(folder, 'cache/plugins', manifest!), '{half')
  const second = builds()
  expect((await second.bundleOf(source)).hash).toBe(hash)
  await second.close()
})

describe('paths of a tsconfig.json', () => {
  const PLUGIN = {
    'plugins/hello/index.ts': `import { a } from '@lib/a'\nimport b from '~b'\nexport default [a, b]`,
    'shared/lib/a.ts': `export const a = 'a'`,
    'shared/b.ts': `export default 'b'`,
  }
  const PATHS = { '@lib/*': ['./nowhere/*', './shared/lib/*'], '@lib/x*': ['./nowhere/*'], '~b': ['./shared/b'] }
  const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'above the plugin': {
      'tsconfig.json': `{ // mine\n "compilerOptions": { "jsx": "preserve", "paths": ${JSON.stringify(PATHS)}, }, }`,
    },
    'beside it, from a file that it extends, with a baseUrl': {
      'plugins/tsconfig.json': '{ "extends": "../base" }',
      'base.json': JSON.stringify({ compilerOptions: { baseUrl: '.', paths: PATHS } }),
    },
    'in a jsconfig.json': { 'jsconfig.json': JSON.stringify({ compilerOptions: { paths: PATHS } }) },
    'from a package that it extends': {
      'tsconfig.json': '{ "extends": ["house/tsconfig.json"], "compilerOptions": {} }',
      'node_modules/house/tsconfig.json': JSON.stringify({
        compilerOptions: { paths: { '@lib/*': ['../../shared/lib/*'], '~b': ['../../shared/b.ts'] } },
      }),
    },
  }

  test.each(Object.entries(FILES))('count, %s', async (_where, files) => {
    expect(await place({ ...PLUGIN, ...files }).run()).toEqual(['a', 'b'])
  })

  test('are inputs: another target is another bundle', async () => {
    const tsconfig = (target: string): string => JSON.stringify({ compilerOptions: { paths: { '@lib/*': [target] } } })
    const { builds, source, write, folder } = place({
      'plugins/hello/index.ts': `import { a } from '@lib/a'\nexport default a`,
      'one/a.ts': 'export const a = 1',
      'two/a.ts': 'export const a = 2',
      'tsconfig.json': tsconfig('./one/*'),
    })
    const own = builds()
    const first = await own.bundleOf(source)
    expect(first.inputs.map(({ path }) => path)).toContain(join(folder, 'tsconfig.json'))
    write('tsconfig.json', tsconfig('./two/*'))
    const second = await own.bundleOf(source)
    await own.close()
    expect(second.hash).not.toBe(first.hash)
    expect(readFileSync(second.file, 'utf8')).toContain('a = 2')
  })

  test('are no inputs of a plugin that needs none of them', async () => {
    const { builds, source, folder } = place({
      'plugins/hello/index.ts': 'export default 1',
      'tsconfig.json': JSON.stringify({ compilerOptions: { paths: PATHS } }),
    })
    const own = builds()
    expect((await own.bundleOf(source)).inputs.map(({ path }) => path)).toEqual([
      join(folder, 'plugins/hello/index.ts'),
    ])
    await own.close()
  })

  test('do not turn the name of the engine, nor what packages import', async () => {
    const { run } = place({
      'plugins/hello/index.ts': `import { definePlugin } from 'iii-host/plugin'\nimport p from 'p'\nexport default [typeof definePlugin, p]`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { paths: { 'iii-host/*': ['./types/*'], q: ['./types/plugin'] } },
      }),
      'types/plugin.ts': 'export default "mine"',
      'node_modules/p/index.js': `module.exports = require('q')`,
      'node_modules/q/index.js': `module.exports = 'q'`,
    })
    expect(await run()).toEqual(['function', 'q'])
  })

  test('of a file that can not be read: an import that does not resolve says so', async () => {
    const { builds, source } = place({ ...PLUGIN, 'tsconfig.json': '{ "compilerOptions": ' })
    const own = builds()
    await expect(own.bundleOf(source)).rejects.toThrow(/Could not resolve "@lib\/a".*tsconfig\.json can't be read/)
    await own.close()
  })
})
