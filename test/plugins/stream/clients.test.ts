// What a client of the stream WebSocket sees and says (spec 02 §6.3–6.5, checks 32–34, 37, 39).
import { describe, expect, it } from 'vitest'
import { StreamScene } from '../../support/stream-scene.ts'

describe('a group subscription', () => {
  it('gets the list, then every change, with timestamps that grow', async () => {
    const scene = await StreamScene.open()
    const { feed } = scene
    feed.setSilently('board', 'g1', 'a', { n: 0 })
    const client = await scene.connect()
    expect(await client.joined('s-1', 'board', 'g1')).toMatchObject({
      type: 'stream',
      streamName: 'board',
      groupId: 'g1',
      id: null,
      event: { type: 'sync', data: [{ n: 0 }] },
    })
    for (let n = 1; n <= 3; n++) feed.set('board', 'g1', 'b', { n })
    feed.delete('board', 'g1', 'b')
    const frames = await client.take(5)
    expect(frames.map(({ event }) => [event.type, event.data])).toEqual([
      ['sync', [{ n: 0 }]],
      ['create', { n: 1 }],
      ['update', { n: 2 }],
      ['update', { n: 3 }],
      ['delete', { n: 3 }],
    ])
    const times = frames.map(({ timestamp }) => timestamp)
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
  })

  it('gets what is sent without an item, and nothing of other groups and streams', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    scene.feed.set('board', 'g2', 'a', 'other group')
    scene.feed.set('boards', 'g1', 'a', 'other stream')
    scene.feed.set('board:g1', '', 'a', 'neither')
    scene.feed.send('board', 'g1', null, 'hello')
    const [, frame] = await client.take(2)
    expect(frame).toMatchObject({
      id: null,
      event: { type: 'event', event: { type: 'note', data: 'hello' } },
    })
    await client.settled()
    expect(client.received).toEqual(['hello'])
  })

  it('takes any text as names', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    const names = ['', '__proto__', 'a/b', 'ü\u0000"\\', 'x'.repeat(300)]
    for (const name of names) await client.joined(name, name, name, { id: name })
    for (const name of names) scene.feed.set(name, name, name, 1)
    await client.take(2 * names.length)
    expect(client.of('create').map(({ streamName, groupId, id }) => [streamName, groupId, id])).toEqual(
      names.map((name) => [name, name, name]),
    )
  })
})

describe('an item subscription', () => {
  it('starts with null when the item is missing, and gets this item alone', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    expect(await client.joined('s-1', 'board', 'g1', { id: 'a' })).toMatchObject({
      id: 'a',
      event: { type: 'sync', data: null },
    })
    scene.feed.set('board', 'g1', 'b', 'not this')
    scene.feed.send('board', 'g1', null, 'not this either')
    scene.feed.set('board', 'g1', 'a', 'this')
    scene.feed.send('board', 'g1', 'a', 'and this')
    await client.take(3)
    await client.settled()
    expect(client.received).toEqual(['this', 'and this'])
  })

  it('starts with the value of the item', async () => {
    const scene = await StreamScene.open()
    scene.feed.setSilently('board', 'g1', 'a', { n: 1 })
    const client = await scene.connect()
    expect((await client.joined('s-1', 'board', 'g1', { id: 'a' })).event.data).toEqual({ n: 1 })
  })
})

describe('several subscriptions of one connection', () => {
  it('bring one frame per event, however many match', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('item', 'board', 'g1', { id: 'a' })
    await client.joined('group', 'board', 'g1')
    await client.joined('group again', 'board', 'g1', { id: null })
    await client.joined('item again', 'board', 'g1', { id: 'a' })
    scene.feed.set('board', 'g1', 'a', 1)
    scene.feed.set('board', 'g1', 'b', 2)
    await client.take(6)
    await client.settled()
    expect(client.received).toEqual([1, 2])
    for (const id of ['group', 'group again']) client.leave(id, 'board', 'g1')
    await client.settled()
    scene.feed.set('board', 'g1', 'b', 3)
    scene.feed.set('board', 'g1', 'a', 4)
    await client.take(7)
    await client.settled()
    expect(client.received).toEqual([1, 2, 4])
  })

  it('bring the events of one turn in the order of emission, across groups and items', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('1', 'board', 'g1')
    await client.joined('2', 'board', 'g2', { id: 'a' })
    await client.joined('3', 'board', 'g2', { id: 'b' })
    for (let n = 0; n < 30; n++) scene.feed.set('board', n % 3 === 0 ? 'g1' : 'g2', n % 2 === 0 ? 'a' : 'b', n)
    await client.take(33)
    expect(client.received).toEqual(Array.from({ length: 30 }, (_, n) => n))
  })

  it('the same id again replaces the subscription', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    await client.joined('s-1', 'board', 'g2')
    scene.feed.set('board', 'g1', 'a', 'before')
    scene.feed.set('board', 'g2', 'a', 'now')
    await client.take(3)
    await client.settled()
    expect(client.received).toEqual(['now'])
  })
})

describe('leave', () => {
  it('ends the frames of the subscription and is not answered', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    client.leave('s-1', 'board', 'g1')
    await client.settled()
    scene.feed.set('board', 'g1', 'a', 1)
    await client.settled()
    expect(client.types).toEqual(['sync'])
  })

  it('and join again and again leaves nothing behind', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    for (let round = 0; round < 50; round++) {
      await client.joined('s-1', 'board', 'g1', { id: 'a' })
      client.leave('s-1', 'board', 'g1')
    }
    await client.joined('s-2', 'board', 'g1', { id: 'a' })
    scene.feed.set('board', 'g1', 'a', 1)
    await client.take(52)
    await client.settled()
    expect(client.received).toEqual([1])
  })
})

describe('what is no message', () => {
  it.each([
    ['garbage', '{"type":'],
    ['binary garbage', Buffer.from([0, 255, 1, 254])],
    ['no object', '[1]'],
    ['an unknown type', '{"type":"subscribe","data":{}}'],
    ['a join without data', '{"type":"join"}'],
    ['a join without subscriptionId', '{"type":"join","data":{"streamName":"board","groupId":"g1"}}'],
    ['a number as groupId', '{"type":"join","data":{"subscriptionId":"x","streamName":"board","groupId":1}}'],
    ['a number as id', '{"type":"join","data":{"subscriptionId":"x","streamName":"board","groupId":"g1","id":1}}'],
    ['a leave without streamName', '{"type":"leave","data":{"subscriptionId":"x","groupId":"g1"}}'],
  ])('%s is logged, and the next join works', async (_what, message) => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    client.socket.send(message)
    await client.joined('s-1', 'board', 'g1')
    await client.settled()
    expect(client.types).toEqual(['sync'])
    expect(scene.warnings()).toEqual([expect.stringMatching(/^A message of a stream client was ignored: its? /)])
  })

  it('a flood of it is logged once per second', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    for (let count = 0; count < 500; count++) client.send('nonsense')
    await client.joined('s-1', 'board', 'g1')
    expect(scene.warnings()).toHaveLength(1)
  })

  it('blank text is ignored without a word', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    client.send(' \n')
    client.send('')
    await client.joined('s-1', 'board', 'g1')
    expect(scene.log.lines).toEqual([])
  })
})

it('JSON in a binary frame is a message', async () => {
  const scene = await StreamScene.open()
  const client = await scene.connect()
  client.socket.send(Buffer.from('{"type":"join","data":{"subscriptionId":"s-1","streamName":"board","groupId":"g1"}}'))
  await client.take(1)
  expect(client.types).toEqual(['sync'])
})

it('a message may be 16 MiB long; a longer one closes with 1009', async () => {
  const scene = await StreamScene.open({ max_message_bytes: 1_000 })
  const client = await scene.connect()
  const join = '{"type":"join","data":{"subscriptionId":"s-1","streamName":"board","groupId":"g1"}}'
  client.send(join.padEnd(1_000))
  await client.take(1)
  client.send(join.padEnd(1_001))
  expect((await client.closed).code).toBe(1009)
})

describe('when the data cannot be read', () => {
  it('the subscription stays, without a sync', async () => {
    const scene = await StreamScene.open()
    scene.feed.beforeSnapshot = async () => {
      throw new Error('the list is broken')
    }
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    await client.settled()
    scene.feed.set('board', 'g1', 'a', 1)
    await client.take(1)
    expect(client.types).toEqual(['create'])
    expect(scene.log.lines).toMatchObject([{ level: 'warn', data: { error: 'the list is broken' } }])
  })

  it('in time, the subscription starts without', async () => {
    const scene = await StreamScene.open({ join_timeout_ms: 50 })
    scene.feed.beforeSnapshot = () => new Promise(() => {})
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    client.join('s-2', 'board', 'g2')
    await client.settled()
    scene.feed.set('board', 'g1', 'a', 1)
    await client.take(1)
    expect(client.received).toEqual([1])
  })
})

describe('a change while the data are read', () => {
  it('follows the sync', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    scene.feed.set('board', 'g1', 'a', 1)
    const { promise: read, resolve: release } = Promise.withResolvers<void>()
    scene.feed.beforeSnapshot = () => read
    client.join('s-1', 'board', 'g1')
    await client.settled()
    scene.feed.set('board', 'g1', 'b', 2)
    scene.feed.send('board', 'g1', null, 3)
    release()
    await client.take(3)
    await client.settled()
    expect(client.frames.map(({ event, position }) => [event.type, position])).toEqual([
      ['sync', 'e1-1'],
      ['create', 'e1-2'],
      ['event', 'e1-3'],
    ])
  })

  it('that stands in no history comes before it', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    const { promise: read, resolve: release } = Promise.withResolvers<void>()
    scene.feed.beforeSnapshot = () => read
    client.join('s-1', 'board', 'g1')
    await client.settled()
    scene.feed.set('board', 'g1', 'b', 2, { history: 'none' })
    await client.take(1)
    release()
    await client.take(2)
    scene.feed.set('board', 'g1', 'b', 3, { history: 'none' })
    await client.take(3)
    expect(client.types).toEqual(['create', 'sync', 'update'])
  })
})

it('the timestamp of a sync is before that of every later event, however slow the clock is', async () => {
  const scene = await StreamScene.open({}, () => 1_000)
  const client = await scene.connect()
  await client.joined('s-1', 'board', 'g1')
  scene.feed.set('board', 'g1', 'a', 1, { timestamp: 1_000 })
  scene.feed.set('board', 'g1', 'a', 2, { timestamp: 1_001 })
  await client.joined('s-2', 'board', 'g1')
  scene.feed.set('board', 'g1', 'b', 1, { timestamp: 1_001 })
  await client.take(5)
  expect(client.frames.map(({ timestamp }) => timestamp)).toEqual([999, 1_000, 1_001, 1_000, 1_001])
})

describe('the URL form', () => {
  it.each([
    ['/stream/board/g1', null],
    ['/stream/board/g1/', null],
    ['/stream/board/g1/a', 'a'],
    ['/stream/board/g1/a/', 'a'],
    ['/stream/bo%61rd/g%31/a?token=x', 'a'],
  ])('%s joins by itself', async (path, id) => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'on-join')
    scene.provide('on-join', () => ({}))
    const client = await scene.connect(path)
    await client.take(1)
    expect(client.frames).toMatchObject([{ streamName: 'board', groupId: 'g1', id, event: { type: 'sync' } }])
    expect(scene.payloadsOf('on-join')).toEqual([
      {
        subscription_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        stream_name: 'board',
        group_id: 'g1',
        id,
        context: null,
      },
    ])
  })

  it('takes join messages as well', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect('/stream/board/g1')
    await client.joined('s-2', 'board', 'g2')
    scene.feed.set('board', 'g1', 'a', 1)
    scene.feed.set('board', 'g2', 'a', 2)
    await client.take(4)
    expect(client.received).toEqual([1, 2])
  })

  it('keeps the socket open when the join is refused', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard')
    scene.provide('guard', ({ group_id }) => ({ unauthorized: group_id === 'g1' }))
    const client = await scene.connect('/stream/board/g1')
    await client.take(1)
    await client.joined('s-2', 'board', 'g2')
    expect(client.types).toEqual(['unauthorized', 'sync'])
  })

  it.each(['/nope', '/stream', '/stream/board', '/stream/board/', '/stream/a/b/c/d', '/streams/a/b', '//'])(
    '%s does not exist',
    async (path) => {
      const scene = await StreamScene.open()
      await expect(scene.connect(path)).rejects.toThrow('HTTP 404')
    },
  )

  it('works with a malformed escape, as it stands', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect('/stream/100%/g1')
    expect((await client.take(1))[0]).toMatchObject({ streamName: '100%' })
  })
})
