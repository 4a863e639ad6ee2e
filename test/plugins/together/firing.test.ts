// How the reactive workers call the functions of bindings, seen by a worker on a socket: namespace, metadata, trace, and nothing in
// the payload that is not specified (spec 01 §11.6, 02 §5–6, 03 §7.3, 03 §8.2, 04 A.9.5).
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { RawClient, type Frame } from '../../support/raw-client.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { sharedEngine } from './shared-engine.ts'

const engine = sharedEngine((port) => [
  '{ name: iii-state }',
  `{ name: iii-stream, config: { port: ${port}, auth_function: together::auth } }`,
  '{ name: iii-cron }',
  '{ name: iii-pubsub }',
])

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const traced = { traceparent: TRACE, baggage: 'shop=7' }

interface FiringType {
  readonly config: (name: string) => object
  readonly cause: (caller: RawClient, name: string) => Promise<unknown>
  /** The payload that the handler gets, exactly. */
  readonly payload: (name: string) => unknown
  /** False: nobody's call causes it. */
  readonly hasTrace?: false
}

const joined = async (path: string): Promise<unknown> => (await StreamClient.connect(engine.streamUrl + path)).take(1)
const member = (name: string) => ({ stream_name: name, group_id: 'g', id: null, context: null })

/** Bindings of these may say anything: nobody looks at it. */
const IGNORING = /^directory::[a-z-]+::on-change$/

const TYPES: Record<string, FiringType> = {
  state: {
    config: (scope) => ({ scope }),
    cause: (caller, scope) => caller.call('state::set', { scope, key: 'k', value: { n: 1 } }, traced),
    payload: (scope) => ({
      type: 'state',
      event_type: 'state:created',
      scope,
      key: 'k',
      old_value: null,
      new_value: { n: 1 },
    }),
  },
  stream: {
    config: (stream_name) => ({ stream_name }),
    cause: (caller, stream_name) =>
      caller.call('stream::send', { stream_name, group_id: 'g', event_type: 'x' }, traced),
    payload: (streamName) => ({
      type: 'stream',
      timestamp: expect.any(Number),
      streamName,
      groupId: 'g',
      id: null,
      event: { type: 'event', event: { type: 'x', data: null } },
    }),
  },
  'stream:join': {
    config: (stream_name) => ({ stream_name }),
    cause: (_caller, name) => joined(`/stream/${name}/g`),
    payload: (name) => ({ subscription_id: expect.any(String), ...member(name) }),
    hasTrace: false,
  },
  'stream:leave': {
    config: (stream_name) => ({ stream_name }),
    cause: async (_caller, name) => (await StreamClient.connect(engine.streamUrl)).leave('s-1', name, 'g'),
    payload: (name) => ({ subscription_id: 's-1', ...member(name) }),
    hasTrace: false,
  },
  subscribe: {
    config: (topic) => ({ topic }),
    cause: (caller, topic) => caller.call('publish', { topic, data: { n: 1 } }, traced),
    payload: () => ({ n: 1 }),
  },
  cron: {
    config: () => ({ expression: '* * * * * *' }),
    cause: () => Promise.resolve(),
    payload: (id) => ({
      trigger: 'cron',
      job_id: id,
      scheduled_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
      actual_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}\+00:00$/),
    }),
    hasTrace: false,
  },
  configuration: {
    config: (configuration_id) => ({ configuration_id }),
    cause: (caller, id) =>
      caller.call('configuration::register', { id, schema: { type: 'object' }, initial_value: { n: 1 } }, traced),
    payload: (id) => ({
      type: 'configuration',
      event_type: 'configuration:registered',
      id,
      name: id,
      description: '',
      schema: { type: 'object' },
      old_value: null,
      new_value: { n: 1 },
    }),
  },
}

describe.each(Object.entries(TYPES))('a binding of %s', (type, { config, cause, payload, hasTrace }) => {
  test('calls condition and handler in the namespace that it names, and metadata go to the handler alone', async () => {
    const name = randomUUID()
    const [blue, other] = await Promise.all([
      RawClient.connect(engine.url, { namespace: 'blue', name: `blue-${name}` }),
      RawClient.connect(engine.url, { name: `other-${name}` }),
    ])
    const ids = [`condition-${name}`, `handler-${name}`] as const
    for (const worker of [blue, other]) for (const id of ids) worker.provide(id, () => null)
    blue.send({
      type: 'registertrigger',
      id: name,
      trigger_type: type,
      function_id: ids[1],
      namespace: 'blue',
      config: { ...config(name), condition_function_id: ids[0] },
      metadata: { k: 1 },
    })
    await Promise.all([blue.settled(), other.settled()])
    // Built-in functions are called from any namespace.
    await cause(blue, name)
    await blue.until(() => blue.calls(ids[1]).length > 0, 'the call of the handler')
    const [condition, handler] = ids.map((id) => blue.calls(id)[0] as Frame) as [Frame, Frame]
    for (const call of [condition, handler]) expect(call['data']).toEqual(payload(name))
    expect(condition).not.toHaveProperty('metadata')
    expect(handler['metadata']).toEqual({ k: 1 })
    if (hasTrace !== false) {
      for (const call of [condition, handler]) {
        expect(String(call['traceparent']).split('-')[1]).toBe(TRACE.split('-')[1])
        expect(call['baggage']).toContain('shop=7')
      }
    }
    expect(other.frames.filter(({ type: kind }) => kind === 'invokefunction')).toEqual([])
  })
})

describe('the config of a binding', () => {
  test.each(Object.entries(TYPES))('of %s is refused with the right name for a mistyped member', async (type, of) => {
    const client = await RawClient.connect(engine.url)
    const [[member, value]] = Object.entries(of.config('x')) as [[string, unknown]]
    const id = randomUUID()
    const typed = member.slice(0, -1)
    client.send({ type: 'registertrigger', id, trigger_type: type, function_id: 'x', config: { [typed]: value } })
    expect(await client.next('triggerregistrationresult')).toMatchObject({
      id,
      error: {
        code: 'trigger_registration_failed',
        message: expect.stringContaining(`config: unknown key '${typed}'. Did you mean '${member}'?`),
      },
    })
    const { result } = await client.call('engine::registered-triggers::list', { trigger_type: type })
    expect(
      (result as { registered_triggers: { id: string }[] }).registered_triggers.map((row) => row.id),
    ).not.toContain(id)
  })

  test('has a schema that names all of its members, whatever the type', async () => {
    const client = await RawClient.connect(engine.url)
    const { result } = await client.call('engine::trigger-types::list', { include_internal: true })
    const { trigger_types: types } = result as { trigger_types: { id: string; trigger_request_format: object }[] }
    expect(types.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(TYPES)))
    const read = types.filter(({ id }) => !IGNORING.test(id))
    for (const { id, trigger_request_format: format } of read)
      expect({ id, format }).toMatchObject({ id, format: { type: 'object', additionalProperties: false } })
  })
})

describe('functions that the stream worker calls for nobody’s binding', () => {
  test('the auth function and those of custom streams are found in the namespace default', async () => {
    const name = randomUUID()
    const blue = await RawClient.connect(engine.url, { namespace: 'blue', name: `blue-${name}` })
    const owner = await RawClient.connect(engine.url, { name: `owner-${name}` })
    for (const worker of [blue, owner]) {
      worker.provide('together::auth', () => ({ context: { from: worker === owner ? 'default' : 'blue' } }))
      worker.provide(`stream::list(${name})`, () => [worker === owner ? 'default' : 'blue'])
    }
    owner.provide(`join-${name}`, () => null)
    owner.send({
      type: 'registertrigger',
      id: name,
      trigger_type: 'stream:join',
      function_id: `join-${name}`,
      config: {},
    })
    await Promise.all([blue.settled(), owner.settled()])
    const client = await StreamClient.connect(`${engine.streamUrl}/stream/${name}/g`)
    expect((await client.take(1))[0]!.event).toEqual({ type: 'sync', data: ['default'] })
    expect(owner.calls(`join-${name}`)[0]!['data']).toMatchObject({ context: { from: 'default' } })
    expect(blue.frames.filter(({ type }) => type === 'invokefunction')).toEqual([])
    expect(owner.calls('together::auth')[0]!['data']).toEqual({
      headers: expect.objectContaining({ upgrade: 'websocket' }),
      path: `/stream/${name}/g`,
      query_params: {},
      addr: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
    expect(owner.calls(`stream::list(${name})`)[0]!['data']).toEqual({ stream_name: name, group_id: 'g' })
    // In order, so that nobody waits for its functions to come back.
    await owner.close()
  })

  test('a custom stream gets the trace of the caller, and so do the functions bound to what it wrote', async () => {
    const name = randomUUID()
    const owner = await RawClient.connect(engine.url, { name: `owner-${name}` })
    owner.provide(`stream::set(${name})`, ({ data }: { data: unknown }) => ({ old_value: null, new_value: data }))
    owner.provide(`on-${name}`, () => null)
    owner.send({
      type: 'registertrigger',
      id: name,
      trigger_type: 'stream',
      function_id: `on-${name}`,
      config: { stream_name: name },
    })
    await owner.settled()
    const item = { stream_name: name, group_id: 'g', item_id: 'i' }
    await owner.call('stream::set', { ...item, data: 1, more: 'left out' }, traced)
    await owner.until(() => owner.calls(`on-${name}`).length > 0, 'the event')
    const [set] = owner.calls(`stream::set(${name})`)
    expect(set!['data']).toEqual({ ...item, data: 1 })
    for (const call of [set, owner.calls(`on-${name}`)[0]]) {
      expect(String(call!['traceparent']).split('-')[1]).toBe(TRACE.split('-')[1])
      expect(call!['baggage']).toContain('shop=7')
    }
  })
})

describe('calls that nobody waits for', () => {
  test('stream::send with only event_type reaches subscribers, and what can not be read harms nobody', async () => {
    const name = randomUUID()
    const worker = await RawClient.connect(engine.url)
    const client = await StreamClient.connect(`${engine.streamUrl}/stream/${name}/g`)
    await client.take(1)
    const send = (data: unknown): void =>
      worker.send({ type: 'invokefunction', function_id: 'stream::send', data, action: { type: 'void' } })
    send({ stream_name: name, group_id: 'g', event_type: 'moved', data: { n: 1 } })
    send({ stream_name: name, group_id: 7, event_type: 'moved' })
    send(undefined)
    send({ stream_name: name, group_id: 'g', event_type: 'moved', data: { n: 2 } })
    const frames = (await client.take(3)).slice(1)
    expect(frames.map(({ id, event }) => [id, event])).toEqual(
      [1, 2].map((n) => [null, { type: 'event', event: { type: 'moved', data: { n } } }]),
    )
    await worker.settled()
    expect(worker.of('invocationresult')).toHaveLength(1)
  })
})
