// Whole engines bridged to each other: what callers see of the other one's life.
import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { openBridge } from '../../../kit/bridge/bridge.ts'
import { StateBridge } from '../../../plugins/state/adapters/bridge.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { startCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'

const MEMORY = '{ name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }'
const bridged = (url: string) =>
  `{ name: iii-state, config: { adapter: { name: bridge, config: { bridge_url: '${url}' } } } }`
const local = (port: number) => `ws://0.0.0.0:${port}`

test('what is written here is read there, and the triggers of both engines fire', async () => {
  const there = await startRemoteEngine([MEMORY])
  const here = await startRemoteEngine([bridged(there.url)])
  const [near, far] = [await RawClient.connect(here.url), await RawClient.connect(there.url)]
  for (const client of [near, far]) {
    await client.provided('test::on-change', () => 1)
    client.send({
      type: 'registertrigger',
      id: randomUUID(),
      trigger_type: 'state',
      function_id: 'test::on-change',
      config: { scope: 's' },
    })
    await client.settled()
  }
  const value = { n: 1, text: 'ü' }
  expect(await near.call('state::set', { scope: 's', key: 'k', value })).toMatchObject({
    result: { old_value: null, new_value: value },
  })
  expect((await far.call('state::get', { scope: 's', key: 'k' })).result).toEqual(value)
  for (const client of [near, far]) {
    await client.until(() => client.calls('test::on-change').length === 1, 'the trigger')
    expect(client.calls('test::on-change')[0]!['data']).toMatchObject({ event_type: 'state:created', new_value: value })
  }
  expect(
    (await near.call('state::update', { scope: 's', key: 'k', ops: [{ type: 'increment', path: 'n', by: 2 }] })).result,
  ).toMatchObject({ new_value: { n: 3, text: 'ü' } })
  expect((await near.call('state::list', { scope: 's' })).result).toEqual([{ n: 3, text: 'ü' }])
  expect((await near.call('state::list_groups', {})).result).toEqual({ groups: ['s'] })
  expect((await near.call('state::delete', { scope: 's', key: 'k' })).result).toEqual({ n: 3, text: 'ü' })
  expect(await near.call('state::get', { scope: 's', key: 'k' })).not.toHaveProperty('result')
})

test('with the other engine away this one starts, answers with the codes of state, and works once the other is there', async () => {
  const port = await unusedPort()
  const here = await startRemoteEngine([bridged(local(port))])
  const near = await RawClient.connect(here.url)
  const failures = await Promise.all([
    near.call('state::get', { scope: 's', key: 'k' }),
    near.call('state::set', { scope: 's', key: 'k', value: 1 }),
    near.call('state::update', { scope: 's', key: 'k', ops: [] }),
    near.call('state::delete', { scope: 's', key: 'k' }),
    near.call('state::list', { scope: 's' }),
    near.call('state::list_groups', {}),
  ])
  expect(failures.map(({ error }) => error?.code)).toEqual([
    'GET_ERROR',
    'SET_ERROR',
    'UPDATE_ERROR',
    'DELETE_ERROR',
    'LIST_ERROR',
    'LIST_GROUPS_ERROR',
  ])
  for (const { error } of failures) {
    expect(error!.message).toMatch(
      new RegExp(
        `^Failed to .*engine at ws://127\\.0\\.0\\.1:${port}/ is not connected: .*ECONNREFUSED.*was not sent.*adapter\\.config\\.bridge_url of iii-state`,
      ),
    )
  }
  await startRemoteEngine([MEMORY], port)
  const written = async (): Promise<boolean> =>
    (await near.call('state::set', { scope: 's', key: 'k', value: 1 })).error === undefined
  await within(
    15_000,
    'a write through the bridge',
    (async () => {
      while (!(await written()));
    })(),
  )
})

test('killed and started again under load, the other engine loses no write that was acknowledged here', async () => {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  let there = await folder.start()
  const here = await startRemoteEngine([bridged(folder.url)])
  const near = await RawClient.connect(here.url)
  const acknowledged = new Map<string, number>()
  const codes = new Set<string>()
  const end = new AbortController()
  let attempts = 0
  const writer = async (name: string): Promise<void> => {
    for (let n = 0; !end.signal.aborted; n++) {
      attempts++
      const { error } = await near.call('state::set', { scope: 's', key: name, value: n })
      if (error === undefined) acknowledged.set(name, n)
      else codes.add(error.code)
    }
  }
  const total = (): number => [...acknowledged.values()].reduce((sum, n) => sum + n, 0)
  const progress = async (by: number): Promise<void> => {
    const wanted = total() + by
    await within(
      20_000,
      `${by} more writes`,
      (async () => {
        while (total() < wanted) await near.call('engine::baggage::get_all', {})
      })(),
    )
  }
  const writers = Array.from({ length: 20 }, (_, i) => writer(`w${i}`))
  for (let round = 0; round < 3; round++) {
    await progress(200)
    await there.kill()
    there = await folder.start()
  }
  await progress(200)
  end.abort()
  await Promise.all(writers)
  expect([...codes]).toEqual(['SET_ERROR'])
  expect(attempts).toBeGreaterThan(800)
  const far = await RawClient.connect(folder.url)
  for (const [key, n] of acknowledged) {
    // A write whose answer was lost may have happened as well, but nothing older may stand there.
    expect((await far.call('state::get', { scope: 's', key })).result).toBeGreaterThanOrEqual(n)
  }
}, 60_000)

test('an engine bridged to itself, and two bridged to each other, end the circle with bridge_error', async () => {
  const [one, two, three] = [await unusedPort(), await unusedPort(), await unusedPort()]
  const itself = await startRemoteEngine([bridged(local(one))], one)
  await startRemoteEngine([bridged(local(three))], two)
  const other = await startRemoteEngine([bridged(local(two))], three)
  for (const engine of [itself, other]) {
    const client = await RawClient.connect(engine.url)
    for (const [functionId, input] of [
      ['state::get', { scope: 's', key: 'k' }],
      ['state::set', { scope: 's', key: 'k', value: 1 }],
    ] as const) {
      const { error } = await client.call(functionId, input)
      expect(error).toMatchObject({
        code: 'bridge_error',
        message: expect.stringMatching(
          /^The call of state::\w+ has crossed 16 bridges: engines are bridged in a circle/,
        ) as string,
      })
    }
  }
}, 30_000)

test('10,000 writes at once and values of 5 MB go through', async () => {
  const there = await startRemoteEngine([MEMORY])
  const store = openStore(there.url)
  const ignore = (): void => {}
  await Promise.all(Array.from({ length: 10_000 }, (_, n) => store.set('many', `k${n}`, `${n}`, ignore)))
  expect(await store.list('many')).toEqual(Array.from({ length: 10_000 }, (_, n) => `${n}`))
  const large = JSON.stringify('ü"'.repeat(1_250_000))
  await store.set('large', 'k', large, ignore)
  expect((await store.get('large', 'k')) === large).toBe(true)
})

test('numbers that this language cannot hold come through a bridge as the other engine wrote them', async () => {
  const core = await startCore()
  const remote = await core.connect()
  await remote.provided('state::get')
  const value = openStore(core.url()).get('s', 'k')
  await remote.until(() => remote.calls('state::get').length === 1, 'the call')
  const id = String(remote.calls('state::get')[0]!['invocation_id'])
  remote.send(
    `{"type":"invocationresult","invocation_id":"${id}","function_id":"state::get","result":{"id":9007199254740993}}`,
  )
  expect(await value).toBe('{"id":9007199254740993}')
})

test('an engine that does not answer in time is named, and errors of its functions keep their text', async () => {
  const core = await startCore()
  const remote = await core.connect()
  remote.provide('state::get')
  await remote.provided('state::list', () => ({ not: 'a list' }))
  const store = openStore(core.url(), 50)
  await expect(store.get('s', 'k')).rejects.toThrow(
    /^No answer from the engine at ws:.* \(the setting\): invocation timed out after 50ms\. The call may have been carried out\.$/,
  )
  await expect(store.list('s')).rejects.toThrow('answered state::list with {"not":"a list"} instead of an array')
  await expect(store.scopes()).rejects.toThrow(
    'remote error (function_not_found): Function state::list_groups not found',
  )
})

test('an address that is none keeps the engine from starting, and says what to do', async () => {
  const start = startRemoteEngine([bridged('http://localhost:49134')])
  await expect(start).rejects.toThrow(
    /adapter\.config\.bridge_url of iii-state must be the ws:\/\/ or wss:\/\/ address of an engine/,
  )
})

function openStore(url: string, timeoutMs = 30_000): StateBridge {
  const bridge = openBridge({
    url,
    workerName: 'iii-state-bridge',
    setting: 'the setting',
    log: collectingLog(),
    timeoutMs,
  })
  const store = new StateBridge(bridge)
  onTestFinished(() => store.close())
  return store
}
