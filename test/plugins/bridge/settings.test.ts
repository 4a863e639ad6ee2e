// Settings of bridges: what is refused, and how those of a running one are changed without a call being lost (spec 06 C.1).
import { describe, expect, test, vi } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { bridged, bridgeTo, untilProvided } from './bridged.ts'

const NOWHERE = 'ws://127.0.0.1:9'
const STATE = '{ name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }'

describe('a start', () => {
  test.each([
    [{ foo: 1 }, /foo/],
    [{ url: 'http://localhost:1' }, /url of iii-bridge must be the ws:\/\/ or wss:\/\/ address of an engine/],
    [{ url: '' }, /url/],
    [{ expose: [{}] }, /local_function/],
    [{ expose: [{ local_function: 'f', more: 1 }] }, /more/],
    [{ forward: [{ local_function: 'f' }] }, /remote_function/],
    [{ forward: [{ remote_function: 'f' }] }, /local_function/],
    [{ forward: [{ local_function: 'f', remote_function: 'g', timeout_ms: 0 }] }, /timeout_ms/],
    [{ forward: [{ local_function: 'f', remote_function: 'g', retries: 1 }] }, /retries/],
    [
      { forward: [{ local_function: 'engine::f', remote_function: 'g' }] },
      /forward\[0\]: ids that begin with 'engine::'/,
    ],
    [
      { forward: [{ local_function: 'bridge.invoke', remote_function: 'g' }] },
      /'bridge\.invoke' is a function of the bridge/,
    ],
    [
      {
        forward: [
          { local_function: 'f', remote_function: 'g' },
          { local_function: 'f', remote_function: 'h' },
        ],
      },
      /forward\[1\]: 'f' is forwarded already/,
    ],
    [
      { expose: [{ local_function: 'f' }, { local_function: 'g', remote_function: 'f' }] },
      /expose\[1\]: 'f' is exposed already/,
    ],
  ])('with %j is refused', async (config, message) => {
    await expect(startRemoteEngine([bridgeTo(NOWHERE, config)])).rejects.toThrow(message)
  })

  test('with the id of another built-in worker is refused, naming both', async () => {
    const forward = [{ local_function: 'state::get', remote_function: 'f' }]
    for (const workers of [
      [STATE, bridgeTo(NOWHERE, { forward })],
      [bridgeTo(NOWHERE, { forward }), STATE],
    ])
      await expect(startRemoteEngine(workers)).rejects.toThrow(/state::get.*iii-(state|bridge).*iii-(state|bridge)/)
  })

  test('with the id of a built-in worker that is not configured serves it', async () => {
    const there = await startRemoteEngine([STATE])
    const forward = [{ local_function: 'state::set', remote_function: 'state::set' }]
    const here = await startRemoteEngine([bridgeTo(there.url, { forward })])
    const near = await RawClient.connect(here.url)
    expect((await near.call('state::set', { scope: 's', key: 'k', value: 1 })).result).toMatchObject({ new_value: 1 })
  })

  test('finds the other engine by III_URL where no address is written', async () => {
    const there = await startRemoteEngine([])
    vi.stubEnv('III_URL', there.url)
    const here = await startRemoteEngine(['{ name: bridge }'])
    const far = await RawClient.connect(there.url)
    await far.provided('f', () => 1)
    const near = await RawClient.connect(here.url)
    expect((await near.call('bridge.invoke', { function_id: 'f' })).result).toBe(1)
  })

  test('of a configuration of old finds the bridge by its class', async () => {
    const there = await startRemoteEngine([])
    const folder = new EngineFolder()
    folder.write(
      'iii-config.yaml',
      `modules:
  - class: modules::worker::WorkerModule
    config: { port: 0 }
  - class: modules::bridge_client::BridgeClientModule
    config: { url: '${there.url}', service_id: old, service_name: Old, expose: [{ local_function: f }] }
`,
    )
    await folder.start({ watch: false })
    const far = await RawClient.connect(there.url)
    await untilProvided(far, 'f')
    const { workers } = (await far.call('engine::workers::list', {})).result as { workers: { name: string }[] }
    expect(workers.map(({ name }) => name)).toContain('Old')
  })
})

describe('several bridges', () => {
  test('have each their connection; the first one has bridge.invoke', async () => {
    const [one, two] = [await startRemoteEngine([]), await startRemoteEngine([])]
    const here = await startRemoteEngine(
      [one, two].map(({ url }, at) => bridgeTo(url, { forward: [{ local_function: `f${at}`, remote_function: 'f' }] })),
    )
    for (const [at, { url }] of [one, two].entries()) {
      const far = await RawClient.connect(url)
      await far.provided('f', () => at)
    }
    const near = await RawClient.connect(here.url)
    expect((await near.call('f0', {})).result).toBe(0)
    expect((await near.call('f1', {})).result).toBe(1)
    expect((await near.call('bridge.invoke', { function_id: 'f' })).result).toBe(0)
  })

  test('that forward the same id are refused', async () => {
    const forward = [{ local_function: 'f', remote_function: 'f' }]
    await expect(startRemoteEngine([bridgeTo(NOWHERE, { forward }), bridgeTo(NOWHERE, { forward })])).rejects.toThrow(
      /function 'f' of plugin 'iii-bridge#1' belongs to plugin 'iii-bridge'/,
    )
  })

  test('to an engine that takes each name once are all let in', async () => {
    const folder = new EngineFolder()
    folder.write('iii-config.yaml', `engine: { duplicate_workers: reject }\nworkers:\n  - ${LISTENER}\n`)
    await folder.start({ watch: false })
    const url = folder.url()
    for (const at of [0, 1]) await startRemoteEngine([bridgeTo(url, { expose: [{ local_function: `f${at}` }] })])
    await startRemoteEngine([2, 3].map((at) => bridgeTo(url, { expose: [{ local_function: `f${at}` }] })))
    const far = await folder.connect()
    for (const at of [0, 1, 2, 3]) await untilProvided(far, `f${at}`)
    // One that was refused may have been seen for a moment.
    await vi.waitUntil(
      async () => {
        const { workers } = (await far.call('engine::workers::list', {})).result as { workers: { name: string }[] }
        const names = workers.map(({ name }) => `${name}`).filter((name) => name.startsWith('iii-bridge-client'))
        return new Set(names).size === 4
      },
      { timeout: 10_000 },
    )
  }, 30_000)
})

describe('changed settings', () => {
  const set = (near: RawClient, value: object) => near.call('configuration::set', { id: 'iii-bridge', value })

  test('add, change and remove functions to and fro', async () => {
    const { near, far, there } = await bridged({
      forward: [
        { local_function: 'kept', remote_function: 'one' },
        { local_function: 'gone', remote_function: 'one' },
      ],
      expose: [{ local_function: 'a', remote_function: 'x' }, { local_function: 'b' }],
    })
    await far.provided('one', () => 1)
    await far.provided('two', () => 2)
    await near.provided('a', () => 'a')
    await near.provided('b', () => 'b')
    await untilProvided(far, 'x')
    const changed = {
      url: there.url,
      forward: [
        { local_function: 'kept', remote_function: 'two' },
        { local_function: 'new', remote_function: 'one' },
      ],
      expose: [
        { local_function: 'b', remote_function: 'x' },
        { local_function: 'a', remote_function: 'y' },
      ],
    }
    expect((await set(near, changed)).error).toBeUndefined()
    expect((await near.call('kept', {})).result).toBe(2)
    expect((await near.call('new', {})).result).toBe(1)
    expect((await near.call('gone', {})).error).toMatchObject({ code: 'function_not_found' })
    await untilProvided(far, 'y')
    expect((await far.call('x', {})).result).toBe('b')
    expect((await far.call('y', {})).result).toBe('a')
    expect((await far.call('b', {})).error).toMatchObject({ code: 'function_not_found' })
  })

  test('with the id of another worker of the engine are refused, and nothing has changed', async () => {
    const { near, far, there } = await bridged({ forward: [{ local_function: 'f', remote_function: 'f' }] })
    await far.provided('f', () => 1)
    const { error } = await set(near, {
      url: there.url,
      forward: [{ local_function: 'configuration::get', remote_function: 'f' }],
    })
    expect(error!.message).toMatch(/function 'configuration::get' belongs to the worker 'configuration'/)
    expect((await near.call('f', {})).result).toBe(1)
  })

  test('lose no call under load, also where they name another engine', async () => {
    const [one, two] = [await startRemoteEngine([]), await startRemoteEngine([])]
    const config = (url: string, timeout_ms: number) => ({
      url,
      forward: [{ local_function: 'f', remote_function: 'f', timeout_ms }],
      expose: [{ local_function: 'a' }],
    })
    const here = await startRemoteEngine([bridgeTo(one.url, config(one.url, 10_000))])
    for (const { url } of [one, two]) await (await RawClient.connect(url)).provided('f', (n) => n)
    const near = await RawClient.connect(here.url)
    let answered = 0
    const failures: unknown[] = []
    const end = new AbortController()
    const callers = Array.from({ length: 20 }, async () => {
      while (!end.signal.aborted) {
        const { error } = await near.call('f', 1)
        if (error === undefined) answered++
        else failures.push(error)
      }
    })
    for (const [url, timeoutMs] of [
      [one.url, 11_000],
      [two.url, 11_000],
      [one.url, 12_000],
      [two.url, 12_000],
    ] as const) {
      const before = answered
      expect((await set(near, config(url, timeoutMs))).error).toBeUndefined()
      await vi.waitUntil(() => answered > before + 200, { timeout: 10_000, interval: 5 })
    }
    // And a change of generation.
    expect((await near.call('engine::plugins::reload', { name: 'iii-bridge' })).error).toBeUndefined()
    end.abort()
    await Promise.all(callers)
    expect(failures).toEqual([])
  }, 60_000)

  test('take calls along that wait for an engine that is away', async () => {
    const there = await startRemoteEngine([])
    const far = await RawClient.connect(there.url)
    await far.provided('f', () => 'there')
    await far.provided('g')
    const config = (url: string) => ({ url, forward: [{ local_function: 'f', remote_function: 'f' }] })
    const nowhere = `ws://127.0.0.1:${await unusedPort()}`
    const here = await startRemoteEngine([bridgeTo(nowhere, config(nowhere))])
    const near = await RawClient.connect(here.url)
    const waiting = near.call('f', {})
    for (const n of [1, 2, 3]) {
      const more = { baggage: 'k=v' }
      expect((await near.call('bridge.invoke_async', { function_id: 'g', data: n }, more)).result).toBeNull()
    }
    expect((await set(near, config(there.url))).error).toBeUndefined()
    expect(await waiting).toMatchObject({ result: 'there' })
    await far.until(() => far.calls('g').length === 3, 'the calls that nobody waits for')
    expect(far.calls('g')).toMatchObject(
      [1, 2, 3].map((data) => ({ data, baggage: expect.stringMatching(/k=v.*iii\.hops=1/) as string })),
    )
  })

  test('and a new generation leave no moment in which the other engine misses an exposed function', async () => {
    const { near, far, there } = await bridged({ expose: [{ local_function: 'a' }] })
    await near.provided('a', () => 1)
    await untilProvided(far, 'a')
    const end = new AbortController()
    const failures: unknown[] = []
    let answered = 0
    const callers = Array.from({ length: 10 }, async () => {
      while (!end.signal.aborted) {
        const { error } = await far.call('a', {})
        if (error === undefined) answered++
        else failures.push(error)
      }
    })
    const more = async (): Promise<void> => {
      const before = answered
      await vi.waitUntil(() => answered > before + 100, { timeout: 10_000, interval: 5 })
    }
    await more()
    expect((await near.call('engine::plugins::reload', { name: 'iii-bridge' })).error).toBeUndefined()
    await more()
    const changed = { url: there.url, service_name: 'other', expose: [{ local_function: 'a' }] }
    expect((await set(near, changed)).error).toBeUndefined()
    await more()
    // Until the connections before have gone.
    await vi.waitUntil(
      async () => {
        const { workers } = (await far.call('engine::workers::list', {})).result as { workers: { name: string }[] }
        return workers.filter(({ name }) => /bridge|other/.test(name)).length === 1
      },
      { timeout: 10_000 },
    )
    end.abort()
    await Promise.all(callers)
    expect(failures).toEqual([])
  }, 40_000)
})
