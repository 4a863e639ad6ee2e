// Streams on a Redis that several engines, iii among them, share (check 50 of spec 02).
import { describe, expect, test } from 'vitest'
import type { StreamEvent } from '../../../plugins/stream/event.ts'
import { within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { ignore, item, shown } from './adapter-cases.ts'
import { offsetsOf, openEngine, range, redisServer } from './redis-run.ts'

const SENT = '{"type":"event","event":{"type":"x","data":null}}'

describe.skipIf(lacks('redis-server'))('streams of several engines on one Redis (needs redis-server)', () => {
  test('events cross, in one order, with the same positions; bound functions hear of them where they were written', async () => {
    const server = await redisServer()
    const engines = [await openEngine(server), await openEngine(server), await openEngine(server)]
    const emitted: StreamEvent[] = []
    const note = (event: StreamEvent): void => void emitted.push(event)
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => {
        const { store } = engines[i % 3]!
        if (i % 5 === 0) return store.emit('s', 'g', null, SENT, note)
        if (i % 7 === 0) return store.update(item('u'), [{ type: 'set', path: [`m${i}`], value: i }], note)
        return store.set(item(`i${i % 4}`), `${i}`, note)
      }),
    )
    expect(emitted).toHaveLength(300)
    const [first, ...others] = await Promise.all(engines.map(({ heard }) => heard.take(300)))
    expect(offsetsOf(first!)).toEqual(range(1, 300))
    for (const other of others)
      expect(other.map(({ frame }) => `${frame}`)).toEqual(first!.map(({ frame }) => `${frame}`))
    const byOffset = emitted.toSorted((one, other) => one.position!.offset - other.position!.offset)
    expect(byOffset.map(({ frame }) => `${frame}`)).toEqual(first!.map(({ frame }) => `${frame}`))
    const latest = new Map<string | null, number>()
    let newest = 0
    for (const { item: id, timestamp } of first!) {
      expect(timestamp).toBeGreaterThanOrEqual(newest)
      if (id !== null) expect(timestamp).toBeGreaterThan(latest.get(id) ?? 0)
      latest.set(id, timestamp)
      newest = timestamp
    }
    expect(engines.map(({ lost }) => lost.items)).toEqual([[], [], []])
  })

  test('concurrent updates by several engines lose nothing, and each has its event', async () => {
    const server = await redisServer()
    const engines = [await openEngine(server), await openEngine(server)]
    await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        engines[i % 2]!.store.update(item('n'), [{ type: 'increment', path: ['n'], by: 1 }], ignore),
      ),
    )
    expect(await engines[0]!.store.get(item('n'))).toBe('{"n":400}')
    const events = (await engines[1]!.heard.take(400)).map(({ event }) => JSON.parse(event))
    expect(events).toEqual(range(1, 400).map((n) => ({ type: n === 1 ? 'create' : 'update', data: { n } })))
  })

  test('a subscriber may come back at another engine, which may not have heard yet of what it has', async () => {
    const server = await redisServer()
    const [one, other] = [await openEngine(server), await openEngine(server, { feedLimits: { arrivalMs: 60_000 } })]
    for (let round = 1; round <= 50; round++) {
      let position: StreamEvent['position']
      await one.store.set(item('i'), `${round}`, (event) => ({ position } = event))
      const missed = await other.store.feed.missedSince(position!, 's', 'g', null)
      expect(missed).toEqual({ recovered: true, events: [], position: { ...position, offset: round } })
    }
    const [first] = one.heard.items
    const ahead = { epoch: first!.position!.epoch, offset: 1_000 }
    const notThere = other.store.feed.missedSince(ahead, 's', 'g', null)
    expect(await within(5_000, 'the refusal', notThere)).toEqual({ recovered: false })
    const foreign = { epoch: 'other', offset: 1 }
    expect(await other.store.feed.missedSince(foreign, 's', 'g', null)).toEqual({ recovered: false })
  })

  test('an engine that starts while others write hears everything from there on, and has the history before', async () => {
    const server = await redisServer()
    const writer = await openEngine(server)
    const load = { stopped: false }
    const work = async (): Promise<void> => {
      while (!load.stopped) await writer.store.set(item('i'), '1', ignore)
    }
    const workers = Array.from({ length: 10 }, work)
    await writer.heard.take(200)
    for (let round = 0; round < 5; round++) {
      const { store, heard, lost } = await openEngine(server)
      const [first] = await heard.take(50)
      const epoch = first!.position!.epoch
      const missed = await store.feed.missedSince({ epoch, offset: 0 }, 's', 'g', 'i')
      expect(missed.recovered && offsetsOf(missed.events)).toEqual(
        range(1, missed.recovered ? missed.position.offset : 0),
      )
      expect(offsetsOf(heard.items)).toEqual(range(first!.position!.offset, heard.items.at(-1)!.position!.offset))
      expect(lost.items).toEqual([])
    }
    load.stopped = true
    await Promise.all(workers)
  })

  test('50. items of iii are read, its wrappers reach subscribers live, and it finds ours', async () => {
    const server = await redisServer()
    const { store, heard } = await openEngine(server)
    const iii = server.client()
    await iii.hset('stream:board:g1', 'card-4', '{"title":"x"}')
    expect(await store.get({ stream: 'board', group: 'g1', item: 'card-4' })).toBe('{"title":"x"}')
    expect(await store.list('board', 'g1')).toEqual(['{"title":"x"}'])
    expect(await store.streams()).toEqual([{ id: 'board', groups: ['g1'] }])
    await store.set({ stream: 'board', group: 'g1', item: 'card-5' }, '[]', ignore)
    expect(await iii.hget('stream:board:g1', 'card-5')).toBe('[]')
    const wrapper = {
      event: { data: { title: 'y', big: 1 }, type: 'update' },
      groupId: 'g1',
      id: 'card-4',
      streamName: 'board',
      timestamp: 1_767_000_000_123,
      type: 'stream',
    }
    await iii.publish('stream::events', JSON.stringify(wrapper))
    const [ours, theirs] = await heard.take(2)
    expect(shown(theirs!)).toEqual(wrapper)
    expect(theirs!.position).toBeUndefined()
    expect(ours!.position).toMatchObject({ offset: 1 })
    // It stands in no history.
    const missed = await store.feed.missedSince({ ...ours!.position!, offset: 0 }, 'board', 'g1', null)
    expect(missed).toMatchObject({ events: { length: 1 } })
  })

  test('what is published is the wrapper with its position, numbers as they were written', async () => {
    const server = await redisServer()
    const { store, heard } = await openEngine(server)
    const listener = server.client()
    const published: string[] = []
    listener.on('message', (_channel: string, text: string) => published.push(text))
    await listener.subscribe('stream::events')
    await store.set(item('i', 'g"', 's\ud800'), '{"big":12345678901234567890,"float":1.0}', ignore)
    const [event] = await heard.take(1)
    expect(event!.event).toBe('{"type":"create","data":{"big":12345678901234567890,"float":1.0}}')
    expect(published).toEqual([event!.frame.toString()])
    expect([event!.stream, event!.group]).toEqual(['s\ud800', 'g"'])
  })

  test('messages that are no events are ignored with a warning; a made-up position gets no place in the history', async () => {
    const server = await redisServer()
    const { store, heard, lost, log } = await openEngine(server)
    const stranger = server.client()
    for (const text of ['', 'no json', '[]', '{}', '{"type":"stream","streamName":"s","groupId":"g","event":"text"}']) {
      await stranger.publish('stream::events', text)
    }
    await store.set(item('i'), '1', ignore)
    const [first] = await heard.take(1)
    const { epoch } = first!.position!
    for (const position of [`${epoch}-99`, 'other-2', 'no position']) {
      const wrapper = {
        type: 'stream',
        timestamp: 1,
        streamName: 's',
        groupId: 'g',
        id: null,
        position,
        event: { type: 'x' },
      }
      await stranger.publish('stream::events', JSON.stringify(wrapper))
    }
    await heard.take(4)
    await store.set(item('i'), '2', ignore)
    expect(offsetsOf(await heard.take(5))).toEqual([1, undefined, undefined, undefined, 2])
    expect(lost.items).toEqual([])
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect(log.lines[0]!.message).toBe('A message on the Redis channel stream::events is no event and is ignored.')
  })

  test('no pair of stream and group is another one, and other keys are no streams', async () => {
    const server = await redisServer()
    const { store } = await openEngine(server)
    const other = server.client()
    await store.set(item('i', 'c', 'a:b'), '1', ignore)
    await store.set(item('i', 'b:c', 'a'), '2', ignore)
    await store.set(item('i', 'epoch', ''), '3', ignore)
    await other.set('stream:text:g', 'x')
    expect((await other.keys('stream:*')).sort()).toEqual([
      'stream:%:epoch',
      'stream::epoch',
      'stream::journal',
      'stream::stamped',
      'stream:a%3Ab:c',
      'stream:a:b:c',
      'stream:text:g',
    ])
    const streams = (await store.streams()).toSorted((one, another) => (one.id < another.id ? -1 : 1))
    expect(streams).toEqual([
      { id: '', groups: ['epoch'] },
      { id: 'a', groups: ['b:c'] },
      { id: 'a:b', groups: ['c'] },
    ])
  })

  test('an item that is no JSON is an error that shows it, until it is overwritten or deleted', async () => {
    const server = await redisServer()
    const { store, heard } = await openEngine(server)
    await server.client().hset('stream:s:g', { i: 'no json', j: 'neither' })
    for (const read of [store.get(item('i')), store.list('s', 'g'), store.snapshot('s', 'g', 'i')]) {
      await expect(read).rejects.toThrow(/What is stored there is no JSON: "(no json|neither)"/)
    }
    expect(await store.set(item('i'), '1', ignore)).toBe('"no json"')
    const emitted: StreamEvent[] = []
    expect(await store.delete(item('j'), (event) => emitted.push(event))).toBe('"neither"')
    await store.set(item('i'), '2', ignore)
    const events = await heard.take(3)
    expect(offsetsOf(events)).toEqual([1, 2, 3])
    expect([emitted[0]!.event, events[1]!.event]).toEqual(Array(2).fill('{"type":"delete","data":"neither"}'))
  })
})

describe.skipIf(lacks('redis-server'))('the journal in Redis (needs redis-server)', () => {
  test('keeps no more events than allowed', async () => {
    const server = await redisServer()
    const { store } = await openEngine(server, { history: { maxEvents: 10, maxBytes: 1_000_000 } })
    for (let i = 0; i < 35; i++) void store.set(item('i'), `${i}`, ignore)
    await store.set(item('i'), 'null', ignore)
    const journal = await server.client().xrange('stream::journal', '-', '+')
    expect(journal.map(([id]) => id)).toEqual(range(27, 36).map((offset) => `${offset}-0`))
  })

  test('nor more bytes', async () => {
    const server = await redisServer()
    const { store, heard } = await openEngine(server, { history: { maxEvents: 1_000, maxBytes: 10_000 } })
    const look = server.client()
    const large = JSON.stringify('x'.repeat(3_000))
    for (let i = 0; i < 20; i++) await store.set(item('i'), i % 2 === 0 ? large : '1', ignore)
    const bytes = async () =>
      (await look.xrange('stream::journal', '-', '+')).reduce((sum, [, [, text]]) => sum + text!.length, 0)
    expect(await bytes()).toBeLessThanOrEqual(10_000)
    expect(await look.hget('stream::epoch', 'bytes')).toBe(`${await bytes()}`)
    // One that is too large by itself is told, and not kept.
    await store.set(item('i'), JSON.stringify('x'.repeat(20_000)), ignore)
    await heard.take(21)
    expect([await look.xlen('stream::journal'), await bytes()]).toEqual([0, 0])
    await store.set(item('i'), '1', ignore)
    expect(offsetsOf(await heard.take(22)).at(-1)).toBe(22)
  })

  test('history 0: no journal, and frames without position', async () => {
    const server = await redisServer()
    const { store, heard } = await openEngine(server, { history: { maxEvents: 0, maxBytes: 0 } })
    await store.set(item('i'), '1', ignore)
    const [event] = await heard.take(1)
    expect(shown(event!)).not.toHaveProperty('position')
    expect(event!.position).toBeUndefined()
    expect(await store.snapshot('s', 'g', null)).toEqual({ data: '[1]', position: undefined })
    expect(await server.client().exists('stream::journal')).toBe(0)
  })

  test('an engine that keeps none does not harm the history of others', async () => {
    const server = await redisServer()
    const [keeps, none] = [
      await openEngine(server),
      await openEngine(server, { history: { maxEvents: 0, maxBytes: 0 } }),
    ]
    for (let i = 0; i < 10; i++) await (i % 2 === 0 ? keeps : none).store.set(item('i'), `${i}`, ignore)
    expect(offsetsOf(await keeps.heard.take(10))).toEqual([
      1,
      undefined,
      2,
      undefined,
      3,
      undefined,
      4,
      undefined,
      5,
      undefined,
    ])
    expect(offsetsOf(await none.heard.take(10))).toEqual(Array(10).fill(undefined))
    expect([keeps.lost.items, none.lost.items]).toEqual([[], []])
  })
})
