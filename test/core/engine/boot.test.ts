// The start and the end of a whole engine: order, places, rights (spec 04 checks 3, 35, 36; spec 09 §1; design, "Change of generation").
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { heldPort } from '../../support/held-port.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

test('Plugins start in the order of what they require', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/first.ts', pluginFile('first', `iii.registerFunction('first::name', () => 'first')`))
  folder.write(
    'plugins/second.ts',
    pluginFile(
      'second',
      `const found = await iii.trigger({ function_id: 'first::name', payload: {} })\n    iii.registerFunction('second::found', () => found)`,
      `requires: ['first'],`,
    ),
  )
  folder.configure(LISTENER, '{ name: second }', '{ name: first }')
  await folder.start()
  const worker = await folder.connect()
  expect((await worker.call('second::found')).result).toBe('first')
})

test('A plugin finds the built-ins that stand before it in the file, whether or not it requires them', async () => {
  const folder = new EngineFolder()
  const keeps = `await iii.trigger({ function_id: 'state::set', payload: { scope: 's', key: 'k', value: 1 } })`
  folder.write('plugins/keeper.ts', pluginFile('keeper', keeps))
  folder.configure(LISTENER, '{ name: iii-pubsub }', '{ name: iii-cron }', '{ name: iii-state }', '{ name: keeper }')
  await folder.start()
  expect(await folder.engine.call('state::get', { scope: 's', key: 'k' })).toBe(1)
})

test('At the end plugins stop in reverse order while workers are still there, then these are closed with 1012', async () => {
  const folder = new EngineFolder()
  const telling = (name: string, more = ''): string =>
    pluginFile(
      name,
      `return { async stop({ reason }) { await iii.trigger({ function_id: 'seen::stop', payload: { name: '${name}', reason } }) } }`,
      more,
    )
  folder.write('plugins/base.ts', telling('base'))
  folder.write('plugins/upper.ts', telling('upper', `requires: ['base'],`))
  folder.configure(LISTENER, '{ name: upper }', '{ name: base }')
  await folder.start()
  const worker = await folder.connect()
  const stops: unknown[] = []
  await worker.provided('seen::stop', ({ name, reason }: { name: string; reason: string }) =>
    stops.push([name, reason]),
  )
  await folder.engine.close()
  expect(await worker.closed).toMatchObject({ code: 1012 })
  expect(stops).toEqual([
    ['upper', 'shutdown'],
    ['base', 'shutdown'],
  ])
})

test('Without an entry for it state is not there', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  await folder.start()
  const worker = await folder.connect()
  expect((await worker.call('state::get', { scope: 's', key: 'k' })).error?.code).toBe('function_not_found')
})

test('Paths of the configuration are relative to its file, wherever the engine was started', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, '{ name: iii-state, config: { adapter: { name: kv, config: { file_path: ./data/x } } } }')
  const elsewhere = tempFolder()
  await folder.start({ cwd: elsewhere, configPath: join(folder.dir, 'iii-config.yaml') })
  const worker = await folder.connect()
  expect((await worker.call('state::set', { scope: 's', key: 'k', value: 1 })).error).toBeUndefined()
  expect(existsSync(join(folder.dir, 'data/x/state.db'))).toBe(true)
  expect(existsSync(join(elsewhere, 'data'))).toBe(false)
})

test('A listener without host answers on 127.0.0.1 only', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  await folder.start()
  const { hostname, port } = new URL(folder.url())
  expect(hostname).toBe('127.0.0.1')
  const code = await new Promise<string>((resolve) => {
    const other = connect(Number(port), '127.0.0.2')
    other.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')).on('connect', () => resolve('open'))
    other.unref()
  })
  expect(code).toBe('ECONNREFUSED')
})

test('The entry of a plugin narrows what it may call', async () => {
  const folder = new EngineFolder()
  const calling = `iii.registerFunction('narrow::call', ({ id }) => iii.trigger({ function_id: id, payload: {} }).then(() => 'fine', ({ code, message }) => ({ code, message })))`
  folder.write('plugins/narrow.ts', pluginFile('narrow', calling))
  folder.configure(LISTENER, '{ name: narrow, allow: ["images::*"] }')
  await folder.start()
  const worker = await folder.connect()
  worker.provide('images::cut', () => 1)
  await worker.provided('secret::read', () => 2)
  expect((await worker.call('narrow::call', { id: 'images::cut' })).result).toBe('fine')
  expect((await worker.call('narrow::call', { id: 'secret::read' })).result).toEqual({
    code: 'FORBIDDEN',
    message: expect.stringMatching(/plugin 'narrow' may not call 'secret::read'.*'allow' in the entry 'narrow'/),
  })
  expect(worker.calls('secret::read')).toEqual([])
})

test('A start waits for an address that is held though nobody listens there, says so, and can be ended', async () => {
  const { port } = await heldPort()
  const folder = new EngineFolder()
  folder.configure(`{ name: iii-worker-manager, config: { port: ${port} } }`)
  const abort = new AbortController()
  const ended = folder.start({ signal: abort.signal })
  expect(await folder.logged(`address 127.0.0.1:${port} is held by a connection`)).toMatchObject({ level: 'warn' })
  abort.abort()
  await expect(ended).rejects.toThrow(`address 127.0.0.1:${port} is already in use`)
})

test(
  'A start that waits for an address goes on once that is free, also where one before it was ended',
  // Once it is free, any connection of this machine may be given the port before it is opened.
  { retry: 2 },
  async () => {
    const { port, free } = await heldPort()
    const folder = new EngineFolder()
    folder.configure(`{ name: iii-worker-manager, config: { port: ${port} } }`)
    const abort = new AbortController()
    const ended = folder.start({ signal: abort.signal })
    await folder.logged(`address 127.0.0.1:${port} is held by a connection`)
    abort.abort()
    await expect(ended).rejects.toThrow('is already in use')
    const started = folder.start()
    await folder.logged(`address 127.0.0.1:${port} is held by a connection`, 2)
    free()
    expect((await started).url).toBe(`ws://127.0.0.1:${port}`)
  },
)

test('A variable that looks like a number is a text for a plugin whose schema takes a text, and a number for one that takes that', async () => {
  const folder = new EngineFolder()
  const schema = `config: { type: 'object', properties: { pin: { type: 'string' }, port: { type: 'integer' } } },`
  folder.write('plugins/door.ts', pluginFile('door', `iii.registerFunction('door::config', () => config)`, schema))
  folder.configure(LISTENER, '{ name: door, config: { pin: ${PIN}, port: ${PORT} } }')
  await folder.start({ env: { ...process.env, PIN: '01234', PORT: '01234' } })
  expect(await folder.engine.call('door::config')).toEqual({ pin: '01234', port: 1234 })
})
