// What locks promise, on both adapters (spec 03 §7.4): one owner at a time, expiry, renewal, release by the owner alone.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { JobLocks, type Lease } from '../../../plugins/cron/locks/job-locks.ts'
import { KvLocks, type KvLockTable } from '../../../plugins/cron/locks/kv.ts'
import type { LockBackend, LockedJob, TakeOutcome } from '../../../plugins/cron/locks/lock-backend.ts'
import { openRedisLocks } from '../../../plugins/cron/locks/redis.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRedis, type RedisServer } from '../../support/redis-server.ts'
import { ManualClock, settled } from './manual-clock.ts'
import { START } from './run-plugin.ts'

const named = (id: string): LockedJob => ({ id, name: `${id}.0` })

interface Scene {
  /** Another owner with the same locks. */
  owner(): Promise<LockBackend>
  /** Makes the lock of a job run out. */
  expire(job: LockedJob): Promise<void>
}

function lockCases(name: string, open: () => Promise<Scene>): void {
  describe(name, () => {
    const job = (): LockedJob => named(`job-${Math.random()}`)

    test('one owner at a time, and free again when released', async () => {
      const [scene, id] = [await open(), job()]
      const [one, other] = [await scene.owner(), await scene.owner()]
      expect(await one.take(id, 1)).toBe('taken')
      expect(await other.take(id, 2)).toBe('held')
      await one.free(id)
      expect(await other.take(id, 2)).toBe('taken')
    })

    test('only the owner releases', async () => {
      const [scene, id] = [await open(), job()]
      const [one, other] = [await scene.owner(), await scene.owner()]
      await one.take(id, 1)
      await other.free(id)
      expect(await other.take(id, 2)).toBe('held')
    })

    test('the owner may take it again', async () => {
      const [scene, id] = [await open(), job()]
      const one = await scene.owner()
      await one.take(id, 1)
      expect(await one.take(id, 2)).toBe('taken')
    })

    test('one that has run out may be taken over, and its owner hears that it is lost', async () => {
      const [scene, id] = [await open(), job()]
      const [one, other] = [await scene.owner(), await scene.owner()]
      await one.take(id, 1)
      expect(await one.renew(id)).toBe('kept')
      await scene.expire(id)
      expect(await other.take(id, 2)).toBe('taken')
      expect(await one.renew(id)).toBe('lost')
      await one.free(id)
      expect(await one.take(id, 3)).toBe('held')
    })

    test('one that has run out, and that nobody took, is taken again when renewed', async () => {
      const [scene, id] = [await open(), job()]
      const [one, other] = [await scene.owner(), await scene.owner()]
      await one.take(id, 1)
      await scene.expire(id)
      expect(await one.renew(id)).toBe('retaken')
      expect(await other.take(id, 2)).toBe('held')
    })
  })
}

lockCases('kv', async () => {
  const table: KvLockTable = new Map()
  const clock = new ManualClock(START)
  return {
    owner: async () => new KvLocks({ lock_ttl_ms: 1_000 }, clock, table),
    expire: () => clock.pass(1_000),
  }
})

describe('kv', () => {
  test('all of a process share the locks of one index', async () => {
    const clock = new ManualClock(START)
    const one = new KvLocks({}, clock)
    onTestFinished(() => one.close())
    expect(await one.take(named('shared'))).toBe('taken')
    expect(await new KvLocks({ lock_index: 'cron_locks' }, clock).take(named('shared'))).toBe('held')
    const elsewhere = new KvLocks({ lock_index: 'elsewhere' }, clock)
    onTestFinished(() => elsewhere.close())
    expect(await elsewhere.take(named('shared'))).toBe('taken')
    expect(one.ttlMs).toBe(30_000)
  })

  test('a lock that was taken while the clock was ahead runs out all the same', async () => {
    const clock = new ManualClock('2026-01-03T00:00:00Z')
    const table: KvLockTable = new Map()
    await new KvLocks({ lock_ttl_ms: 1_000 }, clock, table).take(named('ahead'))
    clock.set('2026-01-01T00:00:00Z')
    await clock.pass(1_000)
    expect(await new KvLocks({}, clock, table).take(named('ahead'))).toBe('taken')
  })

  test('closing releases what is held, and nothing else', async () => {
    const clock = new ManualClock(START)
    const table: KvLockTable = new Map()
    const [one, other] = [new KvLocks({}, clock, table), new KvLocks({}, clock, table)]
    await one.take(named('a'))
    await other.take(named('b'))
    await one.close()
    expect([await other.take(named('a')), await one.take(named('b'))]).toEqual(['taken', 'held'])
  })
})

describe.skipIf(lacks('redis-server'))('on a real server (needs redis-server)', () => {
  let redis: RedisServer
  beforeAll(async () => void (redis = await startRedis()))
  afterAll(() => redis.stop())

  async function owner(): Promise<LockBackend> {
    const backend = await openRedisLocks({ redis_url: redis.url }, collectingLog())
    onTestFinished(() => backend.close())
    return backend
  }

  lockCases('redis', async () => ({
    owner,
    expire: async ({ id, name }) => void (await redis.client().del(`cron_lock:${id}`, `cron_lock:equal:${name}`)),
  }))

  describe('redis', () => {
    test('a second that was run is not run again, by nobody, until it is given back', async () => {
      const [one, other] = [await owner(), await owner()]
      await one.take(named('twice'), 5)
      await one.free(named('twice'))
      expect(await other.take(named('twice'), 5)).toBe('fired')
      expect(await other.take(named('twice'), 6)).toBe('taken')
      await other.forget(named('twice'), 5)
      await other.free(named('twice'))
      expect(await one.take(named('twice'), 5)).toBe('fired')
      await one.forget(named('twice'), 5)
      expect(await other.take(named('twice'), 5)).toBe('taken')
    })

    test.each([
      ['id', { id: 'agreed', name: 'one.0' }, { id: 'agreed', name: 'other.0' }],
      ['name', { id: 'made-up', name: 'equal.0' }, { id: 'made-up-too', name: 'equal.0' }],
    ])('the same %s is enough to be one lock, and one mark', async (_what, here, there) => {
      const [one, other] = [await owner(), await owner()]
      expect(await one.take(here, 1)).toBe('taken')
      expect(await other.take(there, 2)).toBe('held')
      await one.free(here)
      expect(await other.take(there, 1)).toBe('fired')
      expect(await other.take(there, 2)).toBe('taken')
      expect(await one.renew(here)).toBe('lost')
    })

    test('what is refused leaves nothing behind', async () => {
      const [one, other] = [await owner(), await owner()]
      await one.take({ id: 'first', name: 'twin.0' }, 1)
      expect(await other.take({ id: 'second', name: 'twin.0' }, 2)).toBe('held')
      expect(await redis.client().keys('cron_*second*')).toEqual([])
    })

    test('keys and their times: the lock for 30 s, the mark of the second for 60 s', async () => {
      await (await owner()).take(named('keys'), 1_767_225_600)
      const client = redis.client()
      const [lock, mark] = [await client.pttl('cron_lock:keys'), await client.pttl('cron_fired:keys:1767225600')]
      expect(lock).toBeGreaterThan(25_000)
      expect(lock).toBeLessThanOrEqual(30_000)
      expect(mark).toBeGreaterThan(55_000)
      expect(mark).toBeLessThanOrEqual(60_000)
    })

    test('a lock that an iii engine took, which knows of no marks, counts', async () => {
      await redis.client().set('cron_lock:foreign', 'somebody', 'PX', 30_000, 'NX')
      expect(await (await owner()).take(named('foreign'), 1)).toBe('held')
    })

    test('renewing brings the lock back to its full time', async () => {
      const one = await owner()
      await one.take(named('renewed'), 1)
      const client = redis.client()
      await client.pexpire('cron_lock:renewed', 1_000)
      expect(await one.renew(named('renewed'))).toBe('kept')
      expect(await client.pttl('cron_lock:renewed')).toBeGreaterThan(25_000)
    })

    test('a server that can not be reached is an error that names address and setting', async () => {
      const opened = openRedisLocks({ redis_url: 'redis://127.0.0.1:1' }, collectingLog())
      await expect(opened).rejects.toThrow(
        /127\.0\.0\.1:1.*adapter\.config\.redis_url of iii-cron|adapter\.config\.redis_url of iii-cron.*127\.0\.0\.1:1/s,
      )
    })
  })
})

describe('the locks of a worker', () => {
  /** A backend that does what the test says. */
  class ScriptedBackend implements LockBackend {
    readonly name = 'scripted'
    readonly ttlMs = 30_000
    readonly calls: string[] = []
    renewal: 'kept' | 'retaken' | 'lost' | Error = 'kept'
    taking: Promise<TakeOutcome> | undefined
    freeing: Promise<void> = Promise.resolve()

    take({ id }: LockedJob, second: number): Promise<TakeOutcome> {
      this.calls.push(`take ${id} ${second}`)
      return this.taking ?? Promise.resolve('taken')
    }
    async renew({ id }: LockedJob) {
      this.calls.push(`renew ${id}`)
      if (this.renewal instanceof Error) throw this.renewal
      return this.renewal
    }
    free({ id }: LockedJob): Promise<void> {
      this.calls.push(`free ${id}`)
      return this.freeing
    }
    async forget({ id }: LockedJob, second: number): Promise<void> {
      this.calls.push(`forget ${id} ${second}`)
    }
    async close(): Promise<void> {
      this.calls.push('close')
    }
  }

  function scene() {
    const [clock, log, backend] = [new ManualClock(START), collectingLog(), new ScriptedBackend()]
    const locks = new JobLocks(backend, { clock, log })
    const logged = () => log.lines.map(({ level, message }) => `${level}: ${message}`)
    return { clock, log, backend, locks, logged }
  }

  const acquired = async (locks: JobLocks, second: number): Promise<Lease> => {
    const lease = await locks.acquire(named('job'), second)
    if (lease === undefined) throw new Error('not acquired')
    return lease
  }

  test('are renewed every third of their time while a run lasts, and not after it', async () => {
    const { clock, backend, locks } = scene()
    const lease = await acquired(locks, 1)
    await clock.pass(29_000)
    expect(backend.calls).toEqual(['take job 1', 'renew job', 'renew job'])
    await lease.release()
    await lease.release()
    await clock.pass(60_000)
    expect(backend.calls.slice(3)).toEqual(['free job'])
    expect(clock.waiting).toBe(0)
  })

  test.each([
    [
      'lost',
      'warn: A lock ran out while its job was running, and another engine has taken it: both may run it now.',
      1,
      [],
    ],
    ['retaken', 'warn: A lock ran out while its job was running, and was taken again.', 2, ['free job']],
    [new Error('gone'), "warn: A lock can't be renewed; trying again.", 2, ['free job']],
  ] as const)('a renewal that ends with %s is logged', async (renewal, message, renewals, freed) => {
    const { clock, backend, locks, logged } = scene()
    backend.renewal = renewal
    const lease = await acquired(locks, 1)
    await clock.pass(20_000)
    await lease.release()
    expect(new Set(logged())).toEqual(new Set([message]))
    expect(backend.calls).toEqual(['take job 1', ...Array.from({ length: renewals }, () => 'renew job'), ...freed])
  })

  test('several runs of one job share the lock: the last one releases it', async () => {
    const { backend, locks } = scene()
    const [one, other] = [await acquired(locks, 1), await acquired(locks, 2)]
    await one.release()
    expect(backend.calls).not.toContain('free job')
    await other.release()
    expect(backend.calls.at(-1)).toBe('free job')
  })

  test('a run that ends does not free what another one is being given', async () => {
    const { backend, locks } = scene()
    const one = await acquired(locks, 1)
    const answer = Promise.withResolvers<TakeOutcome>()
    backend.taking = answer.promise
    const second = acquired(locks, 2)
    await one.release()
    answer.resolve('taken')
    const other = await second
    expect(backend.calls).toEqual(['take job 1', 'take job 2'])
    await other.release()
    expect(backend.calls.at(-1)).toBe('free job')
  })

  test('what is given back may be run again', async () => {
    const { backend, locks } = scene()
    await (await acquired(locks, 7)).giveBack()
    expect(backend.calls).toEqual(['take job 7', 'forget job 7', 'free job'])
  })

  test('a lock that can not be taken is no lease, told at most once a second', async () => {
    const { clock, backend, locks, logged } = scene()
    backend.taking = Promise.reject(new Error('not reachable'))
    expect(await locks.acquire(named('job'), 1)).toBeUndefined()
    expect(await locks.acquire(named('job'), 2)).toBeUndefined()
    expect(logged()).toEqual(["warn: A fire was skipped: its lock can't be taken."])
    await clock.pass(1_000)
    expect(await locks.acquire(named('job'), 3)).toBeUndefined()
    expect(logged()).toHaveLength(2)
    backend.taking = undefined
    expect(await locks.acquire(named('job'), 4)).toBeDefined()
  })

  test('a lock that can not be released is told, and nobody waits', async () => {
    const { backend, locks, logged } = scene()
    const lease = await acquired(locks, 1)
    backend.freeing = Promise.reject(new Error('gone'))
    await lease.release()
    expect(logged()).toEqual(["warn: A lock can't be released; it runs out after 30000 ms at most."])
  })

  test('closing releases all of them, also what is being taken at that moment', async () => {
    const { clock, backend, locks } = scene()
    const lease = await acquired(locks, 1)
    const answer = Promise.withResolvers<TakeOutcome>()
    backend.taking = answer.promise
    const second = locks.acquire(named('other'), 1)
    const closed = locks.close()
    answer.resolve('taken')
    expect(await second).toBeDefined()
    await closed
    expect(backend.calls.slice(2)).toEqual(['free job', 'free other', 'close'])
    await lease.release()
    expect(backend.calls.at(-1)).toBe('close')
    expect(await locks.acquire(named('job'), 2)).toBeUndefined()
    expect(clock.waiting).toBe(0)
  })

  test('closing does not wait for a server that does not answer', async () => {
    const { clock, backend, locks } = scene()
    await acquired(locks, 1)
    backend.freeing = new Promise(() => {})
    const closed = locks.close()
    await settled()
    await clock.pass(2_000)
    await closed
    expect(backend.calls.at(-1)).toBe('free job')
  })
})
