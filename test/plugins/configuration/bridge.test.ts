import { expect, onTestFinished, test } from 'vitest'
import { openBridge } from '../../../kit/bridge/bridge.ts'
import { ConfigurationBridge, openConfigurationBridge } from '../../../plugins/configuration/adapters/bridge.ts'
import type { ConfigurationStore, StoredEntry } from '../../../plugins/configuration/adapters/store.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { startCore } from '../../support/test-core.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'

const CONFIGURATION = '{ name: configuration, config: { adapter: { name: fs, config: { directory: ./entries } } } }'
const SCHEMA = { type: 'object', properties: { n: { type: 'integer' } } }

interface OpenedConfiguration {
  readonly store: ConfigurationStore
  readonly loaded: StoredEntry[]
  /** `id: JSON of the value` of what others changed, `id removed`. */
  readonly changes: Collector<string>
  readonly log: ReturnType<typeof collectingLog>
}

async function open(url: string): Promise<OpenedConfiguration> {
  const log = collectingLog()
  const changes = new Collector<string>()
  const store = await openConfigurationBridge({ config: { bridge_url: url }, projectRoot: '.', log })
  onTestFinished(() => store.close())
  const loaded = await store.load({
    changed: ({ id, value }) => changes.add(`${id}: ${JSON.stringify(value)}`),
    removed: (id) => changes.add(`${id} removed`),
  })
  return { store, loaded, changes, log }
}

const entry = (id: string, value: StoredEntry['value']): StoredEntry => ({
  id,
  name: `Name of ${id}`,
  description: 'Described.',
  schema: SCHEMA,
  value,
})

test('entries of the other engine are loaded with schema, metadata and raw value', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const remote = await RawClient.connect(url)
  const { metadata, ...kept } = { ...entry('shop', { n: 1 }), metadata: { team: 'a' } }
  const { value, ...description } = kept
  await remote.call('configuration::register', { ...description, metadata, initial_value: value })
  await remote.call('configuration::register', {
    ...entry('raw', null),
    schema: true,
    initial_value: '${NOT_SET_HERE}',
  })
  const { loaded } = await open(url)
  expect(loaded).toContainEqual({ ...kept, metadata })
  expect(loaded).toContainEqual({ ...entry('raw', '${NOT_SET_HERE}'), schema: true })
})

test('what is saved is there, on the other engine and for a second one that is bridged to it; nobody hears of his own writes', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const [one, other] = [await open(url), await open(url)]
  await one.store.save(entry('shop', { n: 1 }), 'entry')
  expect(await other.changes.take(1)).toEqual(['shop: {"n":1}'])
  await one.store.save(entry('shop', { n: 2 }), 'value')
  expect(await other.changes.take(2)).toEqual(['shop: {"n":1}', 'shop: {"n":2}'])
  await other.store.save(entry('shop', { n: 3 }), 'value')
  expect(await one.changes.take(1)).toEqual(['shop: {"n":3}'])
  expect(other.changes.items).toHaveLength(2)
  const remote = await RawClient.connect(url)
  expect((await remote.call('configuration::get', { id: 'shop' })).result).toEqual({ id: 'shop', value: { n: 3 } })
})

test('registering again without a value keeps the value of the other engine, and tells it', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const { store, changes } = await open(url)
  const remote = await RawClient.connect(url)
  await store.save(entry('shop', { n: 1 }), 'entry')
  await remote.call('configuration::set', { id: 'shop', value: { n: 5 } })
  expect(await changes.take(1)).toEqual(['shop: {"n":5}'])
  await store.save({ ...entry('shop', { n: 5 }), description: 'New words.' }, 'entry')
  expect((await remote.call('configuration::schema', { id: 'shop' })).result).toMatchObject({
    description: 'New words.',
  })
  expect((await remote.call('configuration::get', { id: 'shop' })).result).toMatchObject({ value: { n: 5 } })
})

test('a value is saved even where the other engine does not know the entry yet', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const { store } = await open(url)
  await store.save(entry('fresh', { n: 1 }), 'value')
  const remote = await RawClient.connect(url)
  expect((await remote.call('configuration::get', { id: 'fresh' })).result).toMatchObject({ value: { n: 1 } })
})

test('a refusal of the other engine refuses the write', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const { store } = await open(url)
  await store.save(entry('shop', { n: 1 }), 'entry')
  await expect(store.save(entry('shop', { n: 'many' }), 'value')).rejects.toThrow('remote error (SCHEMA_INVALID)')
})

test('deleting is up to the other engine, whose deletions arrive', async () => {
  const { url } = await startRemoteEngine([CONFIGURATION])
  const { store, changes } = await open(url)
  await store.save(entry('shop', { n: 1 }), 'entry')
  await expect(store.delete('shop')).rejects.toThrow(/must be deleted there/)
  const remote = await RawClient.connect(url)
  await remote.call('configuration::delete', { id: 'shop' })
  expect(await changes.take(1)).toEqual(['shop removed'])
  expect(await store.delete('shop')).toBe(false)
})

test('an engine that is away at the start is taken over when it comes; after a restart what changed is noticed', async () => {
  const folder = await engineFolder(`  - ${CONFIGURATION}\n`)
  onTestFinished(() => folder.remove())
  const port = await unusedPort()
  const { loaded, changes, log, store } = await open(`ws://127.0.0.1:${port}`)
  expect(loaded).toEqual([])
  expect(log.lines.some(({ message }) => message.includes('count from when it can'))).toBe(true)
  const refused = store.save(entry('early', { n: 0 }), 'entry')
  await expect(refused).rejects.toThrow(/is not connected.*ECONNREFUSED.*bridge_url of configuration/)
  await folder.write('entries/shop.yaml', 'id: shop\nname: Shop\ndescription: ""\nvalue: { n: 1 }\n')
  const first = await folder.start({ env: { III_TEST_PORT: String(port) } })
  await changed(changes, 'shop: {"n":1}')
  await first.kill()
  await folder.write('entries/shop.yaml', 'id: shop\nname: Shop\ndescription: ""\nvalue: { n: 2 }\n')
  await folder.start()
  await changed(changes, 'shop: {"n":2}')
}, 60_000)

test('an engine that is there and does not answer holds up the start for a bounded time only', async () => {
  const core = await startCore()
  const remote = await core.connect()
  remote.provide('configuration::get', ({ id }: { id: string }) => ({ id, value: 1 }))
  await remote.provided('configuration::list')
  const log = collectingLog()
  const changes = new Collector<string>()
  const setting = 'the setting'
  const bridge = openBridge({ url: core.url(), workerName: 'iii-configuration-bridge', setting, log })
  const store = new ConfigurationBridge(bridge, log, 50)
  onTestFinished(() => store.close())
  const listener = { changed: ({ id }: StoredEntry) => changes.add(id), removed: () => {} }
  expect(await store.load(listener)).toEqual([])
  expect(log.lines.at(-1)?.message).toContain('no answer within 50 ms')
  const list = { configurations: [{ id: 'late', name: '', description: '', schema: true }] }
  // One answer for the read that was given up, and one for each comparison after it.
  remote.handle('configuration::list', () => list)
  for (const call of remote.calls('configuration::list')) remote.answer(call, { result: list })
  expect(await changes.take(1)).toEqual(['late'])
})

test('a wrong address is an error at the start that names the setting', async () => {
  for (const bridge_url of [`http://127.0.0.1:${await unusedPort()}`, 'localhost:49134', '', 5]) {
    const context = { config: { bridge_url }, projectRoot: '.', log: collectingLog() }
    expect(() => openConfigurationBridge(context)).toThrow(
      /adapter\.config\.bridge_url of configuration must be the ws:\/\/ or wss:\/\/ address/,
    )
  }
})

async function changed(changes: Collector<string>, wanted: string): Promise<void> {
  for (let count = 1; !changes.items.includes(wanted); count++) await changes.take(count, 20_000)
}
