// A remote registry over HTTP (spec 05 A.7.1): what is asked of it, what is made of its answers, and what is put up with.
import { describe, expect, test } from 'vitest'
import { failureOf, openRegistry } from './open-registry.ts'
import { put } from './registry-folder.ts'
import { stubRegistry, type StubAnswer, type StubRegistry, type StubRequest } from './stub-registry.ts'

const SHA256 = 'A'.repeat(64)
const ROW = { name: 'remote-one', description: 'One of them', type: 'bundle', version: '2.0.0', total_downloads: 7 }
const EMPTY = { workers: [], pagination: { next_cursor: null, has_more: false } }

/** Answers by path; 404 for what is not named. */
function paths(answers: Readonly<Record<string, unknown>>): (request: StubRequest) => StubAnswer {
  return ({ path }) => (Object.hasOwn(answers, path) ? { json: answers[path] } : { status: 404 })
}

const WORKER = {
  '/w': { workers: [ROW] },
  '/w/remote-one': {
    worker: {
      ...ROW,
      readme: '# One',
      dependencies: [{ name: 'remote-two', version: '^1' }],
      functions: [{ name: 'one::f', description: 'F' }],
      triggers: [{ name: 'one::t' }],
    },
  },
  '/w/remote-one/skills': {
    name: 'remote-one',
    version: '2.0.0',
    skills: [{ path: 'index.md', content: '# One' }],
    prompts: [{ name: 'p', description: 'P', content: 'Do.' }],
  },
  '/download/remote-one': {
    type: 'bundle',
    name: 'remote-one',
    version: '2.0.0',
    archive_url: 'https://host/one.tar.gz',
    sha256: SHA256,
  },
}

const asked = ({ requests }: StubRegistry): string[] => requests.map(({ method, url }) => `${method} ${url}`)

describe('what is asked', () => {
  test('a listing has `search` and `cursor` only where they are not blank', async () => {
    const stub = await stubRegistry(() => ({ json: EMPTY }))
    const { registry } = openRegistry({ remote: stub.url })
    await registry.list({})
    await registry.list({ search: '  ', cursor: ' ' })
    await registry.list({ search: ' two words ', cursor: 'abc' })
    expect(asked(stub)).toEqual(['GET /w', 'GET /w?search=two+words&cursor=abc'])
    expect(stub.requests[0]?.headers).toMatchObject({ accept: 'application/json' })
  })

  test('details and skills of a version are asked for as `version`, tags too', async () => {
    const stub = await stubRegistry(paths(WORKER))
    const { registry } = openRegistry({ remote: stub.url })
    await registry.info({ name: 'remote-one' })
    await registry.info({ name: 'remote-one', tag: 'beta' })
    await registry.info({ name: 'remote-one', version: '2.0.0' })
    expect(asked(stub).sort()).toEqual(
      ['latest', 'beta', '2.0.0']
        .flatMap((version) => [`GET /w/remote-one/skills?version=${version}`, `GET /w/remote-one?version=${version}`])
        .sort(),
    )
  })

  test('an equal question within the time of the cache causes no request, and one after it does', async () => {
    const stub = await stubRegistry(paths(WORKER))
    const { registry, pass } = openRegistry({ remote: stub.url, cacheTtlMs: 1_000 })
    const both = () => Promise.all([registry.list({}), registry.list({}), registry.info({ name: 'remote-one' })])
    await both()
    expect(stub.requests).toHaveLength(3)
    pass(999)
    await both()
    expect(stub.requests).toHaveLength(3)
    pass(1)
    await both()
    expect(stub.requests).toHaveLength(6)
  })

  test('a time of 0 asks each time, and a failure is never kept', async () => {
    const stub = await stubRegistry(() => (stub.requests.length === 1 ? { status: 503 } : { json: EMPTY }))
    const { registry } = openRegistry({ remote: stub.url, cacheTtlMs: 60_000 })
    expect((await failureOf(registry.list({}))).code).toBe('D320')
    expect((await registry.list({ search: 'zzz' })).workers).toEqual([])
    await registry.list({})
    expect(stub.requests).toHaveLength(3)
    const fresh = openRegistry({ remote: stub.url, cacheTtlMs: 0 })
    await fresh.registry.list({})
    await fresh.registry.list({})
    expect(stub.requests).toHaveLength(5)
  })

  test('user and password of the address are sent to it as a header, and shown nowhere', async () => {
    const stub = await stubRegistry(() => ({ status: 403 }))
    const { registry } = openRegistry({ remote: stub.url.replace('://', '://ana:s%40cret@') })
    const { message } = await failureOf(registry.list({}))
    expect(stub.requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('ana:s@cret').toString('base64')}`,
    })
    expect(message).toBe(`D320 unreachable: GET ${stub.url}/w answered with status 403.`)
  })
})

describe('what is made of it', () => {
  test('rows have all members, whatever was left out, and none is without a name', async () => {
    const bare = { name: 'bare', deprecated: true, replacement: 'remote-one' }
    const workers = [ROW, bare, { description: 'nameless' }, { name: '' }, { name: '../x' }, { name: 7 }, null, 'text']
    const stub = await stubRegistry(() => ({ json: { workers } }))
    const { registry } = openRegistry({ remote: stub.url })
    const page = await registry.list({ search: 'zzz' })
    expect(page.workers).toEqual([
      {
        name: 'remote-one',
        description: 'One of them',
        type: 'bundle',
        version: '2.0.0',
        repo: null,
        config: {},
        supported_targets: [],
        total_downloads: 7,
        dependencies: [],
        author: null,
      },
      expect.objectContaining({
        name: 'bare',
        description: null,
        version: null,
        deprecated: true,
        replacement: 'remote-one',
      }),
    ])
    expect(page.workers[1]).not.toHaveProperty('image')
    expect(page.pagination).toEqual({ next_cursor: null, has_more: false, page_size: 20 })
  })

  test('details may be flat or under `worker`', async () => {
    const nested = WORKER['/w/remote-one'].worker
    for (const detail of [nested, { worker: nested }]) {
      const stub = await stubRegistry(paths({ ...WORKER, '/w/remote-one': detail }))
      expect(await openRegistry({ remote: stub.url }).registry.info({ name: 'remote-one' })).toMatchObject({
        worker: { name: 'remote-one', version: '2.0.0' },
        readme: '# One',
        api_reference: { functions: [{ name: 'one::f', request_schema: {} }], triggers: [{ name: 'one::t' }] },
        skills_tree: { skills: [{ path: 'index.md' }], prompts: [{ name: 'p', description: 'P' }] },
      })
    }
  })

  test('a release has archive, checksum, functions and dependencies', async () => {
    const stub = await stubRegistry(paths(WORKER))
    const { registry } = openRegistry({ remote: stub.url })
    expect(await registry.release('remote-one', '^2')).toEqual({
      name: 'remote-one',
      version: '2.0.0',
      type: 'bundle',
      dependencies: { 'remote-two': '^1' },
      config: {},
      functions: ['one::f'],
      artifact: { kind: 'bundle', url: 'https://host/one.tar.gz', sha256: SHA256.toLowerCase() },
    })
    expect(asked(stub)).toContain('GET /download/remote-one?version=%5E2')
  })

  test.each([
    [
      { type: 'image', image_url: 'host/image:1' },
      { kind: 'image', image: 'host/image:1' },
    ],
    [{ type: 'engine' }, { kind: 'engine' }],
    [
      { type: 'binary', binaries: { linux: { url: 'https://host/b', sha256: SHA256 } } },
      { kind: 'binary', targets: { linux: { url: 'https://host/b', sha256: SHA256.toLowerCase() } } },
    ],
  ])('%j is installed as it says', async (said, artifact) => {
    const download = { name: 'remote-one', version: '2.0.0', ...said }
    const stub = await stubRegistry(paths({ ...WORKER, '/download/remote-one': download }))
    expect((await openRegistry({ remote: stub.url }).registry.release('remote-one')).artifact).toEqual(artifact)
  })

  test('an answer 204 means that the engine has it', async () => {
    const stub = await stubRegistry(() => ({ status: 204 }))
    expect(await openRegistry({ remote: stub.url }).registry.release('theirs')).toMatchObject({ type: 'engine' })
  })

  test('a worker that it does not have is `not_found`, with the request', async () => {
    const stub = await stubRegistry(() => ({ status: 404 }))
    const { registry } = openRegistry({ remote: stub.url })
    for (const ask of [
      () => registry.info({ name: 'nope' }),
      () => registry.release('nope'),
      () => registry.skills({ name: 'nope' }),
    ]) {
      const { code, kind, message } = await failureOf(ask())
      expect([code, kind]).toEqual(['D310', 'not-found'])
      expect(message).toMatch(
        /^D310 not_found: worker "nope" does not exist \(GET http:\/\/127\.0\.0\.1:\d+\/\S+ answered with status 404\)\. Next: call directory::registry::workers::list/,
      )
    }
  })

  test('details without skills are no answer: both must succeed', async () => {
    const { '/w/remote-one/skills': _, ...others } = WORKER
    const stub = await stubRegistry(paths(others))
    expect((await failureOf(openRegistry({ remote: stub.url }).registry.info({ name: 'remote-one' }))).code).toBe(
      'D310',
    )
  })
})

describe('all that a worker needs', () => {
  const node = (name: string, dependencies: object = {}, more: object = {}) => ({
    name,
    version: '1.0.0',
    type: 'bundle',
    archive_url: `https://host/${name}`,
    sha256: SHA256,
    dependencies,
    ...more,
  })
  const resolved = (...graph: object[]) => ({ root: { name: 'a', version: '1.0.0' }, graph, edges: [] })
  const names = (releases: readonly { name: string }[]) => releases.map(({ name }) => name)

  test('is asked for at once, and comes dependencies first', async () => {
    const graph = resolved(node('a', { b: '^1', c: '^1' }), node('c', { b: '^1', state: '*' }), node('b'))
    const stub = await stubRegistry(paths({ '/resolve': graph, '/w/b': { name: 'b', functions: [{ name: 'b::f' }] } }))
    const releases = await openRegistry({ remote: stub.url }).registry.resolve('a', '1.0.0')
    expect(names(releases)).toEqual(['b', 'iii-state', 'c', 'a'])
    expect(releases[0]?.functions).toEqual(['b::f'])
    expect(stub.requests[0]).toMatchObject({
      method: 'POST',
      path: '/resolve',
      body: { worker: 'a', version: '1.0.0' },
    })
  })

  test('is put together one by one where the registry does not resolve', async () => {
    const stub = await stubRegistry(
      paths({
        '/w/a': { name: 'a', dependencies: { b: '^1' } },
        '/w/b': { name: 'b' },
        '/download/a': node('a', { b: '^1' }),
        '/download/b': node('b'),
      }),
    )
    expect(names(await openRegistry({ remote: stub.url }).registry.resolve('a'))).toEqual(['b', 'a'])
  })

  test('is taken from a local registry where that has the name', async () => {
    const stub = await stubRegistry(paths({ '/resolve': resolved(node('a', { b: '^1' }), node('b')) }))
    const { registry, folder } = openRegistry({ remote: stub.url })
    put(folder, 'b', '1.7.0')
    put(folder, 'b', '2.0.0')
    expect((await registry.resolve('a')).map(({ name, version }) => [name, version])).toEqual([
      ['b', '1.7.0'],
      ['a', '1.0.0'],
    ])
  })

  test.each([
    ['a circle', resolved(node('a', { b: '*' }), node('b', { a: '*' })), 'graph', 'a → b → a'],
    ['a name twice', resolved(node('a'), node('a')), 'graph', '"a" twice'],
    [
      'a dependency that is left out',
      resolved(node('a', { b: '*' })),
      'graph',
      '"a" depends on "b", which can\'t be had',
    ],
    ['another root', { ...resolved(node('a')), root: { name: 'z' } }, 'unreachable', '"z" in place of "a"'],
    ['no graph', { root: { name: 'a' } }, 'unreachable', 'no `root` and `graph`'],
    ['a name with ..', resolved(node('../a')), 'unreachable', '"../a" as the name'],
    ['a version with /', resolved(node('a', {}, { version: '1/../..' })), 'unreachable', 'as the version of "a"'],
    [
      '257 workers',
      resolved(node('a'), ...Array.from({ length: 256 }, (_, at) => node(`n${at}`))),
      'too-large',
      'more than 256',
    ],
  ])('with %s is refused', async (_what, graph, kind, message) => {
    const stub = await stubRegistry(paths({ '/resolve': graph }))
    const error = await failureOf(openRegistry({ remote: stub.url }).registry.resolve('a'))
    expect(error.kind).toBe(kind)
    expect(error.message).toContain(message)
  })
})

describe('an address', () => {
  test.each([
    'ftp://host',
    'host:80',
    '/a/path',
    'http://',
    ...(process.platform === 'win32' ? [] : ['file://host/folder']),
    'file:///a%2Fb',
  ])('%s is none of a registry', async (remote) => {
    const { registry } = openRegistry({ remote })
    const { code, message } = await failureOf(registry.list({}))
    expect(code).toBe('D311')
    expect(message).toContain('must begin with http://, https:// or file://')
    expect((await registry.info({ name: 'iii-state' })).worker.type).toBe('engine')
  })

  test('that is none is named without user, password and query', async () => {
    const { message } = await failureOf(
      openRegistry({ remote: 'https://user:sec/secret@host?k=secret' }).registry.list({}),
    )
    expect(message).toContain('"https://host"')
    expect(message).not.toContain('secret')
  })

  test('of a folder is a registry like those of the project', async () => {
    const shared = openRegistry()
    put(shared.folder, 'shared', '1.0.0')
    put(shared.folder, 'both', '1.0.0')
    const { registry, folder } = openRegistry({ remote: `file://${shared.folder}` })
    put(folder, 'both', '2.0.0')
    const versions = (await registry.list({})).workers.map(({ name, version }) => [name, version])
    expect(versions).toContainEqual(['shared', '1.0.0'])
    expect(versions).toContainEqual(['both', '2.0.0'])
    expect(versions).not.toContainEqual(['both', '1.0.0'])
  })

  test('of a folder that is not there is an error that names it', async () => {
    const { registry } = openRegistry({ remote: 'file:///nowhere/at/all' })
    for (const ask of [() => registry.list({}), () => registry.info({ name: 'x' })]) {
      const { code, message } = await failureOf(ask())
      expect([code, message]).toEqual(['D320', expect.stringContaining('no registry folder /nowhere/at/all')])
    }
  })
})
