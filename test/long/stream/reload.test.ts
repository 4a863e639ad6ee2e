// `iii-stream` is replaced while 1,000 subscribers are connected: they come back by themselves and miss nothing, in order and once.
import { expect, it, onTestFinished } from 'vitest'
import { LoadClient } from '../../support/load-client.ts'
import { StreamSubscriber } from '../../support/stream-subscriber.ts'
import { expectAllAnswered } from '../plugins/owed-answers.ts'
import { report } from '../network/engine-under-test.ts'
import { streamEngine } from './stream-engine.ts'

const SUBSCRIBERS = 1_000
const RELOADS = 5
/** Events between two reloads at least; more come while the reload runs. */
const EVENTS_BETWEEN = 10

it(`${RELOADS} reloads with ${SUBSCRIBERS} subscribers: each sees every event once and in order`, async () => {
  const { folder, start } = await streamEngine()
  const engine = await start()
  const wrong: string[] = []
  const subscribers = Array.from({ length: SUBSCRIBERS }, (_, index) => {
    let last = 0
    return new StreamSubscriber(`${folder.streamUrl}/stream/board/g`, {
      onEvent: ({ event }) => {
        if (event.data.n !== last + 1) wrong.push(`subscriber ${index}: ${event.data.n} after ${last}`)
        last = event.data.n
      },
    })
  })
  onTestFinished(() => subscribers.forEach((subscriber) => subscriber.close()))
  await Promise.all(subscribers.map((subscriber) => subscriber.joined()))
  const [writer, observer] = await Promise.all([
    LoadClient.connect(folder.url, 'writer'),
    LoadClient.connect(folder.url, 'observer'),
  ])
  let written = 0
  const write = async (): Promise<void> => {
    const n = ++written
    await writer.result('stream::set', { stream_name: 'board', group_id: 'g', item_id: `i${n % 7}`, data: { n } })
  }
  for (let reload = 0; reload < RELOADS; reload++) {
    for (let event = 0; event < EVENTS_BETWEEN; event++) await write()
    const change = { over: false }
    const reloaded = observer
      .result('engine::plugins::reload', { name: 'iii-stream' })
      .finally(() => (change.over = true))
    while (!change.over) await write()
    await reloaded
    await Promise.all(
      subscribers.map((subscriber) => subscriber.until(() => subscriber.events >= written, 'all events', 60_000)),
    )
  }
  expect(wrong.slice(0, 5), `${wrong.length} events out of order`).toEqual([])
  expect(subscribers.map(({ events }) => events)).toEqual(subscribers.map(() => written))
  for (const { resumes, syncs } of subscribers) {
    expect(resumes).toEqual(Array.from({ length: RELOADS }, () => true))
    expect(syncs).toHaveLength(1)
  }
  for (const { closes } of subscribers) {
    expect(closes).toHaveLength(RELOADS)
    for (const { code, reason } of closes) {
      expect(code).toBe(1012)
      expect(reason).toContain('position')
    }
  }
  report(`${RELOADS} reloads, ${written} events to ${SUBSCRIBERS} subscribers each`)
  await Promise.all([writer.close(), observer.close()])
  expect(await engine.stop()).toBe(0)
}, 240_000)

it('6 reloads under the writes of a worker with handlers that write fail no call and lose no event', async () => {
  const { folder, start } = await streamEngine()
  const engine = await start()
  await expectAllAnswered({
    url: folder.url,
    engine,
    plugin: 'iii-stream',
    triggerType: 'stream',
    config: { stream_name: 'owed' },
    write: (loop, n) => ['stream::set', { stream_name: 'owed', group_id: 'g', item_id: `${loop}`, data: { n } }],
    onEvent: ({ id, event: { data } }) => ({
      loop: Number(id),
      n: data.n,
      then: ['stream::set', { stream_name: 'copies', group_id: 'g', item_id: id, data }],
    }),
    inOrder: true,
  })
}, 60_000)
