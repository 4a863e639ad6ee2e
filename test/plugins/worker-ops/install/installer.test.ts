// Workers of registries from their plan to what lies on the disk and in `iii.lock`.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { thisPlatform, targetsOf } from '../../../../plugins/worker-ops/install/platform-target.ts'
import { projectAt } from '../../../../plugins/worker-ops/project.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { sha256Of } from '../../../support/worker-registry-folder.ts'
import { failure, installerOf, installingScene } from './installing-scene.ts'

const run = promisify(execFile)
const RECEIPT = '.iii-receipt.json'

describe('a bundle', () => {
  it('is planned, fetched and pinned, and then is what is installed', async () => {
    const { project, registry, installer, stored } = installingScene()
    registry.publish({
      name: 'image-resize',
      version: '1.2.0',
      config: { size: 3 },
      functions: ['image::resize'],
      manifest: 'scripts: { start: node index.mjs }\nenv: { A: b }',
      files: [{ name: 'index.mjs', content: '1' }],
    })
    expect(await installer.installed('image-resize')).toBeUndefined()
    const { workers } = await installer.plan('image-resize')
    expect(workers).toMatchObject([{ name: 'image-resize', version: '1.2.0', type: 'bundle', state: 'new' }])
    const seen: (readonly [number, number | undefined])[] = []
    const fetched = await installer.fetch(workers[0]!, (bytes, total) => seen.push([bytes, total]))
    const folder = path.join(project.workersDir, 'image-resize', '1.2.0')
    expect(fetched).toEqual({
      name: 'image-resize',
      version: '1.2.0',
      type: 'bundle',
      folder,
      command: { kind: 'shell', line: 'node index.mjs' },
      env: { A: 'b' },
      config: { size: 3 },
      functions: ['image::resize'],
    })
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1])
    expect(await installer.installed('image-resize')).toBeUndefined()
    await installer.pin(workers)
    expect(await installer.installed('image-resize')).toEqual(fetched)
    await installer.settle(workers)
    const files = [RECEIPT, 'iii.worker.yaml', 'index.mjs'].map((name) => `image-resize/1.2.0/${name}`)
    expect(stored()).toEqual(files)
    expect((await installer.plan('image-resize')).workers[0]).toMatchObject({ state: 'current', from: '1.2.0' })
    // As another process finds it.
    expect(await installerOf(project).installed('image-resize')).toEqual(fetched)
  })

  it('of which a file is gone is missing, and comes back', async () => {
    const { project, registry, installer, install } = installingScene()
    registry.publish({ name: 'w', files: [{ name: 'lib/a.js', content: 'a' }] })
    await install('w')
    const file = path.join(project.workersDir, 'w/1.0.0/lib/a.js')
    rmSync(file)
    expect(await installer.installed('w')).toBeUndefined()
    expect(await installer.pinned('w')).toMatchObject({ state: 'missing' })
    expect((await installer.plan('w')).workers[0]?.state).toBe('missing')
    await install('w')
    expect(readFileSync(file, 'utf8')).toBe('a')
  })

  it('in another version takes the place of the one before, in whose folder a process may still end', async () => {
    const { project, registry, installer, install } = installingScene()
    registry.publish({ name: 'w', version: '1.0.0' })
    await install('w')
    registry.publish({ name: 'w', version: '1.1.0' })
    expect((await installer.plan('w')).workers[0]).toMatchObject({ state: 'changed', from: '1.0.0', version: '1.1.0' })
    await install('w')
    registry.publish({ name: 'w', version: '1.2.0' })
    await install('w')
    expect(readdirSync(path.join(project.workersDir, 'w')).sort()).toEqual(['1.1.0', '1.2.0'])
    expect((await installer.plan('w', '^1.0.0')).workers[0]?.version).toBe('1.2.0')
    expect((await installer.plan('w', '1.0.0')).workers[0]).toMatchObject({ state: 'changed', version: '1.0.0' })
  })

  it('that was published again under the same version is another one', async () => {
    const { registry, installer, install } = installingScene()
    registry.publish({ name: 'w' })
    await install('w')
    registry.publish({ name: 'w', files: [{ name: 'new', content: 'x' }] })
    expect((await installer.plan('w')).workers[0]).toMatchObject({ state: 'changed', from: '1.0.0' })
  })

  it('that was fetched anew and is discarded leaves what was there before', async () => {
    const { project, registry, installer, install, stored } = installingScene()
    registry.publish({ name: 'w', files: [{ name: 'old', content: 'x' }] })
    await install('w')
    const before = stored()
    registry.publish({ name: 'w', files: [{ name: 'new', content: 'x' }] })
    const { workers } = await installer.plan('w')
    await installer.fetch(workers[0]!)
    expect(existsSync(path.join(project.workersDir, 'w/1.0.0/new'))).toBe(true)
    await installer.discard(workers[0]!)
    expect(stored()).toEqual(before)
  })

  it('that was never there before is gone when it is discarded', async () => {
    const { registry, installer, stored } = installingScene()
    registry.publish({ name: 'w' })
    const { workers } = await installer.plan('w')
    await installer.fetch(workers[0]!)
    await installer.discard(workers[0]!)
    expect(stored()).toEqual(['w'])
    expect(await installer.clear(['w'])).toBe(0)
    expect(stored()).toEqual([])
  })

  it('is told from what a worker writes into its folder, and cleared with it', async () => {
    const { project, registry, installer, install, stored } = installingScene()
    registry.publish({ name: 'w' })
    await install('w')
    writeFileSync(path.join(project.workersDir, 'w/1.0.0/own.db'), Buffer.alloc(100_000))
    expect(await installer.installed('w')).toBeDefined()
    expect(await installer.clear(['w'])).toBeGreaterThan(100_000)
    expect(stored()).toEqual([])
  })
})

describe('dependencies', () => {
  it('come first, each once, in versions that fit', async () => {
    const { registry, installer, install } = installingScene()
    registry.publish({ name: 'c', version: '1.0.0' })
    registry.publish({ name: 'c', version: '1.4.0' })
    registry.publish({ name: 'c', version: '2.0.0' })
    registry.publish({ name: 'b', dependencies: { c: '^1.0.0' } })
    registry.publish({ name: 'a', dependencies: { b: '*', c: '>=1.2.0', state: '*' } })
    const { workers } = await installer.plan('a')
    const order = workers.map(({ name, version, type }) => [name, type === 'engine' ? type : version])
    expect(order.at(-1)).toEqual(['a', '1.0.0'])
    expect(order).toContainEqual(['c', '1.4.0'])
    expect(order.findIndex(([name]) => name === 'c')).toBeLessThan(order.findIndex(([name]) => name === 'b'))
    expect(order.map(([, what]) => what)).toContain('engine')
    await install('a')
    expect(await installer.installed('c')).toMatchObject({ version: '1.4.0' })
  })

  it.each([
    ['a circle', { b: { a: '*' }, a: { b: '*' } }, 'a'],
    ['a worker that nobody knows', { a: { nobody: '*' } }, 'a'],
    ['a version that there is not', { b: {}, a: { b: '^7.0.0' } }, 'a'],
  ])('that are %s: W184', async (_what, graph, root) => {
    const { registry, installer } = installingScene()
    for (const [name, dependencies] of Object.entries(graph)) registry.publish({ name, dependencies })
    expect((await failure(installer.plan(root))).code).toBe('W184')
  })

  it('that are nested too deep: W183', async () => {
    const { registry, installer } = installingScene()
    for (let depth = 0; depth < 40; depth++)
      registry.publish({ name: `w${depth}`, dependencies: { [`w${depth + 1}`]: '*' } })
    registry.publish({ name: 'w40' })
    expect(await failure(installer.plan('w0'))).toMatchObject({
      code: 'W183',
      details: { dimension: 'depth', limit: 32, actual: 33 },
    })
  })

  it('of workers that stay must still fit: W184', async () => {
    const { registry, installer, install } = installingScene()
    registry.publish({ name: 'base', version: '1.0.0' })
    registry.publish({ name: 'user', dependencies: { base: '^1.0.0' } })
    await install('user')
    registry.publish({ name: 'base', version: '2.0.0' })
    expect(await failure(installer.plan('base'))).toMatchObject({
      code: 'W184',
      text: expect.stringContaining("'user', which is installed, needs base ^1.0.0") as string,
    })
  })
})

describe('a binary', () => {
  const publish = async (
    registry: ReturnType<typeof installingScene>['registry'],
    content: string,
    sha256?: string,
  ) => {
    const [target = ''] = targetsOf(await thisPlatform())
    const right = sha256Of(Buffer.from(content))
    const targets = {
      [target]: { path: 'program', sha256: sha256 ?? right },
      other: { path: 'program', sha256: right },
    }
    registry.publish({ name: 'tool', type: 'binary', artifact: { kind: 'binary', targets } })
    writeFileSync(path.join(registry.folder, 'tool/1.0.0/program'), content)
    return { target, sha256: right }
  }

  it('is fetched for this system and can be executed; all targets are pinned', async () => {
    const { project, registry, installer, install, stored } = installingScene()
    const { target, sha256 } = await publish(registry, '#!/bin/sh\necho "ran $1"\n')
    await install('tool')
    const worker = await installer.installed('tool')
    const file = path.join(project.workersDir, 'tool/1.0.0/tool')
    expect(worker).toMatchObject({ type: 'binary', command: { kind: 'executable', file }, env: {} })
    expect(statSync(file).mode & 0o777).toBe(0o755)
    expect((await run(file, ['well'])).stdout).toBe('ran well\n')
    const url = pathToFileURL(path.join(registry.folder, 'tool/1.0.0/program')).href
    const artifacts = { [target]: { url, sha256 }, other: { url, sha256 } }
    expect((await installer.pinned('tool'))?.pin?.source).toEqual({ kind: 'binary', artifacts })
    expect(stored()).toEqual([`tool/1.0.0/${RECEIPT}`, 'tool/1.0.0/tool'])
  })

  it('with another checksum is refused: W142', async () => {
    const { registry, installer, stored } = installingScene()
    await publish(registry, 'x', 'c'.repeat(64))
    const { workers } = await installer.plan('tool')
    expect((await failure(installer.fetch(workers[0]!))).code).toBe('W142')
    expect(stored()).toEqual(['tool'])
  })

  it('that is not there for this system is refused before anything is fetched: W142', async () => {
    const { registry, installer } = installingScene()
    const targets = { 'mips-unknown-none': { path: 'none', sha256: 'a'.repeat(64) } }
    registry.publish({ name: 'tool', type: 'binary', artifact: { kind: 'binary', targets } })
    expect(await failure(installer.plan('tool'))).toMatchObject({
      code: 'W142',
      text: expect.stringContaining('it has: mips-unknown-none') as string,
    })
  })

  it.each([
    [{ platform: 'linux', arch: 'x64', isMusl: false }, ['x86_64-unknown-linux-gnu', 'x86_64-unknown-linux-musl']],
    [{ platform: 'linux', arch: 'arm64', isMusl: true }, ['aarch64-unknown-linux-musl']],
    [
      { platform: 'linux', arch: 'arm', isMusl: false },
      ['armv7-unknown-linux-gnueabihf', 'armv7-unknown-linux-musleabihf'],
    ],
    [{ platform: 'darwin', arch: 'arm64', isMusl: false }, ['aarch64-apple-darwin', 'x86_64-apple-darwin']],
    [{ platform: 'win32', arch: 'x64', isMusl: false }, ['x86_64-pc-windows-msvc', 'x86_64-pc-windows-gnu']],
    [{ platform: 'linux', arch: 'loong64', isMusl: false }, []],
  ])('for %j is looked for as %j', (platform, targets) => {
    expect(targetsOf(platform)).toEqual(targets)
  })
})

describe('the lock file', () => {
  it('is changed and taken back as it was, also where there was none', async () => {
    const { project, registry, installer, install } = installingScene()
    for (const name of ['a', 'b']) registry.publish({ name })
    const { workers } = await installer.plan('a')
    const undo = await installer.pin(workers)
    expect(existsSync(project.lockFile)).toBe(true)
    await undo()
    expect(existsSync(project.lockFile)).toBe(false)
    await install('a')
    const before = readFileSync(project.lockFile, 'utf8')
    const undoRemoval = await installer.unpin(['a'])
    expect(await installer.pinned('a')).toBeUndefined()
    await undoRemoval()
    expect(readFileSync(project.lockFile, 'utf8')).toBe(before)
  })

  it('is written only where it changes', async () => {
    const { project, registry, installer, install } = installingScene()
    registry.publish({ name: 'a' })
    await install('a')
    const before = statSync(project.lockFile)
    await installer.pin((await installer.plan('a')).workers)
    expect(statSync(project.lockFile).ino).toBe(before.ino)
  })

  it('pins nothing of a worker that a registry names by its folder', async () => {
    const { project, registry, installer, install } = installingScene()
    const folder = path.join(project.root, 'mine')
    mkdirSync(folder)
    writeFileSync(path.join(folder, 'iii.worker.yaml'), 'name: mine\nscripts: { start: node x, install: "" }')
    registry.publish({ name: 'mine', type: 'local', artifact: { kind: 'local', path: folder } })
    const { workers } = await installer.plan('mine')
    expect(workers).toMatchObject([{ type: 'local', folder, state: 'new' }])
    expect(await installer.fetch(workers[0]!)).toMatchObject({ folder, command: { kind: 'shell', line: 'node x' } })
    await install('mine')
    expect(existsSync(project.lockFile)).toBe(false)
  })
})

it('what is pinned and not on the disk, as in a fresh clone, is fetched from what is pinned', async () => {
  const { project, registry, install } = installingScene()
  registry.publish({ name: 'w' })
  await install('w')
  const clone = projectAt(tempFolder(), undefined)
  writeFileSync(clone.lockFile, readFileSync(project.lockFile))
  const installer = installerOf(clone)
  const pinned = await installer.pinned('w')
  expect(pinned).toMatchObject({ state: 'missing' })
  expect(await installer.fetch(pinned!)).toMatchObject({ name: 'w', version: '1.0.0' })
  expect(await installer.installed('w')).toBeDefined()
})

it('two fetches of one worker at a time end with one whole package', async () => {
  const { project, registry, installer, stored } = installingScene()
  const files = Array.from({ length: 200 }, (_, n) => ({ name: `f${n}`, content: `${n}` }))
  registry.publish({ name: 'w', files })
  const { workers } = await installer.plan('w')
  const second = installerOf(project)
  await Promise.all([installer.fetch(workers[0]!), installer.fetch(workers[0]!), second.fetch(workers[0]!)])
  await installer.pin(workers)
  expect(await installer.installed('w')).toBeDefined()
  await installer.settle(workers)
  await second.settle(workers)
  expect(stored()).toHaveLength(202)
})

it('an installer that is closed cancels what it fetches, and leaves nothing of it', async () => {
  const { registry, installer, stored } = installingScene()
  registry.publish({ name: 'w', files: Array.from({ length: 900 }, (_, n) => ({ name: `f${n}`, content: `${n}` })) })
  const { workers } = await installer.plan('w')
  const fetching = failure(installer.fetch(workers[0]!))
  await installer.close()
  expect((await fetching).code).toBe('W170')
  expect(stored()).toEqual(['w'])
})
