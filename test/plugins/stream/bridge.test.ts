import { expect, onTestFinished, test } from 'vitest'
import { openBridge } from '../../../kit/bridge/bridge.ts'
import { openStreamBridge, StreamBridge } from '../../../plugins/stream/adapters/bridge.ts'
import type { StreamStore } from '../../../plugins/stream/adapters/store.ts'
import type { StreamEvent } from '../../../plugins/stream/event.ts'
import { HISTORY_DEFAULTS } from '../../../plugins/stream/config.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { ignore, item, shown, streamAdapterCases } from './adapter-cases.ts'

const MEMORY = '{ name: kv, config: { store_method: in_memory } }'
const WORKERS = [`{ name: iii-stream, config: { port: 0, adapter: ${MEMORY} } }`, '{ name: iii-pubsub }']

interface Heard {
  readonly events: Collector<StreamEvent>
  readonly lost: Collector<string>
}

function listen(store: StreamStore): Heard {
  const heard = { events: new Collector<StreamEvent>(), lost: new Collector<string>() }
  store.feed.listen({ event: heard.events.add, lost: () => heard.lost.add('lost') })
  return heard
}

async function open(url: string, log = collectingLog()): Promise<StreamStore> {
  const context = { config: { bridge_url: url }, history: HISTORY_DEFAULTS, projectRoot: '.', log }
  const store = await openStreamBridge(context)
  onTestFinished(() => store.close())
  return store
}

/** Connected, and bound to the events. */
async function openStore(url: string): Promise<StreamStore> {
  const store = await open(url)
  await store.get(item('anything'))
  return store
}

streamAdapterCases('bridge', async () => ({ store: await openStore((await startRemoteEngine(WORKERS)).url) }), {
  ordered: true,
  tellsNullFromNone: false,
  listsStreams: false,
  history: false,
})

test('engines bridged to the same one hear of each other; what others write there they do not hear', async () => {
  const { url } = await startRemoteEngine(WORKERS)
  const [one, other] = [await openStore(url), await openStore(url)]
  const heard = [listen(one), listen(other)]
  const remote = await RawClient.connect(url)
  const direct = { stream_name: 's', group_id: 'g', item_id: 'direct', data: 0 }
  expect((await remote.call('stream::set', direct)).error).toBeUndefined()
  await one.set(item('i'), '{"a":1}', ignore)
  await other.delete(item('i'), ignore)
  await one.emit('s', 'g', null, '{"type":"event","event":{"type":"x","data":[1]}}', ignore)
  for (const { events } of heard) {
    expect((await events.take(3)).map(shown)).toMatchObject([
      { streamName: 's', groupId: 'g', id: 'i', event: { type: 'create', data: { a: 1 } } },
      { id: 'i', event: { type: 'delete', data: { a: 1 } } },
      { id: null, event: { type: 'event', event: { type: 'x', data: [1] } } },
    ])
  }
  expect(await other.snapshot('s', 'g', null)).toEqual({ data: '[0]', position: undefined })
  expect(await other.snapshot('s', 'g', 'none')).toEqual({ data: 'null', position: undefined })
  const nowhere = { epoch: 'e', offset: 1 }
  expect(await one.feed.missedSince(nowhere, 's', 'g', null)).toEqual({ recovered: false })
})

test('after the other engine was killed, subscribers are told that they may have missed something, and hear again', async () => {
  const folder = await engineFolder('  - { name: iii-stream, config: { port: 0 } }\n  - { name: iii-pubsub }\n')
  onTestFinished(() => folder.remove())
  const first = await folder.start()
  const [one, other] = [await openStore(folder.url), await openStore(folder.url)]
  const heard = listen(other)
  await one.set(item('i'), '1', ignore)
  await heard.events.take(1)
  await first.kill()
  await expect(one.set(item('i'), '2', ignore)).rejects.toThrow(/is not connected|broke/)
  const back = listen(one)
  await folder.start()
  await Promise.all([heard.lost.take(1, 20_000), back.lost.take(1, 20_000)])
  expect(await one.get(item('i'))).toBe('1')
  await one.set(item('i'), '3', ignore)
  expect(shown((await heard.events.take(2))[1]!)).toMatchObject({ event: { type: 'update', data: 3 } })
  expect([heard.lost.items, heard.events.items.length]).toEqual([['lost'], 2])
}, 40_000)

test('without a pub/sub worker there a write succeeds and says so in the log; a send fails', async () => {
  const { url } = await startRemoteEngine([WORKERS[0]!])
  const log = collectingLog()
  const store = await open(url, log)
  const emitted: StreamEvent[] = []
  expect(await store.set(item('i'), '1', (event) => emitted.push(event))).toBeUndefined()
  expect(emitted).toHaveLength(1)
  const sent = store.emit('s', 'g', null, '{"type":"event","event":{}}', ignore)
  await expect(sent).rejects.toThrow('remote error (function_not_found): Function publish not found')
  const warning = log.lines.find(({ message }) => message.startsWith('Subscribers miss the event of a write'))
  expect(warning?.data).toMatchObject({ stream: 's', item: 'i', error: expect.stringContaining('publish') as string })
})

test('what is no event of a stream is refused with DESERIALIZATION_ERROR and reaches no subscriber', async () => {
  const { url } = await startRemoteEngine(WORKERS)
  const store = await openStore(url)
  const heard = listen(store)
  const remote = await RawClient.connect(url)
  const { result } = await remote.call('engine::functions::list', { include_internal: true })
  const { functions } = result as { functions: { function_id: string }[] }
  const receiver = functions.find(({ function_id }) => function_id.startsWith('stream::bridge::on_pub::'))!.function_id
  const good = { type: 'stream', timestamp: 1, streamName: 's', groupId: 'g', id: null, event: { type: 'x' } }
  for (const bad of [
    'x',
    [],
    {},
    { ...good, groupId: 1 },
    { ...good, id: 1 },
    { ...good, timestamp: '1' },
    { ...good, event: null },
  ]) {
    expect((await remote.call(receiver, bad)).error).toMatchObject({ code: 'DESERIALIZATION_ERROR' })
  }
  expect((await remote.call(receiver, good)).error).toBeUndefined()
  expect((await heard.events.take(1)).map(shown)).toEqual([good])
})

test('with the other engine away every operation fails with its address, and nothing is emitted', async () => {
  const store = await open(`ws://127.0.0.1:${await unusedPort()}`)
  const emitted: StreamEvent[] = []
  const onEmitted = (event: StreamEvent): void => void emitted.push(event)
  const failures = await Promise.allSettled([
    store.get(item('i')),
    store.set(item('i'), '1', onEmitted),
    store.delete(item('i'), onEmitted),
    store.update(item('i'), [], onEmitted),
    store.list('s', 'g'),
    store.snapshot('s', 'g', null),
    store.groups('s'),
  ])
  for (const failure of failures) {
    expect(failure).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringMatching(/is not connected/) as string },
    })
  }
  expect([await store.streams(), emitted]).toEqual([[], []])
})

test.each([
  ['so late that reads have failed, subscribers start anew', 20, ['lost']],
  ['before any read has failed, nothing was missed', 20_000, []],
])('when the first connection comes %s', async (_case, awayMs, lost) => {
  const port = await unusedPort()
  const log = collectingLog()
  const url = `ws://127.0.0.1:${port}`
  const limits = { awayMs, reconnectMs: 10, maxReconnectMs: 50 }
  const bridge = openBridge({ url, workerName: 'iii-stream-bridge', setting: 'the setting', log, limits })
  const store = new StreamBridge(bridge, { log })
  onTestFinished(() => store.close())
  const heard = listen(store)
  const early = store.get(item('i')).catch((error: Error) => error.message)
  if (lost.length > 0) expect(await early).toContain('is not connected')
  await startRemoteEngine(WORKERS, port)
  if (lost.length > 0) await heard.lost.take(1)
  else expect(await early).toBeUndefined()
  await store.set(item('i'), '1', ignore)
  await heard.events.take(1)
  expect(heard.lost.items).toEqual(lost)
})
