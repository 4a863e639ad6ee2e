// An id that a trusted worker serves is never a session's, whoever came first, is away for a moment, or cannot take a call (spec 09 §4 a).
import { expect, test } from 'vitest'
import { functionsNamedBy } from '../../core/config/named-functions.ts'
import { PUBLIC } from '../core/gateway/session-scene.ts'
import type { RawClient } from '../support/raw-client.ts'
import { listenerEntry } from '../support/test-core.ts'
import { hostile, OPEN } from './hostile-scene.ts'

const MODES = ['load_balance', 'replace', 'reject'] as const

test.each(MODES)('A session that came first loses the id to a trusted worker, and is told (%s)', async (mode) => {
  const scene = await hostile({ engine: { duplicate_functions: mode } })
  const { core, trusted, session } = scene
  await session.provided('late::f', () => 'stolen')
  const caller = await core.connect()
  expect((await caller.call('late::f', {})).result).toBe('stolen')
  await trusted.provided('late::f', () => 'right')
  expect(await session.next('registrationrejected')).toMatchObject({ function_id: 'late::f' })
  for (let turn = 0; turn < 20; turn++) expect((await caller.call('late::f', {})).result).toBe('right')
  expect(session.calls('late::f')).toHaveLength(1)
})

test('Where names are unique, neither a session nor a trusted worker takes one from the other', async () => {
  const { core, trusted, session } = await hostile({ engine: { duplicate_workers: 'reject' } })
  const named = (name: string): object => ({ name, runtime: 'node', version: '0.23.0' })
  const register = 'engine::workers::register'
  expect((await session.call(register, named('todos'))).result).toEqual({ success: true })
  expect((await trusted.call(register, named('todos'))).result).toEqual({ success: true })
  const other = await core.connect({ listener: PUBLIC })
  expect((await other.call(register, named('todos'))).result).toEqual({ success: false })
  expect(await other.next('registrationrejected')).toMatchObject({ worker_name: 'todos', owner_worker_id: '' })
})

test('Of two sessions the second learns nothing of the first where ids are unique', async () => {
  const { core, session } = await hostile({ engine: { duplicate_functions: 'reject' } })
  await session.provided('one::f')
  const other = await core.connect({ listener: PUBLIC })
  await other.provided('one::f')
  expect(await other.next('registrationrejected')).toMatchObject({ function_id: 'one::f', owner_worker_id: '' })
})

test('While the trusted worker is lost, its calls wait for it and do not go to the session', async () => {
  const { core, trusted, session } = await hostile()
  await session.provided('late::f', () => 'stolen')
  await trusted.provided('late::f', () => 'right')
  const caller = await core.connect()
  trusted.socket.terminate()
  await trusted.closed
  const held = caller.call('late::f', {})
  await session.provided('late::f', () => 'stolen')
  const again = await core.connect()
  await again.provided('late::f', () => 'again')
  expect((await held).result).toBe('again')
  expect(session.calls('late::f')).toEqual([])
})

test('A call that is too large for the trusted worker goes to nobody else', async () => {
  const { core, session } = await hostile()
  await session.provided('late::f', () => 'stolen')
  // The Python client takes frames of 1 MiB.
  const small = await core.connect({ name: null })
  small.provide('late::f', () => 'right')
  await small.call('engine::workers::register', { runtime: 'python', version: '0.22.1', name: 'small' })
  const caller = await core.connect()
  expect((await caller.call('late::f', { text: 'x'.repeat(2 << 20) })).error?.code).toBe('payload_too_large')
  expect(session.calls('late::f')).toEqual([])
})

test('A plugin takes an id from a session too, and the session does not get it back while the plugin is replaced', async () => {
  const { core, trusted, session } = await hostile()
  await session.provided('late::f', () => 'stolen')
  const { worker } = core.plugin('late', { 'late::f': () => 'right' })
  expect((await trusted.call('late::f', {})).result).toBe('right')
  core.core.router.endWorker(worker, { abnormal: true })
  await session.provided('late::f', () => 'stolen')
  expect(await session.next('registrationrejected', 2)).toMatchObject({ function_id: 'late::f' })
})

test('Once the trusted worker has left for good the id is free, and replicas among sessions share it', async () => {
  const { core, trusted, session } = await hostile()
  const other = await core.connect({ listener: PUBLIC })
  trusted.send({ type: 'unregisterfunction', id: OPEN })
  await trusted.settled()
  for (const each of [session, other]) await each.provided(OPEN, () => each.workerId)
  const caller = await core.connect()
  const answers = await Promise.all(Array.from({ length: 20 }, () => caller.call(OPEN, {})))
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set([session.workerId, other.workerId]))
})

test.each([
  ['without a prefix', '', 'a::b::f'],
  ['with a shorter one', 'a', 'b::f'],
])('What is below the prefix of a session is not for one %s, whoever came first', async (_which, shorter, id) => {
  const { core, trusted } = await hostile({
    decide: ({ query_params }) => ({ function_registration_prefix: query_params['prefix']?.[0] || null }),
  })
  const join = (prefix: string): Promise<RawClient> => core.connect({ listener: PUBLIC, path: `/?prefix=${prefix}` })
  const outsider = await join(shorter)
  await outsider.provided(id, () => 'stolen')
  expect((await trusted.call('a::b::f', {})).result).toBe('stolen')
  const [owner, replica] = [await join('a::b'), await join('a::b')]
  for (const each of [owner, replica]) await each.provided('f', () => each.workerId)
  expect(await outsider.next('registrationrejected')).toMatchObject({ function_id: 'a::b::f' })
  await outsider.provided(id, () => 'stolen')
  const answers = await Promise.all(Array.from({ length: 20 }, () => trusted.call('a::b::f', {})))
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set([owner.workerId, replica.workerId]))
})

test('A listener that comes to name an id takes it from the session that has it', async () => {
  const { core, trusted, session } = await hostile()
  await session.provided('gate::mw', () => 'stolen')
  const configs = [{}, { rbac: { expose_functions: ['match("open::*")'] } }, { middleware_function_id: 'gate::mw' }]
  await core.listen(configs.map(listenerEntry))
  expect((await trusted.call('gate::mw', {})).error?.code).toBe('function_not_found')
  await session.provided('gate::mw', () => 'stolen')
  expect((await trusted.call('gate::mw', {})).error?.code).toBe('function_not_found')
})

test('Ids that the configuration names anywhere are found, and filters are no such ids', () => {
  const entry = { instanceId: 'x', enabled: true, config: {} } as unknown as Parameters<
    typeof functionsNamedBy
  >[0][number]
  const config = {
    auth_function: 'a',
    rbac: { auth_function_id: 'b', expose_functions: ['match("c")'], on_function_registration_function_id: 'd' },
    list: [{ middleware_function_ids: ['e', 5] }],
    function: null,
  }
  expect(
    [
      ...functionsNamedBy([
        { ...entry, config },
        { ...entry, enabled: false, config: { function_id: 'off' } },
      ]),
    ].sort(),
  ).toEqual(['a', 'b', 'd', 'e'])
})
