// Calls as the unmodified SDKs make and serve them, beyond the first exchange (spec 08 checks 8, 9, 11–13, 18–20; spec 01 §9, §16).
import { describe, expect, it } from 'vitest'
import { startCore } from '../support/test-core.ts'
import { RawClient } from '../support/raw-client.ts'
import { OWN } from './own.ts'
import { connectSdk, failureOf, V11, V22 } from './versions.ts'

describe.each([V22, V11, OWN])('iii-sdk $name', (version) => {
  it('gives up a call with the text of the SDK, and its late result changes nothing', async () => {
    const core = await startCore()
    const [worker, client] = [await core.connect(), connectSdk(version, core.url())]
    worker.provide('fast::f', () => 1)
    await worker.provided('slow::f')
    const error = await failureOf(client.trigger({ function_id: 'slow::f', payload: {}, timeoutMs: 100 }))
    expect(error).toMatchObject({ code: 'TIMEOUT', message: 'TIMEOUT: invocation timed out after 100ms' })
    worker.answer(await worker.next('invokefunction'), { result: 'late' })
    expect(await client.trigger({ function_id: 'fast::f', payload: {} })).toBe(1)
  })

  it('gets a typed error for an unknown function, which prints as text', async () => {
    const core = await startCore()
    const error = await failureOf(connectSdk(version, core.url()).trigger({ function_id: 'no::such', payload: {} }))
    expect(error).toMatchObject({ name: version.errorName, code: 'function_not_found', function_id: 'no::such' })
    expect(String(error)).toContain('Function no::such not found')
  })

  it('enqueues: a receipt when there is a queue, an error with a code when there is none', async () => {
    const core = await startCore()
    const client = connectSdk(version, core.url())
    const enqueue = (): Promise<unknown> =>
      client.trigger({ function_id: 'jobs::run', payload: { n: 1 }, action: { type: 'enqueue', queue: 'jobs' } })
    expect(await failureOf(enqueue())).toMatchObject({ code: 'enqueue_error' })
    const queue = await core.connect()
    await queue.provided('engine::queue::enqueue', () => ({}))
    const receipt = await enqueue()
    expect(receipt).toEqual({ messageReceiptId: expect.any(String) })
    expect(queue.calls('engine::queue::enqueue')[0]?.['data']).toMatchObject({
      ...(receipt as object),
      queue: 'jobs',
      function_id: 'jobs::run',
      data: { n: 1 },
    })
  })

  it('whose id is taken by a second client is served on when one of the two shuts down', async () => {
    const core = await startCore()
    const [first, second] = [connectSdk(version, core.url()), connectSdk(version, core.url())]
    first.registerFunction('twin::f', async () => 'first')
    second.registerFunction('twin::f', async () => 'second')
    const caller = await core.connect()
    const call = async (): Promise<unknown> => (await caller.call('twin::f', {})).result
    const seen = new Set<unknown>()
    await expect.poll(async () => seen.add(await call()).size).toBe(2)
    await first.shutdown()
    const afterwards: unknown[] = []
    await expect.poll(call).toBe('second')
    for (let round = 0; round < 20; round++) afterwards.push(await call())
    expect(new Set(afterwards)).toEqual(new Set(['second']))
  })

  it('drops one function with unregister, and keeps its connection', async () => {
    const core = await startCore()
    const [client, caller] = [connectSdk(version, core.url()), await core.connect()]
    const gone = client.registerFunction('ref::gone', async () => 1)
    client.registerFunction('ref::stays', async () => 2)
    await expect.poll(async () => (await caller.call('ref::gone', {})).result).toBe(1)
    gone.unregister()
    await expect.poll(async () => (await caller.call('ref::gone', {})).error?.code).toBe('function_not_found')
    expect((await caller.call('ref::stays', {})).result).toBe(2)
  })

  it('finds readers and writers for refs at any depth of a payload', async () => {
    const core = await startCore()
    const client = connectSdk(version, core.url())
    const read = Promise.withResolvers<Buffer>()
    client.registerFunction('deep::f', async ({ a }) => {
      a[0].r.readAll().then(read.resolve, read.reject)
      a[0].more.w.stream.end(Buffer.from('across'))
      return Object.keys(a[0])
    })
    const channel = await version.channel(client)
    const payload = { a: [{ r: channel.readerRef, more: { w: channel.writerRef } }] }
    expect(await client.trigger({ function_id: 'deep::f', payload })).toEqual(['r', 'more'])
    expect((await read.promise).toString()).toBe('across')
  })

  it('writes a channel in frames of at most 64 KiB, keeps texts apart, and ends it with 1000', async () => {
    const core = await startCore()
    const client = connectSdk(version, core.url())
    const { writer, readerRef } = await version.channel(client)
    const { channel_id: id, access_key: key } = readerRef as { channel_id: string; access_key: string }
    // A reader by hand sees the frames, whose boundaries the engine keeps.
    const reader = new RawChannelReader(`${core.url()}/ws/channels/${id}?key=${key}&dir=read`)
    await reader.opened()
    writer.sendMessage('{"first":true}')
    writer.stream.write(Buffer.alloc(200_000, 7))
    writer.stream.end()
    expect((await reader.closed).code).toBe(1000)
    expect(reader.texts).toEqual(['{"first":true}'])
    expect(reader.sizes).toHaveLength(4)
    expect(Math.max(...reader.sizes)).toBeLessThanOrEqual(65_536)
    expect(reader.sizes.reduce((sum, size) => sum + size, 0)).toBe(200_000)
  })

  it('rejects the reading of a channel with a wrong key', async () => {
    const core = await startCore()
    const client = connectSdk(version, core.url())
    const { readerRef } = await version.channel(client)
    const reader = version.channelReader(core.url(), { ...readerRef, access_key: 'wrong' })
    expect(String(await failureOf(reader.readAll()))).toMatch(/404|NOT_FOUND/)
  })
})

it('metadata reaches the handler of 0.22.1 as its second argument, and nothing when there is none', async () => {
  const core = await startCore()
  const client = connectSdk(V22, core.url())
  client.registerFunction('meta::f', async (data, metadata) => ({ data, metadata: metadata ?? 'none' }))
  const call = (more: object): Promise<any> => client.trigger({ function_id: 'meta::f', payload: [1], ...more })
  expect(await call({ metadata: { a: 1 } })).toEqual({ data: [1], metadata: { a: 1 } })
  expect(await call({})).toEqual({ data: [1], metadata: 'none' })
})

it('the functions of iii-sdk/helpers work on a client of our own', async () => {
  const core = await startCore()
  const client = connectSdk(OWN, core.url())
  const { writer, reader } = await V22.channel(client)
  writer.stream.end('across')
  expect((await reader.readAll()).toString()).toBe('across')
  const stream = { get: async () => 'item', set() {}, delete() {}, list() {}, listGroups() {}, update() {} }
  V22.stream(client, 'mine', stream)
  expect(await client.trigger({ function_id: 'stream::get(mine)', payload: {} })).toBe('item')
})

class RawChannelReader {
  readonly sizes: number[] = []
  readonly texts: string[] = []
  readonly #client: RawClient

  constructor(url: string) {
    this.#client = new RawClient(url)
    this.#client.socket.removeAllListeners('message')
    this.#client.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.sizes.push(data.length)
      else this.texts.push(data.toString())
    })
  }

  get closed(): Promise<{ code: number }> {
    return this.#client.closed
  }

  opened(): Promise<void> {
    return this.#client.opened()
  }
}
