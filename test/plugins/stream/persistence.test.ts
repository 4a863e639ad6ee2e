// Checks 46–48 of spec 02 as far as the plugin alone decides them. Killing the process is tested in `crash.test.ts`.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { KvFile } from '../../../plugins/stream/adapters/kv-file.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import { HISTORY_DEFAULTS, STREAM_CONFIG_SCHEMA, type StreamConfig } from '../../../plugins/stream/config.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { item } from './adapter-cases.ts'
import { runStreamPlugin } from './run-plugin.ts'
import { at } from './stream-run.ts'

describe('46. restart', () => {
  test('without settings, data and order are kept under the project root', async () => {
    const root = tempFolder()
    const first = await runStreamPlugin(root)
    for (const id of ['b', 'a', 'c']) await first.call('stream::set', { ...at('s', id), data: id })
    await first.call('stream::set', { ...at('s', 'a'), data: 'a again' })
    await first.stop()
    expect(existsSync(join(root, 'data/stream_store/stream.db'))).toBe(true)
    const second = await runStreamPlugin(root)
    onTestFinished(() => second.stop())
    expect(await second.call('stream::list', at('s'))).toEqual(['b', 'a again', 'c'])
    await second.call('stream::delete', at('s', 'b'))
    await second.call('stream::set', { ...at('s', 'b'), data: 'b again' })
    expect(await second.call('stream::list', at('s'))).toEqual(['a again', 'c', 'b again'])
  })

  test('no event is fired for loaded data', async () => {
    const root = tempFolder()
    const first = await runStreamPlugin(root)
    await first.call('stream::set', { ...at('s'), data: 1 })
    await first.stop()
    const second = await runStreamPlugin(root)
    onTestFinished(() => second.stop())
    await second.bind({ id: 'b', function_id: 'test::seen', config: { stream_name: 's' } })
    await second.call('stream::get', at('s'))
    expect(second.engine.calls.some(({ function_id }) => function_id === 'test::seen')).toBe(false)
  })

  test('in_memory forgets, and leaves no file', async () => {
    const root = tempFolder()
    const config: StreamConfig = { adapter: { name: 'kv', config: { store_method: 'in_memory' } } }
    const first = await runStreamPlugin(root, config)
    await first.call('stream::set', { ...at('s'), data: 1 })
    await first.stop()
    const second = await runStreamPlugin(root, config)
    onTestFinished(() => second.stop())
    expect(await second.call('stream::get', at('s'))).toBeUndefined()
    expect(existsSync(join(root, 'data'))).toBe(false)
  })

  test('timestamps go on behind those of the run before, whatever the clock says', async () => {
    const folder = tempFolder()
    const options = { folder, history: HISTORY_DEFAULTS, log: collectingLog() }
    const stamps: number[] = []
    for (const now of [2_000_000_000_000, 1_000, 1_000]) {
      const store = new KvFile({ ...options, now: () => now })
      await store.set(item('i'), `${now}`, ({ timestamp }) => stamps.push(timestamp))
      await store.set(item('i'), '1', ({ timestamp }) => stamps.push(timestamp))
      await store.close()
    }
    expect(stamps).toEqual(stamps.map((_, i) => 2_000_000_000_000 + i))
  })

  test('without a history no event has a position, and timestamps go on all the same', async () => {
    const folder = tempFolder()
    const options = { folder, history: { maxEvents: 0, maxBytes: 1_000 }, log: collectingLog() }
    const stamps: number[] = []
    for (const now of [2_000_000_000_000, 1_000]) {
      const store = new KvFile({ ...options, now: () => now })
      await store.set(item('i'), '1', ({ timestamp, position, frame }) => {
        stamps.push(timestamp)
        expect([position, JSON.parse(frame.toString())]).toEqual([
          undefined,
          expect.not.objectContaining({ position: expect.anything() }),
        ])
      })
      expect(await store.snapshot('s', 'g', null)).toEqual({ data: '[1]', position: undefined })
      await store.close()
    }
    const again = new KvFile({ ...options, history: HISTORY_DEFAULTS })
    const { position } = await again.snapshot('s', 'g', null)
    await again.close()
    const without = new KvFile(options)
    expect(await without.feed.missedSince(position!, 's', 'g', null)).toEqual({ recovered: false })
    await without.close()
    expect(stamps).toEqual([2_000_000_000_000, 2_000_000_000_001])
  })
})

describe('47. names, damage and a full store', () => {
  test('odd names survive a restart', async () => {
    const root = tempFolder()
    const names = ['a/b', 'ü', '', '..', 'x'.repeat(300), '\ud800', 'a\0b', '["a","b"]']
    const first = await runStreamPlugin(root)
    for (const [index, name] of names.entries()) {
      await first.call('stream::set', { ...at(name, name, name), data: index })
    }
    await first.stop()
    const second = await runStreamPlugin(root)
    onTestFinished(() => second.stop())
    const { stream } = await second.call('stream::list_all', {})
    expect(stream).toEqual([...names].sort().map((name) => ({ id: name, groups: [name] })))
    for (const [index, name] of names.entries()) {
      expect(await second.call('stream::get', at(name, name, name))).toBe(index)
    }
  })

  test('a damaged store is a start error that names the file and the remedy', async () => {
    const root = tempFolder()
    mkdirSync(join(root, 'data/stream_store'), { recursive: true })
    const file = join(root, 'data/stream_store/stream.db')
    writeFileSync(file, 'damaged'.repeat(1_000))
    await expect(runStreamPlugin(root)).rejects.toThrow(`The store file ${file} is damaged`)
    await expect(runStreamPlugin(root)).rejects.toThrow(/Restore it from a backup, or move it/)
  })

  test('a damaged history costs subscribers what they have missed, and nobody else anything', async () => {
    const folder = tempFolder()
    const log = collectingLog()
    const options = { folder, history: HISTORY_DEFAULTS, log }
    const first = new KvFile(options)
    const { position: start } = await first.snapshot('s', 'g', null)
    await first.set(item('i'), '1', () => {})
    await first.close()
    const second = new KvFile({
      ...options,
      // The bytes behind the header, where the batch is.
      onOpen: (database) =>
        database.exec('UPDATE journal SET page = CAST(substr(page, 1, 60) || zeroblob(3980) AS BLOB) WHERE slot = 1'),
    })
    onTestFinished(() => second.close())
    expect(await second.feed.missedSince(start!, 's', 'g', null)).toEqual({ recovered: false })
    expect(log.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('start anew') }])
    expect(await second.set(item('i'), '2', () => {})).toBe('1')
    const now = await second.snapshot('s', 'g', null)
    expect(await second.feed.missedSince(now.position!, 's', 'g', null)).toMatchObject({ recovered: true })
  })

  test('what does not fit is a STREAM_SET_ERROR without an event, and deleting makes room again', async () => {
    const run = await runStreamPlugin(tempFolder(), {
      adapter: { name: 'kv', config: { max_file_bytes: 800_000 } },
    })
    onTestFinished(() => run.stop())
    const fired = () => run.engine.calls.filter(({ function_id }) => function_id === 'test::seen').length
    await run.bind({ id: 'b', function_id: 'test::seen', config: { stream_name: 's' } })
    const data = 'x'.repeat(20_000)
    const store = (index: number) => run.call('stream::set', { ...at('s', `i${index}`), data })
    let stored = 0
    let failure: ErrorBody | undefined
    for (let index = 0; index < 100 && failure === undefined; index++) {
      const outcome = await store(index).catch((error: ErrorBody) => error)
      if ('code' in outcome) failure = outcome
      else stored++
    }
    expect(failure).toMatchObject({ code: 'STREAM_SET_ERROR', message: expect.stringContaining('cannot grow') })
    expect([stored > 5, fired()]).toEqual([true, stored])
    for (let i = 0; i < stored; i++) {
      expect(await run.call('stream::delete', at('s', `i${i}`))).toEqual({ old_value: data })
    }
    expect(await run.call('stream::set', { ...at('s'), data })).toEqual({ old_value: null, new_value: data })
  })

  test('a folder in use is a start error that names the folder and the setting', async () => {
    const root = tempFolder()
    const first = await runStreamPlugin(root)
    onTestFinished(() => first.stop())
    await expect(runStreamPlugin(root)).rejects.toThrow(
      `The data folder ${join(root, 'data/stream_store')} is in use by another engine. Stop that engine, or give this one its own folder (adapter.config.file_path of iii-stream).`,
    )
  })
})

describe('48. configuration', () => {
  const problemsOf = (config: object): string[] => {
    const outcome = validateAgainstSchema(STREAM_CONFIG_SCHEMA, config)
    return 'problems' in outcome ? outcome.problems.map(({ message }) => message) : []
  }

  test.each(['app.example.com', 'https://app.example.com/', ''])(
    '%j is no origin: no page would ever match it',
    (origin) => {
      expect(problemsOf({ allowed_origins: [origin] })).toEqual([expect.stringContaining('must match pattern')])
    },
  )

  test('the schema fills defaults', () => {
    expect(validateAgainstSchema(STREAM_CONFIG_SCHEMA, {})).toMatchObject({
      value: {
        port: 3112,
        host: '127.0.0.1',
        auth_required: false,
        adapter: { name: 'kv' },
        history: { max_events: 10_000, max_bytes: 16_777_216 },
        max_buffered_bytes: 4_194_304,
      },
    })
  })

  test.each([
    [{ prot: 3112 }, 'prot'],
    [{ port: '3112' }, '3112'],
    [{ port: 65_536 }, '65536'],
    [{ host: '' }, '""'],
    [{ adapter: { name: 'nosql' } }, "Adapter factory 'nosql' not found. Available: [kv, redis, bridge]"],
    [{ adapter: { name: 'kv', path: 'x' } }, 'path'],
    [{ adapter: { name: 'kv', config: { file_pat: 'x' } } }, 'file_pat'],
    [{ adapter: { name: 'kv', config: { store_method: 'disk' } } }, 'disk'],
    [{ adapter: { name: 'redis', config: { url: 'redis://x' } } }, 'url'],
    [{ history: { max_events: -1 } }, '-1'],
    [{ history: { max_events: 2_000_000 } }, '2000000'],
    [{ history: { events: 1 } }, 'events'],
    [{ auth_required: 'yes' }, 'yes'],
    [{ max_connections: 0 }, '0'],
  ])('%j is refused with what is wrong', (config, message) => {
    expect(problemsOf(config).join('\n')).toContain(message)
  })

  test.each([
    { adapter: { name: 'kv', config: { store_method: 'file_based', channel_size: 256, save_interval_ms: 1_000 } } },
    { adapter: { name: 'redis', config: { redis_url: 'redis://localhost:6379' } } },
    { adapter: { name: 'bridge', config: { bridge_url: 'ws://localhost:49134' } } },
    { adapter: null, history: null, auth_function: null, port: null, host: null },
    { history: { max_events: 0 } },
  ])('%j is accepted', (config) => {
    expect(problemsOf(config)).toEqual([])
  })

  test('an adapter of nobody is a start error that lists those there are', async () => {
    await expect(runStreamPlugin(tempFolder(), { adapter: { name: 'nosql' } })).rejects.toThrow(
      "Adapter factory 'nosql' not found. Available: [kv, redis, bridge]",
    )
  })
})

describe('settings at run time', () => {
  test('another adapter or history asks for a new generation, the rest is applied in place', async () => {
    const run = await runStreamPlugin(tempFolder(), { port: 0 })
    onTestFinished(() => run.stop())
    const change = (config: StreamConfig) => run.plugin.reconfigure!({ port: 0, ...config })
    expect(await change({ adapter: { name: 'kv', config: { store_method: 'in_memory' } } })).toBe(false)
    expect(await change({ history: { max_events: 5 } })).toBe(false)
    expect(await change({ history: { max_events: 10_000 }, adapter: { name: 'kv', config: {} } })).toBe(true)
    expect(await change({ adapter: null, history: null, auth_function: 'test::auth', max_connections: 5 })).toBe(true)
  })

  test('an address that is taken is refused, and everything goes on as it was', async () => {
    const [run, other] = [await runStreamPlugin(tempFolder()), await runStreamPlugin(tempFolder(), { port: 0 })]
    onTestFinished(async () => void (await Promise.all([run.stop(), other.stop()])))
    const change = run.plugin.reconfigure!({ host: '203.0.113.1', port: 0 })
    await expect(change).rejects.toMatchObject({
      code: 'PLUGIN_CONFIG_INVALID',
      message: expect.stringContaining('203.0.113.1'),
    })
    expect(await run.call('stream::set', { ...at('s'), data: 1 })).toMatchObject({ new_value: 1 })
  })

  test('a start that fails at the address leaves the store free for the next one', async () => {
    const root = tempFolder()
    await expect(runStreamPlugin(root, { host: '203.0.113.1' })).rejects.toThrow('203.0.113.1')
    const run = await runStreamPlugin(root)
    await run.stop()
  })
})
