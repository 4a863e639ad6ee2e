// State in Redis: the cases of every adapter and of the functions, and what is special about a store that others share.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectRedis } from '../../../kit/redis/redis-connection.ts'
import { RedisState } from '../../../plugins/state/adapters/redis.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { Collector, within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { stateAdapterCases } from './adapter-cases.ts'
import { runStatePlugin } from './run-plugin.ts'
import { stateCases } from './state-cases.ts'

const ignore = (): void => {}

/** One for the tests that do not harm it. */
let shared: RedisServer

describe.skipIf(lacks('redis-server'))('needs redis-server', () => {
  beforeAll(async () => {
    shared = await startRedis()
  })
  afterAll(() => shared?.stop())

  stateAdapterCases('redis', async () => (await emptied(), openStore()), { ordered: false })
  stateCases('state in Redis', () => openPlugin(), { ordered: false })

  describe('a Redis that others use too', () => {
    test('50. a value written by iii is read, and iii finds ours', async () => {
      await emptied()
      const [store, other] = [await openStore(), shared.client()]
      await other.hset('state:carts', 'c-9', '{"n":1}')
      expect(await store.get('carts', 'c-9')).toBe('{"n":1}')
      expect(await store.list('carts')).toEqual(['{"n":1}'])
      expect(await store.scopes()).toEqual(['carts'])
      await store.update('carts', 'c-9', [{ type: 'increment', path: ['n'], by: 2 }], ignore)
      await store.set('a:b %', 'ü', '[]', ignore)
      expect([await other.hget('state:carts', 'c-9'), await other.hget('state:a:b %', 'ü')]).toEqual(['{"n":3}', '[]'])
    })

    test('updates have the semantics of JSON: empty arrays, large numbers, null and missing', async () => {
      await emptied()
      const store = await openStore()
      const update = (key: string, ...operations: Parameters<RedisState['update']>[2]) =>
        store.update('s', key, operations, ignore).then(({ newValue }) => newValue)
      await store.set('s', 'k', '{"empty":[],"o":{},"big":9007199254740991,"f":0.1}', ignore)
      expect(await update('k', { type: 'increment', path: ['n'], by: 1 })).toBe(
        '{"empty":[],"o":{},"big":9007199254740991,"f":0.1,"n":1}',
      )
      expect(await update('count', { type: 'increment', path: [], by: 2 })).toBe('2')
      expect(await update('text', { type: 'append', path: [], value: 'h' })).toBe('"h"')
      await store.set('s', 'null', 'null', ignore)
      const onNull = await store.update('s', 'null', [{ type: 'set', path: ['a'], value: 1 }], ignore)
      expect(onNull).toMatchObject({ oldValue: 'null', newValue: 'null', errors: [{ code: 'set.target_not_object' }] })
    })

    test('what is no JSON is an error that shows it, until it is overwritten or deleted', async () => {
      await emptied()
      const [store, other] = [await openStore(), shared.client()]
      await other.hset('state:s', { k: 'no json', l: 'neither' })
      for (const read of [store.get('s', 'k'), store.list('s'), store.update('s', 'k', [], ignore)]) {
        await expect(read).rejects.toThrow(
          /^What is stored there is no JSON: "(no json|neither)"\. Set it anew, or delete it\.$/,
        )
      }
      const seen: unknown[] = []
      expect(await store.set('s', 'k', '1', (old) => void seen.push(old))).toBe('"no json"')
      expect(await store.delete('s', 'l', (old) => void seen.push(old))).toBe('"neither"')
      expect(seen).toEqual(['"no json"', '"neither"'])
      expect(await store.list('s')).toEqual(['1'])
    })

    test('keys of other applications are neither scopes nor touched', async () => {
      await emptied()
      const [store, other] = [await openStore(), shared.client()]
      await other.mset('state:text', 'x', 'unrelated', 'y')
      await other.hset('stream:a:b', 'i', '1')
      await store.set('s', 'k', '1', ignore)
      expect(await store.scopes()).toEqual(['s'])
      await expect(store.set('text', 'k', '1', ignore)).rejects.toThrow(/refused a script: .*WRONGTYPE/)
      expect(await other.get('state:text')).toBe('x')
    })

    test('scopes are found among many keys, each once', async () => {
      await emptied()
      const [store, other] = [await openStore(), shared.client()]
      const pipeline = other.pipeline()
      for (let index = 0; index < 5_000; index++) pipeline.set(`other:${index}`, 'x')
      for (let index = 0; index < 2_500; index++) pipeline.hset(`state:scope-${index}`, 'k', '1')
      await pipeline.exec()
      const scopes = await store.scopes()
      expect([scopes.length, new Set(scopes).size]).toEqual([2_500, 2_500])
    })

    test('a listener that throws fails no write', async () => {
      await emptied()
      const log = collectingLog()
      const store = await openStore(shared, log)
      const broken = (): void => {
        throw new Error('thrown by a listener')
      }
      expect(await store.set('s', 'k', '{}', broken)).toBeUndefined()
      expect(await store.update('s', 'k', [], broken)).toMatchObject({ newValue: '{}' })
      expect(log.lines.map(({ level }) => level)).toEqual(['error', 'error'])
    })
  })

  describe('two engines on one Redis', () => {
    test('see the same state, and triggers fire on the engine that wrote', async () => {
      const [one, other] = [await openPlugin(), await openPlugin()]
      const seen = { one: new Collector<unknown>(), other: new Collector<unknown>() }
      for (const [run, collector] of [
        [one, seen.one],
        [other, seen.other],
      ] as const) {
        await run.provide('test::seen', collector.add)
        await run.bind({ id: 'b', function_id: 'test::seen', config: { scope: 'two' } })
      }
      await one.call('state::set', { scope: 'two', key: 'k', value: 1 })
      expect(await other.call('state::get', { scope: 'two', key: 'k' })).toBe(1)
      await other.call('state::set', { scope: 'two', key: 'k', value: 2 })
      expect(await seen.one.take(1)).toMatchObject([{ event_type: 'state:created', new_value: 1 }])
      expect(await seen.other.take(1)).toMatchObject([{ event_type: 'state:updated', old_value: 1, new_value: 2 }])
      await one.call('state::get', { scope: 'two', key: 'k' })
      expect([seen.one.items.length, seen.other.items.length]).toEqual([1, 1])
    })
  })

  describe('when Redis goes away', () => {
    test('a start without it is an error that names the address and the setting', async () => {
      const gone = await startRedis()
      await gone.stop()
      await expect(runStatePlugin(tempFolder(), redisConfig(gone.url))).rejects.toThrow(
        `Redis at 127.0.0.1:${gone.port} (adapter.config.redis_url of iii-state) is not reachable: connect ECONNREFUSED`,
      )
    })

    test('every call fails at once with its code, no event fires, and afterwards all works with what was acknowledged', async () => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const run = await openPlugin(server)
      const seen = new Collector<{ new_value: unknown }>()
      await run.provide('test::seen', seen.add)
      await run.bind({ id: 'b', function_id: 'test::seen', config: {} })
      await run.call('state::set', { scope: 's', key: 'k', value: 'kept' })
      await server.kill()
      const calls = () => [
        run.call('state::set', { scope: 's', key: 'k', value: 'lost' }),
        run.call('state::get', { scope: 's', key: 'k' }),
        run.call('state::update', { scope: 's', key: 'k', ops: [] }),
        run.call('state::delete', { scope: 's', key: 'k' }),
        run.call('state::list', { scope: 's' }),
        run.call('state::list_groups', {}),
      ]
      const outcomes = await within(2_000, 'the failures', Promise.allSettled(calls()))
      const errors = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))
      expect(errors.map(({ code }) => code)).toEqual([
        'SET_ERROR',
        'GET_ERROR',
        'UPDATE_ERROR',
        'DELETE_ERROR',
        'LIST_ERROR',
        'LIST_GROUPS_ERROR',
      ])
      expect(errors[0].message).toMatch(
        new RegExp(`^Failed to set key "k" in scope "s": .*Redis at 127.0.0.1:${server.port}`),
      )
      await server.restart()
      const again = async (): Promise<void> => {
        while ((await run.call('state::get', { scope: 's', key: 'k' }).catch(() => undefined)) !== 'kept') {
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      }
      await within(10_000, 'the value', again())
      await run.call('state::set', { scope: 's', key: 'k', value: 'new' })
      expect((await seen.take(2)).map(({ new_value }) => new_value)).toEqual(['kept', 'new'])
    })

    test('kill -9 under a load of updates: every acknowledged one is in the value', async () => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const [one, other] = [await openStore(server), await openStore(server)]
      const load = { stopped: false }
      const acknowledged: string[] = []
      const work = async (store: RedisState, worker: number): Promise<void> => {
        for (let index = 0; !load.stopped; index++) {
          const tag = `${worker}-${index}`
          try {
            await store.update('s', `k${worker % 3}`, [{ type: 'set', path: [tag], value: 1 }], ignore)
            acknowledged.push(tag)
          } catch {
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
      }
      const workers = Array.from({ length: 6 }, (_, worker) => work(worker % 2 === 0 ? one : other, worker))
      for (let round = 0; round < 3; round++) {
        const before = acknowledged.length
        const progress = async (): Promise<void> => {
          while (acknowledged.length < before + 50) await new Promise((resolve) => setTimeout(resolve, 5))
        }
        await within(10_000, 'some updates', progress())
        if (round < 2) await server.restart()
      }
      load.stopped = true
      await within(5_000, 'all to settle', Promise.all(workers))
      // One of the two may not be back yet: the progress may all have been the other's.
      const values = await (await openStore(server)).list('s')
      const kept = new Set(values.flatMap((text) => Object.keys(JSON.parse(text) as object)))
      expect(acknowledged.filter((tag) => !kept.has(tag))).toEqual([])
    }, 40_000)
  })

  test('stop finishes the updates that have begun', async () => {
    await emptied()
    const store = await openStore()
    const updates = Array.from({ length: 50 }, () =>
      store.update('s', 'n', [{ type: 'increment', path: [], by: 1 }], ignore),
    )
    await within(5_000, 'close', store.close())
    expect((await Promise.all(updates)).at(-1)!.newValue).toBe('50')
    await expect(store.get('s', 'n')).rejects.toThrow('is closed')
  })
})

const redisConfig = (url: string) => ({ adapter: { name: 'redis', config: { redis_url: url } } })

async function emptied(): Promise<void> {
  const client = shared.client()
  await client.flushall()
  client.disconnect()
}

async function openStore(server = shared, log = collectingLog()): Promise<RedisState> {
  const store = new RedisState(await connectRedis({ url: server.url, setting: 'redis_url', log }), log)
  onTestFinished(() => store.close())
  return store
}

async function openPlugin(server = shared) {
  const run = await runStatePlugin(tempFolder(), redisConfig(server.url))
  onTestFinished(() => run.stop())
  return run
}
