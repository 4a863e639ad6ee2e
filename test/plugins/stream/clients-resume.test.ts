// Resume: a client that comes back with its last position gets what it has missed, in order and once.
import { describe, expect, it } from 'vitest'
import type { StreamClient } from '../../support/stream-client.ts'
import { StreamScene } from '../../support/stream-scene.ts'

describe('a join with a position', () => {
  it.each([
    ['position', 'in data'],
    ['lastEventId', 'in data'],
    ['last_event_id', 'in data'],
    ['position', 'beside data'],
  ])('%s %s brings a resume frame, then what was missed, then live frames', async (member, where) => {
    const scene = await StreamScene.open()
    const first = await scene.connect()
    await first.joined('s-1', 'board', 'g1')
    const { position } = await emitAndTake(scene, first, 'seen')
    await first.close()
    scene.feed.set('board', 'g1', 'b', 'missed')
    scene.feed.set('board', 'g2', 'b', 'not mine')
    scene.feed.send('board', 'g1', null, 'missed too')
    const second = await scene.connect()
    const data = { subscriptionId: 's-1', streamName: 'board', groupId: 'g1' }
    second.send(
      where === 'in data'
        ? { type: 'join', data: { ...data, [member]: position } }
        : { type: 'join', data, [member]: position },
    )
    await second.take(3)
    scene.feed.set('board', 'g1', 'c', 'live')
    await second.take(4)
    expect(second.frames).toMatchObject([
      { streamName: 'board', groupId: 'g1', id: null, position, event: { type: 'resume', recovered: true } },
      { id: 'b', event: { type: 'create', data: 'missed' } },
      { id: null, event: { type: 'event', event: { type: 'note', data: 'missed too' } } },
      { id: 'c', event: { type: 'create', data: 'live' } },
    ])
    expect(scene.feed.snapshotReads).toBe(1)
  })

  it.each(['position', 'last_event_id'])('works in the URL form, as %s', async (parameter) => {
    const scene = await StreamScene.open()
    scene.feed.set('board', 'g1', 'a', 1)
    scene.feed.set('board', 'g1', 'a', 2)
    const client = await scene.connect(`/stream/board/g1/a?${parameter}=e1-1`)
    await client.take(2)
    expect(client.frames).toMatchObject([
      { id: 'a', position: 'e1-1', event: { type: 'resume', recovered: true } },
      { id: 'a', position: 'e1-2', event: { type: 'update', data: 2 } },
    ])
  })

  it('of an item brings what concerns the item', async () => {
    const scene = await StreamScene.open()
    scene.feed.set('board', 'g1', 'a', 1)
    scene.feed.set('board', 'g1', 'b', 2)
    scene.feed.send('board', 'g1', null, 3)
    scene.feed.send('board', 'g1', 'a', 4)
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { id: 'a', position: 'e1-0' })
    await client.take(3)
    await client.settled()
    expect(client.received).toEqual([1, 4])
  })

  it.each([
    ['of another epoch', 'e0-1'],
    ['from before the history', 'e1-0'],
    ['of the future', 'e1-99'],
    ['of another server', 'MTIzNDU='],
    ['that is no text', 17],
  ])('%s brings recovered: false, then a sync', async (_what, position) => {
    const scene = await StreamScene.open()
    scene.feed.maxEvents = 2
    for (let n = 1; n <= 3; n++) scene.feed.set('board', 'g1', 'a', n)
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position })
    await client.take(2)
    scene.feed.set('board', 'g1', 'a', 4)
    await client.take(3)
    expect(client.frames).toMatchObject([
      { event: { type: 'resume', recovered: false } },
      { position: 'e1-3', event: { type: 'sync', data: [3] } },
      { position: 'e1-4', event: { type: 'update', data: 4 } },
    ])
    expect(client.frames[0]).not.toHaveProperty('position')
  })

  it.each(['', null])('%j is none', async (position) => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position })
    await client.take(1)
    expect(client.types).toEqual(['sync'])
  })

  it('that is refused gets nothing of the history', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard')
    scene.provide('guard', () => ({ unauthorized: true }))
    scene.feed.set('board', 'g1', 'a', 'secret')
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position: 'e1-0' })
    await client.take(1)
    await client.settled()
    expect(client.types).toEqual(['unauthorized'])
    expect(scene.feed.missedReads).toBe(0)
  })
})

describe('the position of a sync', () => {
  it('is where its data are, before anything was told as well', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    expect((await client.joined('s-1', 'board', 'g1')).position).toBe('e1-0')
    scene.feed.set('other', 'g1', 'a', 1)
    expect((await client.joined('s-2', 'board', 'g2')).position).toBe('e1-1')
  })

  it('is absent when there is no history', async () => {
    const scene = await StreamScene.open()
    scene.feed.keepsHistory = false
    const client = await scene.connect()
    scene.feed.set('board', 'g1', 'a', 1)
    await client.joined('s-1', 'board', 'g1')
    scene.feed.set('board', 'g1', 'a', 2)
    await client.take(2)
    for (const frame of client.frames) expect(frame).not.toHaveProperty('position')
  })
})

describe('a subscription beside a live one', () => {
  it('that resumes gets everything after its position, and live events come once', async () => {
    const scene = await StreamScene.open()
    for (const [item, value] of Object.entries({ a: 1, b: 2 })) scene.feed.set('board', 'g1', item, value)
    const client = await scene.connect()
    client.join('group', 'board', 'g1', { position: 'e1-0' })
    client.join('item', 'board', 'g1', { id: 'a', position: 'e1-0' })
    await client.until(() => client.of('resume').length === 2, 'both resumed')
    scene.feed.set('board', 'g1', 'a', 3)
    await client.until(() => client.received.includes(3), 'the live frame')
    await client.settled()
    expect(client.received).toEqual([1, 2, 1, 3])
  })

  it('that is new: what comes while its data are read is delivered once, after the sync', async () => {
    const scene = await StreamScene.open()
    scene.feed.set('board', 'g1', 'a', 1)
    const client = await scene.connect()
    await client.joined('item', 'board', 'g1', { id: 'a' })
    const { promise: read, resolve: release } = Promise.withResolvers<void>()
    scene.feed.beforeSnapshot = () => read
    client.join('group', 'board', 'g1')
    await client.settled()
    for (const [item, value] of Object.entries({ b: 2, a: 3 })) scene.feed.set('board', 'g1', item, value)
    scene.feed.send('board', 'g1', 'a', 4)
    release()
    await client.until(() => client.received.includes(4), 'the last one')
    scene.feed.set('board', 'g1', 'a', 5)
    await client.until(() => client.received.includes(5), 'the live frame')
    await client.settled()
    expect(client.types.slice(0, 2)).toEqual(['sync', 'sync'])
    expect(client.received).toEqual([2, 3, 4, 5])
  })

  it.each(['odd', null])(
    '(%j) that needs several parts holds up the other: no event overtakes another, none is lost or doubled',
    async (item) => {
      const scene = await StreamScene.open({ max_buffered_frames: 4 })
      for (let n = 1; n <= 20; n++) scene.feed.set('board', 'g1', n % 2 === 0 ? 'even' : 'odd', n)
      const client = await scene.connect()
      await client.joined('live', 'board', 'g1', { id: item })
      let parts = 0
      let n = 20
      scene.feed.beforeMissed = async () => {
        if (parts++ < 8) scene.feed.set('board', 'g1', ++n % 2 === 0 ? 'even' : 'odd', n)
      }
      client.join('other', 'board', 'g1', { id: item === null ? 'odd' : null, position: 'e1-0' })
      await client.until(() => client.received.includes(28), 'the last one')
      scene.feed.set('board', 'g1', 'odd', 29)
      await client.until(() => client.received.includes(29), 'the end')
      const all = Array.from({ length: 29 }, (_, index) => index + 1)
      // Both cover everything from 21 on; before that it is what the other one resumes.
      expect(client.received).toEqual(item === null ? all.filter((value) => value > 20 || value % 2 === 1) : all)
      expect(parts).toBeGreaterThan(8)
    },
  )

  it('whose history is lost while another one is held up ends the connection', async () => {
    const scene = await StreamScene.open()
    scene.feed.set('board', 'g1', 'a', 1)
    const client = await scene.connect()
    await client.joined('group', 'board', 'g1')
    scene.feed.maxEvents = 1
    scene.feed.beforeSnapshot = async () => {
      for (let n = 0; n < 5; n++) scene.feed.set('board', 'g1', 'a', n)
    }
    client.join('item', 'board', 'g1', { id: 'a' })
    expect((await client.closed).code).toBe(1013)
    expect(scene.feed.snapshotReads).toBe(2)
  })
})

describe('when history runs out', () => {
  it('while a client catches up, it starts anew', async () => {
    const scene = await StreamScene.open({ max_buffered_frames: 4 })
    for (let n = 1; n <= 10; n++) scene.feed.set('board', 'g1', 'a', n)
    let reads = 0
    scene.feed.beforeMissed = async () => {
      if (++reads === 2) scene.feed.replaceHistory('e2')
    }
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position: 'e1-0' })
    await client.until(() => client.of('sync').length === 1, 'a sync')
    expect(client.types).toEqual(['resume', 'create', 'update', 'resume', 'sync'])
    expect(client.of('resume').map(({ event }) => event['recovered'])).toEqual([true, false])
  })

  it('at each read of the data, the client is told to come back later', async () => {
    const scene = await StreamScene.open()
    scene.feed.maxEvents = 1
    scene.feed.set('board', 'g1', 'a', 0)
    scene.feed.beforeSnapshot = async () => {
      for (let n = 0; n < 5; n++) scene.feed.set('board', 'g1', 'a', n)
    }
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    expect(await client.closed).toEqual({
      code: 1013,
      reason: 'the stream changes faster than its history reaches back: reconnect and join again',
    })
    expect(scene.feed.snapshotReads).toBe(3)
  })

  it.each([
    ['fails', () => Promise.reject(new Error('gone'))],
    ['hangs', () => new Promise<void>(() => {})],
  ])('the client whose history %s is closed, not the others', async (_what, beforeMissed) => {
    const scene = await StreamScene.open({ join_timeout_ms: 100 })
    scene.feed.set('board', 'g1', 'a', 1)
    const other = await scene.connect()
    await other.joined('s-1', 'board', 'g1')
    scene.feed.beforeMissed = beforeMissed
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position: 'e1-0' })
    expect(await client.closed).toMatchObject({
      code: 1013,
      reason: expect.stringContaining('join with your last position'),
    })
    scene.feed.set('board', 'g1', 'a', 2)
    await other.take(2)
  })
})

describe('lost events', () => {
  it('close every connection with 1012', async () => {
    const scene = await StreamScene.open()
    const clients = [await scene.connect(), await scene.connect('/stream/board/g1')]
    scene.feed.lose()
    for (const client of clients) {
      expect(await client.closed).toEqual({
        code: 1012,
        reason: 'events were lost: reconnect and join again for a fresh sync',
      })
    }
    const next = await scene.connect()
    await next.joined('s-1', 'board', 'g1')
  })

  it('are noticed by an event of another epoch', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    scene.feed.set('board', 'g1', 'a', 1)
    scene.feed.replaceHistory('e2')
    scene.feed.set('board', 'g1', 'a', 2)
    expect((await client.closed).code).toBe(1012)
    expect(client.received).toEqual([1])
    const next = await scene.connect()
    expect((await next.joined('s-1', 'board', 'g1')).position).toBe('e2-1')
  })
})

it('at most max_catch_ups clients read the history at a time', async () => {
  const scene = await StreamScene.open({ max_catch_ups: 2 })
  scene.feed.set('board', 'g1', 'a', 1)
  let running = 0
  let most = 0
  scene.feed.beforeMissed = async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
  }
  const clients = await Promise.all(Array.from({ length: 12 }, () => scene.connect()))
  for (const client of clients) client.join('s-1', 'board', 'g1', { position: 'e1-0' })
  for (const client of clients) await client.take(2)
  expect(most).toBe(2)
})

async function emitAndTake(scene: StreamScene, client: StreamClient, value: unknown): Promise<{ position: string }> {
  const { length } = client.frames
  scene.feed.set('board', 'g1', 'a', value)
  const frames = await client.take(length + 1)
  return { position: frames[length]!.position! }
}
