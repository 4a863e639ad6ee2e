import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import type { LockEntry } from '../../../../plugins/worker-ops/install/lock-entry.ts'
import { LockFile, manifestHash, MAX_LOCK_BYTES } from '../../../../plugins/worker-ops/install/lock-file.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { failure } from './installing-scene.ts'

const HEX = 'a'.repeat(64)
const BUNDLE: LockEntry = {
  version: '1.2.0',
  type: 'bundle',
  dependencies: { state: '^0.19' },
  source: { kind: 'bundle', archive_url: 'https://host/a.tar.gz', sha256: HEX },
}

function lockWith(text: string): string {
  const file = path.join(tempFolder(), 'iii.lock')
  writeFileSync(file, text)
  return file
}

it('a project without a lock file pins nothing, and reading makes none', async () => {
  const file = path.join(tempFolder(), 'iii.lock')
  const lock = await LockFile.read(file)
  expect([lock.exists, lock.names]).toEqual([false, []])
  expect(existsSync(file)).toBe(false)
})

it('writes all kinds of workers sorted by name, and reads them again', async () => {
  const file = path.join(tempFolder(), 'iii.lock')
  const entries: [string, LockEntry][] = [
    ['zeta', BUNDLE],
    ['state', { version: '0.19.0', type: 'engine', dependencies: {}, source: undefined }],
    [
      'alpha',
      { version: '1.2', type: 'image', dependencies: {}, source: { kind: 'image', image: `x/y@sha256:${HEX}` } },
    ],
    [
      'bin',
      {
        version: '2.0.0-rc.1',
        type: 'binary',
        dependencies: {},
        source: {
          kind: 'binary',
          artifacts: {
            'x86_64-unknown-linux-gnu': { url: 'https://host/x', sha256: HEX },
            a: { url: 'file:///b', sha256: HEX },
          },
        },
      },
    ],
  ]
  await (await LockFile.read(file)).with(entries).write()
  const written = parse(readFileSync(file, 'utf8')) as { version: number; workers: Record<string, unknown> }
  expect(written.version).toBe(1)
  expect(Object.keys(written.workers)).toEqual(['alpha', 'bin', 'state', 'zeta'])
  expect(written.workers['zeta']).toEqual({
    version: '1.2.0',
    type: 'bundle',
    dependencies: { state: '^0.19' },
    source: { kind: 'bundle', archive_url: 'https://host/a.tar.gz', sha256: HEX },
  })
  expect(written.workers['state']).toEqual({ version: '0.19.0', type: 'engine' })
  const read = await LockFile.read(file)
  for (const [name, entry] of entries) expect(read.get(name)).toEqual(entry)
  expect(readdirSync(path.dirname(file))).toEqual(['iii.lock'])
})

it('takes entries out, and leaves the others', async () => {
  const file = path.join(tempFolder(), 'iii.lock')
  await (
    await LockFile.read(file)
  )
    .with([
      ['a', BUNDLE],
      ['b', BUNDLE],
    ])
    .without(['a', 'never'])
    .write()
  expect((await LockFile.read(file)).names).toEqual(['b'])
})

it('reads a binary as old files have it, with one target, and writes it with artifacts', async () => {
  const file = lockWith(`version: 1
workers:
  old:
    version: 1.0.0
    type: binary
    source: { kind: binary, target: x86_64-unknown-linux-gnu, url: "https://host/old", sha256: ${HEX} }
`)
  await (await LockFile.read(file)).with([['new', BUNDLE]]).write()
  const { workers } = parse(readFileSync(file, 'utf8')) as { workers: Record<string, { source: unknown }> }
  expect(workers['old']?.source).toEqual({
    kind: 'binary',
    artifacts: { 'x86_64-unknown-linux-gnu': { url: 'https://host/old', sha256: HEX } },
  })
})

it('keeps what the project declares, with its hash', async () => {
  const declared = { state: '^0.19', a: '1' }
  const text = `version: 1\nmanifest_hash: ${manifestHash(declared)}\ndeclared_dependencies: { state: ^0.19, a: "1" }\n`
  const file = lockWith(text)
  const lock = await LockFile.read(file)
  expect(lock.declaredDependencies).toEqual(declared)
  await lock.with([['a', BUNDLE]]).write()
  expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
    manifest_hash: manifestHash({ a: '1', state: '^0.19' }),
    declared_dependencies: declared,
  })
})

it.each(['', '# nothing yet\n', 'version: 1\n', 'version: 1\nworkers:\n'])(
  'pins nothing when it says %j',
  async (text) => {
    expect((await LockFile.read(lockWith(text))).names).toEqual([])
  },
)

const worker = (body: string): string => `version: 1\nworkers:\n  w: ${body}\n`
it.each([
  ['version: 2\nworkers: {}', 'has the version 2; this engine knows version 1'],
  ['workers: {}', 'has the version undefined'],
  ['version: "1"', 'has the version "1"'],
  ['[1]', 'where a map belongs'],
  ['a: [', 'is no YAML'],
  ['a: &a [*a]', 'has the version'],
  ['version: 1\nworkers: [w]', 'workers that are no map'],
  ['version: 1\nworkers: { ../x: {} }', 'whose name is none'],
  ['version: 1\nworkers: { "": {} }', 'whose name is none'],
  ['version: 1\nmanifest_hash: abc', 'which is none'],
  [`version: 1\nmanifest_hash: sha256:v1:${HEX}`, 'not that of its declared_dependencies'],
  [
    `version: 1\nmanifest_hash: sha256:v1:${HEX}\ndeclared_dependencies: { a: "1" }`,
    'not that of its declared_dependencies',
  ],
  ['version: 1\ndeclared_dependencies: [a]', 'dependencies that are no map'],
  ['version: 1\ndeclared_dependencies: { a: 1 }', 'whose range is no text'],
  [worker('1'), "pins the worker 'w', which must be a map"],
  [worker('{ type: engine }'), 'has the version undefined'],
  [worker('{ version: 1.2, type: engine }'), 'write an exact one as text'],
  [worker('{ version: ../../x, type: engine }'), 'has the version'],
  [worker('{ version: "1.0.0", type: local }'), 'has the type "local"'],
  [worker('{ version: "1.0.0", type: engine, source: { kind: bundle } }'), 'a worker of the engine has not'],
  [worker('{ version: "1.0.0", type: bundle }'), 'has no source'],
  [worker('{ version: "1.0.0", type: bundle, source: { kind: binary } }'), "of the type 'bundle' but has a source"],
  [
    worker(`{ version: "1.0.0", type: bundle, source: { kind: bundle, archive_url: "ftp://x", sha256: ${HEX} } }`),
    'has the address',
  ],
  [
    worker('{ version: "1.0.0", type: bundle, source: { kind: bundle, archive_url: "http://x", sha256: abc } }'),
    'has the checksum',
  ],
  [
    worker(
      `{ version: "1.0.0", type: bundle, source: { kind: bundle, archive_url: "http://x", sha256: ${'A'.repeat(64)} } }`,
    ),
    'in small letters',
  ],
  [worker('{ version: "1.0.0", type: binary, source: { kind: binary } }'), 'without artifacts'],
  [
    worker('{ version: "1.0.0", type: binary, source: { kind: binary, artifacts: { "../x": {} } } }'),
    'which is no target',
  ],
  [
    worker('{ version: "1.0.0", type: binary, source: { kind: binary, artifacts: { a: { url: "http://x" } } } }'),
    'has the checksum',
  ],
  [worker('{ version: "1.0.0", type: image, source: { kind: image, image: "x:latest" } }'), 'which no digest pins'],
  [worker('{ version: "1.0.0", type: engine, dependencies: { "../x": "1" } }'), 'has a dependency with the name'],
  [worker('{ version: "1.0.0", type: engine, dependencies: { x: [1] } }'), 'whose range is no text'],
])('refuses with W150, naming file and worker: %s', async (text, problem) => {
  const file = lockWith(text)
  const { code, text: message, details } = await failure(LockFile.read(file))
  expect(code).toBe('W150')
  expect(message).toContain(problem)
  expect(message).toContain(file)
  expect(Object.keys(details)).toEqual(['worker', 'expected', 'found'])
  expect(readFileSync(file, 'utf8')).toBe(text)
})

it('refuses a file that is too long, and one that is a folder', async () => {
  expect(await failure(LockFile.read(lockWith('#'.repeat(MAX_LOCK_BYTES + 1))))).toMatchObject({ code: 'W130' })
  expect(await failure(LockFile.read(tempFolder()))).toMatchObject({ code: 'W130' })
})

it('aliases that multiply do not', async () => {
  const bomb = ['version: 1', 'a: &a [1,1,1,1,1,1,1,1,1,1]']
  for (const [index, name] of ['b', 'c', 'd', 'e', 'f'].entries())
    bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdef'[index]}`).join(',')}]`)
  expect(await failure(LockFile.read(lockWith(bomb.join('\n'))))).toMatchObject({ code: 'W150' })
})

it('whatever the file holds, it is read or refused with a code', async () => {
  const file = path.join(tempFolder(), 'iii.lock')
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
      writeFileSync(file, text)
      await LockFile.read(file).catch((error: { code: string }) => expect(error.code).toBe('W150'))
    }),
    { numRuns: 200 },
  )
})
