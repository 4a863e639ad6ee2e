// What sessions of a listener with rbac register and bind: gates, hooks, prefix, ids of others (spec 04 B.6–B.7, 09 §4).
import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parseExact } from '../../../base/values/exact-json.ts'
import type { Frame } from '../../support/raw-client.ts'
import { both, PUBLIC, scene } from './session-scene.ts'

test('A prefix is added to what a session registers and binds, taken off what it gets, and not added to what it calls', async () => {
  const core = await scene(() => ({ function_registration_prefix: 'u1', allow_trigger_type_registration: true }), {
    expose_functions: ['match("u1::*")'],
  })
  const { trusted, session } = await both(core)
  trusted.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await trusted.settled()
  await session.provided('ui::x', (_data: unknown, frame: Frame) => frame['function_id'])
  session.send({ type: 'registertrigger', id: 'bound', trigger_type: 'tick', function_id: 'ui::x', config: {} })
  expect(await trusted.next('registertrigger')).toMatchObject({
    id: 'bound',
    trigger_type: 'tick',
    function_id: 'u1::ui::x',
  })
  expect((await trusted.call('u1::ui::x', {})).result).toBe('ui::x')
  expect((await trusted.call('ui::x', {})).error?.code).toBe('function_not_found')
  expect((await session.call('ui::x', {})).error?.code).toBe('FORBIDDEN')
  expect((await session.call('u1::ui::x', {})).result).toBe('ui::x')
  session.send({ type: 'unregisterfunction', id: 'ui::x' })
  await session.settled()
  expect((await trusted.call('u1::ui::x', {})).error?.code).toBe('function_not_found')
})

test('A function hook may rename; calls and unregistration use the id that the session sent', async () => {
  const core = await scene(() => ({ function_registration_prefix: 'p', context: { t: 1 } }), {
    on_function_registration_function_id: 'gate::function',
  })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::function', (input: { function_id: string }) => ({
    function_id: `${input.function_id}-v2`,
  }))
  await session.provided('a::f', (_data: unknown, frame: Frame) => frame['function_id'], {
    description: 'd',
    metadata: { k: 1 },
  })
  expect(trusted.calls('gate::function')[0]?.['data']).toEqual({
    function_id: 'a::f',
    description: 'd',
    metadata: { k: 1 },
    context: { t: 1 },
    namespace: 'default',
  })
  expect((await trusted.call('p::a::f-v2', {})).result).toBe('a::f')
  session.send({ type: 'unregisterfunction', id: 'a::f' })
  await session.settled()
  expect((await trusted.call('p::a::f-v2', {})).error?.code).toBe('function_not_found')
})

test.each([
  ['returns null', () => null],
  ['returns true', () => true],
  ['returns a text', () => 'yes'],
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
])(
  'A hook that %s denies: functions silently, triggers with FORBIDDEN under the id that was sent',
  async (_what, hook) => {
    const core = await scene(() => ({}), {
      on_function_registration_function_id: 'gate::hook',
      on_trigger_registration_function_id: 'gate::hook',
    })
    const { trusted, session } = await both(core)
    await trusted.provided('gate::hook', hook)
    const before = session.frames.length
    session.provide('a::f', () => 1)
    session.send({ type: 'registertrigger', id: 'mine', trigger_type: 'tick', function_id: 'a::f', config: {} })
    await session.settled()
    expect(session.frames.slice(before)).toEqual([
      {
        type: 'triggerregistrationresult',
        id: 'mine',
        trigger_type: 'tick',
        function_id: 'a::f',
        error: { code: 'FORBIDDEN', message: expect.any(String) },
      },
      { type: 'pong' },
    ])
    expect((await trusted.call('a::f', {})).error?.code).toBe('function_not_found')
  },
)

test('A hook that never answers denies after ten seconds, and the frames behind it wait so long', async () => {
  const core = await scene(() => ({}), { on_function_registration_function_id: 'gate::hook' })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::hook')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  session.provide('a::f', () => 1)
  session.send({ type: 'ping' })
  await trusted.until(() => trusted.calls('gate::hook').length === 1, 'the question')
  vi.advanceTimersByTime(9_999)
  await trusted.settled()
  expect(session.of('pong')).toEqual([])
  vi.advanceTimersByTime(1)
  await session.until(() => session.of('pong').length > 0, 'the pong behind the hook')
  expect((await trusted.call('a::f', {})).error?.code).toBe('function_not_found')
})

test('A trigger hook may rewrite the binding; the session goes on using the id that it sent', async () => {
  const core = await scene(() => ({}), { on_trigger_registration_function_id: 'gate::trigger' })
  const { trusted, session } = await both(core)
  trusted.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await trusted.provided('gate::trigger', (input: { trigger_id: string }) => ({
    trigger_id: `t-${input.trigger_id}`,
    config: { every: 5 },
  }))
  session.provide('a::f')
  session.send({
    type: 'registertrigger',
    id: 'mine',
    trigger_type: 'tick',
    function_id: 'a::f',
    config: {},
    metadata: { m: 1 },
  })
  expect(await trusted.next('registertrigger')).toMatchObject({
    id: 't-mine',
    config: { every: 5 },
    metadata: { m: 1 },
  })
  trusted.send({
    type: 'triggerregistrationresult',
    id: 't-mine',
    trigger_type: 'tick',
    function_id: 'a::f',
    error: { code: 'E', message: 'm' },
  })
  expect(await session.next('triggerregistrationresult')).toMatchObject({ id: 'mine', error: { code: 'E' } })
  session.send({ type: 'unregistertrigger', id: 'mine' })
  await session.settled()
  expect(core.core.triggers.findBinding('t-mine')).toBeUndefined()
})

test('A trigger that is registered again is replaced, also where its hook renames it to another id each time', async () => {
  const core = await scene(() => ({}), { on_trigger_registration_function_id: 'gate::trigger' })
  const { trusted, session } = await both(core)
  trusted.send({ type: 'registertriggertype', id: 'tick', description: '' })
  const renamed = ['mine', 'first', 'second', 'mine']
  await trusted.provided('gate::trigger', () => ({ trigger_id: renamed.shift() }))
  session.provide('a::f')
  const bound: string[][] = []
  while (renamed.length > 0) {
    session.send({ type: 'registertrigger', id: 'mine', trigger_type: 'tick', function_id: 'a::f', config: {} })
    await session.settled()
    bound.push(['mine', 'first', 'second'].filter((id) => core.core.triggers.findBinding(id) !== undefined))
  }
  expect(bound).toEqual([['mine'], ['first'], ['second'], ['mine']])
})

test('A hook may rename a trigger type; the session goes on using the id that it sent', async () => {
  const core = await scene(() => ({ allow_trigger_type_registration: true, context: { t: 1 } }), {
    on_trigger_type_registration_function_id: 'gate::type',
  })
  const { trusted, session } = await both(core)
  await trusted.provided('gate::type', (input: { trigger_type_id: string }) => ({
    trigger_type_id: `s1:${input.trigger_type_id}`,
    description: 7,
  }))
  session.send({ type: 'registertriggertype', id: 'tick', description: 'ticks' })
  await session.settled()
  expect(trusted.calls('gate::type')[0]?.['data']).toEqual({
    trigger_type_id: 'tick',
    description: 'ticks',
    context: { t: 1 },
  })
  expect(core.core.triggers.findType('default', 's1:tick')?.current?.description).toBe('ticks')
  trusted.send({ type: 'registertrigger', id: 'b', trigger_type: 's1:tick', function_id: 'a::f', config: {} })
  expect(await session.next('registertrigger')).toMatchObject({ id: 'b', trigger_type: 'tick' })
  session.send({
    type: 'triggerregistrationresult',
    id: 'b',
    trigger_type: 'tick',
    function_id: 'a::f',
    error: { code: 'E', message: 'no' },
  })
  expect(await trusted.next('triggerregistrationresult')).toMatchObject({ id: 'b', trigger_type: 's1:tick' })
  trusted.send({ type: 'registertrigger', id: 'c', trigger_type: 's1:tick', function_id: 'a::f', config: {} })
  await session.next('registertrigger', 2)
  trusted.send({ type: 'unregistertrigger', id: 'c' })
  expect(await session.next('unregistertrigger')).toMatchObject({ id: 'c', trigger_type: 'tick' })
  session.send({ type: 'unregistertriggertype', id: 'tick' })
  await session.settled()
  expect(core.core.triggers.findType('default', 's1:tick')).toBeUndefined()
  expect(core.core.router.workers.get(session.workerId)?.triggerTypeIds.size).toBe(0)
})

test('A session binds nothing that runs in the pages of the console', async () => {
  const core = await scene(() => ({ allowed_trigger_types: ['console:script', 'console:style'] }))
  const { session } = await both(core)
  session.provide('own::f')
  for (const type of ['console:script', 'console:style'])
    session.send({ type: 'registertrigger', id: type, trigger_type: type, function_id: 'own::f', config: {} })
  await session.settled()
  expect(
    session.of('triggerregistrationresult').map(({ id, error }) => [id, (error as { code: string }).code]),
  ).toEqual([
    ['console:script', 'FORBIDDEN'],
    ['console:style', 'FORBIDDEN'],
  ])
})

test('What a trigger hook is asked and answers keeps the digits of its numbers', async () => {
  const core = await scene(() => ({}), { on_trigger_registration_function_id: 'gate::trigger' })
  const { trusted, session } = await both(core)
  const texts: string[] = []
  trusted.socket.on('message', (data: Buffer) => texts.push(data.toString()))
  trusted.send({ type: 'registertriggertype', id: 'tick', description: '' })
  await trusted.provided('gate::trigger', () => ({ config: parseExact('{"chat":9007199254740993}') }))
  session.provide('a::f')
  const sent = '"config":{"n":18446744073709551617},"metadata":{"id":-9007199254740993}'
  session.send(`{"type":"registertrigger","id":"mine","trigger_type":"tick","function_id":"a::f",${sent}}`)
  await trusted.next('registertrigger')
  expect(texts.find((text) => text.includes('gate::trigger'))).toContain(sent)
  expect(texts.find((text) => text.includes('"registertrigger"'))).toContain(
    '"config":{"chat":9007199254740993},"metadata":{"id":-9007199254740993}',
  )
})

test('Trigger types: the gate, the hook, and the list of allowed ones', async () => {
  const core = await scene(() => ({ allowed_trigger_types: ['ok'], allow_function_registration: false }), {
    auth_function_id: 'gate::auth',
  })
  const { trusted, session } = await both(core)
  session.send({ type: 'registertriggertype', id: 'mine', description: '' })
  session.provide('a::f', () => 1)
  session.send({ type: 'registertrigger', id: 'x', trigger_type: 'bad', function_id: 'a::f', config: {} })
  expect(await session.next('triggerregistrationresult')).toMatchObject({
    id: 'x',
    error: { code: 'FORBIDDEN', message: "Trigger type 'bad' is not allowed for this session." },
  })
  expect(core.core.triggers.findType('default', 'mine')).toBeUndefined()
  expect((await trusted.call('a::f', {})).error?.code).toBe('function_not_found')
})

test('A session binds its own functions and those that it may call, no others', async () => {
  const core = await scene(() => ({}), { expose_functions: ['match("todos::*")'] })
  const { session } = await both(core)
  session.provide('own::f')
  for (const target of ['own::f', 'todos::f', 'secret::f'])
    session.send({ type: 'registertrigger', id: target, trigger_type: 'tick', function_id: target, config: {} })
  await session.settled()
  expect(session.of('triggerregistrationresult')).toEqual([
    expect.objectContaining({
      id: 'secret::f',
      error: { code: 'FORBIDDEN', message: "function 'secret::f' not allowed in namespace 'default'" },
    }),
  ])
})

test('A session cannot register engine ids, by its prefix or a hook neither', async () => {
  const core = await scene(() => ({ function_registration_prefix: 'engine' }))
  const { trusted, session } = await both(core)
  session.provide('engine::mine', () => 1)
  await session.provided('mine', () => 1)
  expect((await trusted.call('engine::mine', {})).error?.code).toBe('function_not_found')
})

test('A session cannot take the id of a trusted function, nor within its restart grace', async () => {
  const core = await scene(() => ({}), { expose_functions: ['match("*")'] })
  const { trusted, session } = await both(core)
  const owner = await core.connect()
  await owner.provided('trusted::f', () => 'real')
  await session.provided('trusted::f', () => 'stolen')
  for (let round = 0; round < 4; round++) expect((await trusted.call('trusted::f', {})).result).toBe('real')
  owner.socket.terminate()
  while (core.core.router.workers.has(owner.workerId)) await trusted.settled()
  await session.provided('trusted::f', () => 'stolen')
  const held = trusted.call('trusted::f', {})
  await trusted.settled()
  const back = await core.connect()
  await back.provided('trusted::f', () => 'real')
  expect((await held).result).toBe('real')
  expect(session.calls('trusted::f')).toEqual([])
})

test('A session cannot take over the trigger of another connection', async () => {
  const core = await scene(() => ({}))
  const { trusted, session } = await both(core)
  const id = randomUUID()
  trusted.send({ type: 'registertrigger', id, trigger_type: 'tick', function_id: 'a::f', config: {} })
  await trusted.settled()
  session.provide('mine::f')
  session.send({ type: 'registertrigger', id, trigger_type: 'tick', function_id: 'mine::f', config: {} })
  expect(await session.next('triggerregistrationresult')).toMatchObject({ id, error: { code: 'FORBIDDEN' } })
  expect(core.core.triggers.ownerOf(id)?.id).toBe(trusted.workerId)
  session.send({ type: 'unregistertrigger', id })
  await session.settled()
  expect(core.core.triggers.ownerOf(id)?.id).toBe(trusted.workerId)
})

test('A fire that the provider makes for a binding of a session has the rights of the session', async () => {
  const core = await scene(() => ({}), { expose_functions: ['match("todos::*")'] })
  const { trusted, session } = await both(core)
  await trusted.provided('secret::f', () => 'secret')
  const { worker } = core.plugin('ticker', {})
  core.core.triggers.handle(worker, { type: 'registertriggertype', id: 'tick', description: '' })
  session.provide('own::f', () => 'own')
  session.send({
    type: 'registertrigger',
    id: 'bound',
    trigger_type: 'tick',
    function_id: 'own::f',
    config: { condition_function_id: 'secret::f' },
  })
  await session.settled()
  const fire = (functionId: string): Promise<string> =>
    new Promise((resolve) => {
      core.core.router.call(
        {
          functionId,
          namespace: 'default',
          caller: worker,
          invocationId: undefined,
          data: Buffer.from('{}'),
          metadata: undefined,
          traceparent: undefined,
          baggage: undefined,
          binding: 'bound',
          onSettled: (result, error) => resolve((error ?? result ?? '').toString()),
          bytes: 0,
          callee: undefined,
          callId: 0,
          deliveredAt: 0,
        },
        undefined,
      )
    })
  expect(JSON.parse(await fire('secret::f'))).toMatchObject({ code: 'FORBIDDEN' })
  expect(await fire('own::f')).toBe('"own"')
  expect(trusted.calls('secret::f')).toEqual([])
})

test('A session that is scoped to namespaces announces itself in one of those only', async () => {
  const core = await scene(() => ({ namespaces: { 'tenant-a': ['svc::*'] } }))
  const elsewhere = await core.connect({ listener: PUBLIC, name: null })
  elsewhere.provide('svc::x', () => 1)
  expect((await elsewhere.announce({ namespace: 'tenant-b' })).error).toEqual({
    code: 'FORBIDDEN',
    message: "namespace 'tenant-b' not allowed for this session (permitted: tenant-a)",
  })
  expect((await elsewhere.announce({})).error?.code).toBe('FORBIDDEN')
  const inside = await core.connect({ listener: PUBLIC, namespace: 'tenant-a' })
  await inside.provided('svc::f', () => 'a')
  expect((await inside.call('svc::f', {}, { namespace: 'tenant-a' })).result).toBe('a')
  expect((await inside.call('svc::f', {})).error?.code).toBe('FORBIDDEN')
})
