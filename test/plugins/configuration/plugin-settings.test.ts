// Entries of plugins: the seat `settings`, and configuration::set on them (spec 03 §2.4, 04 A.9.7, check 39).
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../../protocol/errors.ts'
import { applySettings } from '../../../plugins/configuration/apply-settings.ts'
import { runConfiguration, STATE_SCHEMA, type RunningConfiguration } from './run-plugin.ts'

let run: RunningConfiguration

beforeEach(async () => {
  run = await runConfiguration()
  return () => vi.unstubAllEnvs()
})

/** The plugin comes to an end and starts again in the same folder. */
async function restart(): Promise<void> {
  await run.stop()
  run = await runConfiguration({}, run.folder)
}

const fileOf = (id: string) => join(run.folder, 'config', `${id}.yaml`)

test('The settings with which a plugin runs are an entry, and nothing is written for it', async () => {
  const events = await run.collect()
  expect(await run.resolve('iii-state', { max_value_bytes: 5 })).toEqual({
    value: { max_value_bytes: 5 },
    from: 'file',
  })
  await run.plugin('iii-state', { aliases: ['state'], config: { max_value_bytes: 5 } })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true, max_value_bytes: 5 })
  expect(await run.call('configuration::get', { id: 'state' })).toEqual({
    id: 'state',
    value: await run.get('iii-state'),
  })
  expect((await run.call('configuration::list')).configurations).toEqual([
    { id: 'iii-state', name: 'iii-state', description: 'Settings of iii-state.', schema: STATE_SCHEMA },
  ])
  await run.plugin('iii-state', { aliases: ['state'], config: { max_value_bytes: 5 } })
  await run.plugin('iii-state', { aliases: ['state'], config: { max_value_bytes: 6 } })
  expect((await events.take(2)).map(({ event_type, new_value }) => [event_type, new_value])).toEqual([
    ['configuration:registered', { triggers_enabled: true, max_value_bytes: 5 }],
    ['configuration:updated', { triggers_enabled: true, max_value_bytes: 6 }],
  ])
  expect(existsSync(fileOf('iii-state'))).toBe(false)
})

test('set is applied before it is stored, told and answered; the adapter of the file stays', async () => {
  await run.plugin('iii-state', { aliases: ['state'], config: { adapter: { name: 'kv' } } })
  const events = await run.collect({ configuration_id: 'state', event_types: ['configuration:updated'] })
  run.onApply = () => {
    expect(existsSync(fileOf('iii-state'))).toBe(false)
    expect(events.items).toEqual([])
  }
  expect(await run.set('state', { triggers_enabled: '${TE:false}' })).toEqual({
    old_value: { triggers_enabled: true, adapter: { name: 'kv' } },
    new_value: { triggers_enabled: '${TE:false}' },
  })
  expect(run.applied).toEqual([{ plugin: 'iii-state', config: { triggers_enabled: false, adapter: { name: 'kv' } } }])
  expect((await events.take(1))[0]).toMatchObject({ id: 'iii-state', new_value: { triggers_enabled: false } })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: false })
  expect(readFileSync(fileOf('iii-state'), 'utf8')).toContain('triggers_enabled: ${TE:false}')
})

test('After a restart what was set wins over a block that nobody edited', async () => {
  const config = { max_value_bytes: 5, adapter: { name: 'kv' } }
  await run.plugin('iii-state', { config })
  await run.set('iii-state', { triggers_enabled: false })
  await restart()
  expect(await run.resolve('iii-state', { adapter: { name: 'kv' }, max_value_bytes: 5 })).toEqual({
    value: { triggers_enabled: false, adapter: { name: 'kv' } },
    from: 'stored',
  })
  await run.plugin('iii-state', { config, value: { triggers_enabled: false, adapter: { name: 'kv' } } })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: false })
  expect(run.applied).toEqual([])
})

test('An edited block wins once, and takes the place of what was stored', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  await run.set('iii-state', { triggers_enabled: false })
  await restart()
  const edited = { max_value_bytes: 6 }
  expect(await run.resolve('iii-state', edited)).toEqual({ value: edited, from: 'file' })
  const events = await run.collect()
  await run.plugin('iii-state', { config: edited })
  const value = { triggers_enabled: true, max_value_bytes: 6 }
  expect((await events.take(1))[0]).toMatchObject({ event_type: 'configuration:updated', new_value: value })
  await vi.waitFor(() => expect(readFileSync(fileOf('iii-state'), 'utf8')).toContain('max_value_bytes: 6'), 10_000)
  await run.set('iii-state', { max_value_bytes: 7 })
  await restart()
  expect(await run.resolve('iii-state', edited)).toEqual({ value: { max_value_bytes: 7 }, from: 'stored' })
})

test('A block that is not there any more says nothing against what was set', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  await run.set('iii-state', { triggers_enabled: false })
  expect(await run.resolve('iii-state', {})).toEqual({ value: { triggers_enabled: false }, from: 'stored' })
})

test('What does not fit the schema never reaches the plugin', async () => {
  await run.plugin('iii-state')
  await expect(run.set('iii-state', { colour: 'red' })).rejects.toMatchObject({
    code: 'SCHEMA_INVALID',
    message: expect.stringContaining("value must not have the member 'colour'; known are "),
  })
  await expect(run.set('iii-state', 5)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  await expect(run.set('iii-state', { max_value_bytes: '${NOPE_D}' })).rejects.toMatchObject({ code: 'EXPAND_FAILED' })
  expect(run.applied).toEqual([])
})

test('What the engine or the plugin refuses changes nothing, and the reason comes through', async () => {
  await run.plugin('iii-state')
  const events = await run.collect()
  run.onApply = () => {
    throw new CodedError('PLUGIN_START_FAILED', 'port 3112 is in use')
  }
  await expect(run.set('iii-state', { triggers_enabled: false })).rejects.toMatchObject({
    code: 'PLUGIN_START_FAILED',
    message: 'port 3112 is in use',
  })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true })
  expect(existsSync(fileOf('iii-state'))).toBe(false)
  expect(events.items).toEqual([])
})

test('What cannot be stored is taken back from the plugin', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  renameSync(join(run.folder, 'config'), join(run.folder, 'away'))
  writeFileSync(join(run.folder, 'config'), '')
  await expect(run.set('iii-state', { triggers_enabled: false })).rejects.toMatchObject({ code: 'ADAPTER_ERROR' })
  const before = { triggers_enabled: true, max_value_bytes: 5 }
  expect(run.applied.map(({ config }) => config)).toEqual([{ triggers_enabled: false }, before])
  expect(await run.get('iii-state')).toEqual(before)
})

test('When the engine does not answer in time, the old settings are sent after the new ones', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  run.onApply = () => {
    throw new CodedError('timeout', 'too late')
  }
  await expect(run.set('iii-state', { max_value_bytes: 6 })).rejects.toMatchObject({ code: 'timeout' })
  await vi.waitFor(() => expect(run.applied.length).toBe(2), 10_000)
  expect(run.applied[1]?.config).toEqual({ triggers_enabled: true, max_value_bytes: 5 })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true, max_value_bytes: 5 })
})

test('The wait for the engine ends', async () => {
  run.onApply = () => new Promise(() => {})
  await expect(applySettings(run.engine.connect(), 'iii-state', {}, 20)).rejects.toMatchObject({
    code: 'timeout',
    message: "'iii-state' does not run with the new settings after 20 ms; they are taken back",
  })
})

test('The seat answers while a set waits for the engine, and a set may ask it by way of the engine', async () => {
  const config = { max_value_bytes: 5 }
  await run.plugin('iii-state', { config })
  run.onApply = async (plugin, value) => {
    expect((await run.resolve(plugin, config)).value.max_value_bytes).toBeLessThan(value['max_value_bytes'] as number)
    await run.plugin(plugin, { config, value: { triggers_enabled: false, ...value } })
  }
  const events = await run.collect()
  await run.set('iii-state', { max_value_bytes: 6 })
  await run.set('iii-state', { max_value_bytes: 7 })
  expect((await events.take(2)).map(({ new_value }) => new_value)).toEqual([
    { max_value_bytes: 6 },
    { max_value_bytes: 7 },
  ])
  expect(await run.get('iii-state')).toEqual({ max_value_bytes: 7 })
})

test('When a set fails, what the engine told meanwhile counts', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  run.onApply = async (plugin) => {
    await run.plugin(plugin, { config: { max_value_bytes: 9 } })
    throw new CodedError('PLUGIN_BUSY', 'busy')
  }
  await expect(run.set('iii-state', { max_value_bytes: 6 })).rejects.toMatchObject({ code: 'PLUGIN_BUSY' })
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true, max_value_bytes: 9 })
})

test('A plugin that was started with older settings than those stored meanwhile is brought up to date', async () => {
  const config = { max_value_bytes: 5 }
  await run.plugin('iii-state', { config })
  await run.set('iii-state', { max_value_bytes: 6 })
  const { value } = await run.resolve('iii-state', config)
  await run.set('iii-state', { max_value_bytes: 7 })
  await run.plugin('iii-state', { config, value })
  await vi.waitFor(() => expect(run.applied.length).toBe(3), 10_000)
  expect(run.applied.at(-1)?.config).toEqual({ max_value_bytes: 7 })
  await vi.waitFor(async () => expect(await run.get('iii-state')).toEqual({ max_value_bytes: 7 }), 10_000)
})

test('A stored value that the engine cannot use stays stored, and the file counts', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  await run.set('iii-state', { max_value_bytes: '${LIMIT:7}' })
  writeFileSync(fileOf('iii-state'), readFileSync(fileOf('iii-state'), 'utf8').replace('${LIMIT:7}', '${LIMIT}'))
  await restart()
  expect(await run.resolve('iii-state', { max_value_bytes: 5 })).toMatchObject({ from: 'file' })
  expect(run.warnings).toEqual([
    expect.stringContaining('references unset environment variable(s) with no default: LIMIT'),
  ])
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  expect(await run.get('iii-state')).toMatchObject({ max_value_bytes: 5 })
  expect(run.applied).toEqual([])
  await restart()
  vi.stubEnv('LIMIT', '8')
  expect(await run.resolve('iii-state', { max_value_bytes: 5 })).toEqual({
    value: { max_value_bytes: 8 },
    from: 'stored',
  })
})

test('delete brings a plugin back to what the file says', async () => {
  await run.plugin('iii-state', { config: { max_value_bytes: 5 } })
  expect(await run.call('configuration::delete', { id: 'iii-state' })).toEqual({ deleted: false })
  await run.set('iii-state', { max_value_bytes: 6 })
  expect(await run.call('configuration::delete', { id: 'iii-state' })).toEqual({ deleted: true })
  expect(run.applied.at(-1)).toEqual({ plugin: 'iii-state', config: { max_value_bytes: 5 } })
  expect(await run.get('iii-state')).toEqual({ max_value_bytes: 5 })
  expect(existsSync(fileOf('iii-state'))).toBe(false)
})

test('Nobody registers over a plugin', async () => {
  await run.plugin('iii-state', { aliases: ['state'] })
  for (const id of ['iii-state', 'state']) {
    await expect(run.register(id)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('configuration::set'),
    })
  }
  await run.plugin('configuration', { config: { ttl_seconds: 1 } })
  await expect(run.get('configuration')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('A plugin that is gone can still be read, but not set', async () => {
  await run.plugin('iii-state', { aliases: ['state'] })
  await run.removed('iii-state')
  expect(await run.get('iii-state')).toEqual({ triggers_enabled: true })
  await expect(run.set('iii-state', {})).rejects.toMatchObject({ code: 'SCHEMA_UNAVAILABLE' })
  await expect(run.get('state')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await run.register('state', { initial_value: 1 })
  await run.removed('never-there')
})

test('A file that is there before the plugin starts for the first time sets it, unless its block says otherwise', async () => {
  await run.stop()
  mkdirSync(join(run.folder, 'config'), { recursive: true })
  writeFileSync(fileOf('iii-state'), 'id: iii-state\nvalue: { max_value_bytes: 3 }\n')
  run = await runConfiguration({}, run.folder)
  expect(await run.resolve('iii-state', {})).toEqual({ value: { max_value_bytes: 3 }, from: 'stored' })
  expect(await run.resolve('iii-state', { triggers_enabled: false })).toMatchObject({ from: 'file' })
})

test.each([
  [{ op: 'nonsense', plugin: 'x' }, 'member `op` must be resolve, applied or removed, got string "nonsense"'],
  [{ op: 'resolve' }, 'member `plugin` is missing'],
  [{ op: 'resolve', plugin: 'x', config: 5 }, 'member `config` must be an object, got number 5'],
])('The seat refuses %j', async (input, message) => {
  await expect(run.call('engine::seat::settings', input)).rejects.toThrow(message)
})

describe('what iii has stored under a short name', () => {
  const NAMES = { aliases: ['state'] }
  const stored = (id: string, size: number): string =>
    `id: ${id}\nname: ${id}\ndescription: ""\nvalue:\n  max_value_bytes: ${size}\n`
  const startsWith = async (...ids: readonly string[]): Promise<void> => {
    await run.stop()
    for (const [index, id] of ids.entries()) writeFileSync(fileOf(id), stored(id, index + 3))
    run = await runConfiguration({}, run.folder)
  }

  test('counts for the plugin of that name, which keeps it from then on; the old file stays as it is', async () => {
    await startsWith('state')
    const value = { max_value_bytes: 3 }
    expect(await run.resolve('iii-state', {}, ['state'])).toEqual({ value, from: 'stored' })
    await run.plugin('iii-state', { ...NAMES, value: { triggers_enabled: true, ...value } })
    await vi.waitFor(() => expect(readFileSync(fileOf('iii-state'), 'utf8')).toContain('max_value_bytes: 3'), 10_000)
    expect(readFileSync(fileOf('state'), 'utf8')).toBe(stored('state', 3))
    expect((await run.call('configuration::list')).configurations).toMatchObject([{ id: 'iii-state' }])
    await restart()
    expect(await run.resolve('iii-state', {}, ['state'])).toEqual({ value, from: 'stored' })
    await run.plugin('iii-state', { ...NAMES, value: { triggers_enabled: true, ...value } })
    await run.set('state', { max_value_bytes: 9 })
    expect(readFileSync(fileOf('iii-state'), 'utf8')).toContain('max_value_bytes: 9')
    expect(run.warnings).toEqual([])
  })

  test('gives way to what is stored under the name of the plugin, with a warning', async () => {
    await startsWith('state', 'iii-state')
    expect(await run.resolve('iii-state', {}, ['state'])).toEqual({ value: { max_value_bytes: 4 }, from: 'stored' })
    await run.plugin('iii-state', { ...NAMES, value: { triggers_enabled: true, max_value_bytes: 4 } })
    expect(run.warnings).toEqual([
      "The stored settings 'state' (state.yaml) are not read: of iii-state, whose other name that is, iii-state.yaml counts.",
    ])
  })

  test('gives way to a block of the plugin in the configuration file, with a warning, and is not written over', async () => {
    await startsWith('state')
    const config = { max_value_bytes: 5 }
    expect(await run.resolve('iii-state', config, ['state'])).toEqual({ value: config, from: 'file' })
    await run.plugin('iii-state', { ...NAMES, config })
    expect(run.warnings).toEqual([expect.stringContaining("'state' (state.yaml) are not read")])
    expect(existsSync(fileOf('iii-state'))).toBe(false)
  })

  test('is warned about when it is edited later, and takes nothing along when it is removed', async () => {
    await run.plugin('iii-state', { ...NAMES, config: { max_value_bytes: 5 } })
    const events = await run.collect()
    writeFileSync(fileOf('state'), stored('state', 3))
    await vi.waitFor(
      () => expect(run.warnings).toEqual([expect.stringContaining("change of configuration 'state' is not read")]),
      10_000,
    )
    rmSync(fileOf('state'))
    await run.set('iii-state', { max_value_bytes: 6 })
    writeFileSync(fileOf('marker'), 'id: marker\nvalue: 1\n')
    const types = (await events.take(2)).map(({ event_type, id }) => [event_type, id])
    expect(types).toEqual([
      ['configuration:updated', 'iii-state'],
      ['configuration:registered', 'marker'],
    ])
    expect(await run.get('state')).toEqual({ max_value_bytes: 6 })
  })
})
