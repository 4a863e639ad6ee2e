// Whole engines on one Redis: the configuration in a file, the plugin in its thread with the client library it loads on demand.
import { describe, expect, onTestFinished, test } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'

const entry = (url: string, more = ''): string =>
  `{ name: iii-state, config: { adapter: { name: redis, config: { redis_url: '${url}' } }${more} } }`

/** As written for iii up to 0.10. */
const oldEntry = (url: string): string =>
  `{ class: modules::state::StateModule, config: { adapter: { class: 'modules::state::adapters::RedisAdapter', config: { redis_url: '${url}' } } } }`

async function server(): Promise<RedisServer> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  return redis
}

describe.skipIf(lacks('redis-server'))('state of engines on one Redis (needs redis-server)', () => {
  test('is the same for both, whichever style their configuration has', async () => {
    const { url } = await server()
    const [one, other] = [await startRemoteEngine([entry(url)]), await startRemoteEngine([oldEntry(url)])]
    const [near, far] = [await RawClient.connect(one.url), await RawClient.connect(other.url)]
    const address = { scope: 's', key: 'k' }
    expect(await near.call('state::set', { ...address, value: { n: 1 } })).toMatchObject({
      result: { old_value: null },
    })
    const increment = { ...address, ops: [{ type: 'increment', path: 'n', by: 1 }] }
    const all = Array.from({ length: 100 }, (_, index) => (index % 2 ? near : far).call('state::update', increment))
    await Promise.all(all)
    expect((await far.call('state::get', address)).result).toEqual({ n: 101 })
    await one.close()
    const again = await RawClient.connect((await startRemoteEngine([entry(url)])).url)
    expect((await again.call('state::list', { scope: 's' })).result).toEqual([{ n: 101 }])
  })

  test('an engine whose Redis is not there does not start, and says which and why', async () => {
    const redis = await startRedis()
    await redis.stop()
    const folder = await engineFolder(`  - ${entry(redis.url.replace('//', '//user:secret@'))}\n`)
    onTestFinished(() => folder.remove())
    const failure = await within(20_000, 'the end', folder.start().then(String, String))
    expect(failure).toContain(
      `Redis at 127.0.0.1:${redis.port} (adapter.config.redis_url of iii-state) is not reachable: connect ECONNREFUSED`,
    )
    expect(failure).not.toContain('secret')
  })

  test('kill -9 of the engine: what it has acknowledged is there for the next one', async () => {
    const { url } = await server()
    const folder = await engineFolder(`  - ${entry(url)}\n`)
    onTestFinished(() => folder.remove())
    const first = await folder.start()
    const client = await RawClient.connect(folder.url)
    const values = Array.from({ length: 50 }, (_, index) => index)
    await Promise.all(values.map((value) => client.call('state::set', { scope: 's', key: `${value}`, value })))
    await first.kill()
    const second = await folder.start()
    const after = await RawClient.connect(folder.url)
    const { result } = await after.call('state::list', { scope: 's' })
    expect((result as number[]).sort((one, other) => one - other)).toEqual(values)
    expect(await second.stop()).toBe(0)
  })

  test('at run time another adapter is a new generation, without a lost call; one that is not there is refused', async () => {
    const { url } = await server()
    const engine = await startRemoteEngine(['{ name: configuration }', '{ name: iii-state }'])
    const client = await RawClient.connect(engine.url)
    const change = (adapter: object) => client.call('configuration::set', { id: 'iii-state', value: { adapter } })
    const address = { scope: 's', key: 'k' }
    await client.call('state::set', { ...address, value: 'on disk' })
    const gone = await startRedis()
    await gone.stop()
    const refused = await change({ name: 'redis', config: { redis_url: gone.url } })
    expect(refused.error?.message).toContain(`Redis at 127.0.0.1:${gone.port} (adapter.config.redis_url of iii-state)`)
    expect((await client.call('state::get', address)).result).toBe('on disk')
    const load = { stopped: false }
    const writes: Promise<{ error?: unknown }>[] = []
    const work = async (): Promise<void> => {
      while (!load.stopped) {
        const write = client.call('state::set', { scope: 's', key: `${writes.length}`, value: 1 })
        writes.push(write)
        await write
      }
    }
    const working = Promise.all([work(), work(), work()])
    expect((await change({ name: 'redis', config: { redis_url: url } })).error).toBeUndefined()
    expect(await client.call('state::get', address)).not.toHaveProperty('result')
    await client.call('state::set', { ...address, value: 'in Redis' })
    expect((await change({ name: 'kv' })).error).toBeUndefined()
    expect((await client.call('state::get', address)).result).toBe('on disk')
    load.stopped = true
    await working
    expect((await Promise.all(writes)).filter(({ error }) => error !== undefined)).toEqual([])
  }, 30_000)
})
