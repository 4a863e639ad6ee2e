// HTTP endpoints by workers in Python and Rust on their unmodified SDKs, of two generations each.
import { createHash, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { within } from '../support/deadline.ts'
import { engineFolder, HTTP_PORT, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { lacks } from '../support/needs.ts'
import { RawClient } from '../support/raw-client.ts'
import { pythonEnvironment, SDK_VERSIONS, type PythonEnvironment } from './python-environment.ts'
import { CRATE_VERSIONS, rustWorkers } from './rust-environment.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

const WORKER = fileURLToPath(new URL('python/http_worker.py', import.meta.url))
const BUILD_MS = 600_000
const START = { timeout: 30_000, interval: 100 }

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function startEngine(more = ''): Promise<{ folder: EngineFolder; engine: EngineProcess }> {
  const folder = await engineFolder(`  - name: iii-http\n    config: { port: ${HTTP_PORT} }\n${more}`)
  return { folder, engine: await folder.start({ args: ['--no-watch'] }) }
}

describe.each(SDK_VERSIONS)('HTTP by iii-sdk %s of Python', (version) => {
  let environment: PythonEnvironment
  let folder: EngineFolder
  let engine: EngineProcess
  let python: WorkerProcess

  beforeAll(async () => {
    environment = await pythonEnvironment(version)
    if (environment.python === undefined) return
    ;({ folder, engine } = await startEngine())
    python = startWorker(environment.python, [WORKER, folder.url])
    // The last one that the worker binds.
    const isReady = async (): Promise<void> => expect((await ask('/py/ready')).status).toBe(201)
    await vi.waitFor(isReady, START).catch((error: Error) => {
      throw new Error(`${error.message}; the Python worker said:\n${python.errors()}`)
    })
  }, 120_000)

  afterAll(async () => {
    if (environment.python !== undefined) {
      await python.kill()
      expect(await engine.stop()).toBe(0)
      await folder.remove()
    }
    await environment.remove()
  })

  beforeEach((context) => {
    if (environment.python === undefined) context.skip(environment.reason)
  })

  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${folder.httpUrl}${path}`, init)

  it('answers with status, headers and body, and gets what was asked', async () => {
    const response = await ask('/py/echo/42?page=1', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"é✓","nothing":null}',
    })
    expect([response.status, response.headers.get('x-made-by'), await response.json()]).toEqual([
      201,
      'python',
      { path_params: { id: '42' }, query_params: { page: '1' }, method: 'POST', body: { name: 'é✓', nothing: null } },
    ])
  })

  it('an exception is a 500 with its text', async () => {
    const response = await ask('/py/boom')
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { error: { code: 'invocation_failed', message: expect.stringContaining('boom from Python') } },
    ])
  })

  it('reads an upload of 10 MB', async () => {
    const content = randomBytes(10_000_000)
    const response = await ask('/py/upload', { method: 'PUT', body: content })
    expect(await response.json()).toEqual({ length: content.length, digest: digestOf(content) })
  })

  it('writes its answer with http(), and returns one', async () => {
    const written = await ask('/py/written')
    expect([written.status, written.headers.get('x-asked-by'), await written.text()]).toEqual([206, 'GET', '0 1 2 '])
    const returned = await ask('/py/returned', { method: 'POST', body: 'sent' })
    expect([returned.status, await returned.json()]).toEqual([202, { text: 'sent' }])
  })

  it('writes 2 MB', async () => {
    const wanted = Buffer.concat(Array.from({ length: 20 }, (_, number) => Buffer.alloc(100_000, number)))
    const bytes = new Uint8Array(await (await ask('/py/download')).arrayBuffer())
    expect([bytes.length, digestOf(bytes)]).toEqual([wanted.length, digestOf(wanted)])
  })

  it('serves events one by one', async () => {
    const client = await RawClient.connect(folder.url)
    const asking = ask('/py/events')
    await client.call('py::emit', { event: { n: 0 } })
    const response = await within(10_000, 'the first event', asking)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const pieces = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (const n of [0, 1, 2]) {
      if (n > 0) await client.call('py::emit', { event: { n } })
      expect(await within(10_000, `event ${n}`, pieces.read())).toEqual({ done: false, value: `data: {"n": ${n}}\n\n` })
    }
    await client.call('py::emit', {})
    expect((await within(10_000, 'the end', pieces.read())).done).toBe(true)
  })

  it('has middleware and a condition', async () => {
    const headers = { authorization: 'Bearer tok' }
    expect((await ask('/py/private/1?ok=no')).status).toBe(422)
    const refused = await ask('/py/private/1?ok=yes')
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'who are you?' }])
    expect((await ask('/py/private/1?ok=yes', { headers })).status).toBe(201)
  })
})

describe.skipIf(lacks('cargo'))('HTTP by Rust (needs cargo)', () => {
  let program: (version: string) => string
  beforeAll(async () => {
    program = await rustWorkers()
  }, BUILD_MS)

  describe.each(CRATE_VERSIONS)('on iii-sdk %s', (version) => {
    let folder: EngineFolder
    let engine: EngineProcess
    let rust: WorkerProcess

    beforeAll(async () => {
      ;({ folder, engine } = await startEngine(
        '  - name: iii-state\n  - { name: iii-stream, config: { port: 0 } }\n  - name: iii-queue\n',
      ))
      rust = startWorker(program(version), [folder.url])
    })

    afterAll(async () => {
      await rust?.kill()
      expect(await engine.stop()).toBe(0)
      await folder.remove()
    })

    it('reads what is uploaded, and answers with status, headers and body; writes its answer in pieces', async () => {
      const client = await RawClient.connect(folder.url)
      const bind = (id: string, http_method: string, api_path: string): void =>
        client.send({
          type: 'registertrigger',
          id,
          trigger_type: 'http',
          function_id: id,
          config: { http_method, api_path },
        })
      bind('rs::upload', 'POST', '/rs/:id')
      bind('rs::pieces', 'GET', '/rs/pieces')
      const exists = async () => (await client.call('engine::functions::info', { function_id: 'rs::pieces' })).error
      await expect.poll(exists, START).toBeUndefined()
      const post = (body: Buffer<ArrayBuffer> | string, type: string): Promise<Response> =>
        fetch(`${folder.httpUrl}/rs/7`, { method: 'POST', body, headers: { 'content-type': type } })

      const content = Buffer.from(randomBytes(3_000_000))
      const raw = await post(content, 'application/octet-stream')
      expect([raw.status, raw.headers.get('x-made-by'), await raw.json()]).toEqual([
        201,
        'rust',
        { length: content.length, sum: content.reduce((sum, byte) => sum + byte, 0), id: '7', parsed: null },
      ])
      const json = await post('{"a":[1]}', 'application/json')
      expect(await json.json()).toMatchObject({ length: 9, parsed: { a: [1] } })

      const pieces = await fetch(`${folder.httpUrl}/rs/pieces`)
      expect([pieces.status, pieces.headers.get('content-type')]).toEqual([206, 'text/plain'])
      const wanted = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => index % 251))
      expect(digestOf(new Uint8Array(await pieces.arrayBuffer()))).toBe(digestOf(wanted))
    })
  })
})
