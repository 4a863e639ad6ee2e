// What subscribers hear when connections break and servers die: everything in order and once, or that events were lost.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RedisError } from '../../../kit/redis/redis-connection.ts'
import { REDIS_FEED_DEFAULTS } from '../../../plugins/stream/adapters/redis-feed.ts'
import type { StreamEvent } from '../../../plugins/stream/event.ts'
import { within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { ignore, item } from './adapter-cases.ts'
import { offsetsOf, openEngine, range, redisServer, type Engine } from './redis-run.ts'

const SMALL = { maxEvents: 5, maxBytes: 1_000_000 }

/** Ends the connections that listen, and keeps new ones out while `meanwhile` runs. */
async function withoutSubscribers(server: RedisServer, meanwhile: () => Promise<unknown>): Promise<void> {
  const admin = server.client()
  await admin.acl('SETUSER', 'default', '-subscribe')
  await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await meanwhile()
  await admin.acl('SETUSER', 'default', '+subscribe')
  // Those that were refused are not tried again before they are ended once more.
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
}

/** Again until it works, since the connection may be on its way back. */
function untilWritten(write: () => Promise<unknown>): Promise<void> {
  const tries = async (): Promise<void> => {
    for (;;) {
      try {
        await write()
        return
      } catch (error) {
        expect((error as RedisError).failure).toMatch(/unreachable|interrupted/)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }
  return within(10_000, 'a write', tries())
}

const written = ({ store }: Engine, value: string): Promise<void> =>
  untilWritten(() => store.set(item('i'), value, ignore))

describe.skipIf(lacks('redis-server'))('streams in Redis when connections break (needs redis-server)', () => {
  test('the defaults', () => {
    expect(REDIS_FEED_DEFAULTS).toEqual({
      maxBuffered: 10_000,
      maxBufferedBytes: 16_777_216,
      journalStep: 500,
      arrivalMs: 2_000,
      retryMs: 200,
    })
  })

  test('what was missed while the listening connection was cut is told in order and once', async () => {
    const server = await redisServer()
    const [writer, listener] = [await openEngine(server), await openEngine(server, { feedLimits: { journalStep: 3 } })]
    const admin = server.client()
    const load = { stopped: false }
    const work = async (): Promise<void> => {
      while (!load.stopped) await writer.store.set(item('i'), '1', ignore)
    }
    const workers = Array.from({ length: 5 }, work)
    for (let round = 1; round <= 10; round++) {
      await listener.heard.take(round * 50)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    }
    load.stopped = true
    await Promise.all(workers)
    const total = writer.heard.items.length
    await writer.store.set(item('i'), '"last"', ignore)
    const last = (events: readonly StreamEvent[]) => events.some(({ event }) => event.includes('"last"'))
    for (const { heard, lost } of [writer, listener]) {
      for (let count = total; !last(heard.items); count = heard.items.length + 1) await heard.take(count)
      expect(offsetsOf(heard.items)).toEqual(range(1, heard.items.length))
      expect(lost.items).toEqual([])
    }
  })

  test('kill -9 of the server under the load of two engines, three times: nothing is lost, doubled or seen too early', async () => {
    const server = await redisServer()
    const engines = [await openEngine(server), await openEngine(server)]
    const load = { stopped: false }
    const acknowledged: StreamEvent[] = []
    const work = async ({ store }: Engine, worker: number): Promise<void> => {
      for (let i = 0; !load.stopped; i++) {
        try {
          let emitted: StreamEvent | undefined
          await store.set(item(`w${worker}`), `"${worker}-${i}"`, (event) => (emitted = event))
          acknowledged.push(emitted!)
        } catch (error) {
          expect((error as RedisError).failure).toMatch(/unreachable|interrupted/)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
    const workers = Array.from({ length: 10 }, (_, worker) => work(engines[worker % 2]!, worker))
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length
      const progress = async (): Promise<void> => {
        while (acknowledged.length < before + 100) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await within(10_000, 'some writes', progress())
      if (round < 2) await server.restart()
    }
    load.stopped = true
    await within(5_000, 'all to settle', Promise.all(workers))
    let newest = 0
    // The writes that were waited for may all have been those of the other engine.
    await untilWritten(() =>
      engines[0]!.store.emit('s', 'g', null, '{"type":"event","event":{"type":"end","data":null}}', (event) => {
        newest = event.position!.offset
      }),
    )
    const entries = await server.client().xrange('stream::journal', '-', '+')
    const journal = entries.map(([, [, text]]) => text)
    for (const { heard, lost } of engines) {
      const events = await heard.take(newest, 10_000)
      expect(offsetsOf(events)).toEqual(range(1, newest))
      // What was heard is what the server still has after its last restart.
      expect(events.slice(-journal.length).map(({ frame }) => frame.toString())).toEqual(journal)
      const frames = new Set(events.map(({ frame }) => frame.toString()))
      expect(acknowledged.filter(({ frame }) => !frames.has(frame.toString()))).toEqual([])
      expect(lost.items).toEqual([])
    }
  }, 60_000)

  test('a start without Redis is an error that names the address and the setting', async () => {
    const { openRedis } = await import('../../../plugins/stream/adapters/redis.ts')
    const gone = await startRedis()
    await gone.stop()
    const context = { config: { redis_url: gone.url }, history: SMALL, projectRoot: '.', log: console as never }
    await expect(openRedis(context)).rejects.toThrow(
      `Redis at 127.0.0.1:${gone.port} (adapter.config.redis_url of iii-stream) is not reachable`,
    )
  })

  test('a user that may not listen is an error at the start', async () => {
    const server = await redisServer()
    await server.client().acl('SETUSER', 'default', '-subscribe')
    await expect(openEngine(server)).rejects.toThrow(/refused SUBSCRIBE stream::events: NOPERM/)
  })
})

describe.skipIf(lacks('redis-server'))('events that nobody can bring back (needs redis-server)', () => {
  test('a journal that reaches back no more: listeners are told once, and hear what follows', async () => {
    const server = await redisServer()
    const engine = await openEngine(server, { history: SMALL })
    await engine.store.set(item('i'), '0', ignore)
    const [first] = await engine.heard.take(1)
    await withoutSubscribers(server, async () => {
      for (let i = 1; i <= 20; i++) await written(engine, `${i}`)
    })
    expect(await engine.lost.take(1)).toEqual([1])
    await written(engine, '"after"')
    expect(offsetsOf(await engine.heard.take(2))).toEqual([1, 22])
    expect(await engine.store.feed.missedSince(first!.position!, 's', 'g', null)).toEqual({ recovered: false })
    expect(engine.lost.items).toHaveLength(1)
  })

  test('a journal that just reaches: nothing is lost', async () => {
    const server = await redisServer()
    const engine = await openEngine(server, { history: SMALL })
    await engine.store.set(item('i'), '0', ignore)
    await withoutSubscribers(server, async () => {
      for (let i = 1; i <= 5; i++) await written(engine, `${i}`)
    })
    expect(offsetsOf(await engine.heard.take(6))).toEqual(range(1, 6))
    expect(engine.lost.items).toEqual([])
  })

  test('an emptied server begins a new epoch', async () => {
    const server = await redisServer()
    const engine = await openEngine(server)
    await engine.store.set(item('i'), '1', ignore)
    const [first] = await engine.heard.take(1)
    await server.client().flushall()
    await engine.store.set(item('i'), '2', ignore)
    expect(await engine.lost.take(1)).toEqual([1])
    await engine.store.set(item('i'), '3', ignore)
    const events = await engine.heard.take(2)
    expect(events.at(-1)!.position!.epoch).not.toBe(first!.position!.epoch)
    expect(await engine.store.feed.missedSince(first!.position!, 's', 'g', null)).toEqual({ recovered: false })
  })

  test('so does one that was set back, as by a restore, before it gives out offsets again', async () => {
    const server = await redisServer()
    const engine = await openEngine(server)
    for (let i = 0; i < 10; i++) await engine.store.set(item('i'), `${i}`, ignore)
    const events = await engine.heard.take(10)
    await withoutSubscribers(server, async () => {
      const admin = server.client()
      await admin.hset('stream::epoch', 'offset', 4)
      await admin.xtrim('stream::journal', 'MAXLEN', 4)
    })
    expect(await engine.lost.take(1)).toEqual([10])
    await written(engine, '"after"')
    const after = (await engine.heard.take(11)).at(-1)!
    expect(after.position!.epoch).not.toBe(events[0]!.position!.epoch)
  })

  test('without a history every break of the connection loses events', async () => {
    const server = await redisServer()
    const engine = await openEngine(server, { history: { maxEvents: 0, maxBytes: 0 } })
    await engine.store.set(item('i'), '1', ignore)
    await engine.heard.take(1)
    await server.client().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    expect(await engine.lost.take(1)).toEqual([1])
    await written(engine, '2')
    expect(await engine.heard.take(2)).toHaveLength(2)
  })

  test('events without a place in the history that cannot be kept while the journal is read are lost, and that is told', async () => {
    const server = await redisServer()
    const engine = await openEngine(server, { feedLimits: { maxBuffered: 2, journalStep: 1 } })
    for (let i = 0; i < 20; i++) await engine.store.set(item('i'), `${i}`, ignore)
    await engine.heard.take(20)
    const wrapper = { type: 'stream', timestamp: 1, streamName: 's', groupId: 'g', id: null, event: { type: 'x' } }
    // The connection comes back to a journal with much to read, while iii publishes.
    await withoutSubscribers(server, async () => {
      for (let i = 0; i < 200; i++) await written(engine, `${i}`)
    })
    const iii = server.client()
    while (engine.lost.items.length === 0 && engine.heard.items.length < 220) {
      await Promise.all(Array.from({ length: 5 }, () => iii.publish('stream::events', JSON.stringify(wrapper))))
    }
    await engine.lost.take(1)
  })

  test('more than may be kept while the journal is read is read from there as well', async () => {
    const server = await redisServer()
    const limits = { maxBuffered: 2, journalStep: 1 }
    const [writer, listener] = [await openEngine(server), await openEngine(server, { feedLimits: limits })]
    for (let i = 0; i < 50; i++) void writer.store.set(item('i'), `${i}`, ignore)
    await listener.heard.take(10)
    await server.client().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await Promise.all(Array.from({ length: 300 }, (_, i) => writer.store.set(item('i'), `${i}`, ignore)))
    expect(offsetsOf(await listener.heard.take(350))).toEqual(range(1, 350))
    expect(listener.lost.items).toEqual([])
  })

  test('an engine that does not hear what a subscriber has got elsewhere gives up after arrivalMs', async () => {
    const server = await redisServer()
    const [writer, deaf] = [await openEngine(server), await openEngine(server, { feedLimits: { arrivalMs: 50 } })]
    const admin = server.client()
    await writer.store.set(item('i'), '1', ignore)
    await deaf.heard.take(1)
    await admin.acl('SETUSER', 'default', '-subscribe')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    let position: StreamEvent['position']
    await writer.store.set(item('i'), '2', (event) => ({ position } = event))
    const missed = deaf.store.feed.missedSince(position!, 's', 'g', null)
    expect(await within(1_000, 'the answer', missed)).toEqual({ recovered: false })
    const snapshot = deaf.store.snapshot('s', 'g', 'i')
    expect(await within(1_000, 'the snapshot', snapshot)).toEqual({ data: '2', position })
  })

  test('subscribers that come back during an outage get what this engine has heard', async () => {
    const server = await redisServer()
    const engine = await openEngine(server)
    for (let i = 0; i < 5; i++) await engine.store.set(item('i'), `${i}`, ignore)
    const [, second] = await engine.heard.take(5)
    await server.kill()
    onTestFinished(() => server.stop())
    const missed = await engine.store.feed.missedSince(second!.position!, 's', 'g', null)
    expect(missed.recovered && offsetsOf(missed.events)).toEqual([3, 4, 5])
  })
})
