// The life of one plugin: found, started, changed, broken, mended, stopped (spec 09 checks 1 to 3).
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WorkerNames } from '../../../core/config/worker-names.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { greeter, testHost } from './test-host.ts'

describe('entries and files', () => {
  test('a plugin is available without an entry and callable with one', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    await host.start()
    expect(await host.row('hello')).toMatchObject({
      state: 'available',
      origin: 'plugins/hello.ts',
      generation: 0,
      thread: null,
    })

    const report = await host.apply({ name: 'hello' })
    expect(report).toMatchObject({ applied: true, started: ['hello'] })
    expect(await host.call('hello::greet')).toBe('hi')
    expect(await host.row('hello')).toMatchObject({
      state: 'running',
      generation: 1,
      functions: 1,
      calls: 1,
      errors: 0,
      isolation: 'thread',
    })
  })

  test('a plugin loses its functions when its entry goes', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    await host.start({ name: 'hello' })
    expect(await host.call('hello::greet')).toBe('hi')
    expect(await host.apply()).toMatchObject({ applied: true, stopped: ['hello'] })
    await expect(host.call('hello::greet')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.row('hello')).toMatchObject({ state: 'available' })
  })

  test('a disabled entry makes the plugin known and does not run it', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    await host.start({ name: 'hello', enabled: false })
    expect(await host.row('hello')).toMatchObject({ state: 'disabled', functions: 0 })
    await expect(host.host.reload('hello')).rejects.toMatchObject({
      code: 'PLUGIN_START_FAILED',
      message: expect.stringContaining('disabled'),
    })
  })

  test('two files with one name are an error that names both', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'file'))
    host.write('plugins/hello/index.ts', greeter('hello', 'folder'))
    await host.start({ name: 'hello' })
    const told = host.lines.join('\n')
    expect(told).toContain('plugins/hello.ts')
    expect(told).toContain('plugins/hello/index.ts')
    await expect(host.call('hello::greet')).rejects.toMatchObject({ code: 'function_not_found' })
  })

  test('a name that differs from the file is a start error', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('other', 'hi'))
    const { failed } = await host.start({ name: 'hello' })
    expect(failed).toMatchObject([{ name: 'hello', builtIn: false, message: expect.stringContaining("'other'") }])
  })

  test('a file that is no plugin fails with what is missing', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', 'export const nothing = 1\n')
    const { failed } = await host.start({ name: 'hello' })
    expect(failed).toMatchObject([{ code: 'PLUGIN_START_FAILED', message: expect.stringContaining('default export') }])
    expect(await host.row('hello')).toMatchObject({ state: 'failed', error: expect.stringContaining('default export') })
  })
})

describe('a saved file', () => {
  test('brings new answers, without a failed call', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    expect(await host.call('hello::greet')).toBe('one')
    host.write('plugins/hello.ts', greeter('hello', 'two'))
    expect(await host.event('reloaded')).toEqual({ event: 'reloaded', name: 'hello', generation: 2 })
    expect(await host.call('hello::greet')).toBe('two')
  })

  test('with a syntax error keeps the old answers, says where, and is forgotten when mended', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    host.write('plugins/hello.ts', 'export default {\n  name: "hello" oops\n}\n')
    const { error } = await host.event('stale')
    expect(error).toMatch(/^plugins\/hello\.ts:2:17: /)
    expect(await host.row('hello')).toMatchObject({
      state: 'running',
      generation: 1,
      stale: { reason: 'build', error },
    })
    expect(await host.call('hello::greet')).toBe('one')

    host.write('plugins/hello.ts', greeter('hello', 'mended'))
    await host.event('reloaded')
    expect(await host.call('hello::greet')).toBe('mended')
    expect(await host.row('hello')).not.toHaveProperty('stale')
  })

  test('that throws at import keeps the old answers', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    host.write('plugins/hello.ts', `${greeter('hello', 'two')}\nthrow new Error('at import')\n`)
    await host.event('stale')
    expect(await host.row('hello')).toMatchObject({
      stale: { reason: 'import', error: expect.stringContaining('at import') },
    })
    expect(await host.call('hello::greet')).toBe('one')
  })

  test('that is imported by the plugin counts as well', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello/text.ts', `export const text = 'one'\n`)
    host.write(
      'plugins/hello/index.ts',
      `import { definePlugin } from 'iii-host/plugin'
import { text } from './text.ts'
export default definePlugin({ name: 'hello', start({ iii }) { iii.registerFunction('hello::greet', () => text) } })
`,
    )
    await host.start({ name: 'hello' })
    expect(await host.call('hello::greet')).toBe('one')
    host.write('plugins/hello/text.ts', `export const text = 'two'\n`)
    await host.event('reloaded')
    expect(await host.call('hello::greet')).toBe('two')
  })

  test('that supplies a missing module mends the build', async () => {
    const host = testHost({ watch: true })
    host.write(
      'plugins/hello/index.ts',
      `import { definePlugin } from 'iii-host/plugin'
import { text } from './text.ts'
export default definePlugin({ name: 'hello', start({ iii }) { iii.registerFunction('hello::greet', () => text) } })
`,
    )
    const { failed } = await host.start({ name: 'hello' })
    expect(failed).toMatchObject([
      { name: 'hello', code: 'PLUGIN_BUILD_FAILED', message: expect.stringMatching(/index\.ts:2:\d+: .*text\.ts/) },
    ])
    host.write('plugins/hello/text.ts', `export const text = 'here'\n`)
    await host.event('started')
    expect(await host.call('hello::greet')).toBe('here')
  })

  test('that appears in plugins_dir starts when an entry waits for it', async () => {
    const host = testHost({ watch: true })
    await host.start({ name: 'late' })
    host.write('plugins/late.ts', greeter('late', 'at last'))
    await host.event('started', 'late')
    expect(await host.call('late::greet')).toBe('at last')
  })

  test('that appears in plugins_dir while others start is started after them', async () => {
    const host = testHost({ watch: true })
    const late = JSON.stringify(join(host.folder, 'plugins', 'late.ts'))
    host.write(
      'plugins/early.ts',
      `import { definePlugin } from 'iii-host/plugin'
import { writeFileSync } from 'node:fs'
export default definePlugin({
  name: 'early',
  async start() {
    writeFileSync(${late}, ${JSON.stringify(greeter('late', 'at last'))})
    await new Promise((resolve) => setTimeout(resolve, 200))
  },
})
`,
    )
    await host.start({ name: 'early' }, { name: 'late' })
    await host.event('started', 'late')
    expect(await host.call('late::greet')).toBe('at last')
  })

  test('with the content that runs already starts nothing', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    host.write('plugins/hello.ts', 'broken(')
    await host.event('stale')
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    host.forgetEvents()
    host.write('plugins/hello.ts', greeter('hello', 'two'))
    expect(await host.event('reloaded')).toMatchObject({ generation: 2 })
  })
})

describe('configuration', () => {
  const configured = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: 'hello',
  config: { type: 'object', properties: { greeting: { type: 'string', default: 'Hello' } }, additionalProperties: false },
  start({ iii, config }) {
    iii.registerFunction('hello::greet', () => ({ text: config.greeting, frozen: Object.isFrozen(config) }))
  },
})
`
  test('gets its defaults and is frozen', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', configured)
    await host.start({ name: 'hello' })
    expect(await host.call('hello::greet')).toEqual({ text: 'Hello', frozen: true })
    expect(await host.host.info('hello')).toMatchObject({ config: { greeting: 'Hello' }, functions: ['hello::greet'] })
  })

  test('against the schema is a start error with the key', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', configured)
    const { failed } = await host.start({ name: 'hello', config: { greeting: 7 } })
    expect(failed).toMatchObject([
      { name: 'hello', code: 'PLUGIN_CONFIG_INVALID', message: expect.stringMatching(/config\.greeting: .*7/) },
    ])
  })

  test('against the schema in a running engine leaves everything as it is', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', configured)
    host.write('plugins/other.ts', greeter('other', 'other'))
    await host.start({ name: 'hello' })
    const report = await host.apply({ name: 'hello', config: { greeting: 7 } }, { name: 'other' })
    expect(report).toMatchObject({ applied: false, problems: [{ plugin: 'hello', code: 'PLUGIN_CONFIG_INVALID' }] })
    expect(await host.call('hello::greet')).toMatchObject({ text: 'Hello' })
    expect(await host.row('hello')).toMatchObject({ stale: { reason: 'config' } })
    await expect(host.call('other::greet')).rejects.toMatchObject({ code: 'function_not_found' })

    expect(await host.apply({ name: 'hello', config: { greeting: 'Hi' } }, { name: 'other' })).toMatchObject({
      applied: true,
    })
    expect(await host.call('hello::greet')).toMatchObject({ text: 'Hi' })
    expect(await host.call('other::greet')).toBe('other')
    expect(await host.row('hello')).not.toHaveProperty('stale')
  })

  test('a schema that is none is told of the definition, not of the configuration file', async () => {
    const host = testHost()
    host.write(
      'plugins/hello.ts',
      greeter('hello', 'one').replace("name: 'hello',", "name: 'hello', config: { type: 'objekt' },"),
    )
    const { failed } = await host.start({ name: 'hello', config: { a: 1 } })
    expect(failed[0]?.message).toMatch(/^'config' in definePlugin of 'hello' is no JSON Schema: /)
  })

  test('a plugin without a schema takes no settings', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    const { failed } = await host.start({ name: 'hello', config: { size: 1 } })
    expect(failed).toMatchObject([{ code: 'PLUGIN_CONFIG_INVALID', message: expect.stringContaining('size') }])
  })

  test('an unchanged entry leaves its plugin alone', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', configured)
    await host.start({ name: 'hello', config: { greeting: 'Hi' } })
    expect(await host.apply({ name: 'hello', config: { greeting: 'Hi' }, origin: 'iii-config.yaml:9' })).toMatchObject({
      applied: true,
      reloaded: [],
    })
    expect(await host.row('hello')).toMatchObject({ generation: 1 })
  })

  test('is applied in place by a plugin that can', async () => {
    const host = testHost()
    host.write(
      'plugins/hello.ts',
      `import { definePlugin } from 'iii-host/plugin'
let starts = 0
export default definePlugin({
  name: 'hello',
  config: { type: 'object', properties: { greeting: { type: 'string' }, hard: { type: 'boolean' } } },
  start({ iii, config }) {
    let greeting = config.greeting
    starts += 1
    iii.registerFunction('hello::greet', () => greeting + ' ' + starts)
    return { reconfigure(next) { if (next.hard) return false; greeting = next.greeting } }
  },
})
`,
    )
    await host.start({ name: 'hello', config: { greeting: 'one' } })
    expect(await host.apply({ name: 'hello', config: { greeting: 'two' } })).toMatchObject({
      applied: true,
      reconfigured: ['hello'],
      reloaded: [],
    })
    expect(await host.call('hello::greet')).toBe('two 1')
    expect(await host.row('hello')).toMatchObject({ generation: 1 })
    expect(await host.apply({ name: 'hello', config: { greeting: 'two' } })).toMatchObject({
      applied: true,
      reconfigured: [],
      reloaded: [],
    })
    expect(await host.apply({ name: 'hello', config: { greeting: 'three', hard: true } })).toMatchObject({
      applied: true,
      reloaded: ['hello'],
    })
    expect(await host.call('hello::greet')).toBe('three 1')
    expect(await host.row('hello')).toMatchObject({ generation: 2 })
    expect(await host.apply({ name: 'hello', config: { greeting: 'three', hard: true } })).toMatchObject({
      reloaded: [],
      reconfigured: [],
    })
  })
})

describe('what contradicts something else', () => {
  test('a circle of requires names the circle', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a', `requires: ['b'],`))
    host.write('plugins/b.ts', greeter('b', 'b', `requires: ['a'],`))
    const { failed } = await host.start({ name: 'a' }, { name: 'b' })
    expect(failed.map(({ name }) => name).sort()).toEqual(['a', 'b'])
    expect(failed[0]?.message).toContain('a → b → a')
  })

  test('a missing required plugin is named', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a', `requires: ['nowhere'],`))
    const { failed } = await host.start({ name: 'a' })
    expect(failed).toMatchObject([{ name: 'a', message: expect.stringContaining("'nowhere'") }])
  })

  test('an id that another plugin owns is a start error that names both, and the owner keeps it', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a'))
    host.write('plugins/b.ts', greeter('b', 'b').replaceAll('b::greet', 'a::greet'))
    const { failed, started } = await host.start({ name: 'a' }, { name: 'b' })
    expect(started).toEqual(['a'])
    expect(failed).toMatchObject([{ name: 'b', message: expect.stringMatching(/'a::greet'.*'b'.*'a'/) }])
    expect(await host.call('a::greet')).toBe('a')
  })

  test('a reserved seat can not be claimed by a user plugin', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a', `seats: ['telemetry'],`))
    const { failed } = await host.start({ name: 'a' })
    expect(failed).toMatchObject([{ name: 'a', message: expect.stringContaining("'telemetry'") }])
  })

  test('replicas without overlap and permissions without a process are start errors', async () => {
    const host = testHost()
    host.write('plugins/a.ts', greeter('a', 'a'))
    host.write('plugins/b.ts', greeter('b', 'b'))
    const permissions = { fs_read: [], fs_write: [], net: false, child_process: false }
    const { failed } = await host.start({ name: 'a', replicas: 2 }, { name: 'b', permissions })
    expect(failed.find(({ name }) => name === 'a')?.message).toContain('overlap: true')
    expect(failed.find(({ name }) => name === 'b')?.message).toContain('isolation: process')
  })
})

describe('a plugin that is down already', () => {
  test('does not keep another one from being enabled', async () => {
    const host = testHost()
    host.write('plugins/bad.ts', 'nonsense(')
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    await host.start({ name: 'bad' })
    expect(await host.apply({ name: 'bad' }, { name: 'hello' })).toMatchObject({ applied: true, started: ['hello'] })
    expect(await host.row('bad')).toMatchObject({ state: 'failed' })
  })

  test('a configuration that was refused because of a plugin is applied when its file is mended', async () => {
    const { promise: applied, resolve } = Promise.withResolvers<unknown>()
    const host = testHost({ watch: true, onApplied: resolve })
    host.write('plugins/bad.ts', 'nonsense(')
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    await host.start()
    expect(await host.apply({ name: 'bad' }, { name: 'hello' })).toMatchObject({
      applied: false,
      problems: [{ plugin: 'bad', code: 'PLUGIN_BUILD_FAILED' }],
    })
    host.write('plugins/bad.ts', greeter('bad', 'good now'))
    expect(await applied).toMatchObject({ applied: true })
    expect([await host.call('bad::greet'), await host.call('hello::greet')]).toEqual(['good now', 'hi'])
  })
})

describe('files that vanish or replace others', () => {
  test('a plugin whose name a second file takes serves on, and says which two files', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    host.write('plugins/hello/index.ts', greeter('hello', 'two'))
    await host.apply({ name: 'hello' })
    await expect(host.host.reload('hello')).rejects.toMatchObject({
      message: expect.stringMatching(/two plugins are named 'hello': .*hello\.ts and .*index\.ts/),
    })
    expect(await host.call('hello::greet')).toBe('one')
  })

  test('a reload is told in the log, with its generation', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    await host.host.reload('hello')
    const told = host.lines.find((line) => line.includes("plugin 'hello' reloaded"))
    expect(JSON.parse(told ?? '{}')).toMatchObject({ level: 'info', generation: 2, cause: 'reload' })
  })

  test('a plugin whose file is deleted serves on, and takes the next file of that name', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    rmSync(join(host.folder, 'plugins/hello.ts'))
    await host.event('stale', 'hello')
    expect(await host.call('hello::greet')).toBe('one')
    host.write('plugins/hello.ts', greeter('hello', 'two'))
    await host.event('reloaded', 'hello')
    expect(await host.call('hello::greet')).toBe('two')
  })

  test('a user plugin takes the place of the running built-in of its name, with its rights', async () => {
    const builtIn = tempFolder()
    writeFileSync(join(builtIn, 'index.ts'), greeter('iii-state', 'built in', `seats: ['telemetry'],`))
    const host = testHost({ watch: true, names: new WorkerNames([{ folder: builtIn, about: { name: 'iii-state' } }]) })
    await host.start({ name: 'iii-state' })
    expect(await host.call('iii-state::greet')).toBe('built in')
    host.write('plugins/iii-state.ts', greeter('iii-state', 'mine', `seats: ['telemetry'],`))
    await host.event('reloaded', 'iii-state')
    expect(await host.call('iii-state::greet')).toBe('mine')
    expect(await host.row('iii-state')).toMatchObject({ origin: 'plugins/iii-state.ts' })
    const told = (): string[] => host.lines.filter((line) => line.includes('built-in worker'))
    const taken = expect.stringMatching(/"level":"warn".*plugins\/iii-state\.ts, which runs in the place of/)
    expect(told()).toEqual([taken])
    await host.host.reload('iii-state')
    expect(told()).toEqual([taken])
    host.forgetEvents()
    rmSync(join(host.folder, 'plugins/iii-state.ts'))
    await host.event('reloaded', 'iii-state')
    expect(told()).toEqual([taken, expect.stringContaining('is the built-in worker again')])
  })
})

describe('stop, start and reload by hand', () => {
  test('a stopped plugin stays stopped until it is started', async () => {
    const host = testHost({ watch: true })
    host.write('plugins/hello.ts', greeter('hello', 'one'))
    await host.start({ name: 'hello' })
    expect(await host.host.stopPlugin('hello')).toEqual({ name: 'hello', state: 'stopped' })
    await expect(host.call('hello::greet')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.host.startPlugin('hello')).toEqual({ name: 'hello', state: 'running' })
    expect(await host.call('hello::greet')).toBe('one')
    expect(await host.host.reload('hello')).toMatchObject({ name: 'hello', generation: 3 })
    const { history } = await host.host.info('hello')
    expect(history.map(({ to }) => to)).toEqual(['running', 'stopped', 'running', 'running'])
  })

  test('an unknown plugin is PLUGIN_NOT_FOUND', async () => {
    const host = testHost()
    await host.start()
    await expect(host.host.reload('ghost')).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' })
  })
})

describe('a cache that can not be written', () => {
  test.each(['thread', 'process'] as const)(
    'keeps no plugin in a %s from running and being reloaded',
    async (isolation) => {
      const file = join(tempFolder(), 'file')
      writeFileSync(file, '')
      const host = testHost({ watch: true, cacheDir: join(file, 'cache') })
      host.write('plugins/hello.ts', greeter('hello', 'one'))
      expect((await host.start({ name: 'hello', isolation })).failed).toEqual([])
      expect(await host.call('hello::greet')).toBe('one')
      host.write('plugins/hello.ts', greeter('hello', 'two'))
      await host.event('reloaded', 'hello')
      expect(await host.call('hello::greet')).toBe('two')
      expect(host.lines.filter((line) => line.includes('III_CACHE_DIR'))).toHaveLength(1)
    },
  )
})
