// `iii registry publish`: a worker's folder becomes a version in a registry folder (spec 05 A.7.2).
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { runHere } from '../../../bin/run-here.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { write } from '../../../kit/registry/registry-folder.ts'
import { MANIFEST, workerFolder } from './worker-folder.ts'

const publish = (folder: string, registry: string, ...more: string[]) =>
  runHere(['registry', 'publish', folder, '--registry', registry, ...more])
const json = (file: string): any => JSON.parse(readFileSync(file, 'utf8'))

async function entriesOf(archive: Buffer): Promise<{ name: string; mode: number; mtime: number; text: string }[]> {
  const entries: { name: string; mode: number; mtime: number; text: string }[] = []
  const tar = Readable.from([gunzipSync(archive)]).pipe(extract())
  for await (const entry of tar) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    const { name, mode, mtime } = entry.header
    entries.push({ name, mode: mode ?? 0, mtime: mtime?.getTime() ?? -1, text: Buffer.concat(parts).toString() })
  }
  return entries
}

test('the version holds archive, checksum, README and skills, and the worker what is said of it', async () => {
  const registry = join(tempFolder(), 'registry')
  const { code, stdout, stderr } = await publish(workerFolder(tempFolder()), registry)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^greeter 1\.0\.0 published: 6 files, sha256 [0-9a-f]{64}\n/)
  expect(stdout).toContain(join(registry, 'greeter', '1.0.0'))

  expect(json(join(registry, 'greeter/worker.json'))).toEqual({
    name: 'greeter',
    type: 'bundle',
    description: 'Greets people by their name',
    tags: ['hello', 'example'],
    author: { name: 'ana' },
  })
  const at = join(registry, 'greeter/1.0.0')
  const archive = readFileSync(join(at, 'bundle.tar.gz'))
  expect(json(join(at, 'version.json'))).toEqual({
    version: '1.0.0',
    config: {},
    dependencies: { state: '^0.19' },
    supported_targets: [],
    functions: [],
    triggers: [],
    artifact: {
      kind: 'bundle',
      path: 'bundle.tar.gz',
      sha256: createHash('sha256').update(archive).digest('hex'),
    },
  })
  expect(readFileSync(join(at, 'README.md'), 'utf8')).toBe('# greeter\n')
  expect(readdirSync(join(at, 'skills')).sort()).toEqual(['index.md', 'prompts'])
  expect(readdirSync(join(registry, 'greeter')).sort()).toEqual(['1.0.0', 'worker.json'])
  expect((await entriesOf(archive)).map(({ name }) => name)).toEqual([
    'README.md',
    'iii.worker.yaml',
    'lib/words.mjs',
    'skills/index.md',
    'skills/prompts/greet.md',
    'worker.mjs',
  ])
})

test('the same files are the same archive, whenever and wherever they were written', async () => {
  const [one, other] = [tempFolder(), tempFolder()]
  workerFolder(one)
  workerFolder(other)
  utimesSync(join(other, 'worker.mjs'), new Date('2001-01-01'), new Date('2001-01-01'))
  const archives = []
  for (const folder of [one, other]) {
    const registry = tempFolder()
    await publish(folder, registry)
    archives.push(readFileSync(join(registry, 'greeter/1.0.0/bundle.tar.gz')))
  }
  expect(archives[0]).toEqual(archives[1])
  for (const { mtime, mode } of await entriesOf(archives[0] as Buffer)) expect([mtime, mode]).toEqual([0, 0o644])
})

describe('a version', () => {
  test('is not changed once it has been published', async () => {
    const [folder, registry] = [workerFolder(tempFolder()), tempFolder()]
    await publish(folder, registry)
    const before = readFileSync(join(registry, 'greeter/1.0.0/bundle.tar.gz'))
    write(join(folder, 'worker.mjs'), 'other')
    const { code, stderr } = await publish(folder, registry)
    expect(code).toBe(1)
    expect(stderr).toContain('"greeter" 1.0.0 has been published already')
    expect(stderr).toContain('raise `version` in iii.worker.yaml')
    expect(readFileSync(join(registry, 'greeter/1.0.0/bundle.tar.gz'))).toEqual(before)
    expect(readdirSync(join(registry, 'greeter')).sort()).toEqual(['1.0.0', 'worker.json'])
  })

  test('is said on the command line, else by package.json where the manifest is silent', async () => {
    const registry = tempFolder()
    const manifest = MANIFEST.replace('version: 1.0.0\n', '')
    const folder = workerFolder(tempFolder(), { manifest, files: { 'package.json': '{"version":"3.2.1"}' } })
    expect((await publish(folder, registry)).stdout).toContain('greeter 3.2.1 published')
    expect((await publish(folder, registry, '--release', '4.0.0-rc.1')).stdout).toContain('greeter 4.0.0-rc.1')
    expect(json(join(registry, 'greeter/worker.json'))).not.toHaveProperty('latest')
  })

  test('becomes the latest one by --latest, and what was written by hand stays', async () => {
    const [folder, registry] = [workerFolder(tempFolder()), tempFolder()]
    await publish(folder, registry)
    const file = join(registry, 'greeter/worker.json')
    writeFileSync(file, JSON.stringify({ ...json(file), deprecated: true, total_downloads: 7 }))
    await publish(folder, registry, '--release', '0.9.1', '--latest')
    expect(json(file)).toMatchObject({ latest: '0.9.1', deprecated: true, total_downloads: 7 })
  })

  test('that two publish at once is published by one', async () => {
    const [folder, registry] = [workerFolder(tempFolder()), tempFolder()]
    const { publish: run } = await import('../../../../plugins/directory/registry/publish/publish.ts')
    const options = { folder, registry, release: undefined, latest: false }
    const api = () => Promise.resolve({ functions: [], triggers: [] })
    const outcomes = await Promise.allSettled([run({ ...options, api }), run({ ...options, api })])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const rejected = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(rejected.reason.message).toContain('has been published already')
    expect(readdirSync(join(registry, 'greeter')).sort()).toEqual(['1.0.0', 'worker.json'])
  })
})

describe('nothing is published of', () => {
  const refused = async (folder: string, message: string | RegExp, ...more: string[]): Promise<void> => {
    const registry = join(tempFolder(), 'registry')
    const { code, stderr } = await publish(folder, registry, ...more)
    expect(stderr).toMatch(message)
    expect(code).toBe(1)
    expect(existsSync(registry)).toBe(false)
  }
  const manifested = (manifest: string): string => workerFolder(tempFolder(), { manifest })

  test('a folder without a manifest', () => refused(tempFolder(), /There is no .*iii\.worker\.yaml/))
  test.each([
    ['no YAML', 'name: [', /is no YAML/],
    ['no map', '- a', /must hold members/],
    ['no name', 'scripts: {start: x}', /`name` is undefined/],
    ['a name that leads elsewhere', MANIFEST.replace('name: greeter', 'name: ../x'), /`name` is "\.\.\/x"/],
    ['no start', MANIFEST.replace('start: node worker.mjs', 'test: x'), /`scripts\.start` is missing/],
    ['an install script', MANIFEST.replace('start:', 'install: npm ci\n  start:'), /must not have `scripts\.install`/],
    ['a setup script', MANIFEST.replace('start:', 'setup: apt\n  start:'), /must not have `scripts\.setup`/],
    ['a base image', `${MANIFEST}\nruntime: {base_image: x}`, /must not have `runtime\.base_image`/],
    ['no version', MANIFEST.replace('version: 1.0.0\n', ''), /has no `version`/],
    ['a version that is none', MANIFEST.replace('1.0.0', 'one'), /"one" is no version/],
    ['itself as a dependency', MANIFEST.replace('state: ^0.19', 'greeter: "*"'), /depends on itself/],
    ['a range that is none', MANIFEST.replace('^0.19', 'soon'), /"soon" is none/],
  ])('a manifest with %s', (_what, manifest, message) => refused(manifested(manifest), message))

  test('a folder with a link in it', async () => {
    const folder = workerFolder(tempFolder())
    symlinkSync('/etc/passwd', join(folder, 'lib', 'passwd'))
    await refused(folder, /lib\/passwd is neither a file nor a folder/)
  })
  test('too many files', async () => {
    const folder = workerFolder(tempFolder())
    for (let at = 0; at < 1_025; at++) writeFileSync(join(folder, `f${at}`), '')
    await refused(folder, /a bundle may have 1,024/)
  })
  test('a file that is too large', async () => {
    const folder = workerFolder(tempFolder())
    writeFileSync(join(folder, 'large'), Buffer.alloc(32 * 1024 * 1024 + 1))
    await refused(folder, /large has more than 32 MiB/)
  })
  test('folders that lie too deep', async () => {
    const folder = workerFolder(tempFolder())
    mkdirSync(join(folder, ...Array.from({ length: 17 }, () => 'd')), { recursive: true })
    await refused(folder, /lies deeper than 16 folders/)
  })
  test('a worker that is to be described and is not there', async () => {
    const folder = workerFolder(tempFolder())
    await refused(folder, /./, '--describe', '--port', '1')
  })
})
