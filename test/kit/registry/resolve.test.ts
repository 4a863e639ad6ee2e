// A worker with all that it needs, from registries of this machine (spec 05 B.1), and what makes a release.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { registrySettings } from '../../../kit/registry/worker-registry.ts'
import { failureOf, openRegistry } from './open-registry.ts'
import { ARCHIVE_SHA256, put } from './registry-folder.ts'

const needs = (dependencies: object) => ({ version: { dependencies } })

describe('what a worker needs', () => {
  const resolved = async (registry: ReturnType<typeof openRegistry>['registry'], name: string, version?: string) =>
    (await registry.resolve(name, version)).map((release) => `${release.name} ${release.version}`)

  test('comes before it, each once', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'app', '1.0.0', needs({ left: '*', right: '^1' }))
    put(folder, 'left', '1.0.0', needs({ base: '^1' }))
    put(folder, 'right', '1.4.0', needs({ base: '>=1' }))
    put(folder, 'base', '1.2.0')
    const releases = await resolved(registry, 'app')
    expect(releases).toHaveLength(4)
    expect(releases[0]).toBe('base 1.2.0')
    expect(releases[3]).toBe('app 1.0.0')
  })

  test('is of a version that all take who need it', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'app', '1.0.0', needs({ left: '*', right: '*' }))
    put(folder, 'left', '1.0.0', needs({ base: '>=1' }))
    put(folder, 'right', '1.0.0', needs({ base: '^1.1' }))
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '2.0.0']) put(folder, 'base', version)
    expect(await resolved(registry, 'app')).toContain('base 1.2.0')
  })

  test('that can not be in one version is an error that names the ranges', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'app', '1.0.0', needs({ left: '*', right: '*' }))
    put(folder, 'left', '1.0.0', needs({ base: '^1' }))
    put(folder, 'right', '1.0.0', needs({ base: '^2' }))
    put(folder, 'base', '1.0.0')
    put(folder, 'base', '2.0.0')
    const { code, kind, message } = await failureOf(registry.resolve('app'))
    expect([code, kind]).toEqual(['D311', 'graph'])
    expect(message).toMatch(
      /depends on "base", which can't be had: worker "base" has no version that is "\^[12]" and "\^[12]"; it has 2\.0\.0, 1\.0\.0/,
    )
  })

  test('in a circle is an error that shows it', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'a', '1.0.0', needs({ b: '*' }))
    put(folder, 'b', '1.0.0', needs({ c: '*' }))
    put(folder, 'c', '1.0.0', needs({ b: '*' }))
    expect((await failureOf(registry.resolve('a'))).message).toBe(
      'D311 graph: workers depend on each other in a circle: b → c → b.',
    )
  })

  test.each([
    ['nowhere', { nope: '*' }, '"nope" does not exist'],
    ['no name', { '../x': '*' }, '"../x" is no name of a worker'],
    ['no such version', { lib: '^7' }, 'has no version that is'],
    ['itself', { app: '*' }, 'app → app'],
  ])('that is %s is an error', async (_what, dependencies, message) => {
    const { registry, folder } = openRegistry()
    put(folder, 'app', '1.0.0', needs(dependencies))
    put(folder, 'lib', '1.0.0')
    const error = await failureOf(registry.resolve('app'))
    expect(error.kind).toBe('graph')
    expect(error.message).toContain(message)
  })

  test('may be 255 others and no more', async () => {
    const { registry, folder } = openRegistry()
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, '*']))
    for (const name of Object.keys(many(256))) put(folder, name, '1.0.0')
    put(folder, 'fits', '1.0.0', needs(many(255)))
    put(folder, 'more', '1.0.0', needs(many(256)))
    expect(await registry.resolve('fits')).toHaveLength(256)
    expect((await failureOf(registry.resolve('more'))).kind).toBe('too-large')
  })

  test('of the engine is the part that runs, in whatever version it is asked for', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'app', '1.0.0', needs({ state: '^0.19', 'iii-queue': '*' }))
    const releases = await registry.resolve('app')
    expect(releases.map(({ name, type }) => [name, type])).toEqual(
      expect.arrayContaining([
        ['iii-state', 'engine'],
        ['iii-queue', 'engine'],
        ['app', 'bundle'],
      ]),
    )
  })
})

describe('a release', () => {
  test('of a bundle has the address of its archive', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'w', '1.0.0', { version: { config: { a: 1 }, functions: [{ name: 'w::f' }, {}, null] } })
    expect(await registry.release('w')).toEqual({
      name: 'w',
      version: '1.0.0',
      type: 'bundle',
      dependencies: {},
      config: { a: 1 },
      functions: ['w::f'],
      artifact: {
        kind: 'bundle',
        url: pathToFileURL(join(folder, 'w', '1.0.0', 'bundle.tar.gz')).href,
        sha256: ARCHIVE_SHA256,
      },
    })
  })

  const sha256 = 'a'.repeat(64)
  test.each([
    [
      { kind: 'local', path: '../src' },
      'local',
      (folder: string) => ({ kind: 'local', path: join(folder, 'w', 'src') }),
    ],
    [{ kind: 'engine' }, 'engine', () => ({ kind: 'engine' })],
    [{ kind: 'image', image: 'host/i' }, 'image', () => ({ kind: 'image', image: 'host/i' })],
    [
      { kind: 'binary', targets: { t: { url: 'https://h/b', sha256 } } },
      'binary',
      () => ({ kind: 'binary', targets: { t: { url: 'https://h/b', sha256 } } }),
    ],
  ])('of %j is that', async (artifact, type, expected) => {
    const { registry, folder } = openRegistry()
    put(folder, 'w', '1.0.0', { version: { artifact } })
    expect(await registry.release('w')).toMatchObject({ type, artifact: expected(folder) })
  })

  test.each([
    [undefined, '`artifact` must be an object'],
    [{ kind: 'floppy' }, '"floppy": it may be'],
    [{ kind: 'bundle' }, 'needs a `path`'],
    [{ kind: 'bundle', path: '/etc/passwd', sha256 }, 'leaves the folder of its version'],
    [{ kind: 'bundle', path: '../1.0.1/x', sha256 }, 'leaves the folder of its version'],
    [{ kind: 'bundle', path: 'x' }, 'no SHA-256'],
    [{ kind: 'bundle', url: 'ftp://h/x', sha256 }, 'needs a `path`, or a `url`'],
    [{ kind: 'local' }, '`artifact.path` must be a text'],
    [{ kind: 'image' }, '`artifact.image` must be a text'],
    [{ kind: 'binary' }, 'it may be'],
    [{ kind: 'binary', targets: { t: 7 } }, '`artifact.targets.t` must be an object'],
  ])('of %j is an error that names the file', async (artifact, problem) => {
    const { registry, folder } = openRegistry()
    put(folder, 'w', '1.0.0', { version: { artifact } })
    const { code, message } = await failureOf(registry.release('w'))
    expect(code).toBe('D311')
    expect(message).toContain(problem)
    expect(message).toContain('version.json')
  })
})

describe('the settings', () => {
  const at = (env: Record<string, string> = {}) => ({ projectRoot: '/p', env })
  test('are local folders alone where nobody says more', () => {
    expect(registrySettings({}, at())).toEqual({
      projectRoot: '/p',
      folders: ['/p/.iii/registry'],
      remote: undefined,
      timeoutMs: 60_000,
      cacheTtlMs: 60_000,
    })
  })
  test('name more folders and one remote registry', () => {
    const env = { III_REGISTRY_PATH: '/a:b::/p/.iii/registry: ', III_API_URL: '' }
    const config = { registry_url: ' https://host/base/ ', download_timeout_ms: 5, registry_cache_ttl_ms: 0 }
    expect(registrySettings(config, at(env))).toEqual({
      projectRoot: '/p',
      folders: ['/p/.iii/registry', '/a', '/p/b'],
      remote: 'https://host/base',
      timeoutMs: 5,
      cacheTtlMs: 0,
    })
    expect(registrySettings(config, at({ III_API_URL: 'http://other//' })).remote).toBe('http://other')
    expect(registrySettings({ registry_url: null }, at()).remote).toBeUndefined()
  })
})
