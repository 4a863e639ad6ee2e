// A change of configuration over all who take part in it: refused before anything is touched, or in force as a whole (spec 04 A.7, A.8).
import { once } from 'node:events'
import { appendFileSync, existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

/** Leaves a file behind when it starts. */
const marking = (name: string): string =>
  pluginFile(name, `(await import('node:fs')).writeFileSync(engine.projectRoot + '/${name}-started', '')`)

const listening = (name: string): string =>
  pluginFile(
    name,
    `const { createServer } = await import('node:net')
    const server = createServer()
    await new Promise((resolve, reject) => server.once('error', reject).listen(config.port, '127.0.0.1', resolve))
    iii.registerFunction('${name}::port', () => server.address().port)
    return { stop: () => new Promise((resolve) => server.close(resolve)) }`,
    `config: { type: 'object', properties: { port: { type: 'integer' } } },`,
  )

const listener = (port: number): string => `{ name: iii-worker-manager, config: { port: ${port} } }`

test('With --strict-config an unknown name is refused before any plugin of the change has run', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/added.ts', marking('added'))
  folder.configure(LISTENER)
  await folder.start({ strictConfig: true })
  folder.configure(LISTENER, '{ name: added }', '{ name: nobody }')
  const { msg } = await folder.logged('the previous configuration runs on')
  expect(msg).toContain("entry 'nobody': iii-config.yaml:4: Unknown worker 'nobody'")
  expect(msg).not.toContain('skipped')
  expect(existsSync(join(folder.dir, 'added-started'))).toBe(false)
  expect(await folder.engine.call('engine::health::check')).toMatchObject({
    components: { config: { status: 'degraded', details: { error: msg.replace(/; the previous.*/, '') } } },
  })
  folder.configure(LISTENER, '{ name: added }')
  await folder.logged('configuration reloaded')
  expect(existsSync(join(folder.dir, 'added-started'))).toBe(true)
})

test('With --strict-config an unknown name at the start is refused before any plugin has run', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER, '{ name: iii-state }', '{ name: nobody }')
  await expect(folder.start({ strictConfig: true })).rejects.toThrow("Unknown worker 'nobody'")
  expect(existsSync(join(folder.dir, 'data'))).toBe(false)
})

test('With --strict-config a plugin that runs other entries is asked before one is refused at the start', async () => {
  const folder = new EngineFolder()
  const holder = `iii.registerFunction('engine::seat::entries', ({ op, entries }) =>
      op === 'prepare' ? { taken: entries.map((entry) => entry.instance_id), problems: [] } : null)`
  folder.write('plugins/iii-worker-ops.ts', pluginFile('iii-worker-ops', holder, `seats: ['entries'],`))
  folder.configure(LISTENER, '{ name: iii-worker-ops }', '{ name: installed }')
  await folder.start({ strictConfig: true })
  expect(folder.engine.status().warnings).toEqual([])
})

test('A configuration that is refused is told once, however often files of plugins are saved, and again when it is saved', async () => {
  const folder = new EngineFolder()
  const save = (text: string): void =>
    folder.write('plugins/saved.ts', pluginFile('saved', `iii.registerFunction('saved::text', () => '${text}')`))
  save('0')
  folder.write(
    'plugins/strict.ts',
    pluginFile('strict', '', `config: { type: 'object', additionalProperties: false },`),
  )
  folder.configure(LISTENER, '{ name: saved }', '{ name: strict }')
  await folder.start()
  const told = (level: string): string[] =>
    folder.log.items
      .filter((line) => line.level === level)
      .flatMap(({ msg }) => /keeps its old settings|the previous configuration runs on/.exec(msg)?.[0] ?? [])
  const once = ['keeps its old settings', 'the previous configuration runs on']
  folder.configure(LISTENER, '{ name: saved }', '{ name: strict, config: { odd: 1 } }')
  await folder.logged('the previous configuration runs on')
  expect(told('error')).toEqual(once)
  for (const text of ['1', '2', '3']) {
    save(text)
    await expect.poll(() => folder.engine.call('saved::text')).toBe(text)
  }
  await expect.poll(() => told('debug').length).toBeGreaterThanOrEqual(2)
  expect(told('error')).toEqual(once)
  appendFileSync(join(folder.dir, 'iii-config.yaml'), '# once more\n')
  await expect.poll(() => told('error')).toEqual([...once, 'the previous configuration runs on'])
})

test('A port that cannot be bound refuses the change before any plugin of it has run', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/added.ts', marking('added'))
  folder.configure(LISTENER)
  await folder.start()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  folder.configure(LISTENER, listener(port), '{ name: added }')
  expect((await folder.logged('the previous configuration runs on')).msg).toContain(
    `listener 'iii-worker-manager#1': address 127.0.0.1:${port} is already in use`,
  )
  expect(existsSync(join(folder.dir, 'added-started'))).toBe(false)
})

test('When a plugin does not start, the port of a new listener is free again and that of an old one serves', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/broken.ts', pluginFile('broken', `throw new Error('no database')`))
  const [old, fresh] = [await unusedPort(), await unusedPort()]
  folder.configure(LISTENER, listener(old))
  await folder.start()
  folder.configure(LISTENER, listener(fresh), '{ name: broken }')
  expect((await folder.logged('the previous configuration runs on')).msg).toContain("plugin 'broken': ")
  expect(folder.engine.status().listeners.map(({ url }) => new URL(url).port)).toContain(String(old))
  await folder.connect({ listener: 1 })
  const other = createServer().listen(fresh, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
})

test('A port moves from a plugin to a listener and back', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/owner.ts', listening('owner'))
  const [port, elsewhere] = [await unusedPort(), await unusedPort()]
  const owner = (at: number): string => `{ name: owner, config: { port: ${at} } }`
  folder.configure(LISTENER, owner(port))
  await folder.start()
  folder.configure(LISTENER, listener(port), owner(elsewhere))
  await folder.logged('configuration reloaded')
  expect(await folder.engine.call('owner::port')).toBe(elsewhere)
  const worker = await folder.connect({ listener: 1 })
  folder.configure(LISTENER, owner(port))
  expect((await worker.closed).code).toBe(1012)
  await folder.logged('configuration reloaded', 2)
  expect(await folder.engine.call('owner::port')).toBe(port)
})

test('What is saved while the engine starts is in force after it', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', pluginFile('hello', `iii.registerFunction('hello::greet', () => 'hello')`))
  folder.write(
    'plugins/saver.ts',
    pluginFile(
      'saver',
      `(await import('node:fs')).appendFileSync(engine.projectRoot + '/iii-config.yaml', '  - { name: hello }\\n')`,
    ),
  )
  folder.configure(LISTENER, '{ name: saver }')
  await folder.start()
  expect(await folder.logged('configuration reloaded')).toMatchObject({ started: ['hello'] })
  expect(await folder.engine.call('hello::greet')).toBe('hello')
})

test('Settings of the engine that can change while it runs do, and the others are named', async () => {
  const folder = new EngineFolder()
  const write = (engine: string): void =>
    folder.write('iii-config.yaml', `engine: { ${engine} }\nworkers:\n  - ${LISTENER}\n`)
  write('restart_grace_ms: 600000')
  await folder.start()
  write('restart_grace_ms: 0, drain_ms: 4000, crash_budget: 2')
  const { level, msg } = await folder.logged('restart the engine')
  expect([level, msg]).toEqual([
    'warn',
    "'engine.drain_ms', 'engine.crash_budget' have changed: restart the engine for that to take effect",
  ])
  await folder.logged('configuration reloaded')
  const [worker, caller] = [await folder.connect(), await folder.connect()]
  await worker.provided('gone::f')
  worker.socket.terminate()
  const isListed = async (): Promise<boolean> => {
    const { result } = await caller.call('engine::workers::list', {})
    const { workers } = result as { workers: { id: string }[] }
    return workers.some(({ id }) => id === worker.workerId)
  }
  while (await isListed());
  expect((await caller.call('gone::f')).error?.code).toBe('function_not_found')
})

test('While a change is being made the engine says so', async () => {
  const folder = new EngineFolder()
  folder.write(
    'plugins/asking.ts',
    pluginFile('asking', `await iii.trigger({ function_id: 'test::state', payload: {} })`),
  )
  folder.configure(LISTENER)
  const states: string[] = []
  await folder.start({ localFunctions: { 'test::state': () => void states.push(folder.engine.status().state) } })
  expect(folder.engine.status().state).toBe('running')
  folder.configure(LISTENER, '{ name: asking }')
  await folder.logged('configuration reloaded')
  expect(states).toEqual(['changing'])
  await folder.engine.close()
  expect(folder.engine.status().state).toBe('closed')
})
