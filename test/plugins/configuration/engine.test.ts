// Settings at run time in a running engine (spec 04 checks 3, 14, 39): plugins in threads, files, callers over a socket.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Collector } from '../../support/deadline.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { connectSdk, failureOf, V11, V22 } from '../../clients/versions.ts'
import { EngineFolder, LISTENER, pluginFile } from '../../core/engine/running-engine.ts'

const state = (config: string): string => `{ name: iii-state, config: ${config} }`

async function start(...entries: string[]): Promise<{ folder: EngineFolder; worker: RawClient }> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, ...entries)
  await folder.start()
  return { folder, worker: await folder.connect() }
}

async function call(worker: RawClient, functionId: string, data: unknown = {}): Promise<any> {
  const { result, error } = await worker.call(functionId, data)
  if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code })
  return result
}

const set = (worker: RawClient, value: unknown, id = 'iii-state') => call(worker, 'configuration::set', { id, value })
const get = async (worker: RawClient, id = 'iii-state') => (await call(worker, 'configuration::get', { id })).value

/** Run in every engine. */
const MANDATORY = ['iii-directory', 'iii-http-functions', 'iii-worker-ops']
const idsOf = async (worker: RawClient): Promise<string[]> =>
  (await call(worker, 'configuration::list')).configurations.map(({ id }: { id: string }) => id)

test('An engine with an empty list of workers keeps configuration, and has no state', async () => {
  const { worker } = await start()
  expect(await idsOf(worker)).toEqual(MANDATORY)
  await expect(call(worker, 'state::get', { scope: 's', key: 'k' })).rejects.toMatchObject({
    code: 'function_not_found',
  })
})

test('Each plugin has an entry under its names, and nothing is written for it', async () => {
  const { folder, worker } = await start(state('{ max_value_bytes: 100 }'))
  expect(await get(worker, 'state')).toEqual({
    adapter: { name: 'kv' },
    triggers_enabled: true,
    max_value_bytes: 100,
  })
  const { configurations } = await call(worker, 'configuration::list')
  expect(configurations.map(({ id }: { id: string }) => id)).toEqual([...MANDATORY, 'iii-state'].sort())
  expect(configurations.find(({ id }: { id: string }) => id === 'iii-state').schema).toMatchObject({
    additionalProperties: false,
  })
  expect(existsSync(join(folder.dir, 'config/iii-state.yaml'))).toBe(false)
})

test('What is set is in force when it is answered; what is refused changes nothing', async () => {
  const { folder, worker } = await start(state('{}'))
  folder.write('taken', 'a file')
  const write = (length: number) => call(worker, 'state::set', { scope: 's', key: 'k', value: 'x'.repeat(length) })
  await set(worker, { max_value_bytes: 5 })
  await expect(write(10)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
  await write(3)
  await expect(set(worker, { max_value_bytes: 'many' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  await expect(set(worker, { colour: 'red' })).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  await expect(set(worker, { adapter: { name: 'kv', config: { file_path: './taken/below' } } })).rejects.toMatchObject({
    code: 'PLUGIN_START_FAILED',
    message: expect.stringContaining('taken/below'),
  })
  expect(await get(worker)).toEqual({ max_value_bytes: 5 })
  await expect(write(10)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
  expect(await call(worker, 'state::get', { scope: 's', key: 'k' })).toBe('xxx')
})

test('A change that needs a new generation loses no call, and the store that was chosen is used', async () => {
  const { folder, worker } = await start(state('{}'))
  const loader = await folder.connect()
  let written = 0
  const loading = { on: true }
  const load = (async () => {
    while (loading.on) {
      await Promise.all(
        Array.from({ length: 20 }, () => call(loader, 'state::set', { scope: 'load', key: 'k', value: ++written })),
      )
    }
  })()
  for (const file_path of ['./one', './two', './three']) {
    await set(worker, { adapter: { name: 'kv', config: { file_path } } })
    expect(existsSync(join(folder.dir, file_path, 'state.db'))).toBe(true)
  }
  loading.on = false
  await load
  expect(written).toBeGreaterThan(60)
})

test('A reload of the plugin or of this worker keeps what was set, and loses no call', async () => {
  const { folder, worker } = await start(state('{}'))
  await call(worker, 'configuration::register', { id: 'demo', schema: { type: 'integer' }, initial_value: 1 })
  await set(worker, { max_value_bytes: 5 })
  const loader = await folder.connect()
  const loading = { on: true }
  let answered = 0
  const load = (async () => {
    while (loading.on) {
      const answers = Array.from({ length: 10 }, () => Promise.all([get(loader), get(loader, 'demo')]))
      for (const answer of await Promise.all(answers)) expect(answer).toEqual([{ max_value_bytes: 5 }, 1])
      answered += 20
    }
  })()
  for (let round = 0; round < 3; round++) {
    await call(worker, 'engine::plugins::reload', { name: 'iii-state' })
    await call(worker, 'engine::plugins::reload', { name: 'configuration' })
  }
  loading.on = false
  await load
  expect(answered).toBeGreaterThan(0)
  await expect(call(worker, 'state::set', { scope: 's', key: 'k', value: 'xxxxxxxx' })).rejects.toMatchObject({
    code: 'VALUE_TOO_LARGE',
  })
  await set(worker, { max_value_bytes: 6 })
  await set(worker, 2, 'demo')
})

test('A worker hears of changes of a plugin’s settings, also after a reload of this worker', async () => {
  const { worker } = await start(state('{}'))
  const events = new Collector<any>()
  await worker.provided('test::changed', (event) => events.add(event))
  worker.send({
    type: 'registertrigger',
    id: 'b',
    trigger_type: 'configuration',
    function_id: 'test::changed',
    config: { configuration_id: 'state', event_types: ['configuration:updated'] },
  })
  await worker.settled()
  await set(worker, { triggers_enabled: false })
  await call(worker, 'engine::plugins::reload', { name: 'configuration' })
  await set(worker, { triggers_enabled: true })
  expect(await events.take(2)).toMatchObject([
    { id: 'iii-state', new_value: { triggers_enabled: false } },
    { id: 'iii-state', old_value: { triggers_enabled: false }, new_value: { triggers_enabled: true } },
  ])
})

test('A set that waits while this worker is to be reloaded comes first, and the reload after it', async () => {
  const folder = new EngineFolder()
  folder.write('iii-config.yaml', `workers: [${LISTENER}, { name: iii-state }]\nengine: { drain_ms: 300 }\n`)
  await folder.start()
  const worker = await folder.connect()
  const adapter = (file_path: string) => ({ adapter: { name: 'kv', config: { file_path } } })
  void worker.call('engine::plugins::reload', { name: 'configuration' })
  const answers = await Promise.all([set(worker, adapter('./one')), set(worker, adapter('./two'))])
  expect(answers.map(({ new_value }) => new_value)).toEqual([adapter('./one'), adapter('./two')])
  await folder.logged("plugin 'configuration' reloaded")
  expect(await get(worker)).toEqual(adapter('./two'))
})

test('A changed block of the file takes the place of what was set, at once', async () => {
  const { folder, worker } = await start(state('{ max_value_bytes: 5 }'))
  await set(worker, { max_value_bytes: 6 })
  folder.configure(LISTENER, '# a comment', state('{ max_value_bytes: 5 }'))
  folder.configure(LISTENER, state('{ max_value_bytes: 7 }'))
  await folder.logged('configuration reloaded')
  expect(await get(worker)).toMatchObject({ max_value_bytes: 7 })
  await expect
    .poll(() => readFileSync(join(folder.dir, 'config/iii-state.yaml'), 'utf8'))
    .toContain('max_value_bytes: 7')
})

test('A file edited by hand is applied to the running plugin', async () => {
  const { folder, worker } = await start(state('{}'))
  await set(worker, { max_value_bytes: 5 })
  const file = join(folder.dir, 'config/iii-state.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(': 5', ': 8'))
  await expect.poll(() => get(worker), { timeout: 5_000 }).toEqual({ max_value_bytes: 8 })
  await call(worker, 'state::set', { scope: 's', key: 'k', value: '123456' })
  writeFileSync(file, readFileSync(file, 'utf8').replace(': 8', ': -1'))
  expect((await folder.logged("The change of configuration 'iii-state' is refused")).msg).toContain('must be >= 1')
  expect(await get(worker)).toEqual({ max_value_bytes: 8 })
})

test('Settings of a plugin of one’s own: what its start refuses is refused, what it needs anew comes by a new generation', async () => {
  const folder = new EngineFolder()
  folder.write(
    'plugins/hello.ts',
    pluginFile(
      'hello',
      `if (config.greeting === 'broken') throw new Error('no such greeting')
       iii.registerFunction('hello::greeting', () => config.greeting)`,
      `config: { type: 'object', properties: { greeting: { type: 'string', default: 'hi' } }, additionalProperties: false },`,
    ),
  )
  folder.configure(LISTENER, '{ name: hello }')
  await folder.start()
  const worker = await folder.connect()
  expect(await get(worker, 'hello')).toEqual({ greeting: 'hi' })
  await set(worker, { greeting: '${HELLO_TEXT:moin}' }, 'hello')
  expect(await call(worker, 'hello::greeting')).toBe('moin')
  expect(await get(worker, 'hello')).toEqual({ greeting: 'moin' })
  await expect(set(worker, { greeting: 'broken' }, 'hello')).rejects.toMatchObject({
    code: 'PLUGIN_START_FAILED',
    message: expect.stringContaining('no such greeting'),
  })
  expect(await call(worker, 'hello::greeting')).toBe('moin')
  await call(worker, 'engine::plugins::stop', { name: 'hello' })
  await set(worker, { greeting: 'later' }, 'hello')
  await call(worker, 'engine::plugins::start', { name: 'hello' })
  expect(await call(worker, 'hello::greeting')).toBe('later')
  folder.configure(LISTENER)
  await folder.logged('configuration reloaded')
  await expect(set(worker, { greeting: 'x' }, 'hello')).rejects.toMatchObject({ code: 'SCHEMA_UNAVAILABLE' })
})

test('An adapter with a folder that cannot be made ends the start with the reason', async () => {
  const folder = new EngineFolder()
  folder.write('taken', '')
  folder.configure(LISTENER, '{ name: configuration, config: { adapter: { name: fs, config: { directory: taken } } } }')
  await expect(folder.start()).rejects.toThrow(/taken of configuration entries can't be written/)
})

test('A key that nobody knows ends the start, and names the key', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, '{ name: configuration, config: { ttl: 5 } }')
  await expect(folder.start()).rejects.toThrow(/unknown key 'ttl'/)
})

test('15. An entry goes ttl_seconds after the last trigger bound to it, unregistered or gone with its worker', async () => {
  const { folder, worker } = await start('{ name: configuration, config: { ttl_seconds: 1 } }')
  const other = await folder.connect({ name: 'other' })
  worker.provide('test::deleted', () => null)
  const bind = (client: RawClient, id: string, config: object): void =>
    client.send({ type: 'registertrigger', id, trigger_type: 'configuration', function_id: 'test::deleted', config })
  bind(worker, 'all', { event_types: ['configuration:deleted'] })
  for (const id of ['unregistered', 'left', 'kept']) {
    await call(worker, 'configuration::register', { id, schema: {}, initial_value: 1 })
    bind(id === 'left' ? other : worker, id, { configuration_id: id, event_types: [] })
  }
  await Promise.all([worker.settled(), other.settled()])
  worker.send({ type: 'unregistertrigger', id: 'unregistered', trigger_type: 'configuration' })
  await other.close()
  await worker.until(() => worker.calls('test::deleted').length === 2, 'two deletions')
  const gone = worker.calls('test::deleted').map(({ data }) => (data as { id: string }).id)
  expect(gone.sort()).toEqual(['left', 'unregistered'])
  for (const id of gone) {
    await expect(get(worker, id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(existsSync(join(folder.dir, `config/${id}.yaml`))).toBe(false)
  }
  expect(await get(worker, 'kept')).toBe(1)
})

test('Its own block is applied in place', async () => {
  const { folder, worker } = await start('{ name: configuration, config: { ttl_seconds: 100 } }')
  folder.configure(LISTENER, '{ name: configuration, config: { ttl_seconds: 0 } }')
  expect(await folder.logged('configuration reloaded')).toMatchObject({ reconfigured: ['configuration'] })
  expect(await idsOf(worker)).toEqual(MANDATORY)
})

describe.each([V22, V11])('iii-sdk $name', (version) => {
  test('registers, sets, gets and hears of changes', async () => {
    const { folder } = await start(state('{}'))
    const client = connectSdk(version, folder.url())
    const trigger = (function_id: string, payload: object): Promise<any> => client.trigger({ function_id, payload })
    const schema = { type: 'object', properties: { port: { type: 'integer' } } }
    const events = new Collector<any>()
    client.registerFunction('app::changed', async (event: unknown) => events.add(event))
    await trigger('configuration::register', {
      id: 'app',
      name: 'App',
      description: '',
      schema,
      initial_value: { port: 1 },
    })
    client.registerTrigger({ type: 'configuration', function_id: 'app::changed', config: { configuration_id: 'app' } })
    await trigger('configuration::set', { id: 'app', value: { port: '${APP_PORT:2}' } })
    expect(await trigger('configuration::get', { id: 'app' })).toEqual({ id: 'app', value: { port: 2 } })
    expect((await events.take(1))[0]).toMatchObject({ old_value: { port: 1 }, new_value: { port: 2 } })
    const refused = trigger('configuration::set', { id: 'app', value: { port: 'x' } })
    expect(await failureOf(refused)).toMatchObject({ code: 'SCHEMA_INVALID' })
    await trigger('configuration::set', { id: 'state', value: { max_value_bytes: 3 } })
    const tooLarge = trigger('state::set', { scope: 's', key: 'k', value: 'long' })
    expect(await failureOf(tooLarge)).toMatchObject({ code: 'VALUE_TOO_LARGE' })
  })
})

test('A project of iii keeps the settings that it has stored under short names, and hears of those that nobody reads', async () => {
  const folder = new EngineFolder()
  folder.write('config/state.yaml', 'id: state\nname: state\ndescription: ""\nvalue: { max_value_bytes: 5 }\n')
  folder.write(
    'config/iii-sandbox.yaml',
    'id: iii-sandbox\nname: iii-sandbox\ndescription: ""\nvalue: { port: 3111 }\n',
  )
  folder.configure(LISTENER, '{ name: state }')
  const engine = await folder.start()
  const write = engine.call('state::set', { scope: 's', key: 'k', value: 'x'.repeat(10) })
  await expect(write).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
  const { plugins, warnings } = engine.status()
  expect(plugins.find(({ name }) => name === 'iii-state')).toMatchObject({ settings: 'stored' })
  expect(warnings).toEqual([
    "config/iii-sandbox.yaml: nobody reads these settings: 'iii-sandbox' is not part of this version",
  ])
  expect((await folder.logged('are those of iii-state')).level).toBe('info')
  expect(readFileSync(join(folder.dir, 'config/iii-state.yaml'), 'utf8')).toContain('max_value_bytes: 5')
})
