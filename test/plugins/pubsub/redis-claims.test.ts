// Who calls a binding that several engines have: each message once, in whatever order they claim, come and go.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import fc from 'fast-check'
import { RedisClaims, type ClaimLimits } from '../../../plugins/pubsub/adapters/redis-claims.ts'
import type { RedisConnection } from '../../../kit/redis/redis-connection.ts'
import { connect } from '../../kit/redis/connect-redis.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { freshTopic } from './pubsub-run.ts'

describe.skipIf(lacks('redis-server'))('claims (needs redis-server)', () => {
  let redis: RedisServer
  beforeAll(async () => void (redis = await startRedis()))
  afterAll(() => redis.stop())

  /** Subscribers of a topic, so that Redis knows of as many. */
  async function subscribed(topic: string, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const client = redis.client()
      onTestFinished(() => client.disconnect())
      await client.subscribe(topic)
    }
  }

  const NAME = 'binding.0'

  /** @param laterMs that much after what was claimed before: no time need pass for it. */
  function engineOf(connection: RedisConnection, topic: string, laterMs = 0) {
    const claims = new RedisClaims(connection)
    const joined = performance.now() + laterMs
    const bindings = [{ name: NAME, since: joined }]
    return async (json: string): Promise<boolean> =>
      (await claims.claim({ topic, json, bindings, activeSince: joined }))!.has(NAME)
  }

  test('every message is claimed once, in whatever order engines come to it, and nothing is left of it', async () => {
    const { redis: connection } = await connect(redis.url)
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom('1', '"a"', 'null'), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(2), { maxLength: 36 }),
      async (messages, order) => {
        const topic = freshTopic()
        await subscribed(topic, 3)
        const engines = [0, 1, 2].map(() => ({ claim: engineOf(connection, topic), next: 0 }))
        const granted = messages.map(() => 0)
        const step = async (engine: (typeof engines)[number]): Promise<void> => {
          if (engine.next === messages.length) return
          const index = engine.next++
          if (await engine.claim(messages[index]!)) granted[index]!++
        }
        for (const number of order) await step(engines[number]!)
        for (const engine of engines) while (engine.next < messages.length) await step(engine)
        // Which of equal messages is taken for which does not matter.
        for (const content of new Set(messages)) {
          const indexes = messages.flatMap((message, index) => (message === content ? [index] : []))
          expect(indexes.reduce((sum, index) => sum + granted[index]!, 0)).toBe(indexes.length)
        }
        expect(await redis.client().keys('pubsub_claim:*')).toEqual([])
      },
    )
    await fc.assert(property, { numRuns: 15 })
  })

  test('who joins while others count begins where they are', async () => {
    const { redis: connection } = await connect(redis.url)
    const topic = freshTopic()
    // One more than there are engines: nothing is forgotten early.
    await subscribed(topic, 4)
    const first = engineOf(connection, topic)
    for (let count = 0; count < 5; count++) expect(await first('1')).toBe(true)
    const second = engineOf(connection, topic, 5_000)
    expect([await second('1'), await first('1')]).toEqual([true, false])
    expect([await first('1'), await second('1')]).toEqual([true, false])
    // The first one is gone: nobody else calls what the second one gets.
    expect([await second('1'), await second('1')]).toEqual([true, true])
    await redis.client().del(await redis.client().keys('pubsub_claim:*'))
  })

  test('who joined in the midst of the counting is rather denied one than called twice', async () => {
    const { redis: connection } = await connect(redis.url)
    const topic = freshTopic()
    await subscribed(topic, 4)
    const first = engineOf(connection, topic)
    for (let count = 0; count < 5; count++) await first('1')
    const [key] = await redis.client().keys('pubsub_claim:*')
    const beganEarlier = `
      local state = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1]))
      state.first = state.first - 10000
      redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack(state))`
    await redis.client().eval(beganEarlier, 1, key!, NAME)
    const second = engineOf(connection, topic)
    expect([await second('1'), await second('1')]).toEqual([false, true])
    expect([await first('1'), await first('1')]).toEqual([false, true])
    await redis.client().del(key!)
  })

  test('the engines that are remembered for one message are 64 at most', async () => {
    const { redis: connection } = await connect(redis.url)
    const topic = freshTopic()
    await subscribed(topic, 100)
    const claimed: boolean[] = []
    for (let count = 0; count < 80; count++) claimed.push(await engineOf(connection, topic)('1'))
    expect(claimed.filter(Boolean)).toHaveLength(1)
    const [key] = await redis.client().keys('pubsub_claim:*')
    const value = await redis.client().hgetBuffer(key!, NAME)
    // Each takes more than the 36 characters of an engine's id.
    expect(value!.length / 36).toBeLessThan(2 * 64)
    await redis.client().del(key!)
  })
})

describe('the events that wait for an answer', () => {
  /** Redis never answers. */
  const silent = { defineScript: () => () => new Promise(() => {}) } as unknown as RedisConnection
  const claim = (claims: RedisClaims, json: string) =>
    claims.claim({ topic: 't', json, bindings: [{ name: 'b.0', since: 0 }], activeSince: 0 })

  test.each<[string, Partial<ClaimLimits>]>([
    ['events', { maxPending: 2 }],
    ['characters', { maxPendingCharacters: 4 }],
  ])('are limited in %s', async (_what, limits) => {
    const claims = new RedisClaims(silent, limits)
    void claim(claims, '10')
    void claim(claims, '20')
    await expect(claim(claims, '30')).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringMatching(/^2 events \(4 characters\) wait for Redis/),
    })
  })
})
