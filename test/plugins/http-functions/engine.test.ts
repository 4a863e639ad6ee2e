// Functions over HTTP in a whole engine: as targets of everything that calls, through reloads, and from a plugin.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EngineFolder, LISTENER, pluginFile } from '../../core/engine/running-engine.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { apiServer, type ApiServer } from './api-server.ts'

const SECURITY = 'security: { require_https: false, block_private_ips: false }'
const OPEN = `{ name: iii-http-functions, config: { ${SECURITY} } }`
const REACTIVE = ['{ name: iii-state }', '{ name: iii-pubsub }', '{ name: iii-queue }']

async function engine(...entries: string[]): Promise<EngineFolder> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, OPEN, ...entries)
  await folder.start({ watch: false })
  return folder
}

/** A worker whose function `ext::hook` is the API. */
async function hooked(folder: EngineFolder, api: ApiServer): Promise<RawClient> {
  const worker = await folder.connect({ name: 'shop' })
  await worker.provided('ext::hook', undefined, { invocation: { url: api.url, method: 'POST' } })
  return worker
}

async function bind(worker: RawClient, trigger_type: string, config: object): Promise<void> {
  const { error } = await worker.call('engine::register_trigger', { trigger_type, function_id: 'ext::hook', config })
  expect(error).toBeUndefined()
}

const payloads = (api: ApiServer): any[] => api.requests.map(({ body }) => JSON.parse(body.toString()))

describe('an endpoint is the target', () => {
  test('of void calls, of jobs, of topics and of state triggers', async () => {
    const api = await apiServer(() => ({ ok: true }))
    const folder = await engine(...REACTIVE)
    const worker = await hooked(folder, api)
    const caller = await folder.connect({ name: 'caller' })
    caller.send({ type: 'invokefunction', function_id: 'ext::hook', data: { by: 'void' }, action: { type: 'void' } })
    const action = { type: 'enqueue', queue: 'default' }
    expect((await caller.call('ext::hook', { by: 'queue' }, { action })).result).toHaveProperty('messageReceiptId')
    await bind(worker, 'subscribe', { topic: 't' })
    await bind(worker, 'state', { scope: 's' })
    await caller.call('publish', { topic: 't', data: { by: 'topic' } })
    await caller.call('state::set', { scope: 's', key: 'k', value: { by: 'state' } })
    await expect
      .poll(() => payloads(api).map((payload) => payload.by ?? payload.new_value?.by), { timeout: 10_000 })
      .toHaveLength(4)
    const kinds = payloads(api).map((payload) => payload.by ?? payload.new_value?.by)
    expect(kinds.toSorted()).toEqual(['queue', 'state', 'topic', 'void'])
  })

  test('of an HTTP route: it gets the whole request, and answers it', async () => {
    const api = await apiServer(({ body }) => ({
      status_code: 201,
      body: { id: JSON.parse(body.toString()).path_params.id },
    }))
    const folder = await engine('{ name: iii-http, config: { port: 0 } }')
    const worker = await hooked(folder, api)
    await bind(worker, 'http', { api_path: '/orders/:id', http_method: 'POST' })
    const { plugins } = (await worker.call('engine::plugins::list', {})).result as { plugins: any[] }
    const { addresses } = plugins.find(({ name }) => name === 'iii-http')
    const answer = await fetch(`http://${addresses[0].replace(/^\w+:\/\//, '')}/orders/7`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, await answer.json()]).toEqual([201, { id: '7' }])
    expect(payloads(api)).toMatchObject([
      { method: 'POST', path: '/orders/:id', body: { a: 1 }, trigger: { type: 'http' } },
    ])
  })

  test('of a job that is delivered again until it succeeds', async () => {
    let asked = 0
    const api = await apiServer((_request, response) =>
      ++asked < 3 ? void response.writeHead(503).end() : { done: true },
    )
    const queue = '{ name: iii-queue, config: { queue_configs: { q: { max_retries: 5, backoff_ms: 1 } } } }'
    const folder = await engine(queue)
    await hooked(folder, api)
    const caller = await folder.connect()
    await caller.call('ext::hook', { job: 1 }, { action: { type: 'enqueue', queue: 'q' } })
    await expect.poll(() => asked, { timeout: 10_000 }).toBe(3)
    expect(new Set(api.requests.map(({ headers }) => headers['x-iii-invocation-id'])).size).toBe(3)
  })
})

test('Reloaded under way the worker loses no call', async () => {
  const waiting: (() => void)[] = []
  const api = await apiServer((_request, response) => void waiting.push(() => response.end('"done"')))
  const folder = await engine()
  await hooked(folder, api)
  const caller = await folder.connect()
  const first = caller.call('ext::hook', {})
  await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(1)
  const reloaded = caller.call('engine::plugins::reload', { name: 'iii-http-functions' })
  expect((await reloaded).error).toBeUndefined()
  // By the new generation, while the old one waits for its answer.
  const second = caller.call('ext::hook', {})
  await expect.poll(() => waiting.length, { timeout: 10_000 }).toBe(2)
  for (const answer of waiting) answer()
  expect((await Promise.all([first, second])).map(({ result }) => result)).toEqual(['done', 'done'])
})

test('An API that is killed under way fails the call', async () => {
  const folder = await engine()
  const first = await silentProcess()
  const worker = await folder.connect({ name: 'shop' })
  await worker.provided('ext::hook', undefined, { invocation: { url: first.url } })
  const caller = await folder.connect()
  const outcome = caller.call('ext::hook', {})
  await first.asked
  first.child.kill('SIGKILL')
  expect((await outcome).error).toMatchObject({ code: 'http_request_failed' })
})

/** An HTTP API in a process of its own, which never answers. */
async function silentProcess(): Promise<{ url: string; child: ChildProcess; asked: Promise<void> }> {
  const source = `
    const server = require('node:http').createServer(() => console.log('asked'))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const asked = Promise.withResolvers<void>()
  lines.on('line', (line) => line === 'asked' && asked.resolve())
  const [listening] = (await once(lines, 'line')) as [string]
  return { url: `http://127.0.0.1:${listening}/`, child, asked: asked.promise }
}

describe('a plugin', () => {
  const PLUGIN = (url: string, more = '') =>
    pluginFile('shop', `iii.registerFunction('shop::hook', { url: '${url}' })\n    ${more}`)

  async function withPlugin(source: string): Promise<EngineFolder> {
    const folder = new EngineFolder()
    folder.write('plugins/shop.ts', source)
    folder.configure(LISTENER, OPEN, '{ name: shop }')
    await folder.start({ watch: false })
    return folder
  }

  test('has endpoints as functions from its start on', async () => {
    const api = await apiServer(() => 1)
    const folder = await withPlugin(PLUGIN(api.url, `iii.registerFunction('shop::here', () => 2)`))
    const caller = await folder.connect()
    expect((await caller.call('shop::hook', {})).result).toBe(1)
    expect((await caller.call('shop::here', {})).result).toBe(2)
  })

  test('has them without a gap while it is reloaded', async () => {
    const api = await apiServer(() => 1)
    const folder = await withPlugin(PLUGIN(api.url))
    const caller = await folder.connect()
    const over = new AbortController()
    const outcomes: unknown[] = []
    const calling = (async () => {
      while (!over.signal.aborted) outcomes.push((await caller.call('shop::hook', {})).error)
    })()
    const other = await folder.connect()
    for (let count = 0; count < 3; count++)
      expect((await other.call('engine::plugins::reload', { name: 'shop' })).error).toBeUndefined()
    over.abort()
    await calling
    expect(outcomes.length).toBeGreaterThan(0)
    expect(outcomes.filter((error) => error !== undefined)).toEqual([])
  })

  test('whose endpoint is refused does not come into force, and says why', async () => {
    const api = await apiServer(() => 1)
    const folder = await withPlugin(PLUGIN(api.url))
    const caller = await folder.connect()
    folder.write('plugins/shop.ts', PLUGIN('nowhere'))
    expect((await caller.call('engine::plugins::reload', { name: 'shop' })).error).toMatchObject({
      code: 'PLUGIN_START_FAILED',
      message: expect.stringContaining(
        "HTTP-invoked function 'shop::hook' refused: url_validation_failed: Invalid URL: 'nowhere' names no host",
      ),
    })
    expect((await caller.call('shop::hook', {})).result).toBe(1)
  })
})
