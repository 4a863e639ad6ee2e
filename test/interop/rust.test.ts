// The unmodified iii-sdk from crates.io, of two generations, and the one from npm, through one engine.
import { randomUUID } from 'node:crypto'
import { registerWorker } from 'iii-sdk'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { lacks } from '../support/needs.ts'
import { CRATE_VERSIONS, rustWorkers } from './rust-environment.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

const BUILD_MS = 600_000
const AT_ONCE_MS = 5_000

describe.skipIf(lacks('cargo')).each(CRATE_VERSIONS)('with iii-sdk %s of Rust (needs cargo)', (version) => {
  let folder: EngineFolder
  let engine: EngineProcess
  let rust: WorkerProcess
  let node: ReturnType<typeof registerWorker>
  const noted: unknown[] = []

  beforeAll(async () => {
    const program = (await rustWorkers())(version)
    folder = await engineFolder(
      '  - name: iii-state\n  - name: iii-stream\n    config: { port: 0 }\n' +
        '  - { name: iii-queue, config: { queue_configs: { rust: { max_retries: 2, backoff_ms: 1 } } } }\n',
    )
    engine = await folder.start({ args: ['--no-watch'] })
    node = registerWorker(folder.url, {
      workerName: 'node-worker',
      otel: { enabled: false },
      enableMetricsReporting: false,
      reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
    })
    node.registerFunction('node::double', async ({ n }: { n: number }) => n * 2)
    node.registerFunction('node::note', async (data: unknown) => void noted.push(data))
    node.registerFunction('node::boom', async () => {
      throw new Error('boom from Node')
    })
    rust = startWorker(program, [folder.url])
    await rustAnswers()
  }, BUILD_MS)

  afterAll(async () => {
    await node?.shutdown()
    await rust?.kill()
    expect(await engine.stop()).toBe(0)
    await folder.remove()
  })

  function call(functionId: string, payload: unknown = {}, more: object = {}): Promise<any> {
    return node.trigger({ function_id: functionId, payload, timeoutMs: 10_000, ...more })
  }

  /** What the Rust worker sees of a call that it makes. */
  function fromRust(functionId: string, payload: unknown, more: object = {}): Promise<any> {
    return call('rs::call', { function_id: functionId, payload, ...more })
  }

  async function rustAnswers(): Promise<void> {
    const answer = async (): Promise<void> => {
      expect(await call('rs::add', { a: 1, b: 2 }, { timeoutMs: 1_000 })).toEqual({ sum: 3 })
    }
    await vi.waitFor(answer, { timeout: 30_000, interval: 100 }).catch((error: Error) => {
      throw new Error(`${error.message}; the Rust worker said:\n${rust.errors()}`)
    })
  }

  const notedBy = async (id: string): Promise<any[]> =>
    ((await call('rs::noted')) as { id?: string }[]).filter((each) => each.id === id)

  it('Node calls Rust, and Rust calls Node', async () => {
    expect(await call('rs::add', { a: 40, b: 2 })).toEqual({ sum: 42 })
    expect(await fromRust('node::double', { n: 21 })).toEqual({ ok: 42 })
  })

  it.each([[0], [false], [''], [[]], [{}], ['é✓𝄞'], [1.5], [[{ deep: [null] }]]])(
    'the value %j comes back from Rust as it is',
    async (value) => {
      expect(await call('rs::echo', { value })).toEqual(value)
    },
  )

  it('an error in Rust reaches Node, and an error in Node reaches Rust', async () => {
    const error = await call('rs::boom').catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'InvocationError', code: 'invocation_failed' })
    expect(error.message).toContain('boom from Rust')
    expect(await fromRust('node::boom', {})).toMatchObject({
      code: 'invocation_failed',
      message: expect.stringContaining('boom from Node'),
    })
  })

  it('an unknown function is an error for Rust, at once', async () => {
    const began = performance.now()
    expect(await fromRust('nobody::home', {})).toMatchObject({ code: 'function_not_found' })
    expect(performance.now() - began).toBeLessThan(AT_ONCE_MS)
  })

  it('Rust keeps state, and hears of its changes', async () => {
    const item = { scope: 'watched-by-rust', key: randomUUID() }
    const value = { n: 1, text: 'é✓' }
    expect(await fromRust('state::get', item)).toEqual({ ok: null })
    expect(await fromRust('state::set', { ...item, value })).toEqual({ ok: { old_value: null, new_value: value } })
    const ops = [{ type: 'increment', path: 'n', by: 2 }]
    expect(await fromRust('state::update', { ...item, ops })).toMatchObject({ ok: { new_value: { ...value, n: 3 } } })
    expect(await fromRust('state::delete', item)).toEqual({ ok: { ...value, n: 3 } })
    const events = async (): Promise<string[]> =>
      ((await call('rs::noted')) as { key?: string; event_type: string }[])
        .filter(({ key }) => key === item.key)
        .map(({ event_type: type }) => type)
    await expect.poll(events).toEqual(['state:created', 'state:updated', 'state:deleted'])
  })

  it('Rust keeps streams, and hears of their changes', async () => {
    const group = { stream_name: 'rust-items', group_id: randomUUID() }
    const item = { ...group, item_id: 'i' }
    expect(await fromRust('stream::set', { ...item, data: { n: 1 } })).toEqual({
      ok: { old_value: null, new_value: { n: 1 } },
    })
    expect(await fromRust('stream::list', group)).toEqual({ ok: [{ n: 1 }] })
    expect(await fromRust('stream::get', item)).toEqual({ ok: { n: 1 } })
    expect(await fromRust('stream::delete', item)).toEqual({ ok: { old_value: { n: 1 } } })
    const events = async (): Promise<unknown[]> =>
      ((await call('rs::noted')) as { groupId?: string; event: { type: string } }[])
        .filter(({ groupId }) => groupId === group.group_id)
        .map(({ event }) => event.type)
    await expect.poll(events).toEqual(['create', 'delete'])
  })

  it('void calls arrive in both directions', async () => {
    const id = randomUUID()
    expect(await fromRust('node::note', { id }, { action: 'void' })).toEqual({ ok: null })
    await expect.poll(() => noted).toMatchObject([{ id }])
    expect(await call('rs::note', { id }, { action: { type: 'void' } })).toBeUndefined()
    await expect.poll(() => notedBy(id)).toHaveLength(1)
  })

  it('Rust enqueues, gets a receipt, and its function is called again after it has failed', async () => {
    const payload = { id: randomUUID(), fails: 1 }
    const { ok } = await fromRust('rs::note', payload, { action: 'enqueue', queue: 'rust' })
    expect(ok.messageReceiptId).toMatch(/^[0-9a-f-]{36}$/)
    await expect.poll(() => notedBy(payload.id)).toHaveLength(2)
    await expect
      .poll(() => call('iii::queue::status', { queue: 'rust' }))
      .toMatchObject({ pending: 0, active: 0, delayed: 0, dlq_count: 0 })
    expect(await fromRust('rs::note', payload, { action: 'enqueue', queue: 'rsut' })).toMatchObject({
      code: 'enqueue_error',
      message: expect.stringMatching(/'rsut' was not found/),
    })
  })

  it('what is published to a durable topic reaches Rust, with retries', async () => {
    const order = { id: randomUUID(), fails: 2 }
    await expect
      .poll(() => call('engine::queue::topic_stats', { topic: 'rust-orders' }))
      .toMatchObject({ consumer_count: 1 })
    expect(await fromRust('iii::durable::publish', { topic: 'rust-orders', data: order })).toEqual({ ok: null })
    await expect.poll(() => notedBy(order.id)).toHaveLength(3)
  })

  it('the Rust worker is listed under its runtime and version', async () => {
    const { workers } = await call('engine::workers::list', { runtime: 'rust' })
    expect(workers).toMatchObject([{ runtime: 'rust', version, status: 'connected' }])
  })

  it('the Rust worker comes back after a restart of the engine, and after its death', async () => {
    expect(await engine.stop()).toBe(0)
    engine = await folder.start({ args: ['--no-watch'] })
    await rustAnswers()
    await engine.kill()
    engine = await folder.start({ args: ['--no-watch'] })
    await rustAnswers()
    expect(await fromRust('node::double', { n: 4 })).toEqual({ ok: 8 })
  })

  it('a Rust worker that shuts down is gone', async () => {
    await rust.end()
    await expect
      .poll(() => call('rs::add', { a: 1, b: 1 }).catch((thrown: { code: string }) => thrown.code))
      .toBe('function_not_found')
  })
})
