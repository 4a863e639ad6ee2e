// Sessions that are scoped to namespaces: they register where they may announce themselves, and nowhere else (spec 04 B.4, checks 42, 43).
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { startCore, type TestCore } from '../../support/test-core.ts'
import { sessionAnswer } from '../../support/session-rights.ts'
import { PUBLIC } from './session-scene.ts'

const NOT_HERE = { code: 'FORBIDDEN', message: expect.stringMatching(/^namespace '\w+' not allowed for this session/) }

function scoped(namespaces: Record<string, string[]>, namespaceGraceMs?: number): Promise<TestCore> {
  return startCore({
    ...(namespaceGraceMs === undefined ? {} : { namespaceGraceMs }),
    listeners: [{}, { rbac: {} }],
    prepare: (core) => core.seat('session-policy', () => sessionAnswer({ namespaces })),
  })
}

function registerAll(session: RawClient, name: string, more: object = {}): void {
  session.provide(`x::${name}`, () => name)
  session.send({ type: 'registertriggertype', id: `type-${name}`, description: '' })
  session.send({
    type: 'registertrigger',
    id: `trigger-${name}`,
    trigger_type: 'tick',
    function_id: `x::${name}`,
    config: {},
    ...more,
  })
}

/** What is registered under that name, in any namespace. */
function registered({ core }: TestCore, name: string): string[] {
  const places = ['default', 'a', 'b']
  return [
    ...core.router.functions.namespacesOf(`x::${name}`).map((place) => `function in ${place}`),
    ...places
      .filter((place) => core.triggers.findType(place, `type-${name}`) !== undefined)
      .map((place) => `type in ${place}`),
    ...(core.triggers.findBinding(`trigger-${name}`) === undefined ? [] : ['trigger']),
  ]
}

test('A refused announce discards what came before it; what comes behind it is refused until a permitted one', async () => {
  const core = await scoped({ a: ['x::*'] })
  const session = await core.connect({ listener: PUBLIC, name: null })
  registerAll(session, 'early')
  expect((await session.announce({ namespace: 'b' })).error).toEqual(NOT_HERE)
  registerAll(session, 'late')
  await session.settled()
  expect(session.of('triggerregistrationresult')).toMatchObject([
    { id: 'trigger-early', error: NOT_HERE },
    { id: 'trigger-late', error: NOT_HERE },
  ])
  expect((await session.announce({ namespace: 'a' })).result).toEqual({ success: true })
  registerAll(session, 'placed', { namespace: 'a' })
  await session.settled()
  for (const name of ['early', 'late']) expect([name, registered(core, name)]).toEqual([name, []])
  expect(registered(core, 'placed')).toEqual(['function in a', 'type in a', 'trigger'])
  const trusted = await core.connect()
  expect((await trusted.call('x::placed', {}, { namespace: 'a' })).result).toBe('placed')
})

test('A refused announce also counts where the session might be without one', async () => {
  const core = await scoped({ default: [], a: [] })
  const session = await core.connect({ listener: PUBLIC, name: null })
  registerAll(session, 'early')
  expect((await session.announce({ namespace: 'b' })).error).toEqual(NOT_HERE)
  registerAll(session, 'late')
  await session.settled()
  expect(session.of('triggerregistrationresult')).toMatchObject([
    { id: 'trigger-early', error: NOT_HERE },
    { id: 'trigger-late', error: NOT_HERE },
  ])
  expect([...registered(core, 'early'), ...registered(core, 'late')]).toEqual([])
})

test('A session that never announces itself registers nothing in default unless it may be there', async () => {
  const grace = 50
  const core = await scoped({ a: [] }, grace)
  const session = await core.connect({ listener: PUBLIC, name: null })
  registerAll(session, 'silent')
  // Tells that the waiting for an announce is over.
  expect(await session.next('triggerregistrationresult')).toMatchObject({ id: 'trigger-silent', error: NOT_HERE })
  await session.settled()
  expect(registered(core, 'silent')).toEqual([])
  await session.announce({ namespace: 'a' })
  registerAll(session, 'placed', { namespace: 'a' })
  await session.settled()
  expect(registered(core, 'placed')).toEqual(['function in a', 'type in a', 'trigger'])
  const inDefault = await scoped({ default: [] }, grace)
  const other = await inDefault.connect({ listener: PUBLIC, name: null })
  await other.provided('x::other', () => 1)
  const trusted = await inDefault.connect()
  await expect.poll(async () => (await trusted.call('x::other', {})).result).toBe(1)
})

test('Namespaces that a registration names are checked like that of the announce', async () => {
  const core = await scoped({ a: [] })
  const session = await core.connect({ listener: PUBLIC, namespace: 'a' })
  session.send({ type: 'registertriggertype', id: 'type-named', namespace: 'default', description: '' })
  session.provide('x::named')
  const bind = (id: string, more: object): void =>
    session.send({ type: 'registertrigger', id, trigger_type: 'tick', function_id: 'x::named', config: {}, ...more })
  bind('in-b', { namespace: 'b' })
  bind('type-in-b', { namespace: 'a', trigger_namespace: 'b' })
  bind('in-a', { namespace: 'a' })
  await session.settled()
  expect(session.of('triggerregistrationresult')).toMatchObject([
    { id: 'in-b', error: NOT_HERE },
    { id: 'type-in-b', error: NOT_HERE },
  ])
  expect(core.core.triggers.findType('default', 'type-named')).toBeUndefined()
  expect(core.core.triggers.findBinding('in-a')).toBeDefined()
})
