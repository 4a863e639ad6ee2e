// The live feed of queues (spec 03 §5.2): on a change, at most once a second, and quiet where there is no stream worker.
import { describe, expect, test } from 'vitest'
import type { TopicRow } from '../../../../plugins/queue/admin/listing.ts'
import { FEED_MS, FEED_RETRY_MS, LiveFeed, MAX_FEED_QUEUES } from '../../../../plugins/queue/watch/live-feed.ts'
import { MAX_FIGURES, QueueFigures } from '../../../../plugins/queue/watch/queue-figures.ts'
import type { TriggerRequest } from '../../../../sdk/handle-types.ts'
import { ManualClock } from '../../../../testing/manual-clock.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { Collector } from '../../../support/deadline.ts'

const STATS = { waiting: 2, active: 2, awaiting: 1, delayed: 1, dead: 4, paused: false }

function scene(rows: TopicRow[] = [{ kind: 'named', name: 'mail', brokerType: 'function_queue', stats: STATS }]) {
  const clock = new ManualClock()
  const sent = new Collector<TriggerRequest>()
  const answer: { error: Error | undefined } = { error: undefined }
  const log = collectingLog()
  const feed: LiveFeed = new LiveFeed({
    iii: {
      async trigger(request) {
        sent.add(request)
        if (answer.error !== undefined) throw answer.error
      },
    },
    log,
    clock,
    figures: () => figures,
    rows: async () => rows,
  })
  const figures: QueueFigures = new QueueFigures(
    () => clock.now(),
    () => feed.changed(),
  )
  const mail = figures.of('named', 'mail')
  return { clock, sent, answer, log, feed, figures, mail }
}

describe('the feed', () => {
  test('tells of all queues when something has changed, with rates since the last time', async () => {
    const { clock, sent, mail } = scene()
    mail.addEnqueued(10)
    mail.settle({ kind: 'done' })
    clock.move(FEED_MS)
    expect(await sent.take(1)).toEqual([
      {
        function_id: 'stream::send',
        payload: {
          stream_name: 'iii:devtools:queues',
          group_id: 'all',
          type: 'queues',
          data: {
            queues: [
              { name: 'mail', kind: 'named', depth: 5, delayed: 1, in_flight: 2, dlq: 4, rate_in: 10, rate_out: 1 },
            ],
          },
        },
      },
    ])
  })

  test('is sent once a second at most, and not at all while nothing happens', async () => {
    const { clock, sent, mail } = scene()
    for (let round = 0; round < 5; round++) mail.addEnqueued(1)
    clock.move(FEED_MS - 1)
    expect(sent.items).toEqual([])
    clock.move(1)
    await sent.take(1)
    await new Promise(setImmediate)
    clock.move(10 * FEED_MS)
    expect(sent.items).toHaveLength(1)
    mail.addEnqueued(1)
    clock.move(FEED_MS)
    await sent.take(2)
  })

  test('that nobody takes is tried again much later, without a word', async () => {
    const { clock, sent, answer, log, mail } = scene()
    answer.error = Object.assign(new Error('no such function'), { code: 'function_not_found' })
    mail.addEnqueued(1)
    clock.move(FEED_MS)
    await sent.take(1)
    await new Promise(setImmediate)
    mail.addEnqueued(1)
    clock.move(FEED_RETRY_MS - 1)
    expect(sent.items).toHaveLength(1)
    answer.error = undefined
    clock.move(1)
    await sent.take(2)
    expect(log.lines).toEqual([])
  })

  test('tells of so many queues and no more', async () => {
    const rows = Array.from({ length: MAX_FEED_QUEUES + 1 }, (_, number): TopicRow => {
      return { kind: 'topic', name: `t${number}`, brokerType: 'builtin', stats: STATS }
    })
    const { clock, sent, mail } = scene(rows)
    mail.addEnqueued(1)
    clock.move(FEED_MS)
    const [request] = await sent.take(1)
    expect((request!.payload as { data: { queues: unknown[] } }).data.queues).toHaveLength(MAX_FEED_QUEUES)
  })

  test('ends with the plugin', () => {
    const { clock, sent, feed, mail } = scene()
    mail.addEnqueued(1)
    feed.close()
    clock.move(FEED_MS)
    expect(sent.items).toEqual([])
  })
})

test('so many names have figures, later ones are counted for nobody', () => {
  const { figures } = scene()
  for (let number = 0; number < MAX_FIGURES + 5; number++) figures.of('topic', `t${number}`).addEnqueued(1)
  expect([...figures.all]).toHaveLength(MAX_FIGURES)
  expect(figures.find('topic', 't0')?.enqueued).toBe(1)
  expect(figures.find('topic', `t${MAX_FIGURES}`)).toBeUndefined()
})
