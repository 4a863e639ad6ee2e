// Input of the wrong shape, for every function of the reactive workers and over a socket: a `deserialization_error` that names the
// function and the member, before any effect (spec 02 §1, 03 introduction). What is wrong is derived from the published schemas.
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { sharedEngine } from './shared-engine.ts'

const ITEM = { stream_name: 's', group_id: 'g', item_id: 'i' }
const OPS = [{ type: 'set', path: 'a', value: 1 }]

/** An input that each function accepts; those that change something come last. */
const ACCEPTED: Record<string, object> = {
  'state::get': { scope: 's', key: 'k' },
  'state::list': { scope: 's' },
  'state::list_groups': {},
  'state::set': { scope: 's', key: 'k', value: 1 },
  'state::update': { scope: 's', key: 'k', ops: OPS },
  'state::delete': { scope: 's', key: 'k' },
  'state::backup': { file: 'state-copy.db', wait_ms: null },
  'stream::get': ITEM,
  'stream::list': { stream_name: 's', group_id: 'g' },
  'stream::list_groups': { stream_name: 's' },
  'stream::list_all': {},
  'stream::set': { ...ITEM, data: 1 },
  'stream::update': { ...ITEM, ops: OPS },
  'stream::delete': ITEM,
  'stream::backup': { file: 'stream-copy.db', wait_ms: null },
  'stream::send': { stream_name: 's', group_id: 'g', id: 'i', event_type: 't', data: 1 },
  publish: { topic: 't', data: 1 },
  'configuration::list': {},
  'configuration::register': { id: 'demo', name: 'n', description: 'd', schema: {}, initial_value: 1, metadata: {} },
  'configuration::schema': { id: 'demo' },
  'configuration::get': { id: 'demo', raw: true },
  'configuration::set': { id: 'demo', value: 2 },
  'configuration::delete': { id: 'demo' },
  'engine::queue::list_topics': {},
  'engine::queue::topic_stats': { topic: 't' },
  'engine::queue::dlq_topics': {},
  'engine::queue::dlq_messages': { topic: 't', offset: 0, limit: 1, order: 'oldest' },
  'iii::queue::status': { queue: 'default' },
  'iii::queue::peek': { queue: 'default', offset: 0, limit: 1 },
  'iii::queue::delayed': { queue: 'default', offset: 0, limit: 1 },
  'iii::queue::metrics': {},
  'iii::queue::pause': { queue: 'default' },
  'iii::queue::resume': { queue: 'default' },
  'iii::queue::redrive': { queue: 'default' },
  'iii::queue::redrive_message': { queue: 'default', message_id: 'm' },
  'iii::queue::discard': { queue: 'default' },
  'iii::queue::discard_message': { queue: 'default', message_id: 'm' },
  'iii::queue::unsubscribe': { topic: 't', function_id: 'nobody::f' },
  'queue::define': { queue: 'demo', config: {} },
  'engine::queue::enqueue': {
    queue: 'default',
    function_id: 'nobody::f',
    data: 1,
    messageReceiptId: 'r',
    delay_ms: 60_000,
  },
  'iii::durable::publish': { topic: 't', data: 1 },
  enqueue: { topic: 't', data: 1 },
}

/** They refuse members that they do not know. */
const CLOSED = ['engine::queue::enqueue', 'queue::define']
/** Names of one and the same member: where both are there, the one in the table counts, and the other is not read. */
const SAME: readonly (readonly [string, string])[] = [
  ['queue', 'topic'],
  ['topic', 'queue'],
]

/** One value of each JSON type. */
const VALUES: readonly [string, unknown][] = [
  ['null', null],
  ['boolean', false],
  ['number', 1],
  ['string', 'text'],
  ['array', [1]],
  ['object', { a: 1 }],
]

interface Schema {
  readonly type?: string | readonly string[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

const engine = sharedEngine((port) => [
  `{ name: iii-stream, config: { port: ${port} } }`,
  '{ name: iii-state }',
  '{ name: iii-cron }',
  '{ name: iii-pubsub }',
  '{ name: iii-queue }',
])

test('every function is in the table', async () => {
  const client = await RawClient.connect(engine.url)
  const { result } = await client.call('engine::functions::list', {})
  const ids = (result as { functions: { function_id: string }[] }).functions.map(({ function_id }) => function_id)
  const reactive = ids.filter((id) =>
    /^(state|stream|configuration|queue|iii::queue|iii::durable|engine::queue)::|^(publish|enqueue)$/.test(id),
  )
  expect(reactive.sort()).toEqual(Object.keys(ACCEPTED).sort())
})

test.each(Object.entries(ACCEPTED))('%s', async (id, accepted) => {
  const client = await RawClient.connect(engine.url)
  const { result } = await client.call('engine::functions::info', { function_id: id })
  const { required = [], properties = {} } = (result as { request_schema: Schema }).request_schema
  const events = await everyEvent(client)
  const refused = async (input: unknown, member: string): Promise<void> => {
    const { error } = await client.call(id, input)
    expect({ input, code: error?.code }).toEqual({ input, code: 'deserialization_error' })
    expect(error?.message).toContain(id)
    expect(error?.message).toContain(member)
  }
  const accepts = async (input: unknown): Promise<void> => {
    const { error } = await client.call(id, input)
    expect({ input, code: error?.code }).not.toEqual({ input, code: 'deserialization_error' })
  }
  for (const [type, value] of VALUES) {
    if (type === 'object' || (type === 'null' && required.length === 0)) continue
    await refused(value, 'object')
  }
  for (const member of required) {
    const { [member]: _left, ...rest } = accepted as Record<string, unknown>
    await refused(rest, member)
  }
  if (required.length > 0) await refused(undefined, 'object')
  const wrong = Object.entries(properties).flatMap(([member, { type }]) => {
    const types = type === undefined ? VALUES.map(([name]) => name) : [type].flat()
    if (SAME.some(([one, other]) => member === other && one in accepted && !(other in accepted))) return []
    const isNumber = types.includes('integer')
    return VALUES.filter(([name]) => !types.includes(name) && !(isNumber && name === 'number')).map(
      ([, value]) => [member, value] as const,
    )
  })
  for (const [member, value] of wrong) {
    // A schema is an object or a truth value, which JSON Schema can say in words only.
    if (member === 'schema' && typeof value === 'boolean') continue
    await refused({ ...accepted, [member]: value }, member)
  }
  await client.settled()
  expect(events()).toBe(0)
  if (CLOSED.includes(id)) await refused({ ...accepted, more: 1 }, "unknown key 'more'")
  else await accepts({ ...accepted, more: 1, toString: 1 })
  if (required.length === 0) for (const nothing of [undefined, null]) await accepts(nothing)
})

test.each([
  ['state::set', '"scope":"s","key":"none"', 'value'],
  ['stream::set', '"stream_name":"s","group_id":"none","item_id":"i"', 'data'],
  ['stream::send', '"stream_name":"s","group_id":"none"', 'data'],
  ['publish', '"topic":"t"', 'data'],
  ['iii::durable::publish', '"topic":"none"', 'data'],
  ['engine::queue::enqueue', '"queue":"default","function_id":"test::event","messageReceiptId":"r"', 'data'],
])('%s keeps nothing and tells nobody of what is no JSON', async (id, address, member) => {
  const client = await RawClient.connect(engine.url)
  const events = await everyEvent(client)
  // Brackets and strings are whole, so that only whoever reads the rest sees what is wrong.
  const wrong = ['{"a":1,}', '[1 2]', '{"a" "b"}', '[tru]', '[01]', '{"a":{1:2}}', '["a":1]']
  for (const [index, value] of wrong.entries()) {
    const call = `"invocation_id":"wrong-${index}","function_id":"${id}"`
    client.send(`{"type":"invokefunction",${call},"data":{${address},"${member}":${value}}}`)
    const { error } = await client.outcome(`wrong-${index}`)
    expect({ value, code: error?.code }).toEqual({ value, code: 'invalid_message' })
  }
  await client.settled()
  expect(events()).toBe(0)
  expect((await client.call('state::get', { scope: 's', key: 'none' })).result).toBeUndefined()
  expect((await client.call('stream::list', { stream_name: 's', group_id: 'none' })).result).toEqual([])
})

/** How many events came that a worker can bind itself to. */
async function everyEvent(client: RawClient): Promise<() => number> {
  const types: Record<string, object> = {
    state: {},
    stream: { stream_name: 's' },
    subscribe: { topic: 't' },
    'durable:subscriber': { topic: 'none' },
    'queue:dead-letter': {},
    configuration: {},
  }
  client.provide('test::event', () => null)
  for (const [type, config] of Object.entries(types)) {
    client.send({
      type: 'registertrigger',
      id: `${client.workerId}-${type}`,
      trigger_type: type,
      function_id: 'test::event',
      config,
    })
  }
  await client.settled()
  return () => client.calls('test::event').length
}
