// What the reactive workers do for sessions of a listener with rbac (spec 09 §4): the calls of a binding have the rights of whoever
// bound it, settings are changed by an exact entry alone, and a session serves no stream.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { StreamClient } from '../../support/stream-client.ts'
import { sessionEngine, type SessionEngine } from './session-engine.ts'

interface FiringType {
  readonly config: object
  /** Makes it fire. */
  readonly cause: (scene: SessionEngine) => Promise<unknown>
}

const ENTRY = { id: 'demo', schema: { type: 'object' }, initial_value: { n: 1 } }
const join = async ({ streamUrl }: SessionEngine) => (await StreamClient.connect(`${streamUrl}/stream/s/g`)).take(1)

const TYPES: Record<string, FiringType> = {
  state: {
    config: { scope: 's' },
    cause: ({ trusted }) => trusted.call('state::set', { scope: 's', key: 'k', value: 1 }),
  },
  stream: {
    config: { stream_name: 's' },
    cause: ({ trusted }) => trusted.call('stream::set', { stream_name: 's', group_id: 'g', item_id: 'i', data: 1 }),
  },
  'stream:join': { config: { stream_name: 's' }, cause: join },
  'stream:leave': {
    config: { stream_name: 's' },
    cause: async ({ streamUrl }) => (await StreamClient.connect(streamUrl)).leave('unknown', 's', 'g'),
  },
  subscribe: {
    config: { topic: 't' },
    cause: ({ trusted }) => trusted.call('publish', { topic: 't', data: { n: 1 } }),
  },
  cron: { config: { expression: '* * * * * *' }, cause: () => Promise.resolve() },
  configuration: {
    config: { configuration_id: 'demo' },
    cause: ({ trusted }) => trusted.call('configuration::register', ENTRY),
  },
}

test.each(Object.entries(TYPES))(
  'A condition of %s that a session may not call is not called for it, and its own functions are',
  async (type, { config, cause }) => {
    const scene = await sessionEngine(['none::*'], { allowed_trigger_types: Object.keys(TYPES) })
    const { folder, trusted, session } = scene
    await trusted.provided('secret::condition', () => true)
    session.provide('own::condition', () => true)
    for (const condition of ['secret', 'own']) {
      session.provide(`own::with-${condition}`, () => null)
      bind(session, type, `own::with-${condition}`, { ...config, condition_function_id: `${condition}::condition` })
    }
    await session.settled()
    await cause(scene)
    await session.until(() => session.calls('own::with-own').length > 0, 'the call of its own function')
    const line = await folder.logged('The condition secret::condition failed; own::with-secret was not run.')
    expect(line).toMatchObject({ level: 'error', code: 'FORBIDDEN' })
    expect(trusted.calls('secret::condition')).toEqual([])
    expect(session.calls('own::with-secret')).toEqual([])
  },
)

test('A session with a prefix and the right to bind streams hears of changes under its own id, and binds nothing else', async () => {
  const rights = { function_registration_prefix: 'u1', allowed_trigger_types: ['stream'] }
  const { trusted, session } = await sessionEngine(['todos::*'], rights)
  session.provide('ui::on-change', () => null)
  bind(session, 'stream', 'ui::on-change', { stream_name: 's', group_id: 'g' })
  bind(session, 'state', 'ui::on-change', { scope: 's' })
  await session.settled()
  await trusted.call('state::set', { scope: 's', key: 'k', value: 'not for it' })
  await trusted.call('stream::set', { stream_name: 's', group_id: 'g', item_id: 'i', data: { done: false } })
  await session.until(() => session.calls('ui::on-change').length > 0, 'the event')
  expect(session.calls('ui::on-change').map(({ data }) => data)).toMatchObject([
    { type: 'stream', id: 'i', event: { type: 'create', data: { done: false } } },
  ])
  expect(session.of('triggerregistrationresult')).toContainEqual(
    expect.objectContaining({ trigger_type: 'state', error: expect.objectContaining({ code: 'FORBIDDEN' }) }),
  )
  const { error } = await session.call('stream::set', { stream_name: 's', group_id: 'g', item_id: 'i', data: 1 })
  expect(error).toMatchObject({ code: 'FORBIDDEN' })
})

test('A wildcard does not reach the functions that change settings; an exact entry does', async () => {
  const { trusted, session } = await sessionEngine(['configuration::*', 'configuration::register'])
  await trusted.call('configuration::register', ENTRY)
  expect((await session.call('configuration::get', { id: 'demo' })).result).toEqual({ id: 'demo', value: { n: 1 } })
  for (const [id, input] of [
    ['configuration::set', { id: 'demo', value: { n: 2 } }],
    ['configuration::set', { id: 'iii-state', value: {} }],
    ['configuration::delete', { id: 'demo' }],
  ] as const) {
    expect((await session.call(id, input)).error).toMatchObject({ code: 'FORBIDDEN' })
  }
  expect((await session.call('configuration::register', { ...ENTRY, initial_value: { n: 3 } })).error).toBeUndefined()
  expect((await trusted.call('configuration::get', { id: 'demo' })).result).toMatchObject({ value: { n: 3 } })
})

test('A session serves no stream, neither to others nor to itself', async () => {
  const { trusted, session } = await sessionEngine(['stream::*'])
  for (const operation of ['get', 'set', 'delete', 'list', 'list_groups', 'update']) {
    session.provide(`stream::${operation}(private)`, () => ({ new_value: 'taken' }))
  }
  await session.settled()
  const item = { stream_name: 'private', group_id: 'g', item_id: 'i' }
  for (const worker of [trusted, session]) {
    expect((await worker.call('stream::set', { ...item, data: worker === session })).result).toMatchObject({
      new_value: worker === session,
    })
    expect((await worker.call('stream::get', item)).result).toBe(worker === session)
    expect((await worker.call('stream::list', item)).result).toEqual([worker === session])
  }
  expect(session.frames.filter(({ type }) => type === 'invokefunction')).toEqual([])
})

function bind(worker: RawClient, type: string, functionId: string, config: object): void {
  worker.send({ type: 'registertrigger', id: randomUUID(), trigger_type: type, function_id: functionId, config })
}
