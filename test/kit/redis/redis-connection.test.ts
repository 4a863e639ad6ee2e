import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { REDIS_DEFAULTS, type RedisConnection, type RedisError } from '../../../kit/redis/redis-connection.ts'
import { Collector, within } from '../../support/deadline.ts'
import { lacks } from '../../support/needs.ts'
import { connect, server, SETTING } from './connect-redis.ts'

/** Repeats a command until it works again. */
async function untilAnswered(redis: RedisConnection): Promise<void> {
  const ask = async (): Promise<void> => {
    for (;;) {
      try {
        await redis.command('PING')
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }
  await within(10_000, 'an answer', ask())
}

const failureOf = (promise: Promise<unknown>): Promise<RedisError> =>
  promise.then(
    () => expect.unreachable('it did not fail'),
    (error: RedisError) => error,
  )

/** Passes bytes on to a server until it is cut. */
async function proxyTo(port: number) {
  const sockets = new Set<Socket>()
  let forwarded = 0
  const proxy = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one)
          other.destroy()
        })
    }
    near.on('data', ({ length }) => (forwarded += length))
    near.pipe(far).pipe(near)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  onTestFinished(() => {
    cut()
    proxy.close()
  })
  return { url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`, cut, forwarded: () => forwarded }
}

describe.skipIf(lacks('redis-server'))('a connection to Redis (needs redis-server)', () => {
  test('sends commands and scripts, in order', async () => {
    const { redis } = await connect((await server()).url)
    expect(redis.connected).toBe(true)
    const bump = redis.defineScript("return redis.call('INCRBY', KEYS[1], ARGV[1])", 1)
    const replies = await Promise.all([
      redis.command('SET', 'n', 1),
      bump(['n'], [2]),
      redis.command('GET', 'n'),
      bump(['n'], ['3']),
      redis.commandBytes('GET', 'n'),
      redis.command('GET', 'missing'),
    ])
    expect(replies).toEqual(['OK', 3, '3', 6, Buffer.from('6'), null])
  })

  test('scripts work again after the server has forgotten them', async () => {
    const { redis } = await connect((await server()).url)
    const bump = redis.defineScript("return redis.call('INCR', KEYS[1])", 1)
    expect(await bump(['n'], [])).toBe(1)
    await redis.command('SCRIPT', 'FLUSH')
    expect(await bump(['n'], [])).toBe(2)
  })

  test('an error of the server is passed on with the address', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url)
    const error = await failureOf(redis.command('HGET', 'too few'))
    expect(error).toMatchObject({ name: 'RedisError', failure: 'refused' })
    expect(error.message).toContain(
      `Redis at 127.0.0.1:${redisServer.port} refused HGET: ERR wrong number of arguments`,
    )
  })

  test('after close everything is refused', async () => {
    const { redis } = await connect((await server()).url)
    const last = redis.command('INCR', 'n')
    await redis.close()
    expect(await last).toBe(1)
    expect(await failureOf(redis.command('PING'))).toMatchObject({ failure: 'unreachable', message: /is closed/ })
    await expect(redis.subscribe('c', { message: () => {} })).rejects.toThrow('is closed')
  })

  test('close does not wait for a server that has fallen silent', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url)
    redisServer.pause()
    const waiting = failureOf(redis.command('PING'))
    await within(5_000, 'close', redis.close())
    expect(await waiting).toMatchObject({ failure: 'interrupted' })
  })

  test('a database other than 0 is used', async () => {
    const redisServer = await server()
    const { redis } = await connect(`${redisServer.url}/3`)
    await redis.command('SET', 'k', 'v')
    const look = redisServer.client()
    expect([await look.dbsize(), await look.select(3), await look.dbsize()]).toEqual([0, 'OK', 1])
  })
})

describe.skipIf(lacks('redis-server'))('the start (needs redis-server)', () => {
  test('an address where nothing listens is an error that names it and the setting', async () => {
    const gone = await server()
    await gone.kill()
    const error = await failureOf(within(5_000, 'the error', connect(gone.url)))
    expect(error.message).toBe(
      `Redis at 127.0.0.1:${gone.port} (${SETTING}) is not reachable: connect ECONNREFUSED 127.0.0.1:${gone.port}. Start it, or correct the setting.`,
    )
  })

  test('so is a host that does not exist', async () => {
    const error = await failureOf(connect('redis://no-such-host.invalid:6379'))
    expect(error.message).toMatch(/^Redis at no-such-host\.invalid:6379 .* is not reachable: getaddrinfo/)
  })

  test('a database that the server does not have is an error, and nothing is done in another one', async () => {
    const { port } = await server({ args: ['--databases', '2'] })
    const error = await failureOf(connect(`redis://127.0.0.1:${port}/7`))
    expect(error.message).toBe(
      `Redis at 127.0.0.1:${port} (${SETTING}) refused the database of the URL: ERR DB index is out of range. Correct the number at the end of the URL, or give Redis more \`databases\`.`,
    )
    const { redis } = await connect(`redis://127.0.0.1:${port}/1`)
    await redis.command('SET', 'a', 'in 1')
    const { redis: other } = await connect(`redis://127.0.0.1:${port}/0`)
    expect(await other.command('GET', 'a')).toBeNull()
  })

  test('a missing password is named as such', async () => {
    const { port } = await server({ args: ['--requirepass', 'secret'] })
    const error = await failureOf(connect(`redis://127.0.0.1:${port}`))
    expect(error.message).toContain('wants a password, and the setting has none. Put it into the URL')
  })

  test.each(['redis://:wrong-secret@', 'redis://someone:wrong-secret@'])(
    'a wrong password in %s… is named as such and not shown',
    async (prefix) => {
      const { port } = await server({ args: ['--requirepass', 'secret'] })
      const error = await failureOf(connect(`${prefix}127.0.0.1:${port}`))
      expect(error.message).toMatch(/refused the user name or password: WRONGPASS[^.]*\. Correct them/)
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('wrong-secret')
    },
  )

  test('the right password, percent-encoded, is accepted', async () => {
    const { port } = await server({ args: ['--requirepass', 'p@ss/word:1'] })
    const { redis } = await connect(`redis://:${encodeURIComponent('p@ss/word:1')}@127.0.0.1:${port}`)
    expect(await redis.command('PING')).toBe('PONG')
  })

  test('a server that accepts and says nothing is given up after connectTimeoutMs', async () => {
    const silent = createServer(() => {})
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const error = await failureOf(
      within(3_000, 'the error', connect(`redis://127.0.0.1:${port}`, { connectTimeoutMs: 100 })),
    )
    expect(error.message).toContain(`Redis at 127.0.0.1:${port} (${SETTING}) is not reachable: no answer within 100 ms`)
  })

  test('one warning says that the server keeps no append-only file', async () => {
    const { log } = await connect((await server({ args: ['--appendonly', 'no'] })).url)
    expect(log.lines).toEqual([
      { level: 'warn', message: expect.stringContaining('keeps no append-only file'), data: undefined },
    ])
  })

  test('no warning where it keeps one, or does not say', async () => {
    expect((await connect((await server()).url)).log.lines).toEqual([])
    const secretive = await server({ args: ['--appendonly', 'no', '--rename-command', 'CONFIG', ''] })
    expect((await connect(secretive.url)).log.lines).toEqual([])
  })
})

describe.skipIf(lacks('redis-server'))('while the server is away (needs redis-server)', () => {
  test('a server that comes back without the database is not used until it has it', async () => {
    const first = await server({ args: ['--databases', '8'] })
    const { redis } = await connect(`${first.url}/7`)
    await redis.command('SET', 'a', 'in 7')
    await first.stop()
    const fewer = await server({ port: first.port, args: ['--databases', '2'] })
    const refused = async () => (await failureOf(redis.command('SET', 'a', 'elsewhere'))).message
    await expect.poll(refused, { timeout: 10_000 }).toContain('is not reachable (ERR DB index is out of range)')
    const { redis: other } = await connect(fewer.url)
    expect(await other.command('GET', 'a')).toBeNull()
    await fewer.stop()
    await server({ port: first.port, args: ['--databases', '8'] })
    await untilAnswered(redis)
    await redis.command('SET', 'a', 'in 7 again')
    expect(await redis.command('GET', 'a')).toBe('in 7 again')
  })

  test('a full server is named without the place in our scripts', async () => {
    const { redis } = await connect((await server({ args: ['--maxmemory', '1'] })).url)
    const put = redis.defineScript("return redis.call('SET', KEYS[1], ARGV[1])", 1)
    expect((await failureOf(put(['a'], [1]))).message).toMatch(
      /refused a script: OOM command not allowed when used memory > 'maxmemory'\.$/,
    )
  })

  test('commands are refused at once, and work again after it is back without anybody’s help', async () => {
    const redisServer = await server()
    const { redis, log } = await connect(redisServer.url)
    await redis.command('SET', 'k', 'kept')
    await redisServer.kill()
    await failureOf(redis.command('PING'))
    const error = await failureOf(within(5_000, 'the refusal', redis.command('PING')))
    expect(error).toMatchObject({ failure: 'unreachable' })
    expect(error.message).toMatch(
      new RegExp(
        `^Redis at 127.0.0.1:${redisServer.port} is not reachable.*; the engine keeps trying. Nothing was sent.$`,
      ),
    )
    expect(redis.connected).toBe(false)
    await redisServer.restart()
    await untilAnswered(redis)
    expect(await redis.command('GET', 'k')).toBe('kept')
    const told = log.lines.map(({ level, message }) => `${level}: ${message}`)
    expect(told).toEqual([
      `warn: The connection to Redis at 127.0.0.1:${redisServer.port} is lost; trying again.`,
      `info: Redis at 127.0.0.1:${redisServer.port} is connected again.`,
    ])
  })

  test('kill -9 under load, three times: what was acknowledged is there, and each command settles', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url, { maxReconnectMs: 50 })
    const acknowledged: string[] = []
    const failures = new Map<string, number>()
    let sent = 0
    const load = { stopped: false }
    const write = async (worker: number): Promise<void> => {
      while (!load.stopped) {
        const key = `${worker}-${sent++}`
        try {
          await redis.command('SET', key, key)
          acknowledged.push(key)
        } catch (error) {
          const { failure } = error as RedisError
          failures.set(failure, (failures.get(failure) ?? 0) + 1)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
    const workers = Array.from({ length: 20 }, (_, worker) => write(worker))
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length
      await within(
        10_000,
        'some writes',
        reached(() => acknowledged.length > before + 100),
      )
      await redisServer.restart()
    }
    await untilAnswered(redis)
    load.stopped = true
    await within(5_000, 'all to settle', Promise.all(workers))
    const values = (await redis.command('MGET', ...acknowledged)) as (string | null)[]
    expect(values.filter((value, index) => value !== acknowledged[index])).toEqual([])
    expect([...failures.keys()].every((failure) => failure === 'unreachable' || failure === 'interrupted')).toBe(true)
  }, 40_000)

  test('a command under way when the connection breaks is interrupted, and never sent twice', async () => {
    const redisServer = await server()
    const proxy = await proxyTo(redisServer.port)
    const { redis } = await connect(proxy.url)
    redisServer.pause()
    const before = proxy.forwarded()
    const increments = Array.from({ length: 10 }, () => redis.command('INCR', 'n').catch((error: RedisError) => error))
    await within(
      2_000,
      'the commands to be on their way',
      reached(() => proxy.forwarded() > before),
    )
    proxy.cut()
    const outcomes = (await within(2_000, 'the failures', Promise.all(increments))) as RedisError[]
    expect(outcomes.map(({ failure }) => failure)).toEqual(Array(10).fill('interrupted'))
    expect(outcomes[0]!.message).toMatch(/broke while INCR was under way: whether it took effect is unknown\.$/)
    redisServer.resume()
    await untilAnswered(redis)
    expect(Number((await redis.command('GET', 'n')) ?? 0)).toBeLessThanOrEqual(10)
    expect(await redis.command('INCR', 'm')).toBe(1)
  })

  test('a server that falls silent is given up after replyTimeoutMs', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url, { replyTimeoutMs: 100, connectTimeoutMs: 200 })
    redisServer.pause()
    expect(await failureOf(within(3_000, 'the failure', redis.command('PING')))).toMatchObject({
      failure: 'interrupted',
    })
    redisServer.resume()
    await untilAnswered(redis)
  })
})

describe.skipIf(lacks('redis-server'))('the limit of unanswered commands (needs redis-server)', () => {
  test('the defaults', () => {
    expect(REDIS_DEFAULTS).toEqual({
      connectTimeoutMs: 5_000,
      replyTimeoutMs: 15_000,
      maxReconnectMs: 2_000,
      heartbeatMs: 10_000,
      maxUnanswered: 100_000,
      maxUnansweredBytes: 134_217_728,
    })
  })

  test.each([
    [{ maxUnanswered: 2 }, ['PING', 'PING'], 'More than 2 commands wait for Redis. Nothing was sent; try again.'],
    [{ maxUnansweredBytes: 10 }, ['ECHO twelve-bytes'], 'More than 10 bytes wait for Redis.'],
  ])('%j', async (limits, commands, message) => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url, limits)
    redisServer.pause()
    const waiting = commands.map((command) => redis.command(...(command.split(' ') as [string, ...string[]])))
    await expect(redis.command('ECHO', 'x')).rejects.toThrow(message)
    redisServer.resume()
    await Promise.all(waiting)
    expect(await redis.command('ECHO', 'x')).toBe('x')
  })
})

describe.skipIf(lacks('redis-server'))('subscriptions (needs redis-server)', () => {
  const listener = (seen: Collector<string>) => ({
    message: seen.add,
    active: () => seen.add('active'),
    broken: () => seen.add('broken'),
  })

  test('messages come on a second connection, in order, until the subscription is ended', async () => {
    const { redis } = await connect((await server()).url)
    const [seen, other] = [new Collector<string>(), new Collector<string>()]
    const end = await redis.subscribe('c', listener(seen))
    expect(seen.items).toEqual(['active'])
    const endOther = await redis.subscribe('c', listener(other))
    expect(await redis.command('PUBLISH', 'c', 'one')).toBe(1)
    await redis.command('PUBLISH', 'c', 'ü𝒳')
    expect(await seen.take(3)).toEqual(['active', 'one', 'ü𝒳'])
    expect(await other.take(3)).toEqual(['active', 'one', 'ü𝒳'])
    await end()
    await end()
    expect(await redis.command('PUBLISH', 'c', 'two')).toBe(1)
    expect((await other.take(4)).at(-1)).toBe('two')
    await endOther()
    expect(await redis.command('PUBLISH', 'c', 'three')).toBe(0)
    expect(seen.items).toHaveLength(3)
  })

  test('they outlive the server: broken, then active again', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url)
    const seen = new Collector<string>()
    await redis.subscribe('c', listener(seen))
    await redisServer.kill()
    expect(await seen.take(2)).toEqual(['active', 'broken'])
    // One that is added meanwhile is kept, and in force with the others.
    const late = new Collector<string>()
    await redis.subscribe('late', listener(late))
    expect(late.items).toEqual([])
    await redisServer.restart()
    await seen.take(3)
    await late.take(1)
    const publisher = redisServer.client()
    await publisher.publish('c', 'one')
    await publisher.publish('late', 'two')
    expect(await seen.take(4)).toEqual(['active', 'broken', 'active', 'one'])
    expect(await late.take(2)).toEqual(['active', 'two'])
  })

  test('the first one may come while the server is away', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url, { maxReconnectMs: 50 })
    await redisServer.kill()
    const [seen, other] = [new Collector<string>(), new Collector<string>()]
    await within(
      2_000,
      'both',
      Promise.all([redis.subscribe('c', listener(seen)), redis.subscribe('d', listener(other))]),
    )
    expect([seen.items, other.items]).toEqual([[], []])
    await redisServer.restart()
    expect([await seen.take(1), await other.take(1)]).toEqual([['active'], ['active']])
  })

  test('several at once are in force when they are answered', async () => {
    const { redis } = await connect((await server()).url)
    const seen = new Collector<string>()
    const channels = ['a', 'b', 'c', 'a']
    await Promise.all(channels.map((channel) => redis.subscribe(channel, listener(seen))))
    expect(seen.items).toEqual(Array(4).fill('active'))
  })

  test('a server that falls silent is noticed by the heartbeat', async () => {
    const redisServer = await server()
    const { redis } = await connect(redisServer.url, { heartbeatMs: 50, replyTimeoutMs: 100, connectTimeoutMs: 200 })
    const seen = new Collector<string>()
    await redis.subscribe('c', listener(seen))
    redisServer.pause()
    expect(await seen.take(2)).toEqual(['active', 'broken'])
    redisServer.resume()
    expect((await seen.take(3)).at(-1)).toBe('active')
  })

  test('one that Redis refuses is an error, and leaves nothing behind', async () => {
    const redisServer = await server()
    const admin = redisServer.client()
    await admin.acl('SETUSER', 'limited', 'on', '>pw', '~*', '+@all', 'resetchannels', '&allowed')
    const { redis } = await connect(redisServer.url.replace('//', '//limited:pw@'))
    await expect(redis.subscribe('forbidden', { message: () => {} })).rejects.toThrow(
      /refused SUBSCRIBE forbidden: NOPERM/,
    )
    const seen = new Collector<string>()
    await redis.subscribe('allowed', listener(seen))
    expect(seen.items).toEqual(['active'])
  })

  test('one that is refused after a reconnect is asked for again with each heartbeat', async () => {
    const redisServer = await server()
    const { redis, log } = await connect(redisServer.url, { heartbeatMs: 50 })
    const seen = new Collector<string>()
    await redis.subscribe('c', listener(seen))
    const admin = redisServer.client()
    await admin.acl('SETUSER', 'default', 'resetchannels')
    await seen.take(2)
    await within(
      2_000,
      'the warning',
      reached(() => log.lines.length > 0),
    )
    expect(log.lines[0]).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('refused the subscription to c'),
    })
    await admin.acl('SETUSER', 'default', 'allchannels')
    expect(await seen.take(3)).toEqual(['active', 'broken', 'active'])
  })

  test('a subscriber that does not read is cut off by the server’s limit, and comes back', async () => {
    const args = ['--client-output-buffer-limit', 'pubsub', '1mb', '0', '0']
    const redisServer = await server({ args })
    const { redis } = await connect(redisServer.url)
    const seen = new Collector<string>()
    await redis.subscribe('c', listener(seen))
    // Nothing is read here while another process publishes 64 MiB: more than sockets and the server's buffer hold.
    const script = "for i = 1, 64 do redis.call('PUBLISH', 'c', string.rep('x', 1048576)) end"
    execFileSync('redis-cli', ['-p', `${redisServer.port}`, 'EVAL', script, '0'])
    await within(
      5_000,
      'broken and active again',
      reached(() => seen.items.filter((text) => text === 'active').length === 2),
    )
    expect(seen.items).toContain('broken')
    await redis.command('PUBLISH', 'c', 'heard')
    await within(
      5_000,
      'the message',
      reached(() => seen.items.includes('heard')),
    )
  })
})

async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
