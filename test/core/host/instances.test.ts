// One plugin that runs from several entries of the configuration: everything of it is each instance's own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { WorkerEntry } from '../../../core/config/types.ts'
import { greeter, testHost, type TestHost } from './test-host.ts'

/** `NAME::who` tells what the instance is; each call counts in a variable of the module. */
const bridge = (version = 1, more = 'repeatable: true,') => `import { definePlugin } from 'iii-host/plugin'
let calls = 0
export default definePlugin({
  name: 'bridge',
  ${more}
  config: { type: 'object', properties: { as: { type: 'string' } } },
  start({ iii, config, dataDir }) {
    iii.registerFunction(config.as + '::who', () => ({ version: ${version}, as: config.as, calls: ++calls, dataDir }))
    iii.registerFunction(config.as + '::exit', () => process.exit(1))
  },
})
`
const first = (as = 'left'): Partial<WorkerEntry> => ({ name: 'bridge', config: { as }, origin: 'iii-config.yaml:3' })
const second = (as = 'right'): Partial<WorkerEntry> => ({
  name: 'bridge',
  instanceId: 'bridge#1',
  config: { as },
  origin: 'iii-config.yaml:7',
})

async function both(host: TestHost): Promise<void> {
  host.write('plugins/bridge.ts', bridge())
  const { failed } = await host.start(first(), second())
  expect(failed).toEqual([])
}

describe('two entries of a repeatable plugin', () => {
  test('run side by side, each with its settings, its data folder and its own memory', async () => {
    const host = testHost()
    await both(host)
    const dir = (name: string): string => join(host.folder, 'data/plugins', name)
    expect(await host.call('left::who')).toEqual({ version: 1, as: 'left', calls: 1, dataDir: dir('bridge') })
    expect(await host.call('right::who')).toEqual({ version: 1, as: 'right', calls: 1, dataDir: dir('bridge#1') })
    expect(existsSync(dir('bridge#1'))).toBe(true)
  })

  test('do not share the memory of their module in a shared thread either', async () => {
    const host = testHost()
    host.write('plugins/bridge.ts', bridge(1, `repeatable: true, isolation: 'shared',`))
    await host.start(first(), second())
    await host.call('left::who')
    expect(await host.call('right::who')).toMatchObject({ calls: 1 })
  })

  test('are told apart in listings, which name the plugin of each; a single one is shown as ever', async () => {
    const host = testHost()
    host.write('plugins/hello.ts', greeter('hello', 'hi'))
    host.write('plugins/bridge.ts', bridge())
    await host.start(first(), second(), { name: 'hello' })
    const rows = await host.host.list()
    expect(rows.map(({ name, plugin, state }) => [name, plugin, state])).toEqual([
      ['bridge', 'bridge', 'running'],
      ['bridge#1', 'bridge', 'running'],
      ['hello', undefined, 'running'],
    ])
    expect(rows[2]).not.toHaveProperty('plugin')
    expect(await host.host.info('bridge#1')).toMatchObject({
      config: { as: 'right' },
      functions: ['right::exit', 'right::who'],
    })
  })

  test('are stopped, started and reloaded by the name of the instance', async () => {
    const host = testHost()
    await both(host)
    expect(await host.host.stopPlugin('bridge#1')).toEqual({ name: 'bridge#1', state: 'stopped' })
    await expect(host.call('right::who')).rejects.toMatchObject({ code: 'function_not_found' })
    expect(await host.call('left::who')).toMatchObject({ as: 'left' })
    expect(await host.host.startPlugin('bridge#1')).toEqual({ name: 'bridge#1', state: 'running' })
    expect(await host.host.reload('bridge#1')).toMatchObject({ name: 'bridge#1', generation: 3 })
    expect(await host.row('bridge')).toMatchObject({ generation: 1 })
  })

  test('both take up a saved file', async () => {
    const host = testHost({ watch: true })
    await both(host)
    host.write('plugins/bridge.ts', bridge(2))
    await Promise.all([host.event('reloaded', 'bridge'), host.event('reloaded', 'bridge#1')])
    expect(await host.call('left::who')).toMatchObject({ version: 2 })
    expect(await host.call('right::who')).toMatchObject({ version: 2 })
  })

  test('crash and are restarted each for itself', async () => {
    const host = testHost()
    await both(host)
    await expect(host.call('right::exit')).rejects.toMatchObject({ code: 'invocation_stopped' })
    expect(await host.call('right::who')).toMatchObject({ as: 'right' })
    expect(await host.row('bridge#1')).toMatchObject({ restarts: 1, last_crash: { code: 'EXIT' } })
    expect(await host.row('bridge')).toMatchObject({ restarts: 0, generation: 1 })
    expect(host.lines.join('\n')).toContain("plugin 'bridge#1' crashed")
  })

  test('that register the same id: the later one fails, with an error that names both', async () => {
    const host = testHost()
    host.write('plugins/bridge.ts', bridge())
    const { failed, started } = await host.start(first('same'), second('same'))
    expect(started).toEqual(['bridge'])
    expect(failed).toMatchObject([
      { name: 'bridge#1', message: expect.stringMatching(/'same::.*'bridge#1'.*'bridge'/) },
    ])
  })

  test('can be added to and removed from a running host; nothing is left of one that was removed', async () => {
    const host = testHost()
    host.write('plugins/bridge.ts', bridge())
    await host.start(first())
    expect(await host.row('bridge')).not.toHaveProperty('plugin')
    expect(await host.apply(first(), second())).toMatchObject({ applied: true, started: ['bridge#1'], reloaded: [] })
    expect(await host.call('right::who')).toMatchObject({ as: 'right' })
    expect(await host.apply(first())).toMatchObject({ applied: true, stopped: ['bridge#1'] })
    await expect(host.call('right::who')).rejects.toMatchObject({ code: 'function_not_found' })
    expect((await host.host.list()).map(({ name }) => name)).toEqual(['bridge'])
    expect([...host.router.slots.keys()]).toEqual(['bridge'])
  })

  test('are given settings at run time each for itself', async () => {
    const host = testHost()
    await both(host)
    expect(await host.host.applySettings('bridge#1', { as: 'east' })).toBe('generation')
    expect(await host.call('east::who')).toMatchObject({ as: 'east' })
    expect(await host.call('left::who')).toMatchObject({ as: 'left' })
  })
})

describe('a requirement', () => {
  const needy = greeter('needy', 'here', `requires: ['bridge'],`)

  test('is met by any instance of the plugin', async () => {
    const host = testHost()
    host.write('plugins/needy.ts', needy)
    host.write('plugins/bridge.ts', bridge())
    await host.start({ name: 'needy' }, first(), second())
    expect(await host.apply({ name: 'needy' }, { ...first(), enabled: false }, second())).toMatchObject({
      applied: true,
      stopped: ['bridge'],
    })
    await host.host.reload('needy')
    expect(await host.call('needy::greet')).toBe('here')
  })

  test('keeps the last instance from being removed, and the refusal names who requires it', async () => {
    const host = testHost()
    host.write('plugins/needy.ts', needy)
    host.write('plugins/bridge.ts', bridge())
    await host.start({ name: 'needy' }, first())
    expect(await host.apply({ name: 'needy' })).toMatchObject({
      applied: false,
      problems: [{ plugin: 'needy', message: expect.stringContaining("'bridge'") }],
    })
    expect(await host.call('left::who')).toMatchObject({ as: 'left' })
  })
})

describe('a second entry of a plugin that is not repeatable', () => {
  const lines = /iii-config\.yaml:3.*iii-config\.yaml:7/

  test('does not run after a start: its error names both lines', async () => {
    const host = testHost()
    host.write('plugins/bridge.ts', bridge(1, ''))
    const { started, failed } = await host.start(first(), second())
    expect(started).toEqual(['bridge'])
    expect(failed).toMatchObject([{ name: 'bridge#1', builtIn: false, message: expect.stringMatching(lines) }])
    expect(await host.row('bridge#1')).toMatchObject({ state: 'failed', error: expect.stringMatching(lines) })
  })

  test('is refused with its configuration in a running host', async () => {
    const host = testHost()
    host.write('plugins/bridge.ts', bridge(1, ''))
    await host.start(first())
    expect(await host.apply(first(), second())).toMatchObject({
      applied: false,
      problems: [{ plugin: 'bridge#1', message: expect.stringMatching(lines) }],
    })
    expect(await host.apply(first())).toMatchObject({ applied: true })
    expect((await host.host.list()).map(({ name }) => name)).toEqual(['bridge'])
  })
})
