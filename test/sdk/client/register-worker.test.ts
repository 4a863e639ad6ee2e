// What `registerWorker` takes, and what it says of itself (spec 08 §2, §13, §17; checks 12, 29, 36).
import { hostname } from 'node:os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Collector, within } from '../../support/deadline.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { startCore } from '../../support/test-core.ts'
import * as node from '../../../sdk.ts'
import { connect, SURFACES } from './clients.ts'

type Frame = Record<string, unknown>

describe.each(SURFACES)('registerWorker of $name', ({ name, sdk }) => {
  it('returns a worker that calls, serves and is bound', async () => {
    const core = await startCore()
    const other = await core.connect()
    await other.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
    const iii = connect(sdk, core.url())
    iii.registerFunction('own::echo', (data, metadata) => ({ data, metadata }))
    iii.registerTrigger({ type: 'nobodys', function_id: 'own::echo', config: { a: 1 } })
    expect(await iii.trigger({ function_id: 'math::add', payload: { a: 2, b: 3 } })).toBe(5)
    const { result } = await other.call('own::echo', [1], { metadata: { m: 1 } })
    expect(result).toEqual({ data: [1], metadata: { m: 1 } })
    expect(await iii.listTriggers()).toEqual([expect.objectContaining({ function_id: 'own::echo' })])
  })

  it('works with its functions taken out of the object', async () => {
    const core = await startCore()
    const { registerFunction, trigger, getAddress } = connect(sdk, core.url())
    registerFunction('own::f', () => 'own')
    expect(await trigger({ function_id: 'own::f' })).toBe('own')
    expect(getAddress()).toBe(core.url())
  })

  it.each([
    ['not an address', "'not an address'"],
    ['ftp://127.0.0.1', "'ftp://127.0.0.1'"],
    [7, '7'],
  ])('throws for the address %j, and says what one looks like', (address, shown) => {
    expect(() => sdk.registerWorker(address as never)).toThrow(
      `The address must be the ws:// or wss:// URL of an engine, such as ws://127.0.0.1:49134, not ${shown}`,
    )
  })

  it('throws for a namespace of spaces', () => {
    expect(() => sdk.registerWorker('ws://127.0.0.1:1', { namespace: '  ' })).toThrow('namespace is empty')
  })

  it('sends the announce first, then types, services, functions, triggers, and what waited', async () => {
    const engine = await scriptedEngine()
    const iii = connect(sdk, engine.url, { workerName: 'first', workerDescription: 'The first one' })
    void iii.trigger({ function_id: 'x::y', payload: { n: 1 }, action: sdk.TriggerAction.Void() })
    iii.registerTrigger({ type: 'my-type', function_id: 'a::b', config: {} })
    iii.registerFunction('a::b', () => null, { description: 'd', metadata: { k: 1 } })
    iii.registerService({ id: 'a' })
    iii.registerTriggerType({ id: 'my-type', description: 'Mine' }, { registerTrigger() {}, unregisterTrigger() {} })
    await engine.sockets.take(1)
    const [announce, ...others] = await engine.frames[0]!.take(6)
    expect(announce).toMatchObject({
      type: 'invokefunction',
      function_id: 'engine::workers::register',
      action: { type: 'void' },
      data: { name: 'first', description: 'The first one', runtime: name.endsWith('sdk') ? 'node' : 'browser' },
    })
    expect(announce).not.toHaveProperty('invocation_id')
    const id = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(others).toEqual([
      { type: 'registertriggertype', id: 'my-type', description: 'Mine' },
      { type: 'registerservice', id: 'a', name: 'a' },
      { type: 'registerfunction', id: 'a::b', description: 'd', metadata: { k: 1 } },
      { type: 'registertrigger', id, trigger_type: 'my-type', function_id: 'a::b', config: {} },
      { type: 'invokefunction', function_id: 'x::y', data: { n: 1 }, action: { type: 'void' } },
    ])
  })

  it('says the same of a function by an object with its id', async () => {
    const engine = await scriptedEngine()
    const iii = connect(sdk, engine.url)
    iii.registerFunction({ id: 'a::b', description: 'd' }, () => null)
    iii.registerFunction('c::d', () => null, { description: 'd' })
    await engine.sockets.take(1)
    const [, one, other] = await engine.frames[0]!.take(3)
    expect(one).toEqual({ ...other, id: 'a::b' })
  })

  it('refuses a function without an id, and the same id twice', async () => {
    const { url } = await scriptedEngine()
    const iii = connect(sdk, url)
    expect(() => iii.registerFunction('', () => 1)).toThrow('id is required')
    iii.registerFunction('x', () => 1)
    expect(() => iii.registerFunction('x', () => 1)).toThrow('function id already registered: x')
  })

  it('has an HTTP function called by the engine, in the form in which it is asked for', async () => {
    const engine = await scriptedEngine()
    const iii = connect(sdk, engine.url)
    iii.registerFunction('ext::hook', { url: 'http://127.0.0.1:1/x', auth: { type: 'bearer', token_key: 'TOKEN' } })
    const [socket] = await engine.sockets.take(1)
    expect((await engine.frames[0]!.take(2))[1]).toEqual({
      type: 'registerfunction',
      id: 'ext::hook',
      invocation: { url: 'http://127.0.0.1:1/x', method: 'POST', auth: { type: 'bearer', token_key: 'TOKEN' } },
    })
    socket!.send(JSON.stringify({ type: 'invokefunction', invocation_id: 'i-1', function_id: 'ext::hook', data: {} }))
    expect((await engine.frames[0]!.take(3))[2]).toMatchObject({ error: { code: 'function_not_invokable' } })
  })

  it('looks for everything in its namespace, and for the engine in the default one', async () => {
    const engine = await scriptedEngine()
    const iii = connect(sdk, engine.url, { namespace: 'shop' })
    const sent = async (): Promise<Frame> => {
      await engine.sockets.take(1)
      return (await engine.frames[0]!.take(engine.frames[0]!.items.length + 1)).at(-1)!
    }
    expect(await sent()).toMatchObject({ data: { namespace: 'shop' } })
    const cases: [object, string | undefined][] = [
      [{ function_id: 'orders::list' }, 'shop'],
      [{ function_id: 'orders::list', namespace: 'other' }, 'other'],
      [{ function_id: 'engine::workers::list' }, 'default'],
    ]
    for (const [request, namespace] of cases) {
      void iii.trigger({ ...(request as { function_id: string }), action: sdk.TriggerAction.Void() })
      expect((await sent())['namespace']).toBe(namespace)
    }
    iii.registerTrigger({ type: 't', function_id: 'f', config: {} })
    expect((await sent())['namespace']).toBe('shop')
    expect(await iii.trigger({ function_id: 'f', namespace: ' ' }).catch(String)).toContain("'namespace' is empty")
  })
})

describe('a Node worker', () => {
  it('takes address, name and namespace from the environment where nothing is said', async () => {
    const engine = await scriptedEngine()
    vi.stubEnv('III_URL', engine.url)
    vi.stubEnv('III_WORKER_NAME', 'by-env')
    vi.stubEnv('III_NAMESPACE', 'env-space')
    const iii = node.registerWorker()
    onTestFinished(() => iii.shutdown())
    expect(iii.getAddress()).toBe(engine.url)
    await engine.sockets.take(1)
    expect((await engine.frames[0]!.take(1))[0]).toMatchObject({ data: { name: 'by-env', namespace: 'env-space' } })
  })

  it('is at the default address, without a namespace, where the environment holds blanks', async () => {
    vi.stubEnv('III_URL', '  ')
    vi.stubEnv('III_NAMESPACE', ' ')
    const iii = node.registerWorker(undefined, { reconnectionConfig: { maxRetries: 0 } })
    onTestFinished(() => iii.shutdown())
    expect(iii.getAddress()).toBe(node.DEFAULT_ENGINE_URL)
    expect(iii.address).toBe('ws://127.0.0.1:49134')
  })

  it('says of itself what a listing shows', async () => {
    const engine = await scriptedEngine()
    vi.stubEnv('III_ISOLATION', 'container')
    connect(node, engine.url, { telemetry: { language: 'de', framework: 'mine' } })
    await engine.sockets.take(1)
    const [announce] = await engine.frames[0]!.take(1)
    expect(announce!['data']).toEqual({
      version: '0.23.0',
      name: `${hostname()}:${process.pid}`,
      runtime: 'node',
      os: expect.stringContaining(process.arch),
      pid: process.pid,
      isolation: 'container',
      telemetry: { language: 'de', project_name: 'iii-host', framework: 'mine' },
    })
  })

  it('brings its headers to the engine when it connects', async () => {
    const seen = new Collector<unknown>()
    const engine = await scriptedEngine(0, true, ({ headers }) => seen.add(headers['x-token']))
    connect(node, engine.url, { headers: { 'X-Token': 'secret' } })
    expect(await seen.take(1)).toEqual(['secret'])
  })
})

it('a page has to say the address', () => {
  expect(() => SURFACES[1].sdk.registerWorker('')).toThrow("not ''")
  expect(() => SURFACES[1].sdk.registerWorker()).toThrow('not undefined')
})

it('pages that say no name are told apart, and one that closes leaves the others', async () => {
  const core = await startCore()
  const observer = await core.connect()
  const [, { sdk }] = SURFACES
  const [first] = [connect(sdk, core.url()), connect(sdk, core.url()), connect(sdk, core.url(), { workerName: 'tab' })]
  connect(sdk, core.url(), { workerName: 'tab' })
  const names = async (): Promise<string[]> => {
    const { result } = await observer.call('engine::workers::list', {})
    return (result as { workers: { name: string }[] }).workers
      .map(({ name }) => name)
      .filter((each) => /^browser:|^tab$/.test(each ?? ''))
  }
  await expect.poll(names).toHaveLength(4)
  expect((await names()).filter((each) => /^browser:[0-9a-f]{8}$/.test(each))).toHaveLength(2)
  await within(5_000, 'the end of the connection', first!.shutdown())
  await expect.poll(names).toHaveLength(3)
})
