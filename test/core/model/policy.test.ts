// What a link may do, decided on plain data (spec 04 B.4 with checks 16–19, 09 §4). What is enforced where is shown by the gateway's tests.
import { parseExact } from '../../../base/values/exact-json.ts'
import { describe, expect, it } from 'vitest'
import {
  checkCall,
  checkFunctionRegistration,
  checkNamespace,
  checkTriggerRegistration,
  type Policy,
  type SessionRights,
} from '../../../core/model/policy.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { sessionRights } from '../../support/session-rights.ts'

const RIGHTS = sessionRights()
const session = (rights: Partial<SessionRights>): Policy => ({
  kind: 'session',
  rights: { ...RIGHTS, ...rights },
  middleware: undefined,
  exact: ALL_NAMES.exactGrants,
})
const plugin = (allow: readonly string[] | undefined, builtIn = false): Policy => ({
  kind: 'plugin',
  plugin: 'thumbs',
  builtIn,
  allow,
})
const calls = (policy: Policy, id: string, metadata?: unknown, namespace = 'default'): boolean =>
  checkCall(policy, namespace, id, metadata) === undefined

describe('calls of a session', () => {
  it('an id that is allowed and forbidden is forbidden, and so is one that is exposed', () => {
    const policy = session({
      allowedFunctions: ['api::del'],
      forbiddenFunctions: ['api::del'],
      expose: [{ match: 'api::*' }],
    })
    expect(checkCall(policy, 'default', 'api::del', undefined)).toEqual({
      code: 'FORBIDDEN',
      message: "function 'api::del' not allowed (remove from rbac.forbidden_functions)",
    })
    expect(calls(policy, 'api::get')).toBe(true)
  })

  it.each([
    'engine::channels::create',
    'engine::workers::register',
    'engine::log::info',
    'engine::log::trace',
    'engine::baggage::get_all',
  ])('%s needs no entry, and can be forbidden', (id) => {
    expect(calls(session({}), id)).toBe(true)
    expect(calls(session({ forbiddenFunctions: [id] }), id)).toBe(false)
  })

  it('nothing else of the engine goes without an entry', () => {
    for (const id of ['engine::functions::list', 'engine::workers::list', 'engine::log', 'engine::health::check'])
      expect(calls(session({}), id)).toBe(false)
  })

  it('a metadata filter matches when every key does: texts by pattern, all else by equality of value and type', () => {
    const policy = session({ expose: [{ metadata: { tier: 'match("fr*")', public: true } }] })
    expect(calls(policy, 'a::b', { tier: 'free', public: true, x: 1 })).toBe(true)
    for (const metadata of [
      { tier: 'free' },
      { public: 'true', tier: 'free' },
      { tier: 'paid', public: true },
      { tier: 5, public: true },
      undefined,
      null,
      'tier',
    ])
      expect(calls(policy, 'a::b', metadata), JSON.stringify(metadata)).toBe(false)
  })

  it('a metadata filter compares numbers as doubles, which is what it has itself', () => {
    const policy = session({ expose: [{ metadata: { tenant: 9007199254740992, limits: { rate: 1.5 } } }] })
    const registered = (tenant: string): unknown =>
      parseExact(`{"tenant":${tenant},"limits":{"rate":1.50},"other":12345678901234567890}`)
    expect(calls(policy, 'a::b', registered('9007199254740993'))).toBe(true)
    expect(calls(policy, 'a::b', registered('9007199254740995'))).toBe(false)
  })

  it('a metadata filter finds no members of the prototype', () => {
    expect(calls(session({ expose: [{ metadata: { constructor: Object } }] }), 'a::b', {})).toBe(false)
  })

  it('an entry counts in its own namespace only', () => {
    const policy = session({ allowedFunctions: ['a::b'], expose: [{ match: 'shop::*', namespace: 'shop' }] })
    expect([
      calls(policy, 'shop::f', undefined, 'shop'),
      calls(policy, 'shop::f'),
      calls(policy, 'a::b', undefined, 'shop'),
    ]).toEqual([true, false, false])
  })

  it('a session that is granted namespaces calls what the grants name there', () => {
    const policy = session({ namespaces: { shop: ['match("orders::*")', 'exact::id'] } })
    const inShop = (id: string): boolean => calls(policy, id, undefined, 'shop')
    expect(['orders::new', 'exact::id', 'exact::other'].map(inShop)).toEqual([true, true, false])
    expect(calls(policy, 'orders::new')).toBe(false)
    expect(calls(policy, 'orders::new', undefined, 'constructor')).toBe(false)
  })

  it.each([
    'engine::plugins::stop',
    'engine::plugins::list',
    'engine::sessions::revoke',
    'worker::add',
    'configuration::set',
    'configuration::delete',
    'configuration::register',
    'engine::register_trigger',
    'engine::logs::tail',
    'engine::events::tail',
  ])('%s is reached by its exact id and by no wildcard, grant or metadata', (id) => {
    const wide = session({ expose: [{ match: '*' }, { metadata: { public: true } }], namespaces: { default: ['*'] } })
    expect(calls(wide, id, { public: true })).toBe(false)
    expect(calls(session({ expose: [{ match: id }] }), id)).toBe(true)
    expect(calls(session({ namespaces: { default: [id] } }), id)).toBe(true)
    expect(calls(session({ allowedFunctions: [id] }), id)).toBe(true)
  })
})

describe('calls of a plugin', () => {
  it('without allow reach everything', () => {
    for (const id of ['a::b', 'state::get', 'engine::plugins::stop']) expect(calls(plugin(undefined), id)).toBe(true)
  })

  it('outside allow are refused, naming the plugin and the entry to change', () => {
    const policy = plugin(['images::*', 'state::get'])
    expect(['images::cut', 'state::get', 'engine::log::info'].map((id) => calls(policy, id))).toEqual([
      true,
      true,
      true,
    ])
    expect(checkCall(policy, 'default', 'state::set', undefined)).toEqual({
      code: 'FORBIDDEN',
      message: "plugin 'thumbs' may not call 'state::set' (add it to 'allow' in the entry 'thumbs')",
    })
  })

  it('with an empty allow reach nothing but what every policy leaves open', () => {
    expect([calls(plugin([]), 'a::b'), calls(plugin([]), 'engine::channels::create')]).toEqual([false, true])
  })
})

describe('registrations', () => {
  const registers = (policy: Policy, id: string, namespace = 'default'): boolean =>
    checkFunctionRegistration(policy, namespace, id) === undefined
  const trusted: Policy = { kind: 'trusted', middleware: undefined }

  it('a seat is held by built-ins alone', () => {
    const id = 'engine::seat::session-policy'
    expect([
      registers(plugin(undefined, true), id),
      registers(plugin(undefined), id),
      registers(trusted, id),
      registers(session({}), id),
    ]).toEqual([true, false, false, false])
  })

  it('ids of the engine are for built-ins and, where none has them, trusted workers in the default namespace', () => {
    const id = 'engine::queue::enqueue'
    expect([registers(plugin(undefined, true), id), registers(trusted, id)]).toEqual([true, true])
    expect([registers(plugin(undefined), id), registers(session({}), id), registers(trusted, id, 'apart')]).toEqual([
      false,
      false,
      false,
    ])
  })

  it('a session registers where its rights say so', () => {
    expect(registers(session({ allowFunctionRegistration: false }), 'a::b')).toBe(false)
    expect([
      registers(session({ namespaces: { shop: [] } }), 'a::b', 'shop'),
      registers(session({ namespaces: { shop: [] } }), 'a::b'),
    ]).toEqual([true, false])
    expect(checkNamespace(session({ namespaces: { a: [], b: [] } }), 'c')).toEqual({
      code: 'FORBIDDEN',
      message: "namespace 'c' not allowed for this session (permitted: a, b)",
    })
  })

  it('a session binds the types that it is allowed, any when there is no list', () => {
    expect(checkTriggerRegistration(session({ allowedTriggerTypes: ['stream'] }), 'cron')).toEqual({
      code: 'FORBIDDEN',
      message: "Trigger type 'cron' is not allowed for this session.",
    })
    expect(checkTriggerRegistration(session({ allowedTriggerTypes: ['stream'] }), 'stream')).toBeUndefined()
    expect(checkTriggerRegistration(session({}), 'cron')).toBeUndefined()
  })
})
