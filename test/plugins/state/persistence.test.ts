// Checks 46–48 of spec 02 as far as the plugin alone decides them. Killing the process is tested on the store.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { readKvSettings } from '../../../kit/adapters/kv-settings.ts'
import { STATE_CONFIG_SCHEMA, type StateConfig } from '../../../plugins/state/config.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import statePlugin from '../../../plugins/state/index.ts'
import { runPlugin } from '../../support/plugin-run.ts'
import { runStatePlugin } from './run-plugin.ts'

const set = (scope: string, key: string, value: unknown) => ['state::set', { scope, key, value }] as const

describe('46. restart', () => {
  test('without settings, data and order are kept under the project root', async () => {
    const root = tempFolder()
    const first = await runStatePlugin(root)
    for (const key of ['b', 'a', 'c']) await first.call(...set('s', key, key))
    await first.call(...set('s', 'a', 'a again'))
    await first.stop()
    expect(existsSync(join(root, 'data/state_store.db/state.db'))).toBe(true)
    const second = await runStatePlugin(root)
    onTestFinished(() => second.stop())
    expect(await second.call('state::list', { scope: 's' })).toEqual(['b', 'a again', 'c'])
    await second.call('state::delete', { scope: 's', key: 'b' })
    await second.call(...set('s', 'b', 'b again'))
    expect(await second.call('state::list', { scope: 's' })).toEqual(['a again', 'c', 'b again'])
  })

  test('no event is fired for loaded data', async () => {
    const root = tempFolder()
    const first = await runStatePlugin(root)
    await first.call(...set('s', 'k', 1))
    await first.stop()
    const second = await runStatePlugin(root)
    onTestFinished(() => second.stop())
    await second.bind({ id: 'b', function_id: 'test::seen', config: {} })
    await second.call('state::get', { scope: 's', key: 'k' })
    expect(second.engine.calls.some(({ function_id }) => function_id === 'test::seen')).toBe(false)
  })

  test('in_memory forgets, and leaves no file', async () => {
    const root = tempFolder()
    const config: StateConfig = { adapter: { name: 'kv', config: { store_method: 'in_memory' } } }
    const first = await runStatePlugin(root, config)
    await first.call(...set('s', 'k', 1))
    await first.stop()
    const second = await runStatePlugin(root, config)
    onTestFinished(() => second.stop())
    expect(await second.call('state::get', { scope: 's', key: 'k' })).toBeUndefined()
    expect(existsSync(join(root, 'data'))).toBe(false)
  })

  test('file_path is relative to the project root, or absolute', async () => {
    const [root, elsewhere] = [tempFolder(), tempFolder()]
    for (const [file_path, file] of [
      ['./var/state', join(root, 'var/state/state.db')],
      [elsewhere, join(elsewhere, 'state.db')],
    ] as const) {
      const run = await runStatePlugin(root, {
        adapter: { name: 'kv', config: { file_path, save_interval_ms: 1_000 } },
      })
      await run.stop()
      expect(existsSync(file)).toBe(true)
    }
  })
})

describe('47. names and damage', () => {
  test('odd names survive a restart', async () => {
    const root = tempFolder()
    const names = ['a/b', 'ü', '', '..', 'x'.repeat(300), '\ud800', 'a\0b']
    const first = await runStatePlugin(root)
    for (const [index, name] of names.entries()) await first.call(...set(name, name, index))
    await first.stop()
    const second = await runStatePlugin(root)
    onTestFinished(() => second.stop())
    expect((await second.call('state::list_groups', {})).groups).toEqual([...names].sort())
    for (const [index, name] of names.entries())
      expect(await second.call('state::get', { scope: name, key: name })).toBe(index)
  })

  test('a damaged store is a start error that names the file and the remedy', async () => {
    const root = tempFolder()
    mkdirSync(join(root, 'data/state_store.db'), { recursive: true })
    const file = join(root, 'data/state_store.db/state.db')
    writeFileSync(file, 'damaged'.repeat(1_000))
    await expect(runStatePlugin(root)).rejects.toThrow(`The store file ${file} is damaged`)
    await expect(runStatePlugin(root)).rejects.toThrow(/Restore it from a backup, or move it/)
  })

  test('a folder in use is a start error that names the folder and the setting', async () => {
    const root = tempFolder()
    const first = await runStatePlugin(root)
    onTestFinished(() => first.stop())
    await expect(runStatePlugin(root)).rejects.toThrow(
      `The data folder ${join(root, 'data/state_store.db')} is in use by another engine. Stop that engine, or give this one its own folder (adapter.config.file_path of iii-state).`,
    )
  })
})

describe('48. configuration', () => {
  const problemsOf = (config: unknown): string[] => {
    const checked = validateAgainstSchema(STATE_CONFIG_SCHEMA, config)
    return 'problems' in checked ? checked.problems.map(({ pointer, message }) => `${pointer}: ${message}`) : []
  }

  test.each([
    [{ adapter: { name: 'nosql' } }, "/adapter: Adapter factory 'nosql' not found. Available: [kv, redis, bridge]"],
    [{ adapter: { name: 'kv', config: { file_pat: 'x' } } }, "/adapter/config/file_pat: unknown key 'file_pat'."],
    [{ adapter: { name: 'kv', config: { store_method: 'disk' } } }, '/adapter/config/store_method: must be one of'],
    [{ adapter: { name: 'kv', config: { file_path: 1 } } }, '/adapter/config/file_path: must be string or null, got 1'],
    [{ adapter: { name: 'kv', config: { max_file_bytes: -1 } } }, '/adapter/config/max_file_bytes: must be >= 1'],
    [{ adapter: { name: 'redis', config: { url: 'redis://x' } } }, "/adapter/config/url: unknown key 'url'."],
    [{ adapter: { name: 'kv', path: 'x' } }, "/adapter/path: unknown key 'path'."],
    [{ adapter: {} }, "/adapter: missing 'name'"],
    [{ adaptr: {} }, "/adaptr: unknown key 'adaptr'."],
    [{ max_value_bytes: 0 }, '/max_value_bytes: must be >= 1, got 0'],
    [{ triggers_enabled: 'yes' }, '/triggers_enabled: must be boolean or null, got "yes"'],
  ])('the schema refuses %j', (config, problem) => {
    expect(new Set(problemsOf(config))).toEqual(new Set([expect.stringContaining(problem)]))
  })

  test('the schema fills defaults in', () => {
    expect(validateAgainstSchema(STATE_CONFIG_SCHEMA, {})).toEqual({
      value: { adapter: { name: 'kv' }, triggers_enabled: true },
    })
  })

  test('null counts as absent', () => {
    const settings = { adapter: null, triggers_enabled: null, max_value_bytes: null, save_interval_ms: null }
    expect(problemsOf(settings)).toEqual([])
    const kv = { store_method: null, file_path: null, save_interval_ms: null, max_file_bytes: null }
    expect(problemsOf({ adapter: { name: 'kv', config: kv } })).toEqual([])
    expect(readKvSettings(kv, { defaultFolder: 'd', worker: 'w' })).toEqual(
      readKvSettings({}, { defaultFolder: 'd', worker: 'w' }),
    )
  })

  test('save_interval_ms has no effect, whatever its number', () => {
    for (const save_interval_ms of [0, 5, 1e9]) expect(problemsOf({ save_interval_ms })).toEqual([])
  })

  test.each([
    [
      { adapter: { name: 'kv', config: { file_pat: 'x', stor: 1 } } },
      'Unknown member of adapter.config of iii-state: file_pat, stor.',
    ],
    [
      { adapter: { name: 'kv', config: { store_method: 'disk' } } },
      'store_method of iii-state must be file_based or in_memory, got string "disk"',
    ],
    [{ adapter: { name: 'kv', config: { file_path: 1 } } }, 'file_path of iii-state must be the path of a folder'],
    [
      { adapter: { name: 'kv', config: { max_file_bytes: -1 } } },
      'max_file_bytes of iii-state must be a positive integer',
    ],
    [
      { adapter: { name: 'redis', config: { redis_url: 1 } } },
      'redis_url of iii-state must be the URL of a Redis server',
    ],
    [{ adapter: { name: 'nosql' } }, "Adapter factory 'nosql' not found. Available: ["],
  ] as [StateConfig, string][])('without a schema %j is a start error too', async (config, message) => {
    const withoutSchema = { ...statePlugin, config: { type: 'object' } }
    const started = runPlugin<StateConfig>(withoutSchema, config, { triggerType: 'state', projectRoot: tempFolder() })
    await expect(started).rejects.toThrow(message)
  })
})
