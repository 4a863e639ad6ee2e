import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reconnectDelay } from '../../../kit/redis/client-options.ts'
import { decodeName, encodeName } from '../../../kit/redis/redis-name.ts'
import { redisSettings } from '../../../kit/redis/redis-option.ts'
import { readRedisUrl } from '../../../kit/redis/redis-url.ts'

describe('names', () => {
  const bytes = (name: string): Buffer => Buffer.from(encodeName(name) as string)
  /** Any UTF-16 units, so pairs, halves and reversed pairs. */
  const units = fc.array(fc.oneof(fc.constantFrom(0xd83d, 0xde00, 0xd7ff, 0xe000, 0xed, 0x41), fc.nat(0xffff)))
  const anyText = units.map((codes) => String.fromCharCode(...codes))

  test('any text comes back', () => {
    fc.assert(fc.property(anyText, (name) => decodeName(bytes(name)) === name))
  })

  test('no two names are the same bytes', () => {
    fc.assert(fc.property(anyText, anyText, (one, other) => one === other || !bytes(one).equals(bytes(other))))
  })

  test('ordinary text is UTF-8', () => {
    for (const name of ['', 'a:b', 'ü𝒳\0', '\ud7ff\ue000']) expect(bytes(name)).toEqual(Buffer.from(name))
    expect(bytes('a\ud800b')).toEqual(Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]))
  })

  test('bytes that somebody else wrote and that are no text do not fail', () => {
    expect(decodeName(Buffer.from([0x61, 0xff, 0xed]))).toBe('a\ufffd\ufffd')
  })
})

describe('the URL', () => {
  const SETTING = 'redis_url of iii-test'

  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 0, tls: false, address: 'localhost:6379' }],
    ['redis://10.0.0.7:7000/12', { host: '10.0.0.7', port: 7000, database: 12 }],
    ['rediss://u:p%40ss@h.example/', { tls: true, username: 'u', password: 'p@ss', address: 'h.example:6379' }],
    ['redis://:only%2Fpassword@h', { username: undefined, password: 'only/password' }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, address: '[::1]:7000' }],
  ])('%s', (url, target) => {
    expect(readRedisUrl(url, SETTING)).toMatchObject(target)
  })

  test.each([
    ['localhost', 'is not a URL'],
    ['', 'is not a URL'],
    ['http://secret@h', 'begins with http://, which is no protocol of Redis'],
    ['localhost:6379', 'begins with localhost://'],
    ['redis://', 'names no host'],
    ['redis://:secret@h/zero', 'names the database "zero", which is no number'],
    ['redis://:secret@h?family=6', 'has unknown parameters (family)'],
    ['redis://:%E0%A4secret@h', 'has a user name or password that is not percent-encoded'],
  ])('%s is refused without showing the password', (url, problem) => {
    const read = (): unknown => readRedisUrl(url, SETTING)
    expect(read).toThrow(`${SETTING} ${problem}`)
    expect(read).toThrow(/It must look like redis:\/\/user:password@host:6379\/0/)
    expect(read).not.toThrow(/secret/)
  })

  test('the setting has a default and must be text', () => {
    expect(redisSettings({}, 'iii-state')).toEqual({
      url: 'redis://localhost:6379',
      setting: 'adapter.config.redis_url of iii-state',
    })
    expect(redisSettings({ redis_url: null }, 'iii-state').url).toBe('redis://localhost:6379')
    expect(() => redisSettings({ redis_url: 7 }, 'iii-state')).toThrow(
      'adapter.config.redis_url of iii-state must be the URL of a Redis server, got number 7.',
    )
  })
})

test('attempts to connect again are further and further apart, up to the limit, and spread', () => {
  const delays = (random: number) => [1, 2, 3, 4, 5, 6, 7, 1_000].map((n) => reconnectDelay(n, 2_000, () => random))
  expect(delays(1)).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000])
  expect(delays(0)).toEqual([25, 50, 100, 200, 400, 800, 1_000, 1_000])
})
