// Settings set at run time (seat `settings`): the host asks for them, applies them in place or by a new generation, and refuses
// what does not work. A plugin of the test's own holds the seat, in place of the built-in `configuration`.
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

/** Keeps what was applied, and what it was told. */
const HOLDER = pluginFile(
  'configuration',
  `const stored = new Map()
   const told = []
   iii.registerFunction('engine::seat::settings', ({ op, plugin, config, value, from, aliases }) => {
     if (op !== 'resolve') return void told.push({ op, plugin, value, from, aliases })
     return stored.has(plugin) ? { value: stored.get(plugin), from: 'stored' } : { value: config, from: 'file' }
   })
   iii.registerFunction('test::set', async ({ plugin, config, onlyStore }) => {
     if (!onlyStore) {
       const request = { function_id: 'engine::settings::apply', payload: { plugin, config } }
       const { how, code, message } = await iii.trigger(request).catch((error) => error)
       if (how === undefined) throw { code, message: message.replace(code + ': ', '') }
       stored.set(plugin, config)
       return how
     }
     stored.set(plugin, config)
   })
   // Workers that run in any engine are told of as well.
   iii.registerFunction('test::told', () => told.filter(({ plugin }) => plugin.startsWith('hello')))
   iii.registerFunction('test::crash', () => new Promise(() => setImmediate(() => { throw new Error('crash') })))`,
  `seats: ['settings'],`,
)

const SCHEMA = `config: { type: 'object', properties: { greeting: { type: 'string' }, size: { type: 'number', default: 1 } }, additionalProperties: false },`

/** Shows its settings and its starts. `more` goes into what \`start\` returns. */
const hello = (more = '') =>
  pluginFile(
    'hello',
    `let current = config
     if (config.greeting === 'broken') throw new Error('no such greeting')
     iii.registerFunction('hello::config', () => current)
     return { ${more} }`,
    SCHEMA,
  )

const IN_PLACE = `reconfigure(changed) {
  if (changed.greeting === 'refused') throw { code: 'PLUGIN_CONFIG_INVALID', message: 'not this one' }
  current = changed
},`

async function start(plugin: string, ...entries: string[]): Promise<{ folder: EngineFolder; worker: RawClient }> {
  const folder = new EngineFolder()
  folder.write('plugins/configuration.ts', HOLDER)
  folder.write('plugins/hello.ts', plugin)
  folder.configure(LISTENER, '{ name: hello, config: { greeting: written } }', ...entries)
  await folder.start()
  return { folder, worker: await folder.connect() }
}

const set = async (worker: RawClient, config: object, more: object = {}) =>
  worker.call('test::set', { plugin: 'hello', config, ...more })
const config = async (worker: RawClient) => (await worker.call('hello::config')).result
const generation = async (worker: RawClient) =>
  ((await worker.call('engine::plugins::info', { name: 'hello' })).result as { generation: number }).generation

test('The holder of the seat decides settings at the boot and when a plugin is loaded anew, and is told what is in force', async () => {
  const { worker } = await start(hello())
  expect(await config(worker)).toEqual({ greeting: 'written', size: 1 })
  await set(worker, { greeting: 'stored' }, { onlyStore: true })
  await worker.call('engine::plugins::reload', { name: 'hello' })
  expect(await config(worker)).toEqual({ greeting: 'stored', size: 1 })
  expect((await worker.call('test::told')).result).toEqual([
    { op: 'applied', plugin: 'hello', value: { greeting: 'written', size: 1 }, from: 'file', aliases: [] },
    { op: 'applied', plugin: 'hello', value: { greeting: 'stored', size: 1 }, from: 'stored', aliases: [] },
  ])
})

test('The row of a plugin says whether it runs with settings that were set at run time', async () => {
  const { folder, worker } = await start(hello(IN_PLACE))
  const row = async () => (await worker.call('engine::plugins::info', { name: 'hello' })).result
  expect(await row()).not.toHaveProperty('settings')
  await set(worker, { greeting: 'a' })
  expect(await row()).toMatchObject({ settings: 'stored' })
  expect(await folder.logged("plugin 'hello' took its new settings")).toMatchObject({ cause: 'settings' })
})

test('New settings are applied in place where the plugin can, else by a change of generation', async () => {
  const { folder, worker } = await start(hello(IN_PLACE))
  expect((await set(worker, { greeting: 'a' })).result).toBe('in_place')
  expect(await config(worker)).toEqual({ greeting: 'a', size: 1 })
  expect(await generation(worker)).toBe(1)
  expect((await set(worker, { greeting: 'a', size: 1 })).result).toBe('unchanged')
  folder.write('plugins/hello.ts', hello())
  await folder.logged("plugin 'hello' reloaded")
  expect((await set(worker, { greeting: 'b' })).result).toBe('generation')
  expect(await config(worker)).toEqual({ greeting: 'b', size: 1 })
  expect(await generation(worker)).toBe(3)
})

test('What does not fit the schema, or what the plugin refuses, changes nothing', async () => {
  const { worker } = await start(hello(IN_PLACE))
  expect((await set(worker, { greeting: 5 })).error).toMatchObject({
    code: 'PLUGIN_CONFIG_INVALID',
    message: expect.stringMatching(/greeting.*string.*5/),
  })
  expect((await set(worker, { greeting: 'refused' })).error).toMatchObject({
    code: 'PLUGIN_CONFIG_INVALID',
    message: 'not this one',
  })
  expect(await config(worker)).toEqual({ greeting: 'written', size: 1 })
  expect(await generation(worker)).toBe(1)
})

test('Settings with which the plugin does not start: the old ones serve on, and the error says why', async () => {
  const { worker } = await start(hello())
  expect((await set(worker, { greeting: 'broken' })).error).toMatchObject({
    code: 'PLUGIN_START_FAILED',
    message: expect.stringContaining('no such greeting'),
  })
  expect(await config(worker)).toEqual({ greeting: 'written', size: 1 })
})

test('What fails with settings that were set at run time says where they are; who just sets them knows', async () => {
  const { worker } = await start(hello())
  const hint = 'Its settings were set at run time: correct or remove the file that `iii config explain` names'
  expect((await set(worker, { greeting: 'broken' })).error?.message).not.toContain('set at run time')
  await set(worker, { greeting: 'broken' }, { onlyStore: true })
  const reload = await worker.call('engine::plugins::reload', { name: 'hello' })
  expect(reload.error?.message).toMatch(/no such greeting.*\. Its settings/)
  expect(reload.error?.message).toContain(hint)
})

test('Refused settings leave neither a stale plugin nor a degraded engine: what is in force is what is wanted', async () => {
  const { folder, worker } = await start(hello())
  await set(worker, { greeting: 'broken' })
  const info = (await worker.call('engine::plugins::info', { name: 'hello' })).result as { history: unknown[] }
  expect(info).toMatchObject({ state: 'running' })
  expect(info).not.toHaveProperty('stale')
  expect(info.history.at(-1)).toMatchObject({ cause: 'settings', error: expect.stringContaining('no such greeting') })
  expect((await worker.call('engine::health::check')).result).toMatchObject({ status: 'healthy' })
  expect(await folder.logged("plugin 'hello' keeps its settings")).toMatchObject({ level: 'warn', reason: 'start' })
})

test('No call is lost while settings change', async () => {
  const { worker } = await start(hello())
  const answers: unknown[] = []
  const load = { stopped: false }
  const loading = (async () => {
    while (!load.stopped) answers.push(await worker.call('hello::config'))
  })()
  for (let size = 2; size < 8; size++) expect((await set(worker, { size })).result).toBe('generation')
  load.stopped = true
  await loading
  expect(answers.filter((answer) => (answer as { error?: unknown }).error !== undefined)).toEqual([])
})

test('A stored value that does not fit the schema any more gives way to the file', async () => {
  const { folder, worker } = await start(hello())
  await set(worker, { colour: 'red' }, { onlyStore: true })
  await worker.call('engine::plugins::reload', { name: 'hello' })
  expect(await config(worker)).toEqual({ greeting: 'written', size: 1 })
  expect((await folder.logged('the configuration file counts')).msg).toMatch(/unknown key 'colour'/)
})

test('Only the holder of the seat may apply settings', async () => {
  const { worker } = await start(hello())
  const { error } = await worker.call('engine::settings::apply', { plugin: 'hello', config: {} })
  expect(error).toMatchObject({
    code: 'FORBIDDEN',
    message: "only the worker that keeps settings may call this; set them with the functions of 'configuration'",
  })
})

test('While the holder is down a plugin keeps the settings that were known last, and the holder that comes back is told of all', async () => {
  const { folder, worker } = await start(hello(IN_PLACE))
  await set(worker, { greeting: 'before' }, { onlyStore: true })
  await worker.call('engine::plugins::reload', { name: 'hello' })
  expect((await set(worker, { greeting: 'kept' })).result).toBe('in_place')
  await worker.call('engine::plugins::stop', { name: 'configuration' })
  await worker.call('engine::plugins::reload', { name: 'hello' })
  expect(await config(worker)).toEqual({ greeting: 'kept', size: 1 })
  await worker.call('engine::plugins::start', { name: 'configuration' })
  expect((await worker.call('test::told')).result).toEqual([
    { op: 'applied', plugin: 'hello', value: { greeting: 'kept', size: 1 }, from: 'stored', aliases: [] },
  ])
  void worker.call('test::crash')
  await folder.logged("plugin 'configuration' reloaded")
  expect(((await worker.call('test::told')).result as unknown[]).length).toBe(1)
})

test('A changed block of the file is applied in place, told to the holder, and a removed entry as well', async () => {
  const { folder, worker } = await start(hello(IN_PLACE))
  folder.configure(LISTENER, '{ name: hello, config: { greeting: rewritten } }')
  await folder.logged('configuration reloaded')
  expect(await config(worker)).toEqual({ greeting: 'rewritten', size: 1 })
  expect(await generation(worker)).toBe(1)
  folder.configure(LISTENER)
  await folder.logged('configuration reloaded', 2)
  const told = (await worker.call('test::told')).result as { op: string; plugin: string; value?: unknown }[]
  expect(told.slice(1)).toMatchObject([
    { op: 'applied', plugin: 'hello', value: { greeting: 'rewritten', size: 1 } },
    { op: 'removed', plugin: 'hello' },
  ])
})

test('Each instance of a plugin keeps what was set for it, over a new start of the engine', async () => {
  const folder = new EngineFolder()
  const register = `iii.registerFunction(config.id + '::greeting', () => config.greeting)`
  const schema = `config: { type: 'object', properties: { id: { type: 'string' }, greeting: { type: 'string' } } },`
  folder.write('plugins/iii-bridge.ts', pluginFile('iii-bridge', register, `${schema} repeatable: true,`))
  const entry = (id: string): string => `{ name: iii-bridge, config: { id: ${id}, greeting: written } }`
  folder.configure(LISTENER, entry('one'), entry('two'))
  const engine = await folder.start({ watch: false })
  const first = await folder.connect()
  const value = { id: 'two', greeting: 'set' }
  expect((await first.call('configuration::set', { id: 'iii-bridge#1', value })).error).toBeUndefined()
  await engine.close()
  await folder.start({ watch: false })
  const worker = await folder.connect()
  expect((await worker.call('one::greeting')).result).toBe('written')
  expect((await worker.call('two::greeting')).result).toBe('set')
})
