// The engine as a program embeds it: started with a configuration at hand, called, closed.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startEngine, type Engine, type StartOptions } from '../../../core/engine.ts'
import { createLog } from '../../../core/log.ts'
import { RawClient } from '../../support/raw-client.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const CONFIG = { workers: [{ name: 'iii-worker-manager', config: { port: 0, max_depth: 9 } }] }

async function started(options: StartOptions): Promise<Engine> {
  const log = createLog({ level: 'silent', write: () => {} })
  const engine = await startEngine({ cwd: tempFolder(), log, ...options })
  onTestFinished(() => engine.close())
  return engine
}

test.each([
  ['a value', CONFIG],
  ['a text', 'workers:\n  - { name: iii-worker-manager, config: { port: 0, max_depth: 9 } }\n'],
])('It runs with %s, relative to the folder that is named, and writes no file of it', async (_what, config) => {
  const cwd = tempFolder()
  const engine = await started({ cwd, config })
  expect(engine.status()).toMatchObject({ state: 'running', configFile: null, projectRoot: cwd, warnings: [] })
  await RawClient.connect(engine.url)
  await engine.close()
  expect(readdirSync(cwd).filter((name) => name.includes('config.yaml'))).toEqual([])
})

test('Placeholders stand for the environment that is handed in', async () => {
  const config = 'workers:\n  - { name: iii-worker-manager, config: { port: ${PORT}, host: "${HOST}" } }\n'
  const engine = await started({ config, env: { ...process.env, PORT: '0', HOST: '::1' } })
  expect(engine.url).toMatch(/^ws:\/\/\[::1\]:\d+$/)
})

test('What is wrong with it is told with its line', async () => {
  const text = 'workers:\n  - name: iii-worker-manager\n    config: { prt: 1 }\n'
  await expect(started({ config: text })).rejects.toThrow(/\(given configuration\):3: .*unknown key 'prt'/)
})

test('Without a configuration file it does not start, and creates none', async () => {
  const cwd = tempFolder()
  await expect(started({ cwd })).rejects.toThrow(`Config file not found: '${join(cwd, 'iii-config.yaml')}'.`)
  expect(readdirSync(cwd)).toEqual([])
})

test('A file can be named, relative to the folder', async () => {
  const cwd = tempFolder()
  writeFileSync(join(cwd, 'other.yaml'), JSON.stringify(CONFIG))
  const engine = await started({ cwd, configPath: 'other.yaml' })
  expect(engine.status().configFile).toBe(join(cwd, 'other.yaml'))
})

test('It calls functions of workers and gets their results', async () => {
  const engine = await started({ config: CONFIG })
  const worker = await RawClient.connect(engine.url)
  await worker.provided('add', ({ a, b }: { a: number; b: number }) => a + b)
  await worker.provided('nothing', () => undefined)
  expect(await engine.call('add', { a: 1, b: 2 })).toBe(3)
  expect(await engine.call('nothing')).toBeUndefined()
})

test('A call fails with the code of whoever refuses it', async () => {
  const engine = await started({ config: CONFIG })
  await expect(engine.call('nobody::here')).rejects.toMatchObject({ code: 'function_not_found' })
  await expect(engine.call('engine::plugins::info', { name: 'none' })).rejects.toMatchObject({
    code: 'PLUGIN_NOT_FOUND',
  })
})

test('A call ends at its deadline', async () => {
  const engine = await started({ config: CONFIG })
  const worker = await RawClient.connect(engine.url)
  await worker.provided('slow')
  await expect(engine.call('slow', {}, { timeoutMs: 20 })).rejects.toMatchObject({
    code: 'timeout',
    message: "'slow' gave no answer within 20 ms",
  })
})

test('A call finds functions of another namespace by its name', async () => {
  const engine = await started({ config: CONFIG })
  const worker = await RawClient.connect(engine.url, { namespace: 'shop' })
  await worker.provided('shop::f', () => 'here')
  await expect(engine.call('shop::f')).rejects.toMatchObject({ code: 'function_not_found' })
  expect(await engine.call('shop::f', {}, { namespace: 'shop' })).toBe('here')
})

test('After its end it can be closed again and makes no calls', async () => {
  const engine = await started({ config: CONFIG })
  await engine.close()
  await engine.close()
  await expect(engine.call('engine::health::check')).rejects.toThrow('the engine is closed')
  expect(engine.status()).toMatchObject({ state: 'closed', abandoned: [] })
})
