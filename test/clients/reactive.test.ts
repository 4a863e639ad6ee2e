// State, streams, pub/sub, cron and settings with the unmodified SDKs of two generations, in an engine as a user runs it
// (spec 00 R1–R7; spec 02 §8; spec 03 §7, §8; spec 04 A.9).
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Collector } from '../support/deadline.ts'
import { engineFolder, STREAM_PORT, type EngineFolder, type EngineProcess } from '../support/engine-process.ts'
import type { StreamFrame } from '../support/stream-frame.ts'
import { StreamSubscriber } from '../support/stream-subscriber.ts'
import { OWN } from './own.ts'
import { connectSdk, failureOf, V11, V22, type Client, type Version } from './versions.ts'

let folder: EngineFolder
let engine: EngineProcess
let streamUrl: string

beforeAll(async () => {
  folder = await engineFolder(
    `  - name: iii-state\n  - name: iii-stream\n    config: { port: ${STREAM_PORT} }\n  - name: iii-cron\n  - name: iii-pubsub\n`,
  )
  engine = await folder.start({ args: ['--no-watch'] })
  streamUrl = `${folder.streamUrl}/stream`
})

afterAll(async () => {
  expect(await engine?.stop()).toBe(0)
  await folder?.remove()
})

const call = (client: Client, function_id: string, payload: object) => client.trigger({ function_id, payload })

/** A function of its own that collects what it gets, bound to a trigger; resolves once the engine has bound it. */
async function collected(client: Client, type: string, config: object): Promise<Collector<any>> {
  const events = new Collector<any>()
  const function_id = `test::${randomUUID()}`
  client.registerFunction(function_id, async (event) => void events.add(event))
  client.registerTrigger({ type, function_id, config })
  await expect
    .poll(async () => {
      const { registered_triggers: rows } = await call(client, 'engine::registered-triggers::list', { function_id })
      return rows.length
    })
    .toBe(1)
  return events
}

function subscribe(path: string): { subscriber: StreamSubscriber; frames: Collector<StreamFrame> } {
  const frames = new Collector<StreamFrame>()
  return { subscriber: new StreamSubscriber(`${streamUrl}/${path}`, { onEvent: frames.add }), frames }
}

describe.each([V22, V11, OWN])('with iii-sdk $name', (version: Version) => {
  it('two functions react to one scope, each on its own, and one of them pushes to subscribers', async () => {
    const client = connectSdk(version, folder.url)
    const scope = `todos-${randomUUID()}`
    const { subscriber, frames } = subscribe(`${scope}/all`)
    await subscriber.joined()
    const metrics = `metrics-${scope}`
    client.registerFunction(`${scope}::push`, async ({ key, new_value }) => {
      const payload = { stream_name: scope, group_id: 'all', id: key, type: 'todo', data: new_value }
      await client.trigger({ function_id: 'stream::send', payload, action: { type: 'void' } })
    })
    client.registerFunction(`${scope}::count`, async ({ old_value }) => {
      const by = old_value === null ? 1 : 0
      const ops = [{ type: 'increment', path: 'created', by }]
      await call(client, 'state::update', { scope: metrics, key: 'all', ops })
    })
    client.registerTrigger({ type: 'state', function_id: `${scope}::push`, config: { scope } })
    client.registerTrigger({ type: 'state', function_id: `${scope}::count`, config: { scope } })
    for (const n of [1, 2]) await call(client, 'state::set', { scope, key: `t${n}`, value: { n } })
    await call(client, 'state::set', { scope, key: 't1', value: { n: 3 } })
    const seen = await frames.take(3)
    expect(seen.map(({ id, event }) => [id, event.event])).toEqual([
      ['t1', { type: 'todo', data: { n: 1 } }],
      ['t2', { type: 'todo', data: { n: 2 } }],
      ['t1', { type: 'todo', data: { n: 3 } }],
    ])
    await expect.poll(() => call(client, 'state::get', { scope: metrics, key: 'all' })).toEqual({ created: 2 })
    subscriber.close()
  })

  it('a custom stream: its operations, its events, and what is left when its worker goes', async () => {
    const client = connectSdk(version, folder.url)
    const name = `board-${randomUUID()}`
    const items = new Map<string, unknown>()
    const owner = version.connect(folder.url)
    version.stream(owner, name, {
      get: async ({ item_id }: { item_id: string }) => items.get(item_id) ?? null,
      set: async ({ item_id, data }: { item_id: string; data: unknown }) => {
        const old_value = items.get(item_id)
        items.set(item_id, data)
        return { old_value, new_value: data }
      },
      delete: async ({ item_id }: { item_id: string }) => {
        const old_value = items.get(item_id)
        items.delete(item_id)
        return { old_value }
      },
      list: async () => [...items.values()],
      listGroups: async () => ['g'],
      update: async () => null,
    })
    const item = { stream_name: name, group_id: 'g', item_id: 'i' }
    // The worker's own call comes after its registrations: from here on everybody's writes are its own.
    await call(owner, 'stream::list', { stream_name: name, group_id: 'g' })
    const events = await collected(client, 'stream', { stream_name: name })
    const { subscriber, frames } = subscribe(`${name}/g`)
    await subscriber.joined()
    expect(await call(client, 'stream::set', { ...item, data: { a: 1 } })).toEqual({
      old_value: null,
      new_value: { a: 1 },
    })
    expect(items.get('i')).toEqual({ a: 1 })
    const ops = [{ type: 'increment', path: 'a', by: 1 }]
    expect(await call(client, 'stream::update', { ...item, ops })).toEqual({ old_value: { a: 1 }, new_value: { a: 2 } })
    expect(await call(client, 'stream::get', item)).toEqual({ a: 2 })
    expect(await call(client, 'stream::delete', item)).toEqual({ old_value: { a: 2 } })
    const told = [
      { type: 'create', data: { a: 1 } },
      { type: 'update', data: { a: 2 } },
      { type: 'delete', data: { a: 2 } },
    ]
    expect((await frames.take(3)).map(({ event }) => event)).toEqual(told)
    expect((await events.take(3)).map(({ event }) => event)).toEqual(told)
    await owner.shutdown()
    expect(await call(client, 'stream::set', { ...item, data: 'kept by the engine' })).toEqual({
      old_value: null,
      new_value: 'kept by the engine',
    })
    expect(items.size).toBe(0)
    subscriber.close()
  })

  it('a missing item resolves to undefined, a stored null to null', async () => {
    const client = connectSdk(version, folder.url)
    const item = { stream_name: randomUUID(), group_id: 'g', item_id: 'i' }
    expect(await call(client, 'stream::get', item)).toBeUndefined()
    await call(client, 'stream::set', { ...item, data: null })
    expect(await call(client, 'stream::get', item)).toBeNull()
  })

  it('publish and subscribe', async () => {
    const client = connectSdk(version, folder.url)
    const topic = `orders-${randomUUID()}`
    const [one, two] = [
      await collected(client, 'subscribe', { topic }),
      await collected(client, 'subscribe', { topic }),
    ]
    expect((await call(client, 'publish', { topic, data: { n: 1 } })) ?? null).toBeNull()
    expect(await one.take(1)).toEqual([{ n: 1 }])
    expect(await two.take(1)).toEqual([{ n: 1 }])
  })

  it('a trigger with a mistyped member is refused, and its author is told what was meant', async () => {
    const client = connectSdk(version, folder.url)
    const said: string[] = []
    const note = (...parts: unknown[]): void => void said.push(parts.map(String).join(' '))
    for (const level of ['error', 'warn'] as const) vi.spyOn(console, level).mockImplementation(note)
    const member = version === V22 ? 'scop' : 'scpoe'
    client.registerFunction('test::noticed', async () => null)
    client.registerTrigger({ type: 'state', function_id: 'test::noticed', config: { [member]: 'a' } })
    const told = new RegExp(`unknown key '${member}'. Did you mean 'scope'?`)
    await expect.poll(() => engine.output()).toMatch(told)
    // The old SDK keeps it to itself.
    if (version === V22) await expect.poll(() => said.join('\n')).toMatch(told)
  })

  it('a cron trigger fires, and one that does not parse is refused', async () => {
    const client = connectSdk(version, folder.url)
    const ticks = await collected(client, 'cron', { expression: '*/1 * * * * *' })
    const [first] = await ticks.take(1)
    expect(Object.keys(first).sort()).toEqual(['actual_time', 'job_id', 'scheduled_time', 'trigger'])
    const request = { trigger_type: 'cron', function_id: 'state::get', config: { expression: '60 * * * * *' } }
    const failure = await failureOf(call(client, 'engine::register_trigger', request))
    expect(failure).toMatchObject({ code: 'trigger_registration_failed' })
    expect(failure.message).toContain('60 * * * * *')
  })

  it('settings of the engine are read, set and refused', async () => {
    const client = connectSdk(version, folder.url)
    const changes = await collected(client, 'configuration', {
      configuration_id: 'iii-state',
      event_types: ['configuration:updated'],
    })
    const { value } = await call(client, 'configuration::get', { id: 'iii-state' })
    expect(value).toEqual(expect.any(Object))
    await call(client, 'configuration::set', { id: 'iii-state', value: { max_value_bytes: 8 } })
    expect(await changes.take(1)).toMatchObject([
      {
        type: 'configuration',
        event_type: 'configuration:updated',
        id: 'iii-state',
        new_value: { max_value_bytes: 8 },
      },
    ])
    const tooLarge = call(client, 'state::set', { scope: 's', key: 'k', value: 'way more than eight' })
    expect(await failureOf(tooLarge)).toMatchObject({ code: 'VALUE_TOO_LARGE' })
    const wrong = call(client, 'configuration::set', { id: 'iii-state', value: { max_value_bytes: 'many' } })
    expect(await failureOf(wrong)).toMatchObject({ code: 'SCHEMA_INVALID' })
    await call(client, 'configuration::set', { id: 'iii-state', value: {} })
    expect(await call(client, 'state::set', { scope: 's', key: 'k', value: 'way more than eight' })).toMatchObject({
      new_value: 'way more than eight',
    })
  })
})
