// Processes of workers over time: stopped and started by hand, crashed, changed, removed, and what a reload of the plugin does to them.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isAlive } from '../../support/process-alive.ts'
import { OpsFolder } from './ops-folder.ts'

async function running(...names: string[]): Promise<OpsFolder> {
  const folder = new OpsFolder()
  await folder.begin()
  for (const name of names) await folder.add(folder.worker(name))
  return folder
}

const TEN = { timeout: 10_000 }

describe('worker::stop', () => {
  test('wants to be meant', async () => {
    const folder = await running('hello')
    const refusal = await folder.refusal('worker::stop', { name: 'hello' })
    expect(refusal).toMatchObject({ wireCode: 'W104', code: 'W104', details: { op: 'stop' } })
  })

  test('ends a worker, which stays so over a reload of the plugin; worker::start brings it back as another process', async () => {
    const folder = await running('hello')
    const pid = await folder.call('hello::pid')
    expect(await folder.call('worker::stop', { name: 'hello', yes: true })).toEqual({ name: 'hello', stopped: true })
    expect(isAlive(pid)).toBe(false)
    expect(await folder.row('hello')).toMatchObject({ running: false, status: 'stopped', pid: null })
    expect(await folder.call('worker::stop', { name: 'hello', yes: true })).toEqual({ name: 'hello', stopped: true })
    await folder.call('engine::plugins::reload', { name: 'iii-worker-ops' })
    expect(await folder.row('hello')).toMatchObject({ status: 'stopped' })
    const started = await folder.call('worker::start', { name: 'hello' })
    expect(started).toEqual({ name: 'hello', pid: expect.any(Number), port: Number(new URL(folder.url()).port) })
    expect(await folder.call('hello::pid')).not.toBe(pid)
  })

  test('finds its worker also right after a reload of the plugin', async () => {
    const folder = await running('hello')
    await folder.call('worker::stop', { name: 'hello', yes: true })
    for (let reload = 0; reload < 5; reload++) {
      await folder.call('engine::plugins::reload', { name: 'iii-worker-ops' })
      expect(await folder.call('worker::stop', { name: 'hello', yes: true })).toEqual({ name: 'hello', stopped: true })
    }
  }, 30_000)

  test('does not stop what is part of the engine, nor what is not there', async () => {
    const folder = await running()
    expect(await folder.refusal('worker::stop', { name: 'iii-state', yes: true })).toMatchObject({ code: 'W113' })
    expect(await folder.refusal('worker::stop', { name: 'nope', yes: true })).toMatchObject({ code: 'W112' })
    expect(await folder.refusal('worker::stop', { name: '../x', yes: true })).toMatchObject({ code: 'W100' })
  })

  test('kills a worker that does not hear', async () => {
    const folder = new OpsFolder()
    await folder.begin()
    await folder.add(folder.worker('deaf', { before: `process.on('SIGTERM', () => {})` }))
    const pid = await folder.call('deaf::pid')
    expect(await folder.call('worker::stop', { name: 'deaf', yes: true })).toEqual({ name: 'deaf', stopped: true })
    expect(isAlive(pid)).toBe(false)
  }, 30_000)
})

describe('worker::start', () => {
  test('refuses what runs, what is not there, and no name', async () => {
    const folder = await running('hello')
    const { pid } = await folder.row('hello')
    expect(await folder.refusal('worker::start', { name: 'hello' })).toMatchObject({
      code: 'W114',
      details: { name: 'hello', pid },
    })
    expect(await folder.refusal('worker::start', { name: 'nope' })).toMatchObject({ code: 'W112' })
    expect(await folder.refusal('worker::start', { name: '' })).toMatchObject({ code: 'W100' })
    expect(await folder.refusal('worker::start', {})).toMatchObject({ code: 'W105' })
  })

  test('says that a worker ended at once, and why', async () => {
    const folder = await running('hello')
    await folder.call('worker::stop', { name: 'hello', yes: true })
    folder.write('hello/index.mjs', `console.error('no database'); process.exit(7)`)
    const refusal = await folder.refusal('worker::start', { name: 'hello' })
    expect(refusal).toMatchObject({ code: 'W161', details: { worker: 'hello', stderr_tail: ['no database'] } })
    expect(refusal.message).toContain('exit code 7: no database')
    const status = await folder.call('worker::status', { name: 'hello' })
    expect(status).toMatchObject({ installed: true, running: false, status: 'starting', stderr_tail: ['no database'] })
    expect(status.hint).toContain('exit code 7: no database')
  })

  test('waits for a worker that never connects no longer than it is configured to', async () => {
    const folder = new OpsFolder()
    await folder.begin('  - name: iii-worker-ops\n    config: { ready_timeout_ms: 300 }\n')
    folder.write('silent/iii.worker.yaml', 'name: silent\nscripts: { install: "", start: exec sleep 1000 }\n')
    const added = await folder.add('./silent')
    expect(added).toMatchObject({ status: 'installed', awaited_ready: false })
    expect(added.hint).toContain('has not connected within 0.3 s')
    await expect.poll(async () => (await folder.row('silent')).pid, TEN).toEqual(expect.any(Number))
    expect(await folder.row('silent')).toMatchObject({ running: false, status: 'starting' })
  })
})

describe('worker::remove', () => {
  test('checks whether it is meant, and what', async () => {
    const folder = await running('a')
    const code = async (input: object): Promise<string> => (await folder.refusal('worker::remove', input)).code
    expect(await code({ yes: true })).toBe('W103')
    expect(await code({ names: ['a'], all: true, yes: true })).toBe('W103')
    expect(await code({ names: ['a'] })).toBe('W104')
    expect(await code({ names: ['nope'], yes: true })).toBe('W110')
    expect(await code({ names: ['iii-worker-ops'], yes: true })).toBe('W110')
    expect(await code({ names: 'a', yes: true })).toBe('W105')
  })

  test('takes the entry out, keeps all else in the file, and ends the process', async () => {
    const folder = await running('a', 'b')
    const pid = await folder.call('a::pid')
    writeFileSync(folder.configFile, folder.config.replace('  - name: b', '  # about b\n  - name: b'))
    expect(await folder.call('worker::remove', { names: ['a'], yes: true })).toEqual({ removed: ['a'] })
    expect(isAlive(pid)).toBe(false)
    expect(folder.config).not.toContain('name: a\n')
    for (const kept of ['# top', '# the listener', '# about b', 'name: b']) expect(folder.config).toContain(kept)
    expect(await folder.call('b::say')).toBe('one')
    expect(await folder.row('a')).toBeUndefined()
  })

  test('of all takes those that are no part of the engine', async () => {
    const folder = new OpsFolder()
    await folder.begin('  - name: iii-cron\n')
    await folder.add(folder.worker('a'))
    expect(await folder.call('worker::remove', { all: true, yes: true })).toEqual({ removed: ['a'] })
    expect(folder.config).toContain('iii-cron')
    expect(await folder.call('worker::remove', { all: true, yes: true })).toEqual({ removed: [] })
  })
})

describe('an entry that is written by hand', () => {
  test('runs a worker, runs it anew when it is changed, and ends it when it is gone', async () => {
    const folder = await running()
    const before = folder.config
    folder.worker('hello')
    const entry = '  - name: hello\n    worker_path: ./hello\n'
    writeFileSync(folder.configFile, before + entry)
    await expect.poll(() => folder.call('hello::say').catch(() => ''), TEN).toBe('one')
    const pid = await folder.call('hello::pid')
    writeFileSync(folder.configFile, `${before + entry}    config: { a: 1 }\n`)
    await expect.poll(() => folder.call('hello::env', { name: 'A' }).catch(() => ''), TEN).toBe('1')
    expect(isAlive(pid)).toBe(false)
    const next = await folder.call('hello::pid')
    writeFileSync(folder.configFile, before)
    await expect.poll(() => isAlive(next), TEN).toBe(false)
  })

  test('of a folder that is none is refused, with the line', async () => {
    const folder = await running('hello')
    const before = folder.config
    writeFileSync(folder.configFile, `${before}  - name: other\n    worker_path: ./nowhere\n`)
    const { problem } = await folder.call('engine::config::reload')
    expect(problem).toMatch(/iii-config\.yaml:\d+: worker_path: there is no folder/)
    expect(await folder.call('hello::say')).toBe('one')
  })

  test('is still listed while the file is broken', async () => {
    const folder = await running('hello')
    writeFileSync(folder.configFile, `${folder.config}  ]`)
    expect(await folder.row('hello')).toMatchObject({ status: 'running' })
    const status = await folder.call('worker::status', { name: 'hello' })
    expect(status).toMatchObject({ installed: true, worker_type: 'local', running: true })
  })

  test('that keeps the file out of force can be removed, and what was corrected counts at once', async () => {
    const folder = await running('hello')
    const good = folder.config
    const bad = `${good}  - name: gone\n    worker_path: ./gone\n`
    writeFileSync(folder.configFile, bad)
    expect(await folder.refusal('worker::add', { source: 'iii-state' })).toMatchObject({ code: 'W131' })
    expect(await folder.call('worker::remove', { names: ['gone'], yes: true })).toEqual({ removed: ['gone'] })
    expect(folder.config).toBe(good)
    writeFileSync(folder.configFile, bad)
    await expect.poll(async () => (await folder.call('engine::config::file')).problem, TEN).toContain('gone')
    writeFileSync(folder.configFile, good)
    expect(await folder.call('worker::add', { source: 'iii-state' })).toMatchObject({ status: 'installed' })
  })

  test('whose folder goes away does not stand in the way of other changes', async () => {
    const folder = await running('hello', 'other')
    const { rename } = await import('node:fs/promises')
    await rename(join(folder.dir, 'hello'), join(folder.dir, 'elsewhere'))
    expect(await folder.call('worker::remove', { names: ['other'], yes: true })).toEqual({ removed: ['other'] })
  })
})

describe('a worker that crashes', () => {
  test('is started again', async () => {
    const folder = await running('hello')
    const pid = await folder.call('hello::pid')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => folder.call('hello::pid').catch(() => pid), TEN).not.toBe(pid)
    const { hint } = await folder.call('worker::status', { name: 'hello' })
    expect(hint).toContain('It runs')
  })
})

test('the status of a worker whose port is in use says so', async () => {
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  onTestFinished(() => void held.close())
  const { port } = held.address() as AddressInfo
  const folder = new OpsFolder()
  await folder.begin()
  const before = `import { createServer } from 'node:net'\ncreateServer().listen(${port}, '127.0.0.1')`
  const added = await folder.add(folder.worker('hello', { before }))
  expect(added.hint ?? '').toMatch(/EADDRINUSE|^$/)
  const hint = async (): Promise<string> => (await folder.call('worker::status', { name: 'hello' })).hint
  await expect.poll(hint, TEN).toContain('EADDRINUSE')
})

describe('a plugin that', () => {
  test('is reloaded ends its processes and starts them again', async () => {
    const folder = await running('hello')
    const pid = await folder.call('hello::pid')
    await folder.call('engine::plugins::reload', { name: 'iii-worker-ops' })
    expect(isAlive(pid)).toBe(false)
    await expect.poll(() => folder.call('hello::pid').catch(() => pid), TEN).not.toBe(pid)
  })

  test('crashes leaves no process behind and starts them again', async () => {
    const folder = new OpsFolder()
    await folder.begin('  - name: iii-worker-ops\n    isolation: process\n')
    await folder.add(folder.worker('hello'))
    const pid = await folder.call('hello::pid')
    const { thread } = await folder.call('engine::plugins::info', { name: 'iii-worker-ops' })
    process.kill(thread, 'SIGKILL')
    await expect.poll(() => isAlive(pid), TEN).toBe(false)
    await expect.poll(() => folder.call('hello::pid').catch(() => pid), TEN).not.toBe(pid)
  })
})

describe('what a worker is given', () => {
  test('is its manifest, its settings and where the engine is; nobody overrides the last', async () => {
    const folder = new OpsFolder()
    folder.worker('hello', { manifest: 'env: { GREETING: hi, III_URL: ws://elsewhere, III_WORKER_NAME: x }\n' })
    await folder.begin(
      `  - name: hello\n    worker_path: ./hello\n    config: { list: [1, 2], on: true, none: null, III_URL: nope, deep: { aB: c } }\n`,
    )
    const env = (name: string): Promise<any> => folder.call('hello::env', { name })
    await expect.poll(() => env('GREETING').catch(() => ''), TEN).toBe('hi')
    expect(await env('III_URL')).toBe(folder.url())
    expect(await env('III_ENGINE_URL')).toBe(folder.url())
    expect(await env('III_WORKER_NAME')).toBe('hello')
    expect(await env('III_CONFIG_PATH')).toBe(folder.configFile)
    expect([await env('LIST'), await env('ON'), await env('NONE'), await env('DEEP_A_B')]).toEqual([
      '[1,2]',
      'true',
      undefined,
      'c',
    ])
    expect(await env('PATH')).toBe(process.env['PATH'])
    const file = await env('III_CONFIG')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ list: [1, 2], on: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

describe('what a worker writes', () => {
  test('stands in a file per stream, and worker::logs reads the end of it', async () => {
    const folder = new OpsFolder()
    await folder.begin()
    const before = `for (let i = 1; i <= 150; i++) console.log('line ' + i)\nconsole.error('\\u001b[31mred\\u001b[0m')`
    await folder.add(folder.worker('hello', { before }))
    const dir = join(folder.dir, '.iii/logs/hello')
    await expect.poll(() => existsSync(join(dir, 'stderr.log')), TEN).toBe(true)
    const logs = await folder.call('worker::logs', { name: 'hello' })
    expect(logs).toMatchObject({ name: 'hello', logs_dir: dir })
    expect(logs.stdout).toHaveLength(100)
    expect(logs.stdout).toContain('line 150')
    expect(logs.stderr).toContain('red')
    const raw = await folder.call('worker::logs', { name: 'hello', tail: 1, raw: true })
    expect(raw.stdout).toHaveLength(1)
    expect(raw.stderr[0]).toContain('\u001b[31m')
    expect(await folder.call('worker::logs', { name: 'nope' })).toEqual({
      name: 'nope',
      logs_dir: null,
      stdout: [],
      stderr: [],
    })
    expect(await folder.refusal('worker::logs', { name: 'hello', tail: 1001 })).toMatchObject({ code: 'W105' })
  })

  test('is lost where a file is in the place of the folder; the worker runs', async () => {
    const folder = new OpsFolder()
    await folder.begin()
    folder.write('.iii/logs', 'a file')
    await folder.add(folder.worker('hello', { before: `console.log('said')` }))
    expect(await folder.call('hello::say')).toBe('one')
    await folder.logged('log files can not be written')
    expect((await folder.call('worker::status', { name: 'hello' })).stdout_tail).toContain('said')
  })
})
