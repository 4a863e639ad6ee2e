// What needs no engine: `iii worker sync` and `iii worker verify`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NO_EVENTS } from '../../../../plugins/worker-ops/events.ts'
import { manifestHash } from '../../../../plugins/worker-ops/install/lock-file.ts'
import { clear } from '../../../../plugins/worker-ops/operations/clear.ts'
import type { OperationDeps } from '../../../../plugins/worker-ops/operations/deps.ts'
import { sync } from '../../../../plugins/worker-ops/operations/sync.ts'
import { update } from '../../../../plugins/worker-ops/operations/update.ts'
import { verify } from '../../../../plugins/worker-ops/operations/verify.ts'
import { ProjectLock } from '../../../../plugins/worker-ops/project-lock.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { failure, installingScene } from './installing-scene.ts'

const HEX = 'a'.repeat(64)

function scene() {
  const made = installingScene()
  const { project, installer } = made
  const deps: OperationDeps = {
    project,
    lock: new ProjectLock(project.root),
    log: collectingLog(),
    events: NO_EVENTS,
    installer: async () => installer,
    engine: undefined,
    env: {},
  }
  const configure = (...names: string[]): void =>
    writeFileSync(
      path.join(project.root, 'iii-config.yaml'),
      `workers:\n${names.map((name) => `  - name: ${name}\n`).join('')}`,
    )
  configure('state')
  return { ...made, deps, configure }
}

describe('sync', () => {
  it('fetches what is pinned and not there, chooses no version anew, and changes no file of the project', async () => {
    const { project, registry, install, installer, deps } = scene()
    for (const name of ['a', 'b']) registry.publish({ name })
    await install('a')
    await install('b')
    for (const name of ['a', 'b']) registry.publish({ name, version: '1.1.0' })
    rmSync(path.join(project.workersDir, 'a'), { recursive: true })
    const before = readFileSync(project.lockFile)
    expect(await sync({}, deps)).toEqual({ installed: [{ name: 'a', version: '1.0.0' }], current: ['b'] })
    expect(await sync(undefined, deps)).toEqual({ installed: [], current: ['a', 'b'] })
    expect(await installer.installed('a')).toMatchObject({ version: '1.0.0' })
    expect(readFileSync(project.lockFile)).toEqual(before)
  })

  it('refuses what has another content now than when it was pinned', async () => {
    const { project, registry, install, deps } = scene()
    registry.publish({ name: 'a' })
    await install('a')
    rmSync(path.join(project.workersDir, 'a'), { recursive: true })
    registry.publish({ name: 'a', files: [{ name: 'other', content: 'x' }] })
    expect((await failure(sync({}, deps))).code).toBe('W142')
  })

  it('finds files of a registry that lay elsewhere on the machine where they were pinned', async () => {
    const { project, registry, install, deps, installer } = scene()
    registry.publish({ name: 'a', config: { size: 3 }, functions: ['a::f'] })
    await install('a')
    const text = readFileSync(project.lockFile, 'utf8')
    writeFileSync(project.lockFile, text.replace(/archive_url: .*/, 'archive_url: file:///elsewhere/bundle.tar.gz'))
    rmSync(path.join(project.workersDir, 'a'), { recursive: true })
    expect((await sync({}, deps)).installed).toHaveLength(1)
    expect(await installer.installed('a')).toMatchObject({ config: { size: 3 }, functions: ['a::f'] })
  })

  it('of nothing does nothing; of a container image it is W141, of a broken lock file W150', async () => {
    const { project, deps } = scene()
    expect(await sync({}, deps)).toEqual({ installed: [], current: [] })
    const source = `{ kind: image, image: "x/y@sha256:${HEX}" }`
    writeFileSync(project.lockFile, `version: 1\nworkers:\n  w: { version: "1.0.0", type: image, source: ${source} }\n`)
    expect((await failure(sync({}, deps))).code).toBe('W141')
    writeFileSync(project.lockFile, 'version: 2\n')
    expect((await failure(sync({}, deps))).code).toBe('W150')
  })
})

describe('verify', () => {
  it('is content with pinned workers, workers of the engine, plugins and folders, and with pins of others', async () => {
    const { project, registry, install, deps, configure } = scene()
    expect(await verify({}, deps)).toEqual({ verified: true, problems: [] })
    for (const name of ['a', 'other']) registry.publish({ name })
    await install('a')
    await install('other')
    configure('a', 'iii-state', 'http', 'hello', 'mine\n    worker_path: ./mine')
    mkdirSync(path.join(project.root, 'plugins'))
    writeFileSync(path.join(project.root, 'plugins/hello.ts'), '')
    expect(await verify({ strict: true }, deps)).toEqual({ verified: true, problems: [] })
  })

  it('names each worker that is not pinned, with the command that pins it', async () => {
    const { deps, configure } = scene()
    configure('a', 'state', 'b')
    expect(await verify({}, deps)).toEqual({
      verified: false,
      problems: ['a', 'b'].map((worker) => ({
        worker,
        problem: `'${worker}' is in the configuration, but iii.lock does not pin it. Run \`iii worker add ${worker}\`.`,
        expected: 'a pinned version',
        found: null,
      })),
    })
  })

  it('names a binary that is pinned for other systems alone', async () => {
    const { project, deps, configure } = scene()
    configure('tool')
    const source = `{ kind: binary, artifacts: { mips-none: { url: "https://host/x", sha256: ${HEX} } } }`
    writeFileSync(
      project.lockFile,
      `version: 1\nworkers:\n  tool: { version: "1.0.0", type: binary, source: ${source} }\n`,
    )
    const { verified, problems } = await verify({}, deps)
    expect([verified, problems]).toMatchObject([false, [{ worker: 'tool', found: 'mips-none' }]])
  })

  it('checks ranges when it is to be strict: those that the project declares, and those of workers', async () => {
    const { project, deps } = scene()
    const bundle = (version: string, more = ''): string =>
      `{ version: ${version}, type: bundle, ${more}source: { kind: bundle, archive_url: "https://h/x", sha256: ${HEX} } }`
    const declared = { a: '^2.0.0', b: '^1.0.0', gone: '*', state: '^9' }
    const write = (hash: string): void =>
      writeFileSync(
        project.lockFile,
        `version: 1\nmanifest_hash: ${hash}\ndeclared_dependencies: ${JSON.stringify(declared)}\nworkers:\n  a: ${bundle('1.0.0')}\n  b: ${bundle('1.2.0', 'dependencies: { a: ^1.1.0 }, ')}\n`,
      )
    write(manifestHash(declared))
    expect((await verify({}, deps)).verified).toBe(true)
    const { problems } = await verify({ strict: true }, deps)
    expect(problems.map(({ worker, expected, found }) => [worker, expected, found])).toEqual([
      ['a', '^2.0.0', '1.0.0'],
      ['gone', '*', null],
      ['a', '^1.1.0', '1.0.0'],
    ])
    expect(problems[0]?.problem).toBe('The project wants a ^2.0.0, but iii.lock pins 1.0.0. Run `iii worker add a`.')
    write(`sha256:v1:${HEX}`)
    expect((await failure(verify({}, deps))).code).toBe('W150')
  })

  it('wants to know what `strict` is', async () => {
    expect((await failure(verify({ strict: 'yes' }, scene().deps))).code).toBe('W105')
  })
})

describe('without an engine', () => {
  it('update and clear change the files alone', async () => {
    const { registry, install, installer, deps, configure } = scene()
    registry.publish({ name: 'a' })
    await install('a')
    configure('a')
    registry.publish({ name: 'a', version: '1.1.0' })
    expect(await update({}, deps)).toEqual({ updated: [{ name: 'a', from_version: '1.0.0', to_version: '1.1.0' }] })
    expect((await clear({ all: true, yes: true }, deps)).cleared_bytes).toBeGreaterThan(100)
    expect(await installer.pinned('a')).toMatchObject({ version: '1.1.0', state: 'missing' })
  })

  it('a version that is newer than that of the registry stays', async () => {
    const { registry, install, deps } = scene()
    registry.publish({ name: 'a', version: '2.0.0' })
    await install('a')
    registry.publish({ name: 'a', version: '1.0.0' })
    rmSync(path.join(registry.folder, 'a/2.0.0'), { recursive: true })
    expect(await update({}, deps)).toEqual({ updated: [] })
  })

  it('an operation of another process makes them W120', async () => {
    const { project, deps } = scene()
    writeFileSync(path.join(project.root, '.iii-worker.lock'), `pid=${process.ppid}\n`)
    writeFileSync(project.lockFile, 'version: 1\n')
    for (const work of [sync, update, clear])
      expect(await failure(work({ all: true, yes: true }, deps))).toMatchObject({
        code: 'W120',
        details: { holder_pid: process.ppid },
      })
    expect((await verify({}, deps)).verified).toBe(true)
  })
})
