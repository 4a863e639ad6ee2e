// The deduplication keys of a queue on RabbitMQ, as one engine has them: what counts, what is let go of, and how many there may be.
import type { Message } from 'amqplib'
import { expect, test } from 'vitest'
import { KnownKeys, type KeyRecord } from '../../../plugins/queue/adapters/rabbitmq/known-keys.ts'

function scene(maxKeys?: number) {
  const acknowledged: string[] = []
  const idOf = (message: Message): string => (JSON.parse(message.content.toString()) as KeyRecord).id
  const keys = new KnownKeys((message) => acknowledged.push(idOf(message)), maxKeys)
  const receive = (record: KeyRecord): void =>
    keys.received({ content: Buffer.from(JSON.stringify(record)) } as Message)
  return { keys, acknowledged, receive }
}

test('a key counts until its time, whether it was stored here or comes from the broker', () => {
  const { keys, receive } = scene()
  keys.stored({ key: 'a', id: '1', until: 100 })
  receive({ key: 'b', id: '2', until: 100 })
  expect([keys.find('a', 'x', 99)?.id, keys.find('b', 'x', 99)?.id]).toEqual(['1', '2'])
  expect([keys.find('a', 'x', 100), keys.find('b', 'x', 100), keys.find('c', 'x', 0)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('a job that comes again after its key has ended is known for a while', () => {
  const { keys } = scene()
  keys.stored({ key: 'a', id: '1', until: 100 })
  expect(keys.find('a', '1', 30_000)?.id).toBe('1')
})

test('of several messages of a key the one that lasts longest counts, and the others are let go of', () => {
  const { keys, receive, acknowledged } = scene()
  receive({ key: 'a', id: 'first', until: 100 })
  receive({ key: 'a', id: 'second', until: 200 })
  receive({ key: 'a', id: 'first again', until: 100 })
  expect(acknowledged).toEqual(['first', 'first again'])
  expect(keys.find('a', 'x', 150)?.id).toBe('second')
})

test('keys that no longer count make room; one that has not come back from the broker is kept until it does', () => {
  const { keys, receive, acknowledged } = scene(2)
  keys.stored({ key: 'a', id: '1', until: 10_000 })
  keys.stored({ key: 'b', id: '2', until: 80_000 })
  expect(keys.isFull(0)).toBe(true)
  expect(keys.isFull(75_000)).toBe(true)
  receive({ key: 'a', id: '1', until: 10_000 })
  expect(keys.isFull(75_000)).toBe(false)
  expect(acknowledged).toEqual(['1'])
  expect(keys.find('b', 'x', 75_000)?.id).toBe('2')
})
