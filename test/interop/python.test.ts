// The unmodified iii-sdk from PyPI, of two generations, and the one from npm, through one engine (spec 01 checks 7, 41, 43; 00 C9).
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { registerWorker } from 'iii-sdk'
import { createChannel } from 'iii-sdk/helpers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { apiServer } from '../plugins/http-functions/api-server.ts'
import { INVALID, PADDED } from '../support/invalid-json.ts'
import { RawClient } from '../support/raw-client.ts'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'
import { pythonEnvironment, SDK_VERSIONS, type PythonEnvironment } from './python-environment.ts'

const WORKER = fileURLToPath(new URL('python/worker.py', import.meta.url))
const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
const AT_ONCE_MS = 5_000

describe.each(SDK_VERSIONS)('with iii-sdk %s of Python', (version) => {
  let environment: PythonEnvironment
  let folder: EngineFolder
  let engine: EngineProcess
  let python: WorkerProcess | undefined
  let node: ReturnType<typeof registerWorker> | undefined
  const noted: number[] = []
  const taken: { bytes: Buffer; readonly messages: string[] } = { bytes: Buffer.alloc(0), messages: [] }

  beforeAll(async () => {
    environment = await pythonEnvironment(version)
    if (environment.python === undefined) return
    folder = await engineFolder(
      '  - name: iii-state\n  - name: iii-stream\n    config: { port: 0 }\n' +
        '  - { name: iii-queue, config: { queue_configs: { python: { max_retries: 2, backoff_ms: 1 } } } }\n' +
        '  - name: iii-http-functions\n    config: { security: { require_https: false, block_private_ips: false } }\n',
    )
    engine = await folder.start({ args: ['--no-watch'] })
    node = registerWorker(folder.url, {
      workerName: 'node-worker',
      otel: { enabled: false },
      enableMetricsReporting: false,
      reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
    })
    node.registerFunction('node::double', async ({ n }: { n: number }) => n * 2)
    node.registerFunction('node::note', async ({ n }: { n: number }) => void noted.push(n))
    node.registerFunction('node::boom', async () => {
      throw new Error('boom from Node')
    })
    node.registerFunction(
      'node::take',
      async ({ reader }: { reader: { onMessage(take: (text: string) => void): void; readAll(): Promise<Buffer> } }) => {
        reader.onMessage((text) => taken.messages.push(text))
        taken.bytes = await reader.readAll()
        return taken.bytes.length
      },
    )
    python = startWorker(environment.python, [WORKER, folder.url])
    await pythonAnswers()
  }, 120_000)

  afterAll(async () => {
    await node?.shutdown()
    await python?.kill()
    if (environment.python !== undefined) {
      expect(await engine.stop()).toBe(0)
      await folder.remove()
    }
    await environment.remove()
  })

  beforeEach((context) => {
    if (environment.python === undefined) context.skip(environment.reason)
  })

  function call(functionId: string, payload: object = {}, more: object = {}): Promise<any> {
    if (node === undefined) throw new Error('there is no Node worker')
    return node.trigger({ function_id: functionId, payload, timeoutMs: 10_000, ...more })
  }

  /** Resolves once the Python worker is there. */
  async function pythonAnswers(): Promise<void> {
    const answer = async (): Promise<void> => {
      const { sum } = await call('py::add', { a: 1, b: 2 }, { timeoutMs: 1_000 })
      if (sum !== 3) throw new Error(`1 + 2 = ${sum}`)
    }
    await vi.waitFor(answer, { timeout: 30_000, interval: 100 }).catch((error: Error) => {
      throw new Error(`${error.message}; the Python worker said:\n${python?.errors()}`)
    })
  }

  it('Node calls Python', async () => {
    expect(await call('py::add', { a: 40, b: 2 })).toEqual({ sum: 42 })
  })

  it('Python calls Node', async () => {
    expect(await call('py::through_node', { n: 21 })).toBe(42)
  })

  it.each([[0], [false], [''], [[]], [{}], ['é✓𝄞'], [1.5], [[{ deep: [null] }]]])(
    'the value %j comes back from Python as it is',
    async (value) => {
      expect(await call('py::echo', { value })).toEqual(value)
    },
  )

  it('a Python function that returns None gives no value', async () => {
    expect(await call('py::echo', { value: null })).toBeUndefined()
  })

  it('an exception in Python reaches Node as an error', async () => {
    const error = await call('py::boom').catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'InvocationError', code: 'invocation_failed' })
    expect(error.message).toContain('boom from Python')
  })

  it('an exception in Node reaches Python as an error', async () => {
    expect(await call('py::node_error', { function_id: 'node::boom' })).toMatchObject({
      code: 'invocation_failed',
      message: expect.stringContaining('boom from Node'),
    })
  })

  it('an unknown function is an error for Python, at once', async () => {
    const began = performance.now()
    expect(await call('py::node_error', { function_id: 'nobody::home' })).toMatchObject({ code: 'function_not_found' })
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
  })

  it('Python keeps state', async () => {
    const value = { n: 1, text: 'é✓' }
    expect(await call('py::state', { scope: 'python' })).toEqual([
      null,
      { old_value: null, new_value: value },
      { old_value: value, new_value: { ...value, n: 3 } },
      [{ ...value, n: 3 }],
      { ...value, n: 3 },
    ])
  })

  it('Python keeps streams, and hears of their changes and of those of state', async () => {
    const value = { n: 1, text: 'é✓' }
    expect(await call('py::stream', { group: 'g' })).toEqual([
      null,
      { old_value: null, new_value: value },
      { old_value: value, new_value: { ...value, n: 3 } },
      null,
      [{ ...value, n: 3 }],
      ['g'],
      { old_value: { ...value, n: 3 } },
    ])
    await call('state::set', { scope: 'watched-by-python', key: 'k', value: 1 })
    await call('state::set', { scope: 'not-watched', key: 'k', value: 1 })
    await expect.poll(async () => (await call('py::seen_events')).length).toBe(5)
    const of = (type: string, item: string | null, event: object) => ({
      type: 'stream',
      timestamp: expect.any(Number),
      streamName: 'python-items',
      groupId: 'g',
      id: item,
      event: { type, ...event },
    })
    expect(await call('py::seen_events')).toEqual([
      of('create', 'i', { data: value }),
      of('update', 'i', { data: { ...value, n: 3 } }),
      of('event', null, { event: { type: 'wave', data: [1] } }),
      of('delete', 'i', { data: { ...value, n: 3 } }),
      {
        type: 'state',
        event_type: 'state:created',
        scope: 'watched-by-python',
        key: 'k',
        old_value: null,
        new_value: 1,
      },
    ])
  })

  it('a stream that a Python worker stores itself is one for everybody', async () => {
    const item = { stream_name: 'python-board', group_id: 'g', item_id: 'i' }
    const group = { stream_name: 'python-board', group_id: 'g' }
    expect(await call('stream::set', { ...item, data: { a: 1 } })).toEqual({ old_value: null, new_value: { a: 1 } })
    expect(await call('stream::get', item)).toEqual({ a: 1 })
    const ops = [{ type: 'merge', path: '', value: { b: 2 } }]
    expect(await call('stream::update', { ...item, ops })).toMatchObject({ new_value: { a: 1, b: 2 } })
    expect(await call('stream::list', group)).toEqual([{ a: 1, b: 2 }])
    expect(await call('stream::list_groups', { stream_name: 'python-board' })).toEqual(['g'])
    expect(await call('stream::delete', item)).toEqual({ old_value: { a: 1, b: 2 } })
    expect(await call('stream::get', item)).toBeUndefined()
  })

  describe('with queues', () => {
    const enqueue = (payload: object, queue = 'python'): Promise<any> => call('py::enqueue', { queue, payload })
    const seenJobs = async (id: string): Promise<any[]> => call('py::seen_jobs', { id })
    const status = (): Promise<any> => call('iii::queue::status', { queue: 'python' })
    const isIdle = { pending: 0, active: 0, delayed: 0 }

    it('Python enqueues, gets a receipt, and its function is called again after it has failed', async () => {
      const payload = { id: randomUUID(), fails: 1, text: 'é✓', nothing: null }
      const { messageReceiptId } = await enqueue(payload)
      expect(messageReceiptId).toMatch(/^[0-9a-f-]{36}$/)
      await expect.poll(() => seenJobs(payload.id)).toHaveLength(2)
      const [first, second] = await seenJobs(payload.id)
      expect([first.data, second.data]).toEqual([payload, payload])
      expect(second.metadata).toEqual({ messageReceiptId, queue: 'python', attempt: 1 })
      await expect.poll(status).toMatchObject({ ...isIdle, dlq_count: 0 })
    })

    it('an unknown queue is an enqueue_error for Python', async () => {
      expect(await enqueue({ id: 'none' }, 'pyhton')).toMatchObject({
        code: 'enqueue_error',
        message: expect.stringMatching(/'pyhton' was not found/),
      })
    })

    it('Python says delay and deduplication by the function, and is told of the job that was there', async () => {
      const id = randomUUID()
      const say = (payload: object, more: object): Promise<any> =>
        call('py::enqueue_with', { queue: 'python', payload, more })
      const first = await say({ id }, { delay_ms: 3_600_000, dedup_key: id })
      expect(first).toEqual({ messageReceiptId: expect.any(String) })
      expect(await say({ id, second: true }, { dedup_key: id })).toEqual({ ...first, duplicate: true })
      const delayed = (await call('iii::queue::delayed', { queue: 'python' })) as { payload: unknown }[]
      expect(delayed.map(({ payload }) => payload)).toEqual([{ id }])
      expect(await seenJobs(id)).toEqual([])
    })

    it('a job of Python that fails for good is a dead letter, and Python brings it back', async () => {
      const payload = { id: randomUUID(), fails: 2 }
      const { messageReceiptId } = await enqueue(payload)
      await expect.poll(status).toMatchObject({ dlq_count: 1 })
      const [dead, redriven] = await call('py::redrive', { queue: 'python' })
      expect(dead).toMatchObject([
        { id: messageReceiptId, payload, retries: 2, error: expect.stringContaining('not yet, 1 to go') },
      ])
      expect(redriven).toEqual({ queue: 'python', redriven: 1 })
      await expect.poll(() => seenJobs(payload.id)).toHaveLength(3)
      await expect.poll(status).toMatchObject({ pending: 0, active: 0, dlq_count: 0 })
    })

    it('what Python publishes to a durable topic reaches Python and Node, each with retries of its own', async () => {
      const got: unknown[] = []
      node!.registerFunction('node::on-order', async (order) => void got.push(order))
      node!.registerTrigger({
        type: 'durable:subscriber',
        function_id: 'node::on-order',
        config: { topic: 'python-orders' },
      })
      const order = { id: randomUUID(), fails: 2 }
      await expect
        .poll(() => call('engine::queue::topic_stats', { topic: 'python-orders' }))
        .toMatchObject({ consumer_count: 2 })
      expect(await call('py::publish', { order })).toBeUndefined()
      await expect.poll(() => seenJobs(order.id)).toHaveLength(3)
      await expect.poll(() => got).toEqual([order])
      await expect
        .poll(() => call('engine::queue::topic_stats', { topic: 'python-orders' }))
        .toMatchObject({ depth: 0, dlq_depth: 0 })
    })
  })

  it('void calls arrive in both directions', async () => {
    expect(await call('py::note', { n: 7 }, { action: { type: 'void' } })).toBeUndefined()
    await expect.poll(() => call('py::notes')).toContain(7)
    expect(await call('py::void_to_node', { n: 8 })).toBeUndefined()
    await expect.poll(() => noted).toContain(8)
  })

  it('a channel carries 200 KB and a message from Python to Node', async () => {
    expect(await call('py::send_channel')).toBe(CONTENT.length)
    expect(taken.bytes.equals(CONTENT)).toBe(true)
    expect(taken.messages).toEqual(['{"kind":"metadata"}'])
  })

  it('a channel carries 200 KB from Node to Python', async () => {
    if (node === undefined) throw new Error('there is no Node worker')
    const channel = await createChannel(node)
    const answer = call('py::take_channel', { reader: channel.readerRef })
    channel.writer.stream.end(CONTENT)
    expect(await answer).toEqual({ length: CONTENT.length, equal: true })
  })

  it('a NaN that Python returns is an error for its caller, at once', async () => {
    const began = performance.now()
    const error = await call('py::not_a_number').catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_message' })
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
    expect(await call('py::add', { a: 1, b: 1 })).toEqual({ sum: 2 })
  })

  it('invalid JSON of another worker never reaches Python, which answers before and after', async () => {
    const raw = await RawClient.connect(folder.url, { name: 'careless' })
    const texts = [...INVALID, ...PADDED]
    for (const text of texts) {
      const id = randomUUID()
      raw.send(`{"type":"invokefunction","invocation_id":"${id}","function_id":"py::add","data":{"a":1,"b":${text}}}`)
      raw.send(`{"type":"invokefunction","function_id":"py::add","action":{"type":"void"},"data":${text}}`)
      raw.send(`{"type":"invocationresult","invocation_id":"${id}","result":${text}}`)
      expect((await raw.outcome(id)).error, text).toMatchObject({ code: 'invalid_message' })
    }
    expect(await call('py::add', { a: 1, b: 1 })).toEqual({ sum: 2 })
    // An answer that is no JSON is an error in Python, which goes on as well.
    await raw.provided('raw::broken')
    for (const text of texts.slice(0, 5)) {
      const seen = raw.calls('raw::broken').length
      const answer = call('py::through', { function_id: 'raw::broken' })
      await raw.until(() => raw.calls('raw::broken').length > seen, 'the call from Python')
      const { invocation_id: id } = raw.calls('raw::broken')[seen]!
      raw.send(
        `{"type":"invocationresult","invocation_id":"${String(id)}","function_id":"raw::broken","result":${text}}`,
      )
      expect(await answer).toContain('invalid_message')
    }
    expect(await call('py::add', { a: 1, b: 1 })).toEqual({ sum: 2 })
  })

  it('what is larger than Python takes, up to SDK 0.23, is an error, and it keeps its connection', async () => {
    const raw = await RawClient.connect(folder.url, { name: 'generous' })
    await raw.provided('raw::large', () => 'x'.repeat(2 << 20))
    await raw.provided('raw::fits', () => 'x'.repeat((1 << 20) - 1_000))
    const before = await pythonConnection()
    const takesMore = version !== '0.22.1'
    const large = await call('py::through', { function_id: 'raw::large' })
    if (takesMore) expect(large).toBe(2 << 20)
    else expect(large).toContain('result_too_large')
    expect(await call('py::through', { function_id: 'raw::fits' })).toBe((1 << 20) - 1_000)
    const echoed = await call('py::echo', { value: 'x'.repeat(2 << 20) }).catch((thrown) => thrown)
    if (takesMore) expect(echoed).toHaveLength(2 << 20)
    else expect(echoed).toMatchObject({ code: 'payload_too_large' })
    expect(await call('py::echo', { value: 'x'.repeat((1 << 20) - 1_000) })).toHaveLength((1 << 20) - 1_000)
    expect(await pythonConnection()).toBe(before)
  })

  async function pythonConnection(): Promise<string> {
    const { workers } = await call('engine::workers::list', { runtime: 'python' })
    return workers[0].id
  }

  it('an endpoint that Python registers is called by the engine', async () => {
    const api = await apiServer(({ body }) => JSON.parse(body.toString()).n + 1)
    await call('py::register_endpoint', { url: api.url })
    const answer = (): Promise<unknown> => call('py::endpoint', { n: 4 }).catch(({ code }) => code)
    await expect.poll(answer, { timeout: 10_000 }).toBe(5)
    expect(api.last).toMatchObject({ method: 'POST', headers: { 'x-from': 'python' } })
  })

  it('the Python worker is listed under its name, runtime and version', async () => {
    const { workers } = await call('engine::workers::list')
    expect(workers.filter(({ name }: { name: string }) => name === 'python-worker')).toMatchObject([
      { runtime: 'python', version, status: 'connected' },
    ])
  })

  it('the Python worker comes back after a restart of the engine, and after its death', async () => {
    expect(await engine.stop()).toBe(0)
    engine = await folder.start({ args: ['--no-watch'] })
    await pythonAnswers()
    await engine.kill()
    engine = await folder.start({ args: ['--no-watch'] })
    await pythonAnswers()
    expect(await call('py::through_node', { n: 4 })).toBe(8)
  })

  it('a Python worker that shuts down is gone at once', async () => {
    await python!.end()
    const error = await call('py::add', { a: 1, b: 1 }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'function_not_found' })
  })
})
