// Ids that look like others, that are written in odd ways, or that try to leave the place where a session may be (spec 04 B.4, B.7).
import { expect, test } from 'vitest'
import { PUBLIC } from '../core/gateway/session-scene.ts'
import { hostile, OPEN, SECRET } from './hostile-scene.ts'

/** Ways to write an id that must not come to mean it. */
const disguises = (id: string): string[] => [
  id.replace('::', '%3A%3A'),
  id.replace('s', '%73'),
  encodeURIComponent(id),
  id.toUpperCase(),
  id.replace('e', '\u00e9'),
  id.replace('e', 'e\u0301'),
  id.replace('::', '\uff1a\uff1a'),
  `${id}\u200b`,
  `\ufeff${id}`,
  id.replace('::', '::\u200d'),
  `${id}\u0000`,
  `${id}\u0000.js`,
  `${id} `,
  ` ${id}`,
  `${id}\n`,
  id.replace('::', ':'),
  id.replace('::', ':::'),
  id.replace('::', '::::'),
  `::${id}`,
  `${id}::`,
  id.replace('::', '/'),
  id.replace('::', '::../'),
  `${id}\ud800`,
  '__proto__',
  'constructor',
  'toString',
  '',
  '*',
  'match("*")',
]

test.each(disguises(SECRET))('%j is not the function that it resembles', async (id) => {
  const { session } = await hostile({ rbac: { expose_functions: ['match("open::*")'] } })
  expect(['FORBIDDEN', 'invalid_message']).toContain((await session.call(id, {})).error?.code)
})

test('What is forbidden stays so under a wildcard that reaches everything, however it is written', async () => {
  const { trusted, session } = await hostile({
    rbac: { expose_functions: ['match("*")'] },
    decide: () => ({ forbidden_functions: [SECRET] }),
  })
  for (const id of disguises(SECRET)) await session.call(id, {})
  session.send(`{"type":"invokefunction","invocation_id":"i","function_id":"secret\\u003a:f","data":{}}`)
  session.send(
    `{"function_id":"${OPEN}","type":"invokefunction","invocation_id":"j","function_id":"${SECRET}","data":{}}`,
  )
  for (const id of ['i', 'j']) expect((await session.outcome(id)).error?.code).toBe('FORBIDDEN')
  expect(trusted.calls(SECRET)).toEqual([])
})

test('A session takes no function or name of the engine under an odd id', async () => {
  const { core, session } = await hostile()
  const before = new Set([...core.core.router.functions.all()].map(({ id }) => id))
  for (const id of ['engine::x', 'engine::seat::session-policy', 'engine::channels::create', 'engine::queue::enqueue'])
    session.provide(id, () => 'stolen')
  await session.settled()
  expect([...core.core.router.functions.all()].filter(({ id }) => !before.has(id))).toEqual([])
  expect(session.of('registrationrejected')).toHaveLength(4)
})

test.each(['::f', '../f', '::::f', '..::f', '\u0000f', '%2e%2e::f', '__proto__', 'a::b'])(
  'A function %j of a session with a prefix stays below it, as does the target of its trigger',
  async (id) => {
    const { core, session } = await hostile({ decide: () => ({ function_registration_prefix: 'tenant' }) })
    const before = new Set([...core.core.router.functions.all()].map((entry) => entry.id))
    await session.provided(id, () => 1)
    const added = [...core.core.router.functions.all()].filter((entry) => !before.has(entry.id))
    expect(added.map((entry) => entry.id)).toEqual([`tenant::${id}`])
    session.send({ type: 'registertrigger', id: 't', trigger_type: 'tick', function_id: id, config: {} })
    await session.settled()
    const [binding] = [...core.core.triggers.bindings()]
    expect(binding?.logical.functionId).toBe(`tenant::${id}`)
  },
)

test('A prefix makes no id of the engine of what is registered', async () => {
  const { core, session } = await hostile({ decide: () => ({ function_registration_prefix: 'engine' }) })
  await session.provided('channels::create', () => 'stolen')
  await session.provided('new', () => 'stolen')
  expect(core.core.router.functions.find('default', 'engine::new')).toBeUndefined()
  expect((await session.call('engine::channels::create', {})).result).toHaveProperty('writer')
})

test.each(['__proto__', 'constructor', 'toString', 'DEFAULT', 'default ', '\u0000', 'shop'])(
  'The namespace %j gives a session nothing of another one',
  async (namespace) => {
    const { core, trusted, session } = await hostile({
      decide: () => ({ namespaces: JSON.parse('{"mine":["svc::*"]}') as object }),
    })
    const shop = await core.connect({ namespace: 'shop' })
    await shop.provided('svc::f', () => 'of the shop')
    await trusted.provided('svc::f', () => 'of default')
    expect((await session.call('svc::f', {}, { namespace })).error?.code).toBe('FORBIDDEN')
    const other = await core.connect({ listener: PUBLIC, name: null })
    other.provide('svc::f', () => 'stolen')
    expect((await other.announce({ namespace })).error?.code).toBe('FORBIDDEN')
    expect((await trusted.call('svc::f', {}, { namespace: 'shop' })).result).toBe('of the shop')
  },
)

test('A context, grants and metadata with the names of built-in members are plain data', async () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
  const { trusted, session } = await hostile({
    rbac: { expose_functions: names.map((name) => ({ metadata: { [name]: {} } })) },
  })
  await trusted.provided('plain::f', () => 1, { metadata: { public: false } })
  expect((await session.call('plain::f', {})).error?.code).toBe('FORBIDDEN')
  expect(({} as Record<string, unknown>)['_caller_worker_id']).toBeUndefined()
})

test('A session that registers metadata or a function like that of another exposes nothing of it', async () => {
  const { core, trusted, session } = await hostile({ rbac: { expose_functions: [{ metadata: { public: true } }] } })
  session.provide(SECRET, () => 'mine', { metadata: { public: true } })
  await session.settled()
  expect((await session.call(SECRET, {})).error?.code).toBe('FORBIDDEN')
  const shop = await core.connect({ listener: PUBLIC, namespace: 'shop' })
  await shop.provided(SECRET, () => 'mine', { metadata: { public: true } })
  expect((await shop.call(SECRET, {})).error?.code).toBe('FORBIDDEN')
  expect(trusted.calls(SECRET)).toEqual([])
})
