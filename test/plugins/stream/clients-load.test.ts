// Slow clients, many clients, and the limits of one connection (spec 02 §6.5, check 40).
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { within } from '../../support/deadline.ts'
import type { StreamClient } from '../../support/stream-client.ts'
import { StreamScene } from '../../support/stream-scene.ts'

/** More than the buffers of a loopback connection hold. */
const ENOUGH_BYTES = 64 * 1024 * 1024

describe('a client that never reads', () => {
  it('is closed with 1013 and told how to resume; the others get everything meanwhile', async () => {
    const scene = await StreamScene.open({ max_buffered_bytes: 1024 * 1024 })
    scene.bind('stream:leave', 'on-leave')
    scene.provide('on-leave', () => null)
    const stalled = await joinedClient(scene)
    const other = await joinedClient(scene)
    stalled.socket.pause()
    const value = 'x'.repeat(256 * 1024)
    let emitted = 0
    while (scene.payloadsOf('on-leave').length === 0 && emitted * value.length < ENOUGH_BYTES) {
      scene.feed.send('board', 'g1', null, `${emitted++}${value}`)
      await other.take(emitted + 1)
    }
    expect(scene.payloadsOf('on-leave')).toHaveLength(1)
    expect(scene.server.clientCount).toBe(1)
    expect(scene.log.lines).toMatchObject([{ message: 'A stream client was closed.', data: { code: 1013 } }])
    stalled.socket.resume()
    expect(await stalled.closed).toEqual({
      code: 1013,
      reason: 'too slow, limit 1024 frames or 1048576 bytes: reconnect and join with your last position',
    })
    // It does: nothing is missing.
    const back = await scene.connect()
    back.join('s-1', 'board', 'g1', { position: stalled.lastPosition })
    await back.until(() => stalled.received.length + back.received.length === emitted, 'the rest')
    expect([...stalled.received, ...back.received]).toEqual(other.received)
  })

  it('is closed by the number of frames as well', async () => {
    const scene = await StreamScene.open({ max_buffered_frames: 8, max_buffered_bytes: ENOUGH_BYTES })
    const stalled = await joinedClient(scene)
    stalled.socket.pause()
    let emitted = 0
    for (; scene.server.clientCount > 0 && emitted < 640; emitted++) {
      scene.feed.send('board', 'g1', null, 'x'.repeat(ENOUGH_BYTES / 640))
      await turn()
    }
    expect(scene.server.clientCount).toBe(0)
    stalled.socket.resume()
    expect((await stalled.closed).code).toBe(1013)
  })

  it('and never comes to its close frame is cut off, and its memory released', async () => {
    const scene = await StreamScene.open({ max_buffered_bytes: 1024 * 1024 })
    const stalled = await joinedClient(scene)
    stalled.socket.pause()
    while (scene.server.clientCount > 0) {
      scene.feed.send('board', 'g1', null, 'x'.repeat(256 * 1024))
      await turn()
    }
    expect(stalled.socket.readyState).toBe(1)
    // Closing the server ends it at once instead of in five seconds.
    await within(4_000, 'the end of the server', scene.server.close())
    stalled.socket.resume()
    await stalled.closed
  })

  it('while it catches up is given up after join_timeout_ms', async () => {
    const scene = await StreamScene.open({ join_timeout_ms: 200 })
    for (let n = 0; n < 40; n++) scene.feed.send('board', 'g1', null, 'x'.repeat(1024 * 1024))
    const client = await scene.connect()
    client.join('s-1', 'board', 'g1', { position: 'e1-0' })
    client.socket.pause()
    await scene.untilClients(0)
    client.socket.resume()
    expect(await client.closed).toEqual({
      code: 1013,
      reason: 'too slow in taking what was missed: reconnect and join with your last position',
    })
    let {
      received: { length: taken },
      lastPosition,
    } = client
    // On a slow machine it may be given up again.
    while (taken < 40) {
      const back = await scene.connect()
      back.join('s-1', 'board', 'g1', { position: lastPosition })
      await Promise.race([back.until(() => taken + back.received.length === 40, 'the rest', 15_000), back.closed])
      taken += back.received.length
      lastPosition = back.lastPosition ?? lastPosition
    }
    expect(taken).toBe(40)
  })
})

it('what a client has missed may be larger than what may wait for it', async () => {
  const scene = await StreamScene.open({ max_buffered_bytes: 64 * 1024, max_buffered_frames: 16 })
  for (let n = 0; n < 200; n++) scene.feed.send('board', 'g1', null, `${n} ${'x'.repeat(10_000)}`)
  const client = await scene.connect()
  client.join('s-1', 'board', 'g1', { position: 'e1-0' })
  await client.until(() => client.received.length === 200, '200 events')
  expect(client.received.map((value) => Number.parseInt(value as string, 10))).toEqual(
    Array.from({ length: 200 }, (_, n) => n),
  )
})

it('many joins of much data do not make a slow client of one that reads', async () => {
  const scene = await StreamScene.open({ max_buffered_bytes: 64 * 1024 })
  for (let group = 0; group < 40; group++) scene.feed.setSilently('board', `g${group}`, 'a', 'x'.repeat(1024 * 1024))
  const client = await scene.connect()
  for (let group = 0; group < 40; group++) client.join(`s-${group}`, 'board', `g${group}`)
  await client.take(40, 15_000)
  expect(client.frames.map(({ groupId, event }) => `${event.type} ${groupId}`)).toEqual(
    Array.from({ length: 40 }, (_, group) => `sync g${group}`),
  )
})

it('one frame may be larger than what may wait', async () => {
  const scene = await StreamScene.open({ max_buffered_bytes: 1_000 })
  const client = await joinedClient(scene)
  scene.feed.set('board', 'g1', 'a', 'x'.repeat(20 * 1024 * 1024))
  await client.take(2, 10_000)
  expect((client.received[0] as string).length).toBe(20 * 1024 * 1024)
})

it('1,000 subscribers get every event of a burst, in order and once', async () => {
  const scene = await StreamScene.open()
  const clients: StreamClient[] = []
  for (let batch = 0; batch < 20; batch++)
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => scene.connect('/stream/board/g1')))))
  for (const client of clients) await client.take(1)
  for (let n = 0; n < 64; n++) scene.feed.set('board', 'g1', `item-${n}`, n)
  await turn()
  for (let n = 64; n < 80; n++) scene.feed.set('board', 'g1', `item-${n}`, n)
  const expected = Array.from({ length: 80 }, (_, n) => n)
  for (const client of clients) {
    await client.take(81, 10_000)
    expect(client.received).toEqual(expected)
  }
}, 60_000)

describe('subscriptions of one connection', () => {
  it('above max_subscriptions close it with 1008', async () => {
    const scene = await StreamScene.open({ max_subscriptions: 2 })
    const client = await scene.connect()
    await client.joined('s-1', 'board', 'g1')
    await client.joined('s-2', 'board', 'g1')
    await client.joined('s-2', 'board', 'g2')
    client.leave('s-1', 'board', 'g1')
    await client.joined('s-3', 'board', 'g1')
    client.join('s-4', 'board', 'g1')
    expect(await client.closed).toEqual({
      code: 1008,
      reason: 'too many subscriptions on one connection, max_subscriptions is 2',
    })
  })

  it('with longer names than max_subscription_characters close it with 1008', async () => {
    const scene = await StreamScene.open({ max_subscription_characters: 100 })
    const client = await scene.connect()
    for (let round = 0; round < 10; round++) {
      await client.joined('s-1', 'board', 'g'.repeat(80))
      client.leave('s-1', 'board', 'g')
    }
    client.join('s-1', 'board', 'g'.repeat(100))
    expect((await client.closed).reason).toBe(
      'too many subscriptions on one connection, max_subscription_characters is 100',
    )
  })
})

describe('a silent connection', () => {
  it('is pinged, and dropped when it does not answer', async () => {
    const scene = await StreamScene.open({ ping_interval_ms: 20, idle_timeout_ms: 200 })
    const alive = await joinedClient(scene)
    const dead = await scene.connect('/', { autoPong: false })
    const pinged = new Promise<void>((resolve) => dead.socket.once('ping', () => resolve()))
    await within(5_000, 'a ping', pinged)
    expect((await within(5_000, 'the end', dead.closed)).code).toBe(1006)
    scene.feed.set('board', 'g1', 'a', 1)
    await alive.take(2)
  })

  it('is not one whose frames were not read because the worker stood still', async () => {
    const scene = await StreamScene.open({ ping_interval_ms: 40, idle_timeout_ms: 150 })
    const client = await joinedClient(scene)
    const pings = async (count: number): Promise<void> => {
      for (let seen = 0; seen < count; seen++) await once(client.socket, 'ping')
    }
    await within(5_000, 'pings', pings(2))
    const until = performance.now() + 500
    while (performance.now() < until);
    await within(5_000, 'pings', pings(4))
    expect(client.socket.readyState).toBe(1)
  })

  it('stays when both are switched off', async () => {
    const scene = await StreamScene.open({ ping_interval_ms: 0, idle_timeout_ms: 0 })
    const client = await joinedClient(scene)
    await client.settled()
    expect(client.socket.readyState).toBe(1)
  })
})

async function joinedClient(scene: StreamScene): Promise<StreamClient> {
  const client = await scene.connect()
  await client.joined('s-1', 'board', 'g1')
  return client
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
