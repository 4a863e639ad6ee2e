// The health of a whole engine, over its own port and its function: the same report, and ports that move in one change.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MAX_HEALTH_CHARACTERS, MAX_HEALTH_PARTS } from '../../../core/host/inside/own-health.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

const listener = (port: number): string => `{ name: iii-worker-manager, config: { port: ${port} } }`

/** Entries, and the address for `GET /health`. */
function configure(folder: EngineFolder, health: string, ...entries: string[]): void {
  const workers = entries.map((entry) => `  - ${entry}`)
  folder.write('iii-config.yaml', ['workers:', ...workers, `engine: { health: ${health} }`, ''].join('\n'))
}

async function asked(folder: EngineFolder) {
  const response = await fetch(folder.engine.status().healthUrl ?? '')
  return { status: response.status, report: (await response.json()) as Record<string, unknown> }
}

test('GET /health has the report of engine::health::check, and says so when a saved configuration is not in force', async () => {
  const folder = new EngineFolder()
  configure(folder, '{ port: 0 }', LISTENER)
  await folder.start()
  const { status, report } = await asked(folder)
  expect({ status, report }).toMatchObject({ status: 200, report: { status: 'healthy' } })
  const timestamp: unknown = expect.any(Number)
  expect({ ...report, timestamp }).toEqual({
    ...((await folder.engine.call('engine::health::check')) as object),
    timestamp,
  })

  configure(folder, '{ prot: 0 }', LISTENER)
  const { msg } = await folder.logged('the previous configuration runs on')
  expect(msg).toContain("engine.health.prot: unknown key 'prot'. Did you mean 'port'?")
  expect(await asked(folder)).toMatchObject({ status: 503, report: { components: { config: { status: 'degraded' } } } })
})

test('a plugin whose refused change is taken back is healthy again', async () => {
  const folder = new EngineFolder()
  const good = pluginFile('hello', '')
  folder.write('plugins/hello.ts', good)
  folder.configure(LISTENER, '{ name: hello }')
  await folder.start()
  const health = () => folder.engine.call('engine::health::check')
  folder.write('plugins/hello.ts', pluginFile('hello', 'const'))
  await folder.logged("plugin 'hello' keeps its old code")
  await expect.poll(health).toMatchObject({ status: 'degraded' })
  folder.write('plugins/hello.ts', good)
  await folder.logged("plugin 'hello' is up to date again")
  await expect.poll(health).toMatchObject({ status: 'healthy' })
})

test('a plugin tells how its parts are, until its generation ends', async () => {
  const folder = new EngineFolder()
  const reporting = (body: string): string => `
    export default {
      name: 'hello',
      start: ({ reportHealth, iii }) => {
        ${body}
        iii.registerFunction('hello::say', ([part, state]) => reportHealth(part, state))
      },
    }`
  folder.write(
    'plugins/hello.ts',
    reporting(
      `reportHealth('mailbox', { status: 'degraded', details: { waits: 3 } }); reportHealth('router', { status: 'degraded' })`,
    ),
  )
  folder.configure(LISTENER, '{ name: hello }')
  const engine = await folder.start()
  const health = () => engine.call('engine::health::check')
  expect(await health()).toMatchObject({
    status: 'degraded',
    // Nobody speaks for a part of the engine.
    components: { mailbox: { status: 'degraded', details: { waits: 3 } }, router: { status: 'healthy' } },
  })
  await engine.call('hello::say', ['mailbox', { status: 'healthy' }])
  expect(await health()).toMatchObject({
    status: 'healthy',
    components: { mailbox: { status: 'healthy', details: {} } },
  })
  for (let part = 2; part < MAX_HEALTH_PARTS; part++) {
    await engine.call('hello::say', [`part-${part}`, { status: 'healthy' }])
  }
  for (const [said, problem] of [
    [['one-more', { status: 'healthy' }], '8 parts at most'],
    [['A', { status: 'healthy' }], 'got "A"'],
    [['mailbox', { status: 'ill' }], 'got "ill"'],
    [['mailbox', { status: 'healthy', details: { text: 'x'.repeat(MAX_HEALTH_CHARACTERS) } }], 'at most 4096'],
  ] as const) {
    await expect(engine.call('hello::say', said)).rejects.toMatchObject({ message: expect.stringContaining(problem) })
  }
  await engine.call('engine::plugins::stop', { name: 'hello' })
  expect(((await health()) as { components: object }).components).not.toHaveProperty('mailbox')
})

test('there is no such port unless it is configured', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  const engine = await folder.start()
  expect(engine.status()).not.toHaveProperty('healthUrl')
})

test('listener and health change their ports with each other in one change', async () => {
  const folder = new EngineFolder()
  const [a, b] = [await unusedPort(), await unusedPort()]
  configure(folder, `{ port: ${a} }`, listener(b))
  await folder.start()
  configure(folder, `{ port: ${b} }`, listener(a))
  const { listening } = await folder.logged('configuration reloaded')
  expect(listening).toEqual([`ws://127.0.0.1:${a}`, `http://127.0.0.1:${b}/health`])
  expect((await asked(folder)).status).toBe(200)
  expect((await folder.connect()).workerId).not.toBe('')
})

test('a port that a listener keeps is refused for it, and all runs on as it was', async () => {
  const folder = new EngineFolder()
  const port = await unusedPort()
  configure(folder, '{ port: 0 }', listener(port))
  await folder.start()
  const before = folder.engine.status().healthUrl
  configure(folder, `{ port: ${port} }`, listener(port), '{ name: iii-cron }')
  const { msg } = await folder.logged('the previous configuration runs on')
  expect(msg).toContain(`engine.health: address 127.0.0.1:${port} is already in use`)
  expect(folder.engine.status().healthUrl).toBe(before)
  expect(folder.engine.status().plugins.find(({ name }) => name === 'iii-cron')?.state).not.toBe('running')
})

test('an engine that can not have the port does not start, and says which setting it is', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const folder = new EngineFolder()
  configure(folder, `{ port: ${port} }`, LISTENER)
  await expect(folder.start()).rejects.toThrow(
    `address 127.0.0.1:${port} is already in use: stop the other process, or set another 'port' for engine.health`,
  )
})

test('an engine that closes is no longer healthy while its plugins finish', async () => {
  const folder = new EngineFolder()
  const port = await unusedPort()
  const asking = `const { writeFileSync } = await import('node:fs')
    return {
      async stop() {
        const response = await fetch('http://127.0.0.1:${port}/health')
        writeFileSync(engine.projectRoot + '/seen.json', await response.text())
      },
    }`
  folder.write('plugins/asking.ts', pluginFile('asking', asking))
  configure(folder, `{ port: ${port} }`, LISTENER, '{ name: asking }')
  await (await folder.start()).close()
  expect(JSON.parse(readFileSync(join(folder.dir, 'seen.json'), 'utf8'))).toMatchObject({
    status: 'degraded',
    components: { router: { status: 'degraded', details: { error: 'the engine is closing' } } },
  })
})
