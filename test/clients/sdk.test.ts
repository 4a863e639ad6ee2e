// Unmodified iii-sdk 0.22.1 and 0.11.6 from npm against the engine as a process (spec 08 Checks, 01.7).
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { engineFolder, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import { OWN } from './own.ts'
import { V11, V22, type Client, type Version } from './versions.ts'

let folder: EngineFolder
let engine: EngineProcess
const clients: Client[] = []

beforeAll(async () => {
  folder = await engineFolder()
  engine = await folder.start()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.shutdown()))
})
afterAll(async () => {
  expect(await engine.stop()).toBe(0)
  await folder.remove()
})

function connect(version: Version, options: object = {}): Client {
  const client = version.connect(folder.url, options)
  clients.push(client)
  return client
}

async function eventually<Value>(read: () => Promise<Value> | Value, ms = 10_000): Promise<Value> {
  return (await expect.poll(read, { timeout: ms }).toBeTruthy(), read())
}

const callable = (client: Client, id: string): Promise<unknown> =>
  expect
    .poll(
      () =>
        client.trigger({ function_id: id, payload: {} }).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true)

describe.each([
  [V22, V22],
  [V22, V11],
  [V11, V22],
  [V11, V11],
  [OWN, V22],
  [V11, OWN],
])('a provider and a caller', (provider, consumer) => {
  const title = `(${provider.name} called by ${consumer.name})`

  it(`exchange a call and its result ${title}`, async () => {
    const worker = connect(provider)
    worker.registerFunction('m::add', async ({ a, b }) => ({ c: a + b }))
    const caller = connect(consumer)
    await callable(caller, 'm::add')
    expect(await caller.trigger({ function_id: 'm::add', payload: { a: 2, b: 3 } })).toEqual({ c: 5 })
  })

  it(`give back falsy results as they are, and nothing for undefined and null ${title}`, async () => {
    const worker = connect(provider)
    worker.registerFunction('m::echo', async ({ value }) => value)
    const caller = connect(consumer)
    await callable(caller, 'm::echo')
    for (const value of [0, false, '', []])
      expect(await caller.trigger({ function_id: 'm::echo', payload: { value } })).toEqual(value)
    expect(await caller.trigger({ function_id: 'm::echo', payload: { value: null } })).toBeUndefined()
    expect(await caller.trigger({ function_id: 'm::echo', payload: {} })).toBeUndefined()
  })

  it(`pass on what a handler throws ${title}`, async () => {
    const worker = connect(provider)
    worker.registerFunction('m::boom', async ({ go }) => {
      if (go) throw new Error('boom')
    })
    const caller = connect(consumer)
    await callable(caller, 'm::boom')
    const error = await caller.trigger({ function_id: 'm::boom', payload: { go: true } }).catch((thrown) => thrown)
    expect(error).toMatchObject({
      name: consumer.errorName,
      code: 'invocation_failed',
      message: 'invocation_failed: boom',
      function_id: 'm::boom',
    })
    expect(error.stacktrace).toContain('boom')
  })

  it(`resolve a void call at once, and the handler still gets it ${title}`, async () => {
    const worker = connect(provider)
    const got: unknown[] = []
    worker.registerFunction('m::note', async (data) => void got.push(data))
    const caller = connect(consumer)
    await callable(caller, 'm::note')
    expect(
      await caller.trigger({ function_id: 'm::note', payload: { n: 1 }, action: { type: 'void' } }),
    ).toBeUndefined()
    await eventually(() => got.some((data: any) => data.n === 1))
  })

  it(`stream bytes and messages over a channel ${title}`, async () => {
    const worker = connect(provider)
    const messages: string[] = []
    const read = Promise.withResolvers<Buffer>()
    worker.registerFunction('m::take', async ({ reader }) => {
      if (reader === undefined) return null
      reader.onMessage((text: string) => messages.push(text))
      reader.readAll().then(read.resolve, read.reject)
      return 'taking'
    })
    const caller = connect(consumer)
    await callable(caller, 'm::take')
    const channel = await consumer.channel(caller)
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
    expect(await caller.trigger({ function_id: 'm::take', payload: { reader: channel.readerRef } })).toBe('taking')
    channel.writer.sendMessage('{"kind":"metadata"}')
    channel.writer.stream.end(bytes)
    expect((await read.promise).equals(bytes)).toBe(true)
    expect(messages).toEqual(['{"kind":"metadata"}'])
  })
})

describe.each([V22, V11, OWN])('iii-sdk $name', (version) => {
  it('may call its own function in the tick in which it registers it', async () => {
    const client = connect(version)
    client.registerFunction('own::f', async () => 'own')
    expect(await client.trigger({ function_id: 'own::f', payload: {} })).toBe('own')
  })

  it('gets a typed error for an unknown function, at once', async () => {
    const client = connect(version)
    const began = performance.now()
    const error = await client.trigger({ function_id: 'nobody::home', payload: {} }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'function_not_found' })
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('times out by itself and goes on', async () => {
    const client = connect(version)
    const release = Promise.withResolvers<void>()
    client.registerFunction('slow::f', async () => release.promise)
    client.registerFunction('fast::f', async () => 1)
    const error = await client
      .trigger({ function_id: 'slow::f', payload: {}, timeoutMs: 100 })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'TIMEOUT' })
    release.resolve()
    expect(await client.trigger({ function_id: 'fast::f', payload: {} })).toBe(1)
  })

  it('may leave the payload out', async () => {
    const client = connect(version)
    client.registerFunction('bare::f', async (data) => ({ got: data ?? 'nothing' }))
    expect(await client.trigger({ function_id: 'bare::f' })).toEqual({ got: 'nothing' })
  })

  it('keeps state and is told of its changes', async () => {
    const client = connect(version)
    const events: any[] = []
    const scope = `carts-${version.name}`
    client.registerFunction(`on::change-${version.name}`, async (event) => void events.push(event))
    client.registerTrigger({ type: 'state', function_id: `on::change-${version.name}`, config: { scope } })
    const call = (id: string, payload: object): Promise<any> => client.trigger({ function_id: id, payload })
    expect(await call('state::get', { scope, key: 'k' })).toBeUndefined()
    expect(await call('state::set', { scope, key: 'k', value: { n: 1 } })).toEqual({
      old_value: null,
      new_value: { n: 1 },
    })
    expect(await call('state::update', { scope, key: 'k', ops: [{ type: 'increment', path: 'n', by: 2 }] })).toEqual({
      old_value: { n: 1 },
      new_value: { n: 3 },
    })
    expect(await call('state::list', { scope })).toEqual([{ n: 3 }])
    expect(await call('state::delete', { scope, key: 'k' })).toEqual({ n: 3 })
    await eventually(() => events.length >= 3)
    expect(events.map(({ event_type, new_value }) => [event_type, new_value])).toEqual([
      ['state:created', { n: 1 }],
      ['state:updated', { n: 3 }],
      ['state:deleted', null],
    ])
  })

  it('provides a trigger type that a worker of the other version binds', async () => {
    const provider = connect(version)
    const bound: any[] = []
    const type = `ticks-${version.name}`
    provider.registerTriggerType(
      { id: type, description: 'Ticks' },
      { registerTrigger: async (binding: any) => void bound.push(binding), unregisterTrigger: async () => {} },
    )
    const consumer = connect(version === V22 ? V11 : V22)
    const ticks: unknown[] = []
    consumer.registerFunction(`on::tick-${version.name}`, async (data) => void ticks.push(data))
    consumer.registerTrigger({ type, function_id: `on::tick-${version.name}`, config: { every: 1 } })
    await eventually(() => bound.length > 0)
    expect(bound[0]).toMatchObject({ function_id: `on::tick-${version.name}`, config: { every: 1 } })
    await provider.trigger({ function_id: bound[0].function_id, payload: { tick: 1 } })
    expect(ticks).toMatchObject([{ tick: 1 }])
    expect(bound).toHaveLength(1)
  })

  it('is listed under its name, and is gone at once after shutdown', async () => {
    const client = connect(version, { workerName: `named-${version.name}` })
    client.registerFunction(`named::${version.name}`, async () => 1)
    const observer = connect(V22)
    const names = async (): Promise<string[]> =>
      (await observer.trigger({ function_id: 'engine::workers::list', payload: {} })).workers.map(
        (row: any) => row.name,
      )
    await expect.poll(names).toContain(`named-${version.name}`)
    await clients.splice(clients.indexOf(client), 1)[0]?.shutdown()
    await expect.poll(names).not.toContain(`named-${version.name}`)
    const error = await observer
      .trigger({ function_id: `named::${version.name}`, payload: {} })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'function_not_found' })
  })
})

it('our own SDK in a namespace reaches built-in workers, and is listed there', async () => {
  const client = connect(OWN, { namespace: 'n1', workerName: 'apart' })
  const payload = { scope: 'apart', key: 'k' }
  await client.trigger({ function_id: 'state::set', payload: { ...payload, value: 1 } })
  expect(await client.trigger({ function_id: 'state::get', payload })).toBe(1)
  client.registerFunction('apart::f', async () => 'own')
  expect(await client.trigger({ function_id: 'apart::f', payload: {} })).toBe('own')
  const { workers } = await client.trigger({ function_id: 'engine::workers::list', payload: { search: 'apart' } })
  expect(workers).toMatchObject([{ name: 'apart', namespace: 'n1' }])
  const error = await connect(OWN)
    .trigger({ function_id: 'apart::f', payload: {} })
    .catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'function_not_found', message: expect.stringContaining('n1') })
})

describe('an engine that is restarted', () => {
  it('gets its workers back, with their functions and triggers, and keeps what was stored', async () => {
    const own = await engineFolder()
    const first = await own.start()
    const workers = [V22, V11, OWN].map((version) => {
      const client = version.connect(own.url)
      clients.push(client)
      client.registerFunction(`back::${version.name}`, async () => version.name)
      return { client, version }
    })
    const { client } = workers[0]!
    for (const { version } of workers) await callable(client, `back::${version.name}`)
    await client.trigger({ function_id: 'state::set', payload: { scope: 's', key: 'k', value: 'kept' } })
    expect(await first.stop()).toBe(0)
    const second = await own.start()
    for (const { version } of workers) {
      await expect
        .poll(
          () =>
            client
              .trigger({ function_id: `back::${version.name}`, payload: {}, timeoutMs: 2000 })
              .catch(() => undefined),
          { timeout: 20_000 },
        )
        .toBe(version.name)
    }
    expect(await client.trigger({ function_id: 'state::get', payload: { scope: 's', key: 'k' } })).toBe('kept')
    await Promise.all(clients.splice(0).map((worker) => worker.shutdown()))
    expect(await second.stop()).toBe(0)
    await own.remove()
  })
})
