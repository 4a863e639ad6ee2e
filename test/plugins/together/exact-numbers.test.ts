// Numbers beyond what a double holds keep every digit wherever a value is only carried: stored, listed, published, told of, handed through.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { AdapterChoice } from '../../../kit/adapters/adapter-set.ts'
import { RawJson } from '../../../sdk/raw-json.ts'
import { Collector } from '../../support/deadline.ts'
import type { PluginRun } from '../../support/plugin-run.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { runPubSubPlugin } from '../pubsub/run-plugin.ts'
import { runStatePlugin } from '../state/run-plugin.ts'
import { runStreamPlugin } from '../stream/run-plugin.ts'

const digits = (length: number) => fc.stringMatching(new RegExp(`^[1-9][0-9]{${length - 1}}$`))
/** More than a double holds. */
const numbers = fc.oneof(
  digits(16),
  digits(19).map((text) => `-${text}`),
  digits(30),
  fc.tuple(digits(3), digits(20)).map(([whole, rest]) => `${whole}.${rest}`),
  fc.constantFrom('9007199254740993', '-9223372036854775809', '1e400', '0.1000000000000000055511151231257827'),
)

/** A value with the number at several depths. */
const valueOf = (number: string): string => `{"id":${number},"list":[${number},{"deep":${number}}],"text":"${number}"}`

function throughAll(runs: number, check: (value: string, number: string) => Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(numbers, (number) => check(valueOf(number), number)),
    { numRuns: runs },
  )
}

/** Texts in and out. */
function rawCalls({ worker }: PluginRun<never>) {
  return async (function_id: string, payload: string): Promise<string | undefined> =>
    (await worker.trigger<RawJson | undefined>({ function_id, payload: new RawJson(payload), raw: true }))?.json
}

/** A bound function, and its condition, that keep the texts they get. */
async function listen(run: PluginRun<never>, config: object): Promise<Collector<string>> {
  const [texts, id] = [new Collector<string>(), randomUUID()]
  run.worker.registerFunction(`test::heard-${id}`, (json: string) => void texts.add(json), { raw: true })
  const condition = (json: string): boolean => {
    texts.add(json)
    return true
  }
  run.worker.registerFunction(`test::asked-${id}`, condition, { raw: true })
  await run.bind({
    id,
    function_id: `test::heard-${id}`,
    config: { ...config, condition_function_id: `test::asked-${id}` },
  })
  return texts
}

const inMemory = { adapter: { name: 'kv', config: { store_method: 'in_memory' } } }

async function bridged(): Promise<object> {
  const entries = [
    `{ name: iii-state, config: ${JSON.stringify(inMemory)} }`,
    `{ name: iii-stream, config: ${JSON.stringify({ port: 0, ...inMemory })} }`,
    '{ name: iii-pubsub }',
  ]
  const { url } = (await startRemoteEngine(entries)).status().listeners[0]!
  return { adapter: { name: 'bridge', config: { bridge_url: url } } }
}

describe('over kv on disk', () => stateAndStreamCases(() => ({})))
describe('over kv in memory', () => stateAndStreamCases(() => inMemory))
describe('over a bridge', () => stateAndStreamCases(bridged))
describe('over local', () => publishCases(() => ({ name: 'local' })))

describe.skipIf(lacks('redis-server'))('over Redis (needs redis-server)', () => {
  let redis: RedisServer
  beforeAll(async () => void (redis = await startRedis()))
  afterAll(() => redis?.stop())
  const adapter = () => ({ name: 'redis', config: { redis_url: redis.url } })

  stateAndStreamCases(() => ({ adapter: adapter() }))
  publishCases(adapter)
})

test('what a worker that serves a stream itself gets and returns', async () => {
  const run = await runStreamPlugin(tempFolder(), inMemory)
  const call = rawCalls(run as never)
  const heard = await listen(run as never, { stream_name: 's' })
  const [operations, got] = [['set', 'get', 'delete', 'list', 'update'], new Collector<string>()]
  let stored = 'null'
  const answers: Record<string, () => string> = {
    set: () => `{"old_value":null,"new_value":${stored}}`,
    get: () => stored,
    delete: () => `{"old_value":${stored}}`,
    list: () => `[${stored}]`,
    update: () => `{"old_value":${stored},"new_value":${stored}}`,
  }
  for (const operation of operations) {
    const answer = (json: string): RawJson => {
      got.add(json)
      return new RawJson(answers[operation]!())
    }
    run.worker.registerFunction(`stream::${operation}(s)`, answer, { raw: true })
  }
  const known = (names: string[]) =>
    run.call('iii-stream::on-functions-changed', {
      added: names.map((operation) => ({ function_id: `stream::${operation}(s)`, namespace: 'default' })),
      removed: [],
    })
  await known(operations)
  let count = 0
  await throughAll(8, async (value, number) => {
    stored = value
    const at = `"stream_name":"s","group_id":"g","item_id":"i${++count}"`
    expect(await call('stream::set', `{${at},"data":${value}}`)).toBe(`{"old_value":null,"new_value":${value}}`)
    expect(await call('stream::get', `{${at}}`)).toBe(value)
    expect(await call('stream::list', '{"stream_name":"s","group_id":"g"}')).toBe(`[${value}]`)
    const ops = `[{"type":"set","path":"put","value":${number}}]`
    const changed = `{"old_value":${value},"new_value":${value}}`
    expect(await call('stream::update', `{${at},"ops":${ops}}`)).toBe(changed)
    expect(await call('stream::delete', `{${at}}`)).toBe(`{"old_value":${value}}`)
    const inputs = (await got.take(count * 5)).slice(-5).join('\n')
    for (const part of [`"data":${value}`, `"ops":${ops}`]) expect(inputs).toContain(part)
    const events = (await heard.take(count * 6)).slice(-6)
    for (const event of events) expect(event).toContain(`"data":${value}`)
  })
  // Updates made of get and set.
  await run.call('iii-stream::on-functions-changed', {
    added: [],
    removed: [{ function_id: 'stream::update(s)', namespace: 'default' }],
  })
  stored = '{"id":9007199254740993}'
  const item = '"stream_name":"s","group_id":"g","item_id":"parts"'
  await call('stream::update', `{${item},"ops":[{"type":"increment","path":"n","by":1}]}`)
  expect(got.items.at(-1)).toContain('"data":{"id":9007199254740993,"n":1}')
})

function stateAndStreamCases(configOf: () => object | Promise<object>): void {
  test('what is put into the state', async () => {
    const run = await runStatePlugin(tempFolder(), await configOf())
    const call = rawCalls(run as never)
    const heard = await listen(run as never, { scope: 's' })
    let count = 0
    await throughAll(12, async (value, number) => {
      const key = `k${++count}`
      const at = `"scope":"s","key":"${key}"`
      expect(await call('state::set', `{${at},"value":${value}}`)).toBe(`{"old_value":null,"new_value":${value}}`)
      expect(await call('state::get', `{${at}}`)).toBe(value)
      const other = valueOf('1')
      expect(await call('state::set', `{${at},"value":${other}}`)).toBe(`{"old_value":${value},"new_value":${other}}`)
      await call('state::set', `{${at},"value":${value}}`)
      // What an update does not compute: the members beside, and the values that it puts in.
      const ops = `[{"type":"increment","path":"n","by":1},{"type":"set","path":"put","value":${number}},{"type":"append","path":"all","value":[${number}]}]`
      const updated = `${value.slice(0, -1)},"n":1,"put":${number},"all":[[${number}]]}`
      expect(await call('state::update', `{${at},"ops":${ops}}`)).toBe(`{"old_value":${value},"new_value":${updated}}`)
      expect(await call('state::list', '{"scope":"s"}')).toContain(updated)
      expect(await call('state::delete', `{${at}}`)).toBe(updated)
      const events = (await heard.take(count * 10)).slice(-10)
      for (const event of events.slice(0, 2)) expect(event).toContain(`"old_value":null,"new_value":${value}`)
      for (const event of events.slice(-2)) expect(event).toContain(`"old_value":${updated},"new_value":null`)
    })
  })

  test('what is put into a stream', async () => {
    const run = await runStreamPlugin(tempFolder(), await configOf())
    const call = rawCalls(run as never)
    const heard = await listen(run as never, { stream_name: 's' })
    const [address] = run.plugin.addresses!()
    const client = await StreamClient.connect(`${address}/stream/s/g`)
    await client.take(1)
    let count = 0
    await throughAll(8, async (value, number) => {
      const at = `"stream_name":"s","group_id":"g","item_id":"i${++count}"`
      expect(await call('stream::set', `{${at},"data":${value}}`)).toBe(`{"old_value":null,"new_value":${value}}`)
      expect(await call('stream::get', `{${at}}`)).toBe(value)
      expect(await call('stream::list', '{"stream_name":"s","group_id":"g"}')).toContain(value)
      const updated = `${value.slice(0, -1)},"put":${number}}`
      const ops = `[{"type":"set","path":"put","value":${number}}]`
      expect(await call('stream::update', `{${at},"ops":${ops}}`)).toBe(`{"old_value":${value},"new_value":${updated}}`)
      await call('stream::send', `{"stream_name":"s","group_id":"g","type":"t","data":${value}}`)
      expect(await call('stream::delete', `{${at}}`)).toBe(`{"old_value":${updated}}`)
      const wanted = [
        `{"type":"create","data":${value}}`,
        `{"type":"update","data":${updated}}`,
        `{"type":"event","event":{"type":"t","data":${value}}}`,
        `{"type":"delete","data":${updated}}`,
      ]
      const events = (await heard.take(count * 8)).slice(-8).join('\n')
      await client.take(1 + count * 4)
      const frames = client.texts.slice(-4).join('\n')
      for (const event of wanted) for (const texts of [events, frames]) expect(texts).toContain(event)
    })
  })
}

function publishCases(adapterOf: () => AdapterChoice): void {
  test('what is published', async () => {
    const run = await runPubSubPlugin({ adapter: adapterOf() })
    onTestFinished(() => run.stop())
    const call = rawCalls(run as never)
    const heard = await listen(run as never, { topic: 't' })
    let count = 0
    await throughAll(12, async (value) => {
      await call('publish', `{"topic":"t","data":${value}}`)
      // The condition and the handler.
      expect((await heard.take(2 * ++count)).slice(-2)).toEqual([value, value])
    })
  })
}
