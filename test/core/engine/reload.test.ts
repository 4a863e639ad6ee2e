// A changed configuration file in a running engine: all of it or nothing, and nothing that did not change is touched
// (spec 04 A.7, checks 8–12).
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startEngine } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const HELLO = pluginFile('hello', `iii.registerFunction('hello::greet', () => 'hello')`)

test('An entry that is added starts its plugin, and workers keep their connections', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER)
  await folder.start()
  const worker = await folder.connect()
  expect((await worker.call('hello::greet')).error?.code).toBe('function_not_found')
  folder.configure(LISTENER, '{ name: hello }')
  expect(await folder.logged('configuration reloaded')).toMatchObject({ started: ['hello'], stopped: [] })
  expect((await worker.call('hello::greet')).result).toBe('hello')
  expect(await connectedWorkers(folder)).toContain(worker.workerId)
})

test('A comment restarts nothing', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER, '{ name: hello }')
  await folder.start()
  const worker = await folder.connect()
  const url = folder.url()
  appendFileSync(join(folder.dir, 'iii-config.yaml'), '# a thought\n')
  const line = await folder.logged('configuration reloaded')
  expect(line).toMatchObject({ started: [], reloaded: [], reconfigured: [], stopped: [] })
  expect(line).not.toHaveProperty('listening')
  expect(folder.url()).toBe(url)
  await worker.settled()
  const { result } = await worker.call('engine::plugins::list')
  expect((result as { plugins: object[] }).plugins).toContainEqual(
    expect.objectContaining({ name: 'hello', generation: 1 }),
  )
})

test('An empty file is no configuration, also when a saved plugin has a refused one tried again', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER, '{ name: hello }')
  await folder.start()
  const info = (): Promise<unknown> => folder.engine.call('engine::plugins::info', { name: 'hello' })
  folder.configure(LISTENER, '{ name: hello, config: { odd: 1 } }')
  await folder.logged('the previous configuration runs on')
  folder.write('iii-config.yaml', '')
  const { level, msg } = await folder.logged('is empty')
  expect({ level, msg }).toEqual({
    level: 'warn',
    msg: `'${join(folder.dir, 'iii-config.yaml')}' is empty and not taken up: the configuration that was read from it runs on. Write 'workers: []' if nothing is to run`,
  })
  folder.write('plugins/hello.ts', HELLO.replace("=> 'hello'", "=> 'saved'"))
  await expect.poll(() => folder.engine.call('hello::greet')).toBe('saved')
  expect(await info()).toMatchObject({ state: 'running', generation: 2 })
  expect(folder.log.items.filter(({ msg }) => msg.includes('configuration reloaded'))).toEqual([])
  // Not `workers: []`: with that the engine listens on its usual port, which another one may have.
  folder.configure(LISTENER)
  expect(await folder.logged('configuration reloaded')).toMatchObject({ stopped: ['hello'] })
})

test('Broken YAML changes nothing but the health, and the mended file applies', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER)
  await folder.start()
  const worker = await folder.connect()
  const health = async (): Promise<unknown> => (await worker.call('engine::health::check')).result
  folder.write('iii-config.yaml', 'workers:\n  - { name: hello\n')
  expect((await folder.logged('parse failed')).level).toBe('error')
  expect(await health()).toMatchObject({ status: 'degraded', components: { config: { status: 'degraded' } } })
  expect(await connectedWorkers(folder)).toContain(worker.workerId)
  folder.configure(LISTENER, '{ name: hello }')
  await folder.logged('configuration reloaded')
  expect((await worker.call('hello::greet')).result).toBe('hello')
  expect(await health()).toMatchObject({ status: 'healthy' })
})

test('A changed listener disconnects its own workers, with 1012, and no others', async () => {
  const folder = new EngineFolder()
  const [first, second] = [await unusedPort(), await unusedPort()]
  const listener = (port: number, more = ''): string => `{ name: iii-worker-manager, config: { port: ${port}${more} } }`
  folder.configure(listener(first), listener(second))
  await folder.start()
  const [stays, leaves] = [await folder.connect(), await folder.connect({ listener: 1 })]
  const rows = (await stays.call('engine::workers::list', { search: 'iii-worker-manager' })).result as {
    workers: { id: string; name: string }[]
  }
  expect(rows.workers.map(({ id, name }) => [id, name])).toEqual([
    ['iii-worker-manager', 'iii-worker-manager'],
    ['iii-worker-manager#1', 'iii-worker-manager'],
  ])
  folder.configure(listener(first), listener(second, ', max_registrations: 1'))
  expect(await leaves.closed).toMatchObject({ code: 1012 })
  await folder.logged("listener 'iii-worker-manager#1' has new settings")
  await folder.logged('configuration reloaded')
  const back = await folder.connect({ listener: 1 })
  back.provide('new::one', () => 1)
  await back.provided('new::two', () => 2)
  expect((await stays.call('new::one')).result).toBe(1)
  expect((await stays.call('new::two')).error?.code).toBe('function_not_found')
})

test('When a new listener cannot be opened, the plugins of the same change go back as well', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER)
  await folder.start()
  const worker = await folder.connect()
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  folder.configure(LISTENER, `{ name: iii-worker-manager, config: { port: ${port} } }`, '{ name: hello }')
  expect((await folder.logged('the previous configuration runs on')).msg).toContain(String(port))
  expect((await worker.call('hello::greet')).error?.code).toBe('function_not_found')
  expect(folder.engine.status().listeners).toHaveLength(1)
  await worker.settled()
})

async function connectedWorkers(folder: EngineFolder): Promise<string[]> {
  const { workers } = (await folder.engine.call('engine::workers::list', {})) as { workers: { id: string }[] }
  return workers.map(({ id }) => id)
}

test('Whoever edits the file has it taken up at once, and hears whether it is in force', async () => {
  const folder = new EngineFolder()
  folder.write('plugins/hello.ts', HELLO)
  folder.configure(LISTENER)
  await folder.start()
  const file = join(folder.dir, 'iii-config.yaml')
  expect(await folder.engine.call('engine::config::file')).toEqual({
    path: file,
    project_root: folder.dir,
    problem: null,
  })
  folder.configure(LISTENER, '{ name: hello }')
  expect(await folder.engine.call('engine::config::reload')).toEqual({ applied: true, problem: null })
  expect(await folder.engine.call('hello::greet')).toBe('hello')

  folder.configure(LISTENER, '{ name: hello, config: { odd: 1 } }')
  const refused = { applied: false, problem: expect.stringContaining('odd') as string }
  expect(await folder.engine.call('engine::config::reload')).toEqual(refused)
  expect(await folder.engine.call('engine::config::file')).toMatchObject({ problem: refused.problem })
  expect(await folder.engine.call('hello::greet')).toBe('hello')

  folder.write('iii-config.yaml', '')
  expect(await folder.engine.call('engine::config::reload')).toEqual({
    applied: false,
    problem: `'${file}' is empty; the configuration that was read from it runs on`,
  })
})

test('An engine without a file says so when it is to take one up', async () => {
  const log = createLog({ level: 'silent', write: () => {} })
  const engine = await startEngine({ config: 'workers: [{ name: iii-worker-manager, config: { port: 0 } }]', log })
  onTestFinished(() => engine.close())
  expect(await engine.call('engine::config::reload')).toEqual({
    applied: false,
    problem: 'the engine runs without a configuration file; start it with --config=FILE',
  })
})
