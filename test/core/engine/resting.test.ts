// HTTP and streams rest in the thread of the other built-ins until they are used for the first time in a project.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, get, type ClientRequest } from 'node:http'
import type { Writable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { Collector } from '../../support/deadline.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { isHalfMade } from '../../support/reset-connections.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { EngineFolder, LISTENER, pluginFile } from './running-engine.ts'

interface Row {
  readonly name: string
  readonly thread: number
  readonly isolation: string
  readonly generation: number
  readonly addresses: readonly string[]
}

async function row(folder: EngineFolder, name: string): Promise<Row> {
  return (await folder.engine.call('engine::plugins::info', { name })) as Row
}

async function isShared(folder: EngineFolder, name: string): Promise<boolean> {
  const [{ thread }, { thread: shared }] = await Promise.all([row(folder, name), row(folder, 'iii-cron')])
  return thread === shared
}

async function scene({ http = '', stream = '', engine = '' } = {}) {
  const folder = new EngineFolder()
  const [httpPort, streamPort] = [await unusedPort(), await unusedPort()]
  const entries = [
    LISTENER,
    '{ name: iii-cron }',
    `{ name: iii-http, config: { port: ${httpPort} } ${http} }`,
    `{ name: iii-stream, config: { port: ${streamPort} } ${stream} }`,
  ]
  folder.configure(...entries)
  if (engine !== '') appendFileSync(join(folder.dir, 'iii-config.yaml'), `engine: ${engine}\n`)
  await folder.start({ watch: false })
  return {
    folder,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    streamUrl: `ws://127.0.0.1:${streamPort}`,
    again: async () => {
      await folder.engine.close()
      await folder.start({ watch: false })
    },
  }
}

const ITEM = { stream_name: 's', group_id: 'g' }

async function bound(worker: RawClient, api_path: string, body: unknown): Promise<void> {
  await worker.provided('f', () => ({ body }))
  worker.send({ type: 'registertrigger', id: 't', trigger_type: 'http', function_id: 'f', config: { api_path } })
}

function statusOf(url: string, agent?: Agent): Promise<number> {
  return answerTo(get(url, { agent }))
}

function answerTo(request: ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    request.once('error', reject).once('response', (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
      response.once('error', reject)
    })
  })
}

test('both share the thread until they are used, and have one of their own from the start the next time', async () => {
  const { folder, httpUrl, again } = await scene()
  expect(await isShared(folder, 'iii-http')).toBe(true)
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  expect((await row(folder, 'iii-http')).isolation).toBe('shared')
  expect(await statusOf(`${httpUrl}/nowhere`)).toBe(404)
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  // Its answer comes from where it is now.
  expect(await row(folder, 'iii-stream')).toMatchObject({ isolation: 'thread', generation: 2 })
  expect(await isShared(folder, 'iii-http')).toBe(true)
  const worker = await folder.connect()
  await bound(worker, '/', 'ok')
  await expect.poll(() => isShared(folder, 'iii-http')).toBe(false)
  expect(await statusOf(httpUrl)).toBe(200)

  await again()
  expect(await isShared(folder, 'iii-http')).toBe(false)
  expect(await isShared(folder, 'iii-stream')).toBe(false)
  expect(await folder.engine.call('stream::get', { ...ITEM, item_id: 'a' })).toBe(1)
  expect((await row(folder, 'iii-stream')).generation).toBe(1)
})

test('of the first calls, which come all at once from several workers, none is lost or overtaken', async () => {
  const { folder } = await scene()
  const workers = await Promise.all(Array.from({ length: 4 }, () => folder.connect()))
  const increments = Array.from({ length: 200 }, (_call, n) => {
    const ops = [{ type: 'append', path: '', value: n }]
    return workers[n % 4]!.call('stream::update', { ...ITEM, item_id: `of-${n % 4}`, ops })
  })
  const outcomes = await Promise.all(increments)
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([])
  for (const [index, worker] of workers.entries()) {
    const { result } = await worker.call('stream::get', { ...ITEM, item_id: `of-${index}` })
    expect(result).toEqual(Array.from({ length: 50 }, (_value, n) => n * 4 + index))
  }
  expect((await row(folder, 'iii-stream')).generation).toBe(2)
})

test('a plugin that calls them in its start gets its answer, at the start of the engine as well', async () => {
  const folder = new EngineFolder()
  const set = `await iii.trigger({ function_id: 'stream::set', payload: { ...${JSON.stringify(ITEM)}, item_id: 'a', data: 1 } })`
  folder.write('plugins/p.ts', pluginFile('p', set))
  folder.configure(
    LISTENER,
    '{ name: iii-cron }',
    `{ name: iii-stream, config: { port: ${await unusedPort()} } }`,
    '{ name: p }',
  )
  await folder.start({ watch: false })
  expect(await folder.engine.call('engine::plugins::info', { name: 'p' })).toMatchObject({ state: 'running' })
  expect(await folder.engine.call('stream::get', { ...ITEM, item_id: 'a' })).toBe(1)
  await expect.poll(() => isShared(folder, 'iii-stream')).toBe(false)
})

test('no request fails while the first route has HTTP move', async () => {
  const { folder, httpUrl } = await scene()
  const worker = await folder.connect()
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const failures: unknown[] = []
  const seen = new Set<number>()
  const stop = new AbortController()
  let halfMade = 0
  const load = async (one?: Agent): Promise<void> => {
    while (!stop.signal.aborted) {
      const request = get(httpUrl, { agent: one })
      await answerTo(request).then(
        (status) => seen.add(status),
        (error: Error) => {
          if (isHalfMade(request, error)) halfMade++
          else failures.push(error)
        },
      )
    }
  }
  const loads = [load(), load(), load(agent), load(agent)]
  await expect.poll(() => seen.has(404)).toBe(true)
  await bound(worker, '/', 'ok')
  await expect.poll(() => seen.has(200)).toBe(true)
  await expect.poll(() => isShared(folder, 'iii-http')).toBe(false)
  seen.clear()
  await expect.poll(() => seen.has(200)).toBe(true)
  stop.abort()
  await Promise.all(loads)
  agent.destroy()
  expect(failures).toEqual([])
  // Whoever cuts what it has taken does so more often.
  expect(halfMade).toBeLessThanOrEqual(1)
  expect([...seen]).toEqual([200])
})

test('an event stream that has begun before HTTP moved goes on, and ends when it is at its end', async () => {
  const { folder, httpUrl } = await scene()
  const client = connectSdk(V22, folder.engine.url)
  const opened = Promise.withResolvers<Writable>()
  client.registerFunction('events', (request) => {
    const { response } = request as { response: { stream: Writable; sendMessage(text: string): void } }
    response.sendMessage('{"type":"set_headers","headers":{"content-type":"text/event-stream"}}')
    response.stream.write('data: 1\n\n')
    opened.resolve(response.stream)
    return null
  })
  client.registerTrigger({ type: 'http', function_id: 'events', config: { api_path: '/' } })
  let answer: Response | undefined
  await expect.poll(async () => (answer = await fetch(httpUrl)).status).toBe(200)
  const reader = answer!.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe('data: 1\n\n')
  await expect.poll(() => isShared(folder, 'iii-http')).toBe(false)
  const stream = await opened.promise
  for (const text of ['data: 2\n\n', 'data: 3\n\n']) {
    stream.write(text)
    expect((await reader.read()).value).toBe(text)
  }
  stream.end()
  expect((await reader.read()).done).toBe(true)
})

test('a request that takes longer than a reload waits is answered by where HTTP was, and the end of the engine does not wait for one', async () => {
  const { folder, httpUrl } = await scene({ engine: '{ stop_ms: 500 }' })
  const worker = await folder.connect()
  const called = new Collector<() => void>()
  await worker.provided('f', () => new Promise((resolve) => called.add(() => resolve({ body: 'late' }))))
  worker.send({ type: 'registertrigger', id: 't', trigger_type: 'http', function_id: 'f', config: { api_path: '/' } })
  await worker.settled()
  const answers = [statusOf(httpUrl), statusOf(httpUrl)]
  const [first] = await called.take(2)
  await expect.poll(() => isShared(folder, 'iii-http')).toBe(false)
  // Longer than `stop_ms`, and than a server that is closed because somebody wants it.
  await after(8_500)
  first!()
  expect(await Promise.any(answers)).toBe(200)
  const unanswered = Promise.allSettled(answers)
  await folder.engine.close()
  await unanswered
}, 30_000)

test('streams whose first use is a client stay where they are, and nobody is disconnected', async () => {
  const { folder, streamUrl, again } = await scene()
  const client = await StreamClient.connect(streamUrl)
  await client.joined('s-1', 's', 'g')
  for (let n = 0; n < 3; n++) await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: n })
  await client.take(4)
  expect(client.received).toEqual([0, 1, 2])
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  expect((await row(folder, 'iii-stream')).generation).toBe(1)
  const closed = new Promise<void>((resolve) => client.socket.once('close', () => resolve()))
  await again()
  await closed
  expect(await isShared(folder, 'iii-stream')).toBe(false)
})

test('a client that comes and a call at the same moment: the call is answered, whoever was first', async () => {
  const { folder, streamUrl } = await scene()
  const [client] = await Promise.all([
    StreamClient.connect(streamUrl),
    folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 }),
  ])
  client.socket.terminate()
  expect(await folder.engine.call('stream::get', { ...ITEM, item_id: 'a' })).toBe(1)
})

test('a client that comes while a first call has them leave is not cut: they stay, and the call is answered', async () => {
  const { folder, streamUrl } = await scene()
  const answer = folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  const client = await StreamClient.connect(streamUrl)
  const closed = vi.fn()
  client.socket.once('close', closed)
  await answer
  await client.joined('s-1', 's', 'g')
  for (let n = 2; n < 5; n++) await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: n })
  await client.take(4)
  expect(client.received).toEqual([2, 3, 4])
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  expect((await row(folder, 'iii-stream')).generation).toBe(1)
  // Nor is it later, when the thread that was made for the call has been given back.
  await after(300)
  expect(closed).not.toHaveBeenCalled()
})

test.each([
  ['a free port', 'iii-stream', 'config: { port: 0 }'],
  [
    'a store in memory',
    'iii-stream',
    'config: { port: PORT, adapter: { name: kv, config: { store_method: in_memory } } }',
  ],
  ['isolation: thread', 'iii-stream', 'config: { port: PORT }, isolation: thread'],
  ['a limit on memory', 'iii-stream', 'config: { port: PORT }, memory_mb: 500'],
  ['a free port', 'iii-http', 'config: { port: 0 }'],
  ['a function for what has no route', 'iii-http', 'config: { port: PORT, not_found_function: f }'],
  ['an address for health checks', 'iii-http', 'config: { port: PORT, health: { path: /up } }'],
  ['isolation: thread', 'iii-http', 'config: { port: PORT }, isolation: thread'],
])('with %s %s has a thread of its own from the start', async (_what, name, entry) => {
  const folder = new EngineFolder()
  folder.configure(
    LISTENER,
    '{ name: iii-cron }',
    `{ name: ${name}, ${entry.replace('PORT', String(await unusedPort()))} }`,
  )
  await folder.start({ watch: false })
  expect(await isShared(folder, name)).toBe(false)
})

test('with isolation: shared in its entry it stays there, used or not', async () => {
  const { folder, again } = await scene({ stream: ', isolation: shared' })
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  await again()
  expect(await isShared(folder, 'iii-stream')).toBe(true)
})

test('settings with which it could not be moved later move it at once; others do not', async () => {
  const { folder } = await scene()
  await folder.engine.call('configuration::set', { id: 'iii-http', value: { port: await unusedPort() } })
  expect(await row(folder, 'iii-http')).toMatchObject({ isolation: 'shared', generation: 1 })
  await folder.engine.call('configuration::set', { id: 'iii-http', value: { port: 0 } })
  const { addresses, generation } = await row(folder, 'iii-http')
  expect(generation).toBe(2)
  expect(await isShared(folder, 'iii-http')).toBe(false)
  await bound(await folder.connect(), '/', 'ok')
  await expect.poll(() => statusOf(addresses[0]!)).toBe(200)
})

test('a reload of one that rests gives it a thread of its own, and calls wake nobody any more', async () => {
  const { folder } = await scene()
  await folder.engine.call('engine::plugins::reload', { name: 'iii-stream' })
  expect(await isShared(folder, 'iii-stream')).toBe(false)
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  expect((await row(folder, 'iii-stream')).generation).toBe(2)
})

test('stopped while it rests, it is gone; started again, it rests again', async () => {
  const { folder } = await scene()
  await folder.engine.call('engine::plugins::stop', { name: 'iii-stream' })
  await expect(folder.engine.call('stream::list_all', {})).rejects.toThrow(/stream::list_all/)
  await folder.engine.call('engine::plugins::start', { name: 'iii-stream' })
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  expect(await isShared(folder, 'iii-stream')).toBe(false)
})

test('the end of the engine does not wait for one that rests, nor for one that is just being moved', async () => {
  const { folder } = await scene()
  await folder.engine.close()
  const other = await scene()
  const worker = await other.folder.connect()
  await bound(worker, '/', 'ok')
  await worker.settled()
  await other.folder.engine.close()
})

test('where its folder can not be written it is moved all the same', async () => {
  const { folder } = await scene()
  writeFileSync(join(folder.dir, 'data', 'plugins', 'iii-stream'), '')
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  expect(await isShared(folder, 'iii-stream')).toBe(false)
  expect(existsSync(join(folder.dir, 'data', 'plugins', 'iii-stream', 'used'))).toBe(false)
})

test('added while the engine runs, together with others, each rests for itself', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  await folder.start()
  folder.configure(
    LISTENER,
    '{ name: iii-cron }',
    `{ name: iii-http, config: { port: ${await unusedPort()} } }`,
    `{ name: iii-stream, config: { port: ${await unusedPort()} } }`,
    '{ name: iii-state }',
  )
  await expect
    .poll(() =>
      row(folder, 'iii-state').then(
        ({ thread }) => thread,
        () => null,
      ),
    )
    .not.toBe(null)
  expect(await folder.engine.call('state::get', { scope: 's', key: 'k' })).toBeUndefined()
  expect(await isShared(folder, 'iii-http')).toBe(true)
  expect(await isShared(folder, 'iii-stream')).toBe(true)
  await folder.engine.call('stream::set', { ...ITEM, item_id: 'a', data: 1 })
  expect(await isShared(folder, 'iii-stream')).toBe(false)
  expect(await isShared(folder, 'iii-http')).toBe(true)
})

test('a binding that is refused is no use of HTTP', async () => {
  const { folder } = await scene()
  const worker = await folder.connect()
  await worker.provided('f', () => null)
  worker.send({ type: 'registertrigger', id: 't', trigger_type: 'http', function_id: 'f', config: { api_path: 7 } })
  await worker.until(() => worker.frames.some(({ error }) => error !== undefined), 'the refusal')
  expect(await isShared(folder, 'iii-http')).toBe(true)
  expect((await row(folder, 'iii-http')).generation).toBe(1)
})
