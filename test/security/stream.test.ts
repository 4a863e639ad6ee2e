// Hostile clients of the stream listener: what they send ends their own connection at most, and the others get every event meanwhile.
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { within } from '../support/deadline.ts'
import type { StreamClient } from '../support/stream-client.ts'
import { StreamScene } from '../support/stream-scene.ts'
import { DRIPS, sendFragments } from './drips.ts'

/** Another client, which is served after everything that was done to the listener. */
async function bystander(scene: StreamScene): Promise<() => Promise<void>> {
  const client = await scene.connect()
  await client.joined('theirs', 'board', 'g1')
  let number = 0
  return async () => {
    scene.feed.set('board', 'g1', 'card', ++number)
    await client.until(() => client.received.length === number, 'the event')
  }
}

function tcpOf({ socket }: StreamClient): Socket {
  const { _socket: tcp } = socket as unknown as { _socket: Socket }
  return tcp
}

describe('Bytes that are no frames of a client', () => {
  it.each([
    ['a frame that is not masked', [0x81, 0x01, 0x61], 1002],
    ['a reserved bit', [0xc1, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ['an unknown opcode', [0x83, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ['a ping of more than 125 bytes', [0x89, 0xfe, 0, 0x7e, 0, 0, 0, 0], 1002],
    ['a ping in fragments', [0x09, 0x80, 0, 0, 0, 0], 1002],
    ['the rest of a message that has no beginning', [0x80, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ['a message inside another one', [0x01, 0x81, 0, 0, 0, 0, 0x61, 0x81, 0x81, 0, 0, 0, 0, 0x61], 1002],
    ['text that is no UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007],
    ['a close frame of one byte', [0x88, 0x81, 0, 0, 0, 0, 0x03], 1002],
    ['a close code that nobody may send', [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002],
    ['a message of eight exabytes', [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1009],
    ['the head of a message of 17 MiB', [0x81, 0xff, 0, 0, 0, 0, 0x01, 0x10, 0, 0, 0, 0, 0, 0], 1009],
  ])('%s closes the connection', async (_what, bytes, code) => {
    const scene = await StreamScene.open()
    const isServed = await bystander(scene)
    const client = await scene.connect()
    tcpOf(client).write(Buffer.from(bytes))
    expect((await client.closed).code).toBe(code)
    await scene.untilClients(1)
    await isServed()
  })
})

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('Messages that nobody would think of', () => {
  it.each([
    ['a type that nests very deep', `{"type":${deep(200_000)}}`],
    ['data that nests deep', `{"type":"join","data":${deep(100_000)}}`],
    ['a name that nests deep', `{"type":"join","data":{"subscriptionId":"x","streamName":${deep(100_000)}}}`],
    ['names of prototypes', '{"type":"join","__proto__":{"data":{}},"data":{"__proto__":{"subscriptionId":"x"}}}'],
    ['a megabyte of members', `{${Array.from({ length: 100_000 }, (_, index) => `"m${index}":1`).join()}}`],
  ])('%s: one short line of the log, and the connection stays', async (_what, message) => {
    const scene = await StreamScene.open()
    const isServed = await bystander(scene)
    const client = await scene.connect()
    client.send(message)
    await client.joined('s-1', 'board', 'g1')
    expect(scene.warnings()).toHaveLength(1)
    expect(scene.warnings()[0]!.length).toBeLessThan(300)
    await isServed()
  })

  it('a position that nests deep is one that is not known', async () => {
    const scene = await StreamScene.open()
    const client = await scene.connect()
    const names = '"subscriptionId":"s-1","streamName":"board","groupId":"g1"'
    client.send(`{"type":"join","data":{${names},"position":${deep(100_000)}}}`)
    await client.until(() => client.of('sync').length > 0, 'the sync')
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', '\u0000', '\ud800'])(
    '%j is a name as any other',
    async (name) => {
      const scene = await StreamScene.open()
      const client = await scene.connect()
      await client.joined(name, name, name, { id: name })
      scene.feed.set(name, name, name, 1)
      await client.until(() => client.received.length === 1, 'the event')
      client.leave(name, name, name)
      await client.settled()
      expect(scene.warnings()).toEqual([])
    },
  )
})

test('Clients that join more often than they may, five thousand times together, end their own connections', async () => {
  const scene = await StreamScene.open({ max_subscriptions: 20 })
  const isServed = await bystander(scene)
  const attackers = await Promise.all(Array.from({ length: 50 }, () => scene.connect()))
  for (const [index, attacker] of attackers.entries())
    for (let round = 0; round < 100; round++) attacker.join(`s-${round}`, 'board', `g-${index}-${round % 50}`)
  for (const attacker of attackers) {
    const { code, reason } = await attacker.closed
    expect([code, reason]).toEqual([1008, expect.stringContaining('max_subscriptions is 20')])
  }
  await scene.untilClients(1)
  await isServed()
})

test.each(DRIPS)('Who sends %s is dropped after idle_timeout_ms', async (_what, first, rest) => {
  const scene = await StreamScene.open({ idle_timeout_ms: 300, ping_interval_ms: 100 })
  const isServed = await bystander(scene)
  const client = await scene.connect()
  const tcp = tcpOf(client)
  tcp.write(Buffer.from(first))
  const dripping = setInterval(() => tcp.write(Buffer.from(rest)), 20)
  onTestFinished(() => clearInterval(dripping))
  await within(5_000, 'the end of the connection', client.closed)
  await isServed()
})

test('Who sends whole messages in fragments for longer than that is not dropped', async () => {
  const scene = await StreamScene.open({ idle_timeout_ms: 300, ping_interval_ms: 100 })
  const client = await scene.connect()
  await sendFragments(tcpOf(client), 700)
  await client.joined('s-1', 'board', 'g1')
  expect(client.socket.readyState).toBe(1)
})
