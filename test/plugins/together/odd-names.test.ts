// Names that are legal and unusual, over a socket and through all reactive workers: each is itself and no other (spec 02 §1).
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { sharedEngine } from './shared-engine.ts'

const NAMES: readonly (readonly [string, string])[] = [
  ['the empty text', ''],
  ['half of a surrogate pair', '\ud800'],
  ['another half', '\udbff'],
  ['what a half becomes in UTF-8', '\ufffd'],
  ['a text with NUL', 'a\0b'],
  ['the text before the NUL', 'a'],
  ['__proto__', '__proto__'],
  ['toString', 'toString'],
  ['300 KB of text', 'x'.repeat(300_000)],
  ['300 KB that differ in the last character', `${'x'.repeat(299_999)}y`],
  ['a closing parenthesis', ')'],
  ['quotes', `"'\\u0000`],
]

const engine = sharedEngine((port) => [
  '{ name: iii-state }',
  `{ name: iii-stream, config: { port: ${port} } }`,
  '{ name: iii-pubsub }',
])

const isTrimmed = (text: string): string => (text.length > 40 ? `${text.slice(0, 20)}…${text.slice(-10)}` : text)

test('scopes and keys of state, and what its triggers filter by', async () => {
  const client = await RawClient.connect(engine.url)
  client.provide('names::state', () => null)
  for (const [index, [, name]] of NAMES.entries()) {
    client.send({
      type: 'registertrigger',
      id: `state-${index}`,
      trigger_type: 'state',
      function_id: 'names::state',
      config: { scope: name, key: name },
      metadata: index,
    })
  }
  await client.settled()
  for (const [index, [, name]] of NAMES.entries()) {
    const { result } = await client.call('state::set', { scope: name, key: name, value: index })
    expect(result).toEqual({ old_value: null, new_value: index })
  }
  for (const [index, [, name]] of NAMES.entries()) {
    expect((await client.call('state::get', { scope: name, key: name })).result).toBe(index)
    expect((await client.call('state::list', { scope: name })).result).toEqual([index])
  }
  const { groups } = (await client.call('state::list_groups', {})).result as { groups: string[] }
  expect(groups.map(isTrimmed)).toEqual(
    NAMES.map(([, name]) => name)
      .sort()
      .map(isTrimmed),
  )
  await client.until(() => client.calls('names::state').length >= NAMES.length, 'an event for each')
  const told = client.calls('names::state').map(({ data, metadata }) => {
    const { scope, key, new_value } = data as { scope: string; key: string; new_value: number }
    return [isTrimmed(scope), isTrimmed(key), new_value, metadata]
  })
  expect(told).toEqual(NAMES.map(([, name], index) => [isTrimmed(name), isTrimmed(name), index, index]))
})

test('streams, groups and items, and their subscribers', async () => {
  const client = await RawClient.connect(engine.url)
  for (const [index, [, name]] of NAMES.entries()) {
    // One each: the ids that one client may subscribe to are limited in sum.
    const subscriber = await StreamClient.connect(engine.streamUrl)
    expect((await subscriber.joined('s-1', name, name, { id: name })).event).toEqual({ type: 'sync', data: null })
    const item = { stream_name: name, group_id: name, item_id: name }
    expect((await client.call('stream::set', { ...item, data: index })).result).toMatchObject({ old_value: null })
    expect((await client.call('stream::list', item)).result).toEqual([index])
    const [, frame] = await subscriber.take(2)
    const told = [frame!.streamName, frame!.groupId, frame!.id ?? 'null'].map(isTrimmed)
    expect(told).toEqual([name, name, name].map(isTrimmed))
    expect(frame!.event).toEqual({ type: 'create', data: index })
    subscriber.socket.terminate()
  }
  const all = (await client.call('stream::list_all', {})).result as { stream: { id: string; groups: string[] }[] }
  expect(all.stream.map(({ id, groups }) => [id, ...groups].map(isTrimmed))).toEqual(
    NAMES.map(([, name]) => name)
      .sort()
      .map((name) => [isTrimmed(name), isTrimmed(name)]),
  )
})

test.each(NAMES.filter(([, name]) => name !== ''))('a topic that is %s', async (_what, topic) => {
  const client = await RawClient.connect(engine.url)
  const index = NAMES.findIndex(([, name]) => name === topic)
  // Of a client that is lost its bindings are kept for a while: each has a function of its own.
  const id = `names::on-${index}`
  client.provide(id, () => null)
  client.send({
    type: 'registertrigger',
    id: topic,
    trigger_type: 'subscribe',
    function_id: id,
    config: { topic },
  })
  await client.settled()
  for (const [data, [, other]] of NAMES.entries()) await client.call('publish', { topic: other, data })
  await client.until(() => client.calls(id).length > 0, 'the event')
  await client.settled()
  expect(client.calls(id).map(({ data }) => data)).toEqual([index])
})

test.each(NAMES.filter(([, name]) => name !== '' && name.isWellFormed()))(
  'target and condition of a trigger that are %s',
  async (_what, name) => {
    const client = await RawClient.connect(engine.url)
    const [target, condition, scope] = [`target ${name}`, `condition ${name}`, `target ${name.length} ${name[0]}`]
    for (const id of [target, condition]) client.provide(id, () => true)
    client.send({
      type: 'registertrigger',
      id: scope,
      trigger_type: 'state',
      function_id: target,
      config: { scope, condition_function_id: condition },
    })
    await client.settled()
    await client.call('state::set', { scope, key: 'k', value: 1 })
    await client.until(() => client.calls(target).length > 0, 'the event')
    expect(client.calls(condition)).toHaveLength(1)
  },
)

// Ids of functions are well-formed text.
test.each(NAMES.filter(([, name]) => name.length < 1_000 && name.isWellFormed()))(
  'a worker serves a stream that is %s',
  async (_what, name) => {
    const [owner, client] = [await RawClient.connect(engine.url), await RawClient.connect(engine.url)]
    await owner.provided(`stream::get(${name})`, ({ item_id }: { item_id: string }) => `custom ${item_id}`)
    for (const [, other] of NAMES) {
      const { result } = await client.call('stream::get', { stream_name: other, group_id: 'g', item_id: name })
      expect({ other: isTrimmed(other), result }).toEqual({
        other: isTrimmed(other),
        result: other === name ? `custom ${name}` : undefined,
      })
    }
  },
)
