// `worker::add` of a folder: from the call to a function that can be called, and what is refused.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../support/process-alive.ts'
import { LISTENER } from '../../core/engine/running-engine.ts'
import { OpsFolder } from './ops-folder.ts'

async function project(more = ''): Promise<OpsFolder> {
  const folder = new OpsFolder()
  await folder.begin(more)
  return folder
}

describe('a local worker', () => {
  test('is added, and its functions can be called when the call is answered', async () => {
    const folder = await project()
    expect(await folder.add(folder.worker('hello'))).toEqual({
      name: 'hello',
      status: 'installed',
      awaited_ready: true,
      config_path: folder.configFile,
    })
    expect(await folder.call('hello::say')).toBe('one')
    expect(folder.config).toContain(`  - name: hello\n    worker_path: ${folder.dir}/hello\n`)
    expect(folder.config).toContain('# the listener')
    const pid = await folder.call('hello::pid')
    expect(await folder.row('hello')).toEqual({
      name: 'hello',
      version: expect.any(String),
      running: true,
      status: 'running',
      pid: expect.any(Number),
    })
    expect(isAlive(pid)).toBe(true)
  })

  test('is started again with its new code when a source file changes', async () => {
    const folder = await project()
    await folder.add(folder.worker('hello'))
    const pid = await folder.call('hello::pid')
    folder.program('hello', 'hello', 'two')
    await expect.poll(() => folder.call('hello::say').catch(() => ''), { timeout: 10_000 }).toBe('two')
    expect(await folder.call('hello::pid')).not.toBe(pid)
    expect(isAlive(pid)).toBe(false)
  })

  test('that is there already is refused, and replaced with force', async () => {
    const folder = await project()
    const path = folder.worker('hello')
    await folder.add(path)
    const before = folder.config
    expect(await folder.refusal('worker::add', { source: { kind: 'local', path } })).toMatchObject({
      wireCode: 'W111',
      type: 'WorkerOpError',
      code: 'W111',
      details: { name: 'hello' },
    })
    const pid = await folder.call('hello::pid')
    expect(await folder.add(path, { force: true })).toMatchObject({ status: 'replaced', awaited_ready: true })
    expect(await folder.call('hello::pid')).not.toBe(pid)
    expect(folder.config).toBe(before)
  })

  test('keeps the settings of its entry with force, and loses them with reset_config', async () => {
    const folder = new OpsFolder()
    const path = folder.worker('hello')
    await folder.begin(`  - name: hello\n    worker_path: ./hello\n    config: { maxItems: 3, db: { url: x } }\n`)
    const env = (name: string): Promise<unknown> => folder.call('hello::env', { name })
    await expect.poll(() => env('MAX_ITEMS').catch(() => undefined), { timeout: 10_000 }).toBe('3')
    expect(await env('DB_URL')).toBe('x')
    await folder.add(path, { force: true })
    expect(await env('MAX_ITEMS')).toBe('3')
    await folder.add(path, { force: true, reset_config: true })
    expect(await env('MAX_ITEMS')).toBeUndefined()
    expect(folder.config).not.toContain('maxItems')
  })

  test('is understood without a source around kind and path, and as a bare text', async () => {
    const folder = await project()
    const one = folder.worker('one')
    folder.worker('two')
    expect(await folder.call('worker::add', { kind: 'local', path: one })).toMatchObject({
      name: 'one',
      status: 'installed',
      awaited_ready: false,
    })
    expect(await folder.call('worker::add', { source: 'two', wait: true })).toMatchObject({ awaited_ready: true })
    expect(await folder.call('two::say')).toBe('one')
  })

  test('of an SDK that announces no name is known by its process', async () => {
    const folder = await project()
    expect(await folder.add(folder.worker('old', { sdk: 'iii-sdk-0-11' }))).toMatchObject({ awaited_ready: true })
    expect(await folder.call('old::say')).toBe('one')
    expect(await folder.row('old')).toMatchObject({ status: 'running' })
  })

  test('that is started by way of a script of package.json is known, too', async () => {
    const folder = await project()
    folder.worker('scripted')
    folder.write(
      'scripted/package.json',
      JSON.stringify({ name: 'scripted', type: 'module', scripts: { start: 'node index.mjs' } }),
    )
    folder.write('scripted/iii.worker.yaml', 'name: scripted\nscripts: { start: npm start }\n')
    expect(await folder.add('./scripted')).toMatchObject({ awaited_ready: true })
    expect(await folder.call('scripted::say')).toBe('one')
  })

  test('brings the built-in workers along on which it depends', async () => {
    const folder = await project()
    const path = folder.worker('hello', { manifest: 'dependencies: { iii-state: "*" }\n' })
    await folder.add(path)
    expect(folder.config).toMatch(/- name: iii-state\n {2}- name: hello/)
    expect(await folder.call('state::list_groups')).toBeDefined()
  })

  test('runs its install script once, when it is added anew, and when a file of its package manager changes', async () => {
    const folder = await project()
    const path = folder.worker('hello')
    const write = (install: string): void =>
      folder.write('hello/iii.worker.yaml', `name: hello\nscripts:\n  install: ${install}\n  start: node index.mjs\n`)
    write('echo installed >> ../installs.txt')
    await folder.add(path)
    await folder.call('worker::stop', { name: 'hello', yes: true })
    await folder.call('worker::start', { name: 'hello' })
    const installs = async (): Promise<number> => {
      const { readFile } = await import('node:fs/promises')
      return (await readFile(join(folder.dir, 'installs.txt'), 'utf8')).split('\n').length - 1
    }
    expect(await installs()).toBe(1)
    folder.write('hello/package-lock.json', '{}')
    await expect.poll(installs, { timeout: 10_000 }).toBe(2)
    await folder.add(path, { force: true })
    expect(await installs()).toBe(3)
    await folder.call('worker::remove', { names: ['hello'], yes: true })
    await folder.add(path)
    expect(await installs()).toBe(4)
  })

  test('runs on while its install script, run anew with force, writes among its files', async () => {
    const folder = await project()
    const path = folder.worker('hello')
    const install = 'date +%N > made.txt; sleep 2; date +%N > made.txt'
    folder.write('hello/iii.worker.yaml', `name: hello\nscripts:\n  install: ${install}\n  start: node index.mjs\n`)
    await folder.add(path)
    const before = await folder.call('hello::pid')
    const replacing = folder.add(path, { force: true })
    await setTimeout(1_500)
    expect(await folder.call('hello::pid')).toBe(before)
    expect(await replacing).toMatchObject({ status: 'replaced', awaited_ready: true })
    expect(await folder.call('hello::pid')).not.toBe(before)
  }, 30_000)
})

describe('nothing is left behind by', () => {
  test('a folder that is none, or has no manifest', async () => {
    const folder = await project()
    const before = folder.config
    mkdirSync(join(folder.dir, 'empty'))
    for (const path of ['./none', './empty', './iii-config.yaml'])
      expect(await folder.refusal('worker::add', { source: { kind: 'local', path } })).toMatchObject({
        code: 'W102',
        details: { path: join(folder.dir, path) },
      })
    expect(folder.config).toBe(before)
  })

  test('a manifest with errors', async () => {
    const folder = await project()
    const before = folder.config
    folder.write('broken/iii.worker.yaml', 'name: x\nscripts: { start: 1 }\nfoo: 1\n')
    const refusal = await folder.refusal('worker::add', { source: './broken' })
    expect(refusal).toMatchObject({ code: 'W105', details: { unknown_keys: ['foo'] } })
    expect(refusal.message).toContain('scripts.start: string expected, integer found')
    expect(folder.config).toBe(before)
  })

  test('an install script that fails', async () => {
    const folder = await project()
    const before = folder.config
    folder.write(
      'bad/iii.worker.yaml',
      'name: bad\nscripts: { install: "echo no such thing >&2; exit 3", start: "true" }\n',
    )
    const refusal = await folder.refusal('worker::add', { source: './bad' })
    expect(refusal).toMatchObject({ code: 'W160', details: { worker: 'bad' } })
    expect(refusal.message).toContain('exit code 3: no such thing')
    expect(folder.config).toBe(before)
  })

  test('a name of the engine itself', async () => {
    const folder = await project()
    const before = folder.config
    folder.worker('state')
    expect(await folder.refusal('worker::add', { source: './state' })).toMatchObject({ code: 'W111' })
    expect(folder.config).toBe(before)
  })

  test('inputs that do not parse', async () => {
    const folder = await project()
    for (const [input, code, text] of [
      [{ source: { kind: 'registry' } }, 'W105', '`name`'],
      [{}, 'W105', '`source`'],
      ['x', 'W105', 'must be an object'],
      [{ source: { kind: 'zip', path: 'x' } }, 'W105', '"zip"'],
      [{ source: './x', force: 'yes' }, 'W105', '`force`'],
      [{ source: { kind: 'registry', name: 'a..x' } }, 'W100', "'..'"],
      [{ source: 'ghcr.io/acme/x:1' }, 'W141', 'container workers are not supported'],
      [{ source: { kind: 'oci', reference: 'x' } }, 'W141', 'container workers are not supported'],
    ] as const) {
      const refusal = await folder.refusal('worker::add', input)
      expect(refusal.code).toBe(code)
      expect(refusal.message).toContain(text)
      if (code === 'W105') expect(refusal.details['hint']).toContain('worker::schema')
    }
  })
})

describe('a built-in worker', () => {
  test('that always runs is there already, by all of its names, and changes nothing', async () => {
    const folder = await project(`  - name: iii-cron\n`)
    const before = folder.config
    for (const name of ['iii-worker-ops', 'iii-http-functions', 'iii-cron', 'cron'])
      expect(await folder.call('worker::add', { source: { kind: 'registry', name }, wait: true })).toEqual({
        name: name === 'cron' ? 'iii-cron' : name,
        status: 'already_current',
        awaited_ready: true,
        config_path: folder.configFile,
      })
    expect(folder.config).toBe(before)
  })

  test('that does not run yet gets an entry, and runs', async () => {
    const folder = await project()
    expect(await folder.call('worker::add', { source: 'state', wait: true })).toMatchObject({ status: 'installed' })
    expect(folder.config).toContain('  - name: iii-state\n')
    expect(await folder.call('state::list_groups')).toBeDefined()
  })
})

describe('the configuration', () => {
  test('that is broken is not changed', async () => {
    const folder = await project()
    const path = folder.worker('hello')
    const broken = `${folder.config}  - name: [\n`
    writeFileSync(folder.configFile, broken)
    expect(await folder.refusal('worker::add', { source: { kind: 'local', path } })).toMatchObject({
      code: 'W131',
      details: { path: folder.configFile },
    })
    expect(folder.config).toBe(broken)
  })

  test('that there is none of can not be changed', async () => {
    const folder = new OpsFolder()
    folder.write('iii-config.yaml', '')
    const path = folder.worker('hello')
    await folder.start({ config: `workers: [${LISTENER}]` })
    expect(await folder.refusal('worker::add', { source: { kind: 'local', path } })).toMatchObject({
      code: 'W130',
      details: { path: null },
    })
  })
})

test('two at once: one is told that the project is busy, and both are there after it has tried again', async () => {
  const folder = await project()
  const paths = ['one', 'two'].map((name) => folder.worker(name))
  const outcomes = await Promise.allSettled(
    paths.map((path) => folder.call('worker::add', { source: { kind: 'local', path } })),
  )
  const refused = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [index] : []))
  expect(refused).toHaveLength(1)
  const [at = 0] = refused
  const { reason } = outcomes[at] as PromiseRejectedResult
  expect(reason).toMatchObject({ code: 'W120' })
  expect(JSON.parse(String(reason.message).replace(/^[^{]*/, ''))).toMatchObject({
    details: { holder_pid: process.pid, holder_is_self: true },
  })
  await folder.add(paths[at] ?? '')
  expect(folder.config).toMatch(/name: one\n/)
  expect(folder.config).toMatch(/name: two\n/)
})
