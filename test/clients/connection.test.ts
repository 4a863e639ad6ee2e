// What the unmodified SDKs do around a connection: before it opens, when it opens, when it is lost, at the end
// (spec 08 §12, §13, checks 1, 3, 4, 25, 27, 28, 32; spec 01 §12).
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { CuttingProxy } from '../long/network/cutting-proxy.ts'
import { unusedPort } from '../support/unused-port.ts'
import { Collector } from '../support/deadline.ts'
import { sessionAnswerFor } from '../support/session-rights.ts'
import { startCore } from '../support/test-core.ts'
import { OWN } from './own.ts'
import { connectSdk, failureOf, V11, V22 } from './versions.ts'

interface Captured {
  readonly type: string
  readonly id?: string
  readonly function_id?: string
  readonly [member: string]: unknown
}

describe.each([V22, V11, OWN])('iii-sdk $name', (version) => {
  it('may register and call before the engine listens', async () => {
    const port = await unusedPort()
    const client = connectSdk(version, `ws://127.0.0.1:${port}`)
    client.registerFunction('early::f', async () => 'served')
    const called = client.trigger({ function_id: 'early::f', payload: {} })
    await startCore({ listeners: [{ port }] })
    expect(await called).toBe('served')
  })

  it('that is cut off comes back as one worker with one provider and one binding', async () => {
    const core = await startCore({ zombieAnswerMs: 100 })
    const proxy = await CuttingProxy.to(core.listener().port)
    onTestFinished(() => proxy.close())
    const client = connectSdk(version, proxy.url, { workerName: 'cut' })
    client.registerFunction('cut::f', async () => 'back')
    client.registerTrigger({ type: 'nobodys', function_id: 'cut::f', config: {} })
    const observer = await core.connect()
    const ids = async (): Promise<string[]> => {
      const { result } = await observer.call('engine::workers::list', { search: 'cut' })
      return (result as { workers: { id: string }[] }).workers.map(({ id }) => id)
    }
    await expect.poll(ids).toHaveLength(1)
    const [before] = await ids()
    // The engine's side of the old connection stays open: only the reconnect tells that it is dead.
    proxy.cut(60_000)
    await expect.poll(ids, { timeout: 10_000 }).toSatisfy((now: string[]) => now.length === 1 && now[0] !== before)
    await expect.poll(async () => (await observer.call('cut::f', {})).result, { timeout: 10_000 }).toBe('back')
    const { result } = await observer.call('engine::registered-triggers::list', {})
    expect((result as { registered_triggers: { trigger_type: string }[] }).registered_triggers).toHaveLength(1)
  })

  it('that shuts down rejects what is pending, and its functions are gone', async () => {
    const core = await startCore()
    const [leaving, silent] = [connectSdk(version, core.url()), await core.connect()]
    leaving.registerFunction('leaving::f', async () => 1)
    await silent.provided('silent::f')
    const pending = failureOf(leaving.trigger({ function_id: 'silent::f', payload: {} }))
    await silent.next('invokefunction')
    await leaving.shutdown()
    expect(String((await pending).message)).toContain('iii is shutting down')
    await expect.poll(async () => (await silent.call('leaving::f', {})).error?.code).toBe('function_not_found')
  })

  it('that registers a reserved id goes on', async () => {
    const core = await startCore()
    const client = connectSdk(version, core.url())
    client.registerFunction('engine::workers::list', async () => 'mine')
    client.registerFunction('own::f', async () => 'own')
    expect(await client.trigger({ function_id: 'own::f', payload: {} })).toBe('own')
    const { workers } = await client.trigger({ function_id: 'engine::workers::list', payload: {} })
    expect(workers.length).toBeGreaterThan(0)
  })

  it('twice in one process, under one name, is two workers that both stay', async () => {
    const core = await startCore({ zombieAnswerMs: 100 })
    const clients = ['one', 'two'].map((name) => {
      const client = connectSdk(version, core.url())
      client.registerFunction(`twin::${name}`, async () => name)
      return client
    })
    const observer = await core.connect()
    for (const name of ['one', 'two'])
      await expect.poll(async () => (await observer.call(`twin::${name}`, {})).result).toBe(name)
    const { result } = await observer.call('engine::workers::list', {})
    const { workers } = result as { workers: { id: string; name: string }[] }
    const names = workers.map(({ name }) => name).filter((name) => name?.endsWith(`:${process.pid}`))
    expect(names).toHaveLength(2)
    expect(new Set(names).size).toBe(1)
    // The second announce had the older one pinged; both have answered since.
    for (const client of clients) expect(await client.trigger({ function_id: 'twin::one', payload: {} })).toBe('one')
  })

  it('brings its headers to the decision on a session, which is asked for once', async () => {
    const asked: unknown[] = []
    const core = await startCore({
      listeners: [{}, { rbac: { expose_functions: ['match("open::*")'] } }],
      prepare: (host) =>
        host.seat('session-policy', ({ headers, query_params, rbac }: any) => {
          asked.push([headers['x-token'], query_params])
          return sessionAnswerFor({}, rbac)
        }),
    })
    await (await core.connect()).provided('open::f', () => 'open')
    const client = connectSdk(version, `${core.url(1)}/?a=1`, { headers: { 'X-Token': 'secret' } })
    expect(await client.trigger({ function_id: 'open::f', payload: {} })).toBe('open')
    expect(await failureOf(client.trigger({ function_id: 'closed::f', payload: {} }))).toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(asked).toEqual([['secret', { a: ['1'] }]])
  })

  it('is let in by the next attempt once the decision is for it', async () => {
    let refusals = 2
    const core = await startCore({
      listeners: [{}, { rbac: { expose_functions: ['match("open::*")'] } }],
      prepare: (host) =>
        host.seat('session-policy', ({ rbac }: any) => {
          if (refusals-- > 0) throw new Error('not yet')
          return sessionAnswerFor({}, rbac)
        }),
    })
    await (await core.connect()).provided('open::f', () => 'open')
    const client = connectSdk(version, core.url(1))
    // What the SDK sends on a connection that is refused it does not send again: such a call ends with its own time-out.
    const open = (): Promise<unknown> =>
      client.trigger({ function_id: 'open::f', payload: {}, timeoutMs: 300 }).catch(() => undefined)
    await expect.poll(open, { timeout: 10_000 }).toBe('open')
    expect(refusals).toBe(-1)
  })
})

describe.each([V22, V11])('iii-sdk $name, seen from the other end,', (version) => {
  it('sends registrations, then queued calls, then the announce; on reconnect with the same trigger id', async () => {
    const { url, connections } = await capture()
    const client = connectSdk(version, url)
    client.registerTriggerType(
      { id: 'my-type', description: '' },
      { registerTrigger: async () => {}, unregisterTrigger: async () => {} },
    )
    client.registerFunction('a::b', async () => null)
    client.registerTrigger({ type: 'my-type', function_id: 'a::b', config: {} })
    void client.trigger({ function_id: 'x::y', payload: {}, action: { type: 'void' } })
    const [first] = await connections.take(1)
    const frames = (await first!.take(5)).map(({ type, function_id }) => [type, function_id])
    expect(frames).toEqual([
      ['registertriggertype', undefined],
      ['registerfunction', undefined],
      ['registertrigger', 'a::b'],
      ['invokefunction', 'x::y'],
      ['invokefunction', 'engine::workers::register'],
    ])
    // The capturing server ends a connection with its announce.
    const second = (await connections.take(2))[1]!
    const reattach = version === V22 ? ['reattach'] : []
    const again = await second.take(4 + reattach.length)
    expect(again.map(({ type }) => type)).toEqual([
      ...reattach,
      'registertriggertype',
      'registerfunction',
      'registertrigger',
      'invokefunction',
    ])
    if (version === V22)
      expect(again[0]).toEqual({ type: 'reattach', previous_worker_id: 'w-1', reattach_token: 't-1' })
    const triggerIn = (list: readonly Captured[]): string | undefined =>
      list.find(({ type }) => type === 'registertrigger')?.id
    expect(triggerIn(again)).toBe(triggerIn(first!.items))
  })
})

/** A server that greets, records frames per connection, and cuts the first connection at its announce. */
async function capture(): Promise<{ url: string; connections: Collector<Collector<Captured>> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const connections = new Collector<Collector<Captured>>()
  server.on('connection', (socket) => {
    const frames = new Collector<Captured>()
    connections.add(frames)
    const number = connections.items.length
    socket.send(JSON.stringify({ type: 'workerregistered', worker_id: `w-${number}`, reattach_token: `t-${number}` }))
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Captured
      frames.add(frame)
      if (number === 1 && frame.function_id === 'engine::workers::register') socket.terminate()
    })
  })
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, connections }
}
