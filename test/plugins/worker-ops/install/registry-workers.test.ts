// Workers of a registry in a running engine: from the call of `worker::add` to a function that can be called, and back.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { registerWorker } from 'iii-sdk'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256Of } from '../../../support/worker-registry-folder.ts'
import { RegistryScene } from './registry-scene.ts'

const TEN = { timeout: 10_000 }

async function sceneWith(...workers: Parameters<RegistryScene['publish']>[0][]): Promise<RegistryScene> {
  const scene = new RegistryScene()
  for (const worker of workers) scene.publish(worker)
  await scene.begin()
  return scene
}

describe('worker::add of a registry', () => {
  it('installs a bundle, pins it, and its functions can be called when it is answered', async () => {
    const scene = await sceneWith({ name: 'image-resize', version: '1.2.0', config: { size: 3 } })
    expect(await scene.addFromRegistry('image-resize')).toEqual({
      name: 'image-resize',
      version: '1.2.0',
      status: 'installed',
      awaited_ready: true,
      config_path: scene.configFile,
    })
    expect(await scene.call('image-resize::say')).toBe('one')
    expect(await scene.call('image-resize::env', { name: 'SIZE' })).toBe('3')
    expect(scene.config).toContain('  - name: image-resize\n')
    expect(scene.config).not.toContain('size: 3')
    expect(scene.config).toContain('# the listener')
    expect(scene.lock).toContain('  image-resize:\n    version: 1.2.0\n    type: bundle\n')
    expect(await scene.row('image-resize')).toMatchObject({ version: '1.2.0', status: 'running' })
    expect(await scene.call('worker::status', { name: 'image-resize' })).toMatchObject({ worker_type: 'bundle' })
  })

  it('says what it did: already_current, repaired, replaced', async () => {
    const scene = await sceneWith({ name: 'w' })
    await scene.addFromRegistry('w')
    const [config, lock] = [scene.config, scene.lock]
    expect(await scene.addFromRegistry('w')).toMatchObject({ status: 'already_current', awaited_ready: true })
    rmSync(join(scene.dir, '.iii/workers/w/1.0.0/index.mjs'))
    expect(await scene.addFromRegistry('w')).toMatchObject({ status: 'repaired', awaited_ready: true })
    expect(await scene.call('w::say')).toBe('one')
    expect([scene.config, scene.lock]).toEqual([config, lock])
    const pid = await scene.call('w::pid')
    expect(await scene.addFromRegistry('w', { force: true })).toMatchObject({ status: 'replaced' })
    expect(await scene.call('w::pid')).not.toBe(pid)
    scene.publish({ name: 'w', version: '1.1.0', said: 'two' })
    expect(await scene.addFromRegistry('w')).toMatchObject({ status: 'replaced', version: '1.1.0' })
    expect(await scene.call('w::say')).toBe('two')
    expect(await scene.addFromRegistry('w@1.0.0')).toMatchObject({ status: 'replaced', version: '1.0.0' })
    expect(scene.lock).toContain('version: 1.0.0')
  })

  it('brings what a worker depends on, first', async () => {
    const scene = await sceneWith({ name: 'base' }, { name: 'top', dependencies: { base: '^1.0.0', state: '*' } })
    await scene.addFromRegistry('top')
    // Only the worker that was asked for is waited for.
    await expect.poll(() => scene.call('base::say').catch(() => 'not yet')).toBe('one')
    expect(scene.config).toMatch(/name: base[\s\S]*name: top/)
    await scene.call('state::set', { scope: 's', key: 'k', value: 1 })
    expect(scene.lock).toMatch(/type: engine/)
  })

  it('of a worker of the engine that runs anyway changes nothing', async () => {
    const scene = await sceneWith()
    const before = scene.config
    expect(await scene.addFromRegistry('iii-directory')).toMatchObject({ status: 'already_current' })
    expect([scene.config, scene.lock]).toEqual([before, undefined])
  })

  it('twice at the same time: one is refused at once with W120, and a second try finds it installed', async () => {
    const scene = await sceneWith({ name: 'w' })
    const both = await Promise.allSettled([scene.addFromRegistry('w'), scene.addFromRegistry('w')])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(refused.reason).toMatchObject({ code: 'W120' })
    expect(await scene.addFromRegistry('w')).toMatchObject({ status: 'already_current' })
  })

  it.each([
    [{ source: { kind: 'registry' } }, 'W105'],
    [{ source: { kind: 'registry', name: '../x' } }, 'W100'],
    [{ source: { kind: 'registry', name: 'nobody' } }, 'W110'],
    [{ source: { kind: 'registry', name: 'w', version: '7.0.0' } }, 'W110'],
    [{ source: { kind: 'oci', reference: 'docker.io/x/y' } }, 'W141'],
    [{ source: 'docker.io/x/y' }, 'W141'],
  ])('refuses %j with %s, and nothing has changed', async (input, code) => {
    const scene = await sceneWith({ name: 'w' })
    const before = scene.config
    const refusal = await scene.refusal('worker::add', input)
    expect([refusal.wireCode, refusal.code, refusal.type]).toEqual([code, code, 'WorkerOpError'])
    if (code === 'W105') expect(refusal.details['hint']).toContain('worker::schema')
    expect([scene.config, scene.lock, scene.stored()]).toEqual([before, undefined, []])
  })

  it.each<[string, string, Partial<Parameters<RegistryScene['publish']>[0]>]>([
    ['another checksum', 'W142', { sha256: 'a'.repeat(64) }],
    ['a symbolic link', 'W181', { files: [{ name: 'l', flag: '2', link: '/etc/passwd' }] }],
    ['an install script', 'W180', { manifest: 'scripts: { start: node index.mjs, install: npm ci }' }],
    ['a dependency in a circle', 'W184', { dependencies: { w: '*', v: '*' } }],
  ])('refuses a package with %s: %s, and nothing of it or of its dependencies stays', async (_what, code, worker) => {
    const scene = await sceneWith({ name: 'base' }, { name: 'v', dependencies: { w: '*' } })
    scene.publish({ name: 'w', dependencies: { base: '*' }, ...worker })
    const before = scene.config
    expect((await scene.refusal('worker::add', { source: { kind: 'registry', name: 'w' } })).code).toBe(code)
    expect([scene.config, scene.lock]).toEqual([before, undefined])
    expect(scene.stored().filter((file) => file.includes('/'))).toEqual([])
    expect(await scene.row('base')).toBeUndefined()
  })

  it('of a registry that can not be reached is W140', async () => {
    const scene = new RegistryScene()
    await scene.begin('  - name: iii-directory\n    config: { registry_url: "http://127.0.0.1:9" }\n')
    expect((await scene.refusal('worker::add', { source: { kind: 'registry', name: 'w' } })).code).toBe('W140')
  })

  it('asks before it brings more than 32 workers', async () => {
    const scene = new RegistryScene()
    const dependencies: Record<string, string> = {}
    for (let n = 0; n < 32; n++) {
      scene.registry.publish({ name: `w${n}` })
      dependencies[`w${n}`] = '*'
    }
    scene.registry.publish({ name: 'many', dependencies })
    await scene.begin()
    const refusal = await scene.refusal('worker::add', { source: { kind: 'registry', name: 'many' } })
    expect([refusal.code, refusal.details]).toEqual(['W104', { op: 'add' }])
    expect(scene.stored()).toEqual([])
  })

  it('that the engine refuses is taken back: entry, pin and files', async () => {
    const scene = new RegistryScene()
    scene.publish({ name: 'w' })
    await scene.begin()
    // A plugin of this name takes the place of the worker, and can not be started.
    scene.write('plugins/w.ts', `import './does-not-exist.ts'`)
    const before = scene.config
    const refusal = await scene.refusal('worker::add', { source: { kind: 'registry', name: 'w' } })
    expect(refusal.code).toBe('W131')
    expect([scene.config, scene.lock]).toEqual([before, undefined])
    expect(scene.stored().filter((file) => file.includes('/'))).toEqual([])
  })

  it('tells how far the download is, and how it ended', async () => {
    const scene = await sceneWith({ name: 'w' })
    const worker = registerWorker(scene.url())
    onTestFinished(() => worker.shutdown())
    const told: any[] = []
    worker.registerFunction('watch::on', async (event) => void told.push(event))
    worker.registerTrigger({ type: 'worker', function_id: 'watch::on', config: { operations: ['add', 'update'] } })
    const bound = { trigger_type: 'worker', function_id: 'watch::on', state: 'bound' }
    await expect
      .poll(async () => (await scene.call('engine::registered-triggers::list')).registered_triggers)
      .toContainEqual(expect.objectContaining(bound))
    await scene.addFromRegistry('w')
    await expect.poll(() => told.at(-1)?.stage).toBe('done')
    const stages = told.map(({ stage }) => stage)
    expect([...new Set(stages)]).toEqual(['started', 'downloading', 'downloaded', 'done'])
    const progress = told.filter(({ stage }) => stage === 'downloading').map((event) => event.progress)
    expect([progress[0], progress.at(-1)]).toEqual([0, 1])
    expect(told[0]).toMatchObject({ operation: 'add', worker: 'w', source: { kind: 'registry' } })
    expect(told.at(-1)).toMatchObject({ version: '1.0.0', status: 'installed' })
    told.length = 0
    scene.publish({ name: 'w', version: '1.1.0', sha256: 'a'.repeat(64) })
    await scene.refusal('worker::update', {})
    await expect.poll(() => told.at(-1)).toMatchObject({ stage: 'failed', worker: 'w', error: { code: 'W142' } })
    expect(told.map(({ stage }) => stage).slice(0, 2)).toEqual(['started', 'updating'])
  })
})

describe('a worker that is pinned', () => {
  it('and not on the disk, as in a fresh clone, is fetched when the engine starts', async () => {
    const scene = await sceneWith({ name: 'w', config: { size: 3 } })
    await scene.addFromRegistry('w')
    await scene.engine.close()
    rmSync(join(scene.dir, '.iii/workers'), { recursive: true })
    await scene.start()
    await expect.poll(() => scene.call('w::say').catch(() => 'not yet')).toBe('one')
    expect(await scene.call('w::env', { name: 'SIZE' })).toBe('3')
  })

  it('and whose download does not come is stopped at once, and does not keep the engine from its end', async () => {
    const connected: Socket[] = []
    const server = createServer((socket) => connected.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      for (const socket of connected) socket.destroy()
      server.close()
    })
    const scene = await sceneWith({ name: 'w' })
    await scene.addFromRegistry('w')
    await scene.engine.close()
    for (const folder of ['workers', 'registry']) rmSync(join(scene.dir, '.iii', folder), { recursive: true })
    const { port } = server.address() as AddressInfo
    scene.write('iii.lock', (scene.lock ?? '').replace(/archive_url: .*/, `archive_url: http://127.0.0.1:${port}/w`))
    await scene.start()
    await expect.poll(() => connected.length).toBe(1)
    expect(await scene.call('worker::stop', { name: 'w', yes: true })).toEqual({ name: 'w', stopped: true })
    expect(await scene.row('w')).toMatchObject({ status: 'stopped' })
    const begun = performance.now()
    await scene.engine.close()
    expect(performance.now() - begun).toBeLessThan(8_000)
  }, 15_000)

  it('and replaced by one of a folder is pinned no more', async () => {
    const scene = await sceneWith({ name: 'w' })
    await scene.addFromRegistry('w')
    expect(await scene.add(scene.worker('w', { said: 'mine' }), { force: true })).toMatchObject({ status: 'replaced' })
    expect(scene.lock).not.toContain('w:\n    version')
    scene.publish({ name: 'w', version: '2.0.0' })
    expect(await scene.call('worker::update', {})).toEqual({ updated: [] })
    expect(await scene.call('w::say')).toBe('mine')
  })

  it('by a lock file that is broken says so, and keeps neither the engine nor other workers from running', async () => {
    const scene = await sceneWith({ name: 'w' })
    await scene.addFromRegistry('w')
    await scene.add(scene.worker('mine'))
    const lock = scene.lock ?? ''
    scene.write('iii.lock', `<<<<<<< HEAD\n${lock}`)
    expect(await scene.row('w')).toMatchObject({ status: 'running' })
    expect(await scene.call('worker::status', { name: 'mine' })).toMatchObject({ worker_type: 'local', running: true })
    await scene.engine.close()
    await scene.start()
    await expect.poll(() => scene.call('mine::say').catch(() => 'not yet'), TEN).toBe('one')
    await scene.logged("worker 'w' could not be started: The lock file")
    scene.write('iii.lock', lock)
    await expect.poll(() => scene.call('w::say').catch(() => 'not yet'), TEN).toBe('one')
  }, 30_000)

  it('and removed is gone from configuration and lock file, and what was installed stays until it is cleared', async () => {
    const scene = await sceneWith({ name: 'w' })
    const before = scene.config
    await scene.addFromRegistry('w')
    await scene.call('worker::remove', { names: ['w'], yes: true })
    expect(scene.config).toBe(before)
    expect(scene.lock).not.toContain('w:\n    version')
    expect(existsSync(join(scene.dir, '.iii/workers/w/1.0.0/index.mjs'))).toBe(true)
    const { cleared_bytes: bytes } = await scene.call('worker::clear', { names: ['w'], yes: true })
    expect(bytes).toBeGreaterThan(100)
    expect(scene.stored()).toEqual([])
  })
})

describe('worker::clear', () => {
  it('wants yes, and names or all', async () => {
    const scene = await sceneWith()
    for (const [input, code] of [
      [{ names: ['w'] }, 'W104'],
      [{ yes: true }, 'W103'],
      [{ names: ['w'], all: true, yes: true }, 'W103'],
      [{ names: ['../w'], yes: true }, 'W100'],
      [{ names: 'w', yes: true }, 'W105'],
    ] as const) {
      expect((await scene.refusal('worker::clear', input)).code, JSON.stringify(input)).toBe(code)
    }
    expect(await scene.call('worker::clear', { all: true, yes: true })).toEqual({ cleared_bytes: 0 })
    expect(await scene.call('worker::clear', { names: ['nobody'], yes: true })).toEqual({ cleared_bytes: 0 })
  })

  it('refuses a worker that runs with W114 and its pid; of one that was stopped the next start fetches it again', async () => {
    const scene = await sceneWith({ name: 'w' })
    await scene.addFromRegistry('w')
    const pid = await scene.call('w::pid')
    for (const target of [{ names: ['w'] }, { all: true }]) {
      const { code, details } = await scene.refusal('worker::clear', { ...target, yes: true })
      expect([code, details['name']]).toEqual(['W114', 'w'])
      expect(details['pid']).toEqual(expect.any(Number))
    }
    expect(pid).toEqual(expect.any(Number))
    await scene.call('worker::stop', { name: 'w', yes: true })
    expect((await scene.call('worker::clear', { all: true, yes: true })).cleared_bytes).toBeGreaterThan(100)
    expect(scene.stored()).toEqual([])
    await scene.call('worker::start', { name: 'w', wait: true })
    expect(await scene.call('w::say')).toBe('one')
  })
})

describe('worker::update', () => {
  it('brings all or some to the latest version, and says only what has changed', async () => {
    const scene = await sceneWith({ name: 'a' }, { name: 'b' })
    await scene.addFromRegistry('a')
    await scene.addFromRegistry('b')
    expect(await scene.call('worker::update', {})).toEqual({ updated: [] })
    for (const name of ['a', 'b']) scene.publish({ name, version: '1.1.0', said: 'two' })
    const config = scene.config
    expect(await scene.call('worker::update', { names: ['b'] })).toEqual({
      updated: [{ name: 'b', from_version: '1.0.0', to_version: '1.1.0' }],
    })
    await expect.poll(() => scene.call('b::say')).toBe('two')
    expect(await scene.call('a::say')).toBe('one')
    expect(await scene.call('worker::update')).toEqual({
      updated: [{ name: 'a', from_version: '1.0.0', to_version: '1.1.0' }],
    })
    await expect.poll(() => scene.call('a::say')).toBe('two')
    expect(scene.config).toBe(config)
  })

  it('takes the highest version that all take which depend on a worker', async () => {
    const scene = await sceneWith({ name: 'base' }, { name: 'top', dependencies: { base: '^1.0.0' } })
    await scene.addFromRegistry('top')
    scene.publish({ name: 'base', version: '1.5.0' })
    scene.publish({ name: 'base', version: '2.0.0' })
    expect(await scene.call('worker::update', {})).toEqual({
      updated: [{ name: 'base', from_version: '1.0.0', to_version: '1.5.0' }],
    })
    scene.publish({ name: 'top', version: '2.0.0', dependencies: { base: '^2.0.0', extra: '*' } })
    scene.publish({ name: 'extra' })
    expect(await scene.call('worker::update', {})).toEqual({
      updated: [
        { name: 'base', from_version: '1.5.0', to_version: '2.0.0' },
        { name: 'top', from_version: '1.0.0', to_version: '2.0.0' },
      ],
    })
    expect(scene.config).toContain('name: extra')
  })

  it('is for what a registry pinned: W112 for anything else, and W100 and W105 for what is no list of names', async () => {
    const scene = await sceneWith({ name: 'w' })
    await scene.add(scene.worker('mine'))
    for (const [names, code] of [
      [['mine'], 'W112'],
      [['nobody'], 'W112'],
      [['state'], 'W112'],
      [['../x'], 'W100'],
      ['w', 'W105'],
    ] as const) {
      expect((await scene.refusal('worker::update', { names })).code).toBe(code)
    }
  })

  it('that fails for one changes none', async () => {
    const scene = await sceneWith({ name: 'a' }, { name: 'b' })
    await scene.addFromRegistry('a')
    await scene.addFromRegistry('b')
    const [config, lock, stored] = [scene.config, scene.lock, scene.stored()]
    scene.publish({ name: 'a', version: '1.1.0' })
    scene.publish({ name: 'b', version: '1.1.0', sha256: sha256Of(Buffer.from('other')) })
    expect((await scene.refusal('worker::update', {})).code).toBe('W142')
    expect([scene.config, scene.lock, scene.stored()]).toEqual([config, lock, stored])
    expect(await scene.call('a::say')).toBe('one')
    expect(readdirSync(join(scene.dir, '.iii/workers/a'))).toEqual(['1.0.0'])
  })
})
