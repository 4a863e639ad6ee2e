import { describe, expect, test } from 'vitest'
import { readListenerConfig } from '../../../core/config/listener-config.ts'
import { LISTENER_DEFAULTS, type ListenerConfig } from '../../../core/config/listener-schema.ts'
import { parseExposeFilter } from '../../../protocol/expose-filters.ts'
import { errorOf, FILE, loadText } from './load-text.ts'

function listener(config: Record<string, unknown>): ListenerConfig {
  const reading = readListenerConfig(config)
  if ('problems' in reading) throw new Error(reading.problems.map(({ message }) => message).join('; '))
  return reading.listener
}

function problems(config: Record<string, unknown>): string[] {
  const reading = readListenerConfig(config)
  return 'problems' in reading ? reading.problems.map(({ message }) => message) : []
}

function warnings(config: Record<string, unknown>): string[] {
  const reading = readListenerConfig(config)
  return 'warnings' in reading ? reading.warnings.map(({ message }) => message) : []
}

const exposing = (...filters: unknown[]): { rbac: object } => ({ rbac: { expose_functions: filters } })

describe('defaults', () => {
  test('an empty block is the loopback listener of the specification', () => {
    expect(listener({})).toEqual({
      port: 49134,
      host: '127.0.0.1',
      middleware_function_id: undefined,
      rbac: undefined,
      handshake_timeout_ms: 10_000,
      ping_interval_ms: 25_000,
      idle_timeout_ms: 75_000,
      allowed_origins: undefined,
      max_unanswered: 100_000,
      outbox_soft_bytes: 16_777_216,
      outbox_hard_bytes: 67_108_864,
      outbox_hard_ms: 30_000,
      max_frame_bytes: 67_108_864,
      max_registrations: 100_000,
      max_registered_bytes: 64 * 1024 * 1024,
      max_connections: 20_000,
      max_connections_per_address: 0,
      max_depth: 256,
      session_stacktraces: false,
    })
  })

  test('a listener can not be changed afterwards', () => {
    expect(Object.isFrozen(listener(exposing('match("a")')))).toBe(true)
  })

  test('port 0 is any free port, and switches are off at 0', () => {
    expect(listener({ port: 0, ping_interval_ms: 0, idle_timeout_ms: 0 })).toMatchObject({
      port: 0,
      ping_interval_ms: 0,
      idle_timeout_ms: 0,
    })
  })
})

describe('refusals', () => {
  test.each(Object.keys(LISTENER_DEFAULTS).filter((key) => key !== 'host'))('%s takes whole numbers only', (key) => {
    for (const value of [-1, 1.5, '1', null, true]) expect(problems({ [key]: value })).toHaveLength(1)
  })

  test.each([
    [{ port: 65_536 }, 'config.port: must be <= 65535, got 65536'],
    [{ host: '' }, 'config.host: must NOT have fewer than 1 characters, got ""'],
    [
      { registration_namespace_grace_ms: 1 },
      "config.registration_namespace_grace_ms: unknown key 'registration_namespace_grace_ms'",
    ],
    [{ prot: 1 }, "config.prot: unknown key 'prot'. Did you mean 'port'?"],
    [{ rbac: null }, 'config.rbac: must be object, got null'],
    [{ rbac: { auth_fn: 'x' } }, "config.rbac.auth_fn: unknown key 'auth_fn'"],
    [{ allowed_origins: ['example.com'] }, 'config.allowed_origins[0]: must match pattern'],
    [{ allowed_origins: ['http://example.com/'] }, 'config.allowed_origins[0]: must match pattern'],
    [
      { outbox_soft_bytes: 2, outbox_hard_bytes: 1 },
      'config.outbox_hard_bytes: must not be below outbox_soft_bytes (2), got 1',
    ],
    [
      { ping_interval_ms: 50, idle_timeout_ms: 50 },
      'config.idle_timeout_ms: must be longer than ping_interval_ms (50), got 50',
    ],
  ])('%o is refused', (config, message) => {
    expect(problems(config)).toEqual([expect.stringContaining(message)])
  })

  test('a problem names worker, key and line', () => {
    const { message } = errorOf('workers:\n  - name: iii-worker-manager\n    config:\n      port: ${P}\n', {
      env: { P: '' },
    })
    expect(message).toBe(`${FILE}:4: worker 'iii-worker-manager': config.port: must be integer, got null`)
  })

  test('a value that the environment gives is typed by YAML', () => {
    expect(loadText('workers: [{name: iii-worker-manager, config: {port: ${P:3111}}}]').entries[0]?.config).toEqual({
      port: 3111,
    })
  })

  test('a disabled listener takes no address; with none left that is said', () => {
    const { warnings: found } = loadText('workers:\n  - {name: iii-worker-manager, enabled: false}\n')
    expect(found).toEqual([expect.stringContaining('no listener is enabled')])
  })
})

describe('expose_functions', () => {
  test.each([
    ['match("todos::*")', { match: 'todos::*' }],
    ["match('todos::*')", { match: 'todos::*' }],
    [' match( "a" ) ', { match: 'a' }],
    [{ match: 'a::*' }, { match: 'a::*' }],
    [
      { match: 'a', namespace: 'ns' },
      { match: 'a', namespace: 'ns' },
    ],
    [{ metadata: { public: true } }, { metadata: { public: true } }],
    [
      { metadata: { tier: 'match("fr*")' }, namespace: 'ns' },
      { metadata: { tier: 'match("fr*")' }, namespace: 'ns' },
    ],
  ])('reads %o', (written, filter) => {
    expect(parseExposeFilter(written)).toEqual({ filter })
    expect(warnings(exposing(written))).toEqual([])
  })

  test.each(['todos::*', 'a.b-c/d_1', '*'])('reads the bare %s as match(…), with a warning', (written) => {
    expect(parseExposeFilter(written)).toMatchObject({ filter: { match: written } })
    expect(warnings(exposing(written))).toEqual([
      `config.rbac.expose_functions[0]: '${written}' is read as match("${written}"); write it so`,
    ])
  })

  test('the wrapper in a map is taken off, with a warning', () => {
    const written = { match: 'match("api::*")', namespace: 'ns' }
    expect(parseExposeFilter(written)).toMatchObject({ filter: { match: 'api::*', namespace: 'ns' } })
    expect(warnings(exposing(written))).toEqual([
      `config.rbac.expose_functions[0]: 'match' in a map takes the bare pattern: match("api::*") is read as api::*; write it so`,
    ])
  })

  test('metadata that looks like a pattern and is none is compared as it stands, with a warning', () => {
    const written = { metadata: { tier: 'match(fr*)' } }
    expect(parseExposeFilter(written)).toMatchObject({ filter: written })
    expect(warnings(exposing(written))).toEqual([
      `config.rbac.expose_functions[0]: match(fr*) is no pattern, but a text that the metadata must equal. Did you mean match("fr*")?`,
    ])
  })

  test.each([
    ['match(todos)', 'expected match("pattern"), got: match(todos). Did you mean match("todos")?'],
    ['match("a', 'expected match("pattern"), got: match("a'],
    ['mtch("a")', 'expected match("pattern"), got: mtch("a"). Did you mean match("a")?'],
    ['two words', 'expected match("pattern"), got: two words'],
    ['', 'expected match("pattern"), got: '],
    ['match("")', 'empty pattern in match("")'],
    [7, 'expected match("pattern") or a map'],
    [null, 'expected match("pattern") or a map'],
    [['a'], 'expected match("pattern") or a map'],
    [{}, "a filter needs 'match' or 'metadata'"],
    [{ namespace: 'x' }, "a filter needs 'match' or 'metadata'"],
    [{ match: 'a', metadata: { b: 1 } }, "a filter has either 'match' or 'metadata', not both"],
    [{ match: 'a', regex: 'b' }, "unknown key 'regex'"],
    [{ match: '' }, "'match' must be a pattern that is not empty"],
    [{ match: 7 }, "'match' must be a pattern that is not empty, got 7"],
    [{ match: 'match("")' }, 'empty pattern in match("")'],
    [{ metadata: {} }, "'metadata' must be a map with at least one key"],
    [{ metadata: null }, "'metadata' must be a map with at least one key"],
    [{ match: 'a', namespace: ' ' }, "'namespace' must be a name"],
  ])('refuses %o', (written, message) => {
    expect(problems(exposing('match("ok")', written))).toEqual([
      expect.stringContaining(`config.rbac.expose_functions[1]: ${message}`),
    ])
  })

  test.each([{}, exposing('match("a")', { metadata: { b: 1 } }).rbac, { expose_functions: null }])(
    'the block %o is kept as it is written',
    (rbac) => {
      expect(listener({ rbac }).rbac).toEqual(rbac)
    },
  )
})

describe('rbac and origins', () => {
  test('all ids are read', () => {
    const rbac = {
      auth_function_id: 'gate::auth',
      on_function_registration_function_id: 'gate::f',
      on_trigger_registration_function_id: 'gate::t',
      on_trigger_type_registration_function_id: 'gate::tt',
    }
    expect(listener({ rbac, middleware_function_id: 'gate::m' })).toMatchObject({
      middleware_function_id: 'gate::m',
      rbac,
    })
  })

  test('a middleware inside rbac counts, with a warning; the one beside it wins', () => {
    const inside = { rbac: { middleware_function_id: 'in' } }
    expect(listener(inside).middleware_function_id).toBe('in')
    expect(listener(inside).rbac).not.toHaveProperty('middleware_function_id')
    expect(warnings(inside)).toEqual(['config.rbac.middleware_function_id: belongs beside rbac, not inside it'])
    expect(listener({ ...inside, middleware_function_id: 'out' }).middleware_function_id).toBe('out')
  })

  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', '128.0.0.1', '127.example.com'])(
    'host %s without auth function gives a warning naming the port',
    (host) => {
      expect(warnings({ host, port: 3111 })).toEqual([
        expect.stringContaining(`port 3111 on ${host} is open to the network: whoever`),
      ])
      expect(warnings({ host, port: 3111, rbac: {} })).toEqual([
        expect.stringContaining(`port 3111 on ${host} is open to the network without rbac.auth_function_id`),
      ])
      expect(warnings({ host, port: 3111, rbac: { auth_function_id: 'a' } })).toEqual([])
    },
  )

  test.each(['127.0.0.1', '127.8.8.8', '::1', '[::1]', 'localhost', 'LOCALHOST', 'x.localhost', '::ffff:127.0.0.1'])(
    'host %s is loopback',
    (host) => {
      expect(warnings({ host })).toEqual([])
    },
  )

  test('origins are kept as browsers write them', () => {
    const allowed_origins = ['HTTP://Example.com:80', 'https://a.test:8443', 'capacitor://LOCALHOST', '*', 'null']
    expect(listener({ allowed_origins }).allowed_origins).toEqual([
      'http://example.com',
      'https://a.test:8443',
      'capacitor://localhost',
      '*',
      'null',
    ])
  })
})
