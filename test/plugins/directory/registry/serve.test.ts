// `iii registry serve`: a folder as a registry over HTTP (spec 05 A.7.1).
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WorkerRegistry } from '../../../../kit/registry/worker-registry.ts'
import { RegistryServer } from '../../../../plugins/directory/registry/serve/registry-server.ts'
import { put, putImageResize, write } from '../../../kit/registry/registry-folder.ts'
import { RawHttp } from '../../../support/raw-http.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { runDirectory } from '../run-directory.ts'
import { ENGINE_WORKER_TABLE } from '../../../../plugins/engine-workers/table.ts'

const LOG = { debug: () => {}, warn: () => {} }

async function served(options: { publicUrl?: string } = {}): Promise<{ url: string; folder: string }> {
  const folder = join(tempFolder(), 'registry')
  mkdirSync(folder)
  putImageResize(folder)
  const server = await RegistryServer.open({ folder, host: '127.0.0.1', port: 0, log: LOG, ...options })
  onTestFinished(() => server.close())
  return { url: server.url, folder }
}

async function get(url: string, init?: RequestInit): Promise<{ status: number; body: any; headers: Headers }> {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}

const resolve = (url: string, body: unknown) =>
  get(`${url}/resolve`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

describe('the routes', () => {
  test('/w lists what the folder has, and nothing of the engine', async () => {
    const { url } = await served()
    const { status, body, headers } = await get(`${url}/w?search=image`)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(body.workers.map(({ name }: { name: string }) => name)).toEqual(['image-resize'])
    expect((await get(`${url}/w`)).body.workers).toHaveLength(1)
    expect((await get(`${url}/w?search=zzz`)).body).toEqual({
      workers: [],
      pagination: { next_cursor: null, has_more: false, page_size: 20 },
    })
  })

  test('/w/NAME describes a version, by number or tag', async () => {
    const { url, folder } = await served()
    put(folder, 'image-resize', '1.3.0-beta.1', { worker: { latest: '1.2.0' } })
    for (const query of ['', '?version=latest', '?tag=latest', '?version=1.2.0', '?version=^1']) {
      const { body } = await get(`${url}/w/image-resize${query}`)
      expect(body.worker).toMatchObject({
        name: 'image-resize',
        version: '1.2.0',
        readme: '# image-resize\n',
        functions: [{ name: 'image::resize' }],
        triggers: [{ name: 'image::done' }],
      })
    }
    expect((await get(`${url}/w/image-resize?version=9.0.0`)).status).toBe(404)
  })

  test('/w/NAME/skills has the content of skills and prompts', async () => {
    const { url } = await served()
    expect((await get(`${url}/w/image-resize/skills?tag=latest`)).body).toEqual({
      name: 'image-resize',
      version: '1.2.0',
      skills: [{ path: 'index.md', content: '---\ntitle: Images\n---\nHow to resize.\n' }],
      prompts: [
        {
          name: 'resize-all',
          description: 'Resize all of them',
          args_schema: { type: 'object' },
          content: 'Do it.\n',
        },
      ],
    })
  })

  test('/download says where the archive is, which has the checksum that it says', async () => {
    const { url } = await served()
    const { body } = await get(`${url}/download/image-resize?version=latest&ci=true`)
    expect(body).toMatchObject({ type: 'bundle', name: 'image-resize', version: '1.2.0' })
    expect(body.archive_url).toBe(`${url}/archives/image-resize/1.2.0`)
    const archive = Buffer.from(await (await fetch(body.archive_url)).arrayBuffer())
    expect(createHash('sha256').update(archive).digest('hex')).toBe(body.sha256)
  })

  test('/download of what the engine has is empty, and of a binary names each target', async () => {
    const { url, folder } = await served()
    expect((await get(`${url}/download/iii-state`)).status).toBe(204)
    const sha256 = 'a'.repeat(64)
    const targets = { 'x86_64-unknown-linux-gnu': { path: 'bin/w', sha256 }, mac: { url: 'https://h/w', sha256 } }
    put(folder, 'w', '1.0.0', { version: { artifact: { kind: 'binary', targets } }, files: { 'bin/w': 'binary' } })
    const { body } = await get(`${url}/download/w`)
    expect(body).toMatchObject({ type: 'binary', binaries: { mac: { url: 'https://h/w', sha256 } } })
    const own = body.binaries['x86_64-unknown-linux-gnu'].url
    expect(await (await fetch(own)).text()).toBe('binary')
    expect((await get(`${url}/archives/w/1.0.0/windows`)).status).toBe(404)
  })

  test('/resolve gives the worker with all that it needs', async () => {
    const { url, folder } = await served()
    put(folder, 'album', '1.0.0', { version: { dependencies: { 'image-resize': '^1.0.0' } } })
    const { status, body } = await resolve(url, { worker: 'album', version: 'latest', target: 'any' })
    expect(status).toBe(200)
    expect(body.root).toEqual({ name: 'album', version: '1.0.0' })
    const graph = new Map(body.graph.map((node: { name: string }) => [node.name, node]))
    expect([...graph.keys()].sort()).toEqual(['album', 'iii-state', 'image-resize', 'state'])
    expect(graph.get('state')).toMatchObject({ type: 'engine' })
    expect(graph.get('image-resize')).toMatchObject({
      type: 'bundle',
      version: '1.2.0',
      archive_url: `${url}/archives/image-resize/1.2.0`,
      dependencies: { state: '^0.19' },
    })
    expect(body.edges).toContainEqual({ from: 'album', to: 'image-resize', range: '^1.0.0' })
  })
})

describe('what is wrong is said as JSON', () => {
  test.each([
    ['GET', '/', 404],
    ['GET', '/w/nope', 404],
    ['GET', '/w/nope/skills', 404],
    ['GET', '/download/nope', 404],
    ['GET', '/archives/nope/1.0.0', 404],
    ['GET', '/archives/image-resize/1.2.0/linux', 404],
    ['GET', '/w/%2e%2e%2fx', 400],
    ['GET', '/w/%zz', 400],
    ['GET', '/w/a%00b', 400],
    ['GET', '/w/image-resize?version=1.2.0&tag=latest', 400],
    ['GET', '/w?cursor=nonsense', 400],
    ['POST', '/w', 405],
    ['DELETE', '/w/image-resize', 405],
    ['PUT', '/archives/image-resize/1.2.0', 405],
    ['GET', '/resolve', 405],
  ])('%s %s: %i', async (method, path, status) => {
    const { url } = await served()
    const answer = await get(`${url}${path}`, { method })
    expect(answer.status).toBe(status)
    expect(answer.body.error).toEqual({ code: expect.any(String), message: expect.stringMatching(/\.$/) })
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET, HEAD|POST)$/)
  })

  test('HEAD answers as GET does, without a body', async () => {
    const { url } = await served()
    for (const path of ['/w', '/w/image-resize', '/archives/image-resize/1.2.0', '/nothing']) {
      const [head, whole] = [await fetch(`${url}${path}`, { method: 'HEAD' }), await fetch(`${url}${path}`)]
      expect([head.status, await head.text()]).toEqual([whole.status, ''])
      expect(head.headers.get('content-length')).toBe(String((await whole.arrayBuffer()).byteLength))
    }
  })

  test.each([
    ['no JSON', '{', 400],
    ['no object', '[]', 400],
    ['no worker', '{}', 400],
    ['a version that is no text', '{"worker":"image-resize","version":1}', 400],
    ['a worker that is not there', '{"worker":"nope"}', 404],
    ['64 KiB and more', JSON.stringify({ worker: 'x'.repeat(70_000) }), 413],
  ])('/resolve with %s', async (_what, body, status) => {
    const { url } = await served()
    const answer = await resolve(url, body)
    expect(answer.status).toBe(status)
    expect(answer.body.error.message).toMatch(/\.$/)
  })

  test('of a circle and of a dependency that is not there, by name', async () => {
    const { url, folder } = await served()
    put(folder, 'a', '1.0.0', { version: { dependencies: { b: '*' } } })
    put(folder, 'b', '1.0.0', { version: { dependencies: { a: '*' } } })
    put(folder, 'c', '1.0.0', { version: { dependencies: { d: '*' } } })
    const circle = await resolve(url, { worker: 'a' })
    expect([circle.status, circle.body.error.message]).toEqual([409, expect.stringContaining('a → b → a')])
    const missing = await resolve(url, { worker: 'c' })
    expect([missing.status, missing.body.error.message]).toEqual([
      409,
      expect.stringContaining('"c" depends on "d", which can\'t be had'),
    ])
  })
})

describe('no address leads out of the folder', () => {
  test.each([
    '/w/../../secret',
    '/../secret/1.0.0',
    '/archives/..%2f..%2fsecret/1.0.0',
    '/archives/image-resize/..%2f..%2f..%2fsecret',
    '/archives/image-resize/%2e%2e',
    '//etc/passwd',
    '/archives/image-resize/1.2.0/../../../../secret',
    '/w/image-resize%2f..%2f..',
  ])('%s', async (path) => {
    const { url, folder } = await served()
    write(join(folder, '..', 'secret', 'worker.json'), '{"description":"secret"}')
    write(join(folder, '..', 'secret', '1.0.0', 'version.json'), '{"artifact":{"kind":"engine"}}')
    // By hand: clients would tidy the path up.
    const client = await RawHttp.open(url)
    const answer = await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).next()
    expect(answer?.status).toBeGreaterThanOrEqual(400)
    expect(answer?.status).toBeLessThanOrEqual(404)
    expect(answer?.body).toMatch(/^\{"error"/)
    expect(answer?.body).not.toContain('"secret"')
  })

  test('nor an artifact or a link in it', async () => {
    const { url, folder } = await served()
    write(join(folder, '..', 'secret'), 'secret')
    const sha256 = 'a'.repeat(64)
    put(folder, 'up', '1.0.0', { version: { artifact: { kind: 'bundle', path: '../../../secret', sha256 } } })
    put(folder, 'link', '1.0.0', { version: { artifact: { kind: 'bundle', path: 'linked', sha256 } } })
    symlinkSync(join(folder, '..', 'secret'), join(folder, 'link', '1.0.0', 'linked'))
    put(folder, 'here', '1.0.0', { version: { artifact: { kind: 'local', path: '/etc' } } })
    expect((await get(`${url}/download/up`)).status).toBe(400)
    expect((await get(`${url}/archives/up/1.0.0`)).status).toBe(400)
    expect((await get(`${url}/archives/link/1.0.0`)).status).toBe(404)
    expect((await get(`${url}/download/here`)).status).toBe(404)
  })
})

test('whoever reads nothing of an archive loses the connection, for others to have it', async () => {
  const folder = tempFolder()
  put(folder, 'big', '1.0.0')
  writeFileSync(join(folder, 'big', '1.0.0', 'bundle.tar.gz'), Buffer.alloc(40_000_000))
  const given = Promise.withResolvers<string>()
  const log = { ...LOG, debug: given.resolve }
  const server = await RegistryServer.open({ folder, host: '127.0.0.1', port: 0, log, stallMs: 200 })
  onTestFinished(() => server.close())
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET /archives/big/1.0.0 HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(await given.promise).toMatch(/was not sent/)
  socket.resume()
  await once(socket, 'close')
  expect(socket.bytesRead).toBeLessThan(40_000_000)
})

test('behind a proxy, archives have the address that others reach', async () => {
  const { url } = await served({ publicUrl: 'https://workers.example.org' })
  const { body } = await get(`${url}/download/image-resize`)
  expect(body.archive_url).toBe('https://workers.example.org/archives/image-resize/1.2.0')
})

test('an engine lists, reads, installs from and resolves by it', async () => {
  const { url, folder } = await served()
  for (let at = 0; at < 45; at++) put(folder, `bulk-${String(at).padStart(2, '0')}`, '1.0.0')
  const run = await runDirectory({ registry_url: url })
  const list = 'directory::registry::workers::list'
  expect((await run.call(list, { search: 'image resize' })).workers[0].name).toBe('image-resize')
  const names: string[] = []
  let cursor: string | null | undefined
  do {
    const page: any = await run.call(list, { search: 'bulk', cursor: cursor ?? '' })
    names.push(...page.workers.map(({ name }: { name: string }) => name))
    cursor = page.pagination.next_cursor
  } while (cursor !== null)
  expect(new Set(names).size).toBe(45)
  const info = await run.call('directory::registry::workers::info', { name: 'image-resize' })
  expect(info).toMatchObject({ readme: '# image-resize\n', skills_tree: { skills: [{ path: 'index.md' }] } })

  const settings = { projectRoot: '', folders: [], remote: url, timeoutMs: 5_000, cacheTtlMs: 0 }
  const registry = new WorkerRegistry(settings, { log: LOG, engineWorkers: ENGINE_WORKER_TABLE })
  expect(await registry.release('image-resize', '^1')).toMatchObject({
    version: '1.2.0',
    functions: ['image::resize'],
    dependencies: { state: '^0.19' },
    artifact: { kind: 'bundle', url: `${url}/archives/image-resize/1.2.0` },
  })
  expect((await registry.resolve('image-resize')).map(({ name, functions }) => [name, functions.length > 0])).toEqual([
    ['iii-state', true],
    ['image-resize', true],
  ])
  expect((await registry.skills({ name: 'image-resize' })).prompts).toHaveLength(1)
})
