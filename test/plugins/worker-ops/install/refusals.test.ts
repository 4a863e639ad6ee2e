// What can not be installed is refused with the code that says why, and leaves nothing behind.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { rawTarGz } from '../../../support/raw-tar.ts'
import { bundleOf } from '../../../support/worker-registry-folder.ts'
import { failure, installingScene } from './installing-scene.ts'

const RECEIPT = '.iii-receipt.json'

describe('what is refused leaves nothing behind', () => {
  const MANIFEST = 'iii.worker.yaml'
  it.each<[string, string, string, Partial<Parameters<ReturnType<typeof installingScene>['registry']['publish']>[0]>]>([
    ['a wrong checksum', 'W142', 'its SHA-256 is', { sha256: 'a'.repeat(64) }],
    [
      'a symbolic link',
      'W181',
      'the entry "l" is a symbolic link',
      { files: [{ name: 'l', flag: '2', link: '/etc' }] },
    ],
    ['a path out of the folder', 'W181', 'leads out of the folder', { files: [{ name: '../../x' }] }],
    ['a file that is no archive', 'W181', 'is no gzip file', { archive: Buffer.from('hello') }],
    [
      'too many entries',
      'W181',
      'more than 1024 entries',
      { files: Array.from({ length: 1024 }, (_, n) => ({ name: `${n}` })) },
    ],
    ['a file that is too long', 'W181', 'is longer than 33554432 bytes', { files: [{ name: 'a', size: 33_554_433 }] }],
    [
      'a path that is too deep',
      'W181',
      'more than 16 folders deep',
      { files: [{ name: Array(17).fill('d').join('/') }] },
    ],
    ['a bomb', 'W181', 'times its size', { files: [{ name: 'zeros', content: Buffer.alloc(16 * 2 ** 20) }] }],
    ['a receipt of its own', 'W181', 'which the engine writes itself', { files: [{ name: RECEIPT, content: '{}' }] }],
    ['no manifest', 'W181', `has no ${MANIFEST}`, { archive: rawTarGz({ name: 'a' }) }],
    ['a manifest that is a folder', 'W181', 'has a folder where', { archive: rawTarGz({ name: `${MANIFEST}/` }) }],
    [
      'a manifest that is too long',
      'W180',
      'at most 65536',
      { manifest: `scripts: { start: x }\n#${'x'.repeat(70_000)}` },
    ],
    ['a manifest with errors', 'W180', 'scripts.start', { manifest: 'scripts: { start: 1 }' }],
    ['a manifest with unknown keys', 'W180', "unknown key 'foo'", { manifest: 'scripts: { start: x }\nfoo: 1' }],
    ['an install script', 'W180', "has 'scripts.install'", { manifest: 'scripts: { start: x, install: npm ci }' }],
    ['an empty install script', 'W180', "has 'scripts.install'", { manifest: 'scripts: { start: x, install: "" }' }],
    ['a setup script', 'W180', "has 'scripts.setup'", { manifest: 'scripts: { start: x, setup: apt }' }],
    ['an image', 'W180', "has 'runtime.base_image'", { manifest: 'scripts: { start: x }\nruntime: { base_image: x }' }],
    ['the manifest of another worker', 'W180', "names another worker: 'v'", { archive: bundleOf({ name: 'v' }) }],
    [
      'an artifact that is not there',
      'W142',
      'no such file',
      { artifact: { kind: 'bundle', path: 'none', sha256: 'a'.repeat(64) } },
    ],
  ])('%s: %s', async (_what, code, reason, worker) => {
    const { registry, installer, project, stored } = installingScene()
    registry.publish({ name: 'w', ...worker })
    const { workers } = await installer.plan('w')
    const error = await failure(installer.fetch(workers[0]!))
    expect(error.code).toBe(code)
    expect(error.text).toContain(reason)
    expect(stored()).toEqual(['w'])
    expect(existsSync(project.lockFile)).toBe(false)
  })

  it('an archive that is larger than bundles may be, before it is read', async () => {
    const { registry, installer } = installingScene()
    registry.publish({ name: 'w', archive: Buffer.alloc(64 * 2 ** 20 + 1) })
    const { workers } = await installer.plan('w')
    expect(await failure(installer.fetch(workers[0]!))).toMatchObject({
      code: 'W142',
      text: expect.stringContaining('more than 64 MiB') as string,
    })
  })

  it('a container image', async () => {
    const { registry, installer } = installingScene()
    registry.publish({ name: 'w', type: 'image', artifact: { kind: 'image', image: 'docker.io/x/w:1' } })
    expect(await failure(installer.plan('w'))).toMatchObject({
      code: 'W141',
      text: expect.stringContaining(
        'OCI pull failed for docker.io/x/w:1: container workers are not supported',
      ) as string,
      details: { reference: 'docker.io/x/w:1' },
    })
  })

  it.each([
    ['a name that is none', '../x', 'W100'],
    ['a worker that nobody knows', 'nobody', 'W110'],
    ['a version that there is not', 'w@9.9.9', 'W110'],
  ])('%s', async (_what, asked, code) => {
    const { registry, installer } = installingScene()
    registry.publish({ name: 'w' })
    const [name = '', version] = asked.split('@')
    expect((await failure(installer.plan(name, version))).code).toBe(code)
  })

  it('a registry that nobody reaches: W140', async () => {
    const { installer } = installingScene({ registry_url: 'http://127.0.0.1:9', download_timeout_ms: 2000 })
    expect((await failure(installer.plan('w'))).code).toBe('W140')
  })
})
