// Functions that listeners name as those that decide: auth function, hooks, middleware. Sessions never serve one, and learn nothing of
// one that is missing (spec 04 B.5 with check 45, 09 §4 a).
import { expect, test } from 'vitest'
import { listenerEntry } from '../../support/test-core.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

const GUARDS = {
  auth_function_id: 'gate::auth',
  on_function_registration_function_id: 'gate::function',
  on_trigger_registration_function_id: 'gate::trigger',
  on_trigger_type_registration_function_id: 'gate::type',
}
const IDS = [...Object.values(GUARDS), 'gate::middleware']
const open = { expose_functions: ['match("*")'] }

test.each([
  ['as they are', {}, (id: string) => id],
  ['made by a prefix', { function_registration_prefix: 'gate' }, (id: string) => id.replace('gate::', '')],
])(
  'A session registers none of the ids that a listener asks, %s, in no namespace, served or not',
  async (_how, rights, sent) => {
    const core = await scene(() => rights, {}, undefined, { middleware_function_id: 'gate::middleware' })
    await core.listen([
      listenerEntry({}),
      listenerEntry({ rbac: {}, middleware_function_id: 'gate::middleware' }, 1),
      listenerEntry({ rbac: GUARDS }, 2),
    ])
    const trusted = await core.connect()
    for (const namespace of ['default', 'shop']) {
      const session = await core.connect({ listener: PUBLIC, namespace })
      for (const id of IDS) session.provide(sent(id), () => 'mine')
      await session.settled()
      for (const id of IDS)
        expect([id, (await trusted.call(id, {}, { namespace })).error?.code]).toEqual([id, 'function_not_found'])
    }
  },
)

test('A hook can not make one of these ids of what a session registers', async () => {
  const core = await scene(() => ({}), { on_function_registration_function_id: 'gate::function' })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::function', () => ({ function_id: 'gate::function' }))
  session.provide('mine', () => 'mine')
  await session.settled()
  expect(session.calls('mine')).toEqual([])
  expect((await trusted.call('gate::function', {})).result).toEqual({ function_id: 'gate::function' })
  expect(core.logged('warn').map(({ msg }) => msg)).toContainEqual(expect.stringContaining('gate::function'))
})

test('An id that a changed configuration names is taken from the session that serves it', async () => {
  const core = await scene(() => ({}))
  const { trusted, session } = await both(core)
  await session.provided('gate::auth', () => 'whoever asks')
  await session.provided('other::f', () => 'kept')
  expect((await trusted.call('gate::auth', {})).result).toBe('whoever asks')
  const entries = [listenerEntry({}), listenerEntry({ rbac: {} }, 1)]
  await core.listen([...entries, listenerEntry({ rbac: { auth_function_id: 'gate::auth' } }, 2)])
  expect((await trusted.call('gate::auth', {})).error?.code).toBe('function_not_found')
  expect((await trusted.call('other::f', {})).result).toBe('kept')
  await core.listen(entries)
  await session.provided('gate::auth', () => 'again')
  expect((await trusted.call('gate::auth', {})).result).toBe('again')
})

test('The middleware is looked for in the namespace of the call, then in default', async () => {
  const core = await scene(
    () => ({}),
    { expose_functions: ['match("*")', { match: '*', namespace: 'shop' }] },
    undefined,
    { middleware_function_id: 'gate::middleware' },
  )
  const { trusted, session } = await both(core)
  await trusted.provided('gate::middleware', (input: { namespace: string }) => ['default', input.namespace])
  const call = async (): Promise<unknown> => (await session.call('a::f', {}, { namespace: 'shop' })).result
  expect(await call()).toEqual(['default', 'shop'])
  const shop = await core.connect({ namespace: 'shop' })
  await shop.provided('gate::middleware', (input: { namespace: string }) => ['shop', input.namespace])
  expect(await call()).toEqual(['shop', 'shop'])
  expect((await session.call('a::f', {})).result).toEqual(['default', 'default'])
})

test('While the middleware is not registered nothing is called, and the session learns no name', async () => {
  const core = await scene(() => ({}), open, undefined, { middleware_function_id: 'gate::middleware' })
  const { trusted, session } = await both(core)
  trusted.provide('a::f', () => 'unreached')
  await trusted.provided('gate::middlewara', () => 'unreached')
  expect((await session.call('a::f', {})).error).toEqual({
    code: 'function_not_found',
    message: 'the middleware of this listener is not registered; nothing can be called until it is',
  })
  expect((await session.call('engine::log::info', { message: 'goes past it' })).error).toBeUndefined()
  expect(core.logged('warn').map(({ msg }) => msg)).toContain(
    "the middleware 'gate::middleware' is not registered: calls fail",
  )
  expect([...trusted.calls('a::f'), ...trusted.calls('gate::middlewara')]).toEqual([])
})

test('What the middleware is told of a void call is its action, and the caller hears nothing', async () => {
  const core = await scene(() => ({}), open, undefined, { middleware_function_id: 'gate::middleware' })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::middleware', () => 'heard by nobody')
  const before = session.frames.length
  session.send({ type: 'invokefunction', function_id: 'a::f', data: 1, action: { type: 'void' } })
  await session.settled()
  await trusted.until(() => trusted.calls('gate::middleware').length === 1, 'the middleware')
  expect(trusted.calls('gate::middleware')[0]?.['data']).toMatchObject({ action: { type: 'void' }, payload: 1 })
  await trusted.settled()
  await session.settled()
  expect(session.frames.slice(before)).toEqual([{ type: 'pong' }, { type: 'pong' }])
})

test('While a hook is not registered it denies, and the session learns no name', async () => {
  const core = await scene(() => ({}), {
    on_function_registration_function_id: 'gate::hook',
    on_trigger_registration_function_id: 'gate::hook',
  })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::hooks', () => ({}))
  session.provide('a::f', () => 1)
  session.send({ type: 'registertrigger', id: 'mine', trigger_type: 'tick', function_id: 'a::f', config: {} })
  expect(await session.next('triggerregistrationresult')).toMatchObject({
    id: 'mine',
    error: { code: 'FORBIDDEN', message: "nobody decides on trigger 'mine': its hook is not registered" },
  })
  expect((await trusted.call('a::f', {})).error?.code).toBe('function_not_found')
})
