// The trigger types `stream:join` and `stream:leave` (spec 02 §6.2, checks 34, 35).
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { within } from '../../support/deadline.ts'
import type { StreamClient } from '../../support/stream-client.ts'
import { StreamScene } from '../../support/stream-scene.ts'

describe('stream:join', () => {
  it('is awaited before the subscription exists, and refuses it with {unauthorized: true}', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard')
    scene.provide('guard', () => ({ unauthorized: true }))
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { id: 'a' })
    await client.take(1)
    scene.feed.set('board', 'g1', 'a', 1)
    await client.settled()
    expect(client.frames).toEqual([
      {
        type: 'stream',
        timestamp: expect.any(Number),
        streamName: 'board',
        groupId: 'g1',
        id: 'a',
        event: { type: 'unauthorized' },
      },
    ])
    expect(client.socket.readyState).toBe(1)
    expect(scene.feed.snapshotReads).toBe(0)
  })

  it.each([
    ['a text as unauthorized', () => ({ unauthorized: 'no' })],
    ['1 as unauthorized', () => ({ unauthorized: 1 })],
    ['an empty object', () => ({})],
    ['nothing', () => undefined],
    ['null', () => null],
    ['true', () => true],
    [
      'an error',
      () => {
        throw new Error('broken')
      },
    ],
  ])('%s does not refuse', async (_what, handler) => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard')
    scene.provide('guard', handler)
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    expect(client.types).toEqual(['sync'])
  })

  it('a handler that does not exist does not refuse', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'nobody')
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    expect(scene.log.lines).toMatchObject([{ level: 'error', data: { code: 'function_not_found' } }])
  })

  it('all handlers run, and one refusal is enough', async () => {
    const scene = await StreamScene.open()
    for (const id of ['first', 'second', 'third']) {
      scene.bind('stream:join', id)
      scene.provide(id, () => ({ unauthorized: id === 'second' }))
    }
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    await client.take(1)
    expect(client.types).toEqual(['unauthorized'])
    expect(scene.calls.items.map(({ function_id }) => function_id)).toEqual(['first', 'second', 'third'])
  })

  it('calls name the binding and the namespace; metadata reach the handler alone', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'handler', {
      config: { condition_function_id: 'condition' },
      metadata: { a: 1 },
      namespace: 'team',
    })
    scene.provide('condition', () => true)
    scene.provide('handler', () => ({}))
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    const binding = 'stream:join handler'
    const payload = { subscription_id: 's-1', stream_name: 'board', group_id: 'g1', id: null, context: null }
    expect(scene.calls.items).toEqual([
      { function_id: 'condition', payload, binding, namespace: 'team', timeoutMs: 30_000 },
      { function_id: 'handler', payload, binding, namespace: 'team', timeoutMs: 30_000, metadata: { a: 1 } },
    ])
  })

  it('runs for its stream alone when the config names one', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard', { config: { stream_name: 'private' } })
    scene.provide('guard', () => ({ unauthorized: true }))
    const client = await scene.connect()
    await client.joined('s-1', 'public', 'g1')
    client.join('s-2', 'private', 'g1')
    await client.take(2)
    expect(client.types).toEqual(['sync', 'unauthorized'])
  })

  it.each([
    ['false', () => false, 'sync'],
    ['true', () => true, 'unauthorized'],
    ['0', () => 0, 'unauthorized'],
    ['nothing', () => undefined, 'unauthorized'],
    [
      'an error',
      () => {
        throw new Error('broken')
      },
      'sync',
    ],
  ])('a condition that gives %s: %#', async (_what, condition, outcome) => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard', { config: { condition_function_id: 'condition' } })
    scene.provide('condition', condition)
    scene.provide('guard', () => ({ unauthorized: true }))
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    await client.take(1)
    expect(client.types).toEqual([outcome])
  })

  it('a config of the wrong shape is refused', async () => {
    const scene = await StreamScene.open()
    expect(() => scene.bind('stream:join', 'guard', { config: { stream_name: 5 } })).toThrow(
      '`stream_name` must be a string, got 5',
    )
    expect(() => scene.bind('stream:leave', 'guard', { config: 'board' })).toThrow('the config must be an object')
  })

  it('a handler that hangs delays only its connection, and counts as no objection in the end', async () => {
    const scene = await StreamScene.open({ join_timeout_ms: 300 })
    scene.bind('stream:join', 'slow', { config: { stream_name: 'slow' } })
    scene.provide('slow', () => new Promise(() => {}))
    const one = await scene.connect()
    const other = await scene.connect()
    one.join('s-1', 'slow', 'g1')
    one.join('s-2', 'board', 'g1')
    await scene.called('slow')
    await other.joined('s-1', 'board', 'g1')
    expect(one.frames).toEqual([])
    await one.take(2)
    expect(one.frames.map(({ streamName }) => streamName)).toEqual(['slow', 'board'])
  })

  it.each([
    ['their number', { max_waiting_messages: 10 }],
    ['their bytes', { max_waiting_messages: 1_000_000 }],
  ])('messages are handled in order while a handler runs, and read up to a limit of %s', async (_what, settings) => {
    const scene = await StreamScene.open({
      ...settings,
      max_subscriptions: 2_000,
      max_subscription_characters: 2 ** 30,
    })
    scene.bind('stream:join', 'gate', { config: { stream_name: 'gate' } })
    const { promise: gate, resolve: open } = Promise.withResolvers<object>()
    scene.provide('gate', () => gate)
    const [client, other] = [await scene.connect(), await scene.connect()]
    client.join('gate', 'gate', 'g1')
    await scene.called('gate')
    const group = 'g'.repeat(20_000)
    for (let n = 0; n < 1_500; n++) client.join(`s-${n}`, 'board', group)
    // 30 MB do not fit into the buffers of the system: the client sees that it is not read.
    expect(await unreadAtLast(client, other)).toBeGreaterThan(0)
    expect(client.frames).toEqual([])
    open({})
    await client.take(1_501, 15_000)
    expect(client.frames.map(({ streamName }) => streamName).slice(0, 2)).toEqual(['gate', 'board'])
  })

  it('a binding that is gone does not run', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'guard')
    scene.provide('guard', () => ({ unauthorized: true }))
    scene.unbind('stream:join', 'guard')
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    expect(scene.calls.items).toEqual([])
  })
})

describe('stream:leave', () => {
  it('runs for each leave message, unknown ids included', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    scene.provide('on-leave', () => ({ unauthorized: true }))
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1', { id: 'a' })
    client.leave('s-1', 'board', 'g1')
    client.leave('never', 'board', 'g9')
    expect(await scene.called('on-leave', 2)).toEqual([
      { subscription_id: 's-1', stream_name: 'board', group_id: 'g1', id: 'a', context: null },
      { subscription_id: 'never', stream_name: 'board', group_id: 'g9', id: null, context: null },
    ])
    await client.close()
    await client.closed
    expect(scene.payloadsOf('on-leave')).toHaveLength(2)
  })

  it.each([
    ['a close frame', (socket: WebSocket) => socket.close(1000)],
    ['an abrupt end', (socket: WebSocket) => socket.terminate()],
    ['a protocol error', (socket: WebSocket) => rawSocketOf(socket).write(Buffer.from([0xff, 0xff, 0xff]))],
  ])('runs once for each remaining subscription after %s', async (_what, end) => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    scene.provide('on-leave', () => null)
    const client = await scene.connect()
    for (const id of ['s-1', 's-2', 's-3']) await client.joined(id, 'board', 'g1')
    client.leave('s-2', 'board', 'g1')
    await scene.called('on-leave')
    end(client.socket)
    const left = await scene.called('on-leave', 3)
    await within(5_000, 'the end', client.closed)
    expect(left.map(({ subscription_id }) => subscription_id)).toEqual(['s-2', 's-1', 's-3'])
    expect(scene.server.clientCount).toBe(0)
  })

  it('runs after a close frame of a peer that keeps its socket', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    scene.provide('on-leave', () => null)
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    const socket = rawSocketOf(client.socket)
    socket.end = () => socket
    socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]))
    await scene.called('on-leave')
  })

  it('runs for a join whose handler was still running when the connection ended', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:join', 'on-join')
    scene.bind('stream:leave', 'on-leave')
    const { promise: gate, resolve: open } = Promise.withResolvers<object>()
    scene.provide('on-join', () => gate)
    scene.provide('on-leave', () => null)
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1')
    await scene.called('on-join')
    client.socket.terminate()
    await scene.untilClients(0)
    open({})
    expect(await scene.called('on-leave')).toMatchObject([{ subscription_id: 's-1' }])
    expect(scene.feed.snapshotReads).toBe(0)
  })

  it('runs once when the connection ends while it runs', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    const { promise: gate, resolve: open } = Promise.withResolvers<object>()
    scene.provide('on-leave', () => gate)
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    await client.joined('s-2', 'board', 'g1')
    client.leave('s-1', 'board', 'g1')
    await scene.called('on-leave')
    client.socket.terminate()
    await scene.called('on-leave', 2)
    open({})
    expect(scene.payloadsOf('on-leave').map(({ subscription_id }) => subscription_id)).toEqual(['s-1', 's-2'])
  })

  it('is awaited: the next message of the connection waits for it', async () => {
    const scene = await StreamScene.open()
    scene.bind('stream:leave', 'on-leave')
    scene.bind('stream:join', 'on-join')
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    scene.provide('on-leave', () => gate)
    scene.provide('on-join', () => ({}))
    const client = await scene.connect()
    client.leave('s-1', 'board', 'g1')
    client.join('s-1', 'board', 'g1')
    await scene.called('on-leave')
    await client.settled()
    expect(scene.payloadsOf('on-join')).toEqual([])
    open()
    await client.take(1)
    expect(scene.payloadsOf('on-join')).toHaveLength(1)
  })
})

/** ws has no public way to the socket beneath. */
function rawSocketOf(webSocket: WebSocket): Socket {
  return (webSocket as unknown as Record<'_socket', Socket>)['_socket']
}

/** What a client could not send when nothing moves any more: others are served meanwhile. */
async function unreadAtLast(client: StreamClient, other: StreamClient): Promise<number> {
  let before = -1
  for (let atRest = 0; atRest < 10;) {
    await other.settled()
    const now = client.socket.bufferedAmount
    atRest = now === before ? atRest + 1 : 0
    before = now
  }
  return before
}
