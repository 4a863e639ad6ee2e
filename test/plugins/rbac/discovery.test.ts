// What listings and discovery events show to a session that may ask for them: what it could call, and its own (spec 04 B.8, check 18).
import { expect, test } from 'vitest'
import type { RawClient } from '../../support/raw-client.ts'
import { rbacScene } from './scene.ts'

async function scene(): Promise<{ trusted: RawClient; session: RawClient }> {
  const expose_functions = ['match("engine::*")', 'match("todos::*")', { metadata: { public: true } }]
  const { trusted, session: connect } = await rbacScene({ expose_functions })
  trusted.provide('todos::list', () => [])
  trusted.provide('secret::read', () => 'leaked')
  trusted.provide('open::read', () => 'open', { metadata: { public: true } })
  for (const id of ['todos::list', 'secret::read'])
    trusted.send({ type: 'registertrigger', id: `on ${id}`, trigger_type: 'tick', function_id: id, config: {} })
  await trusted.settled()
  const session = await connect()
  await session.provided('own::f', () => 1)
  return { trusted, session }
}

const VISIBLE = ['open::read', 'own::f', 'todos::list']

test('engine::functions::list and ::info', async () => {
  const { session } = await scene()
  const { functions } = (await session.call('engine::functions::list', { include_internal: true })).result as {
    functions: { function_id: string }[]
  }
  const ids = functions.map(({ function_id }) => function_id)
  expect(ids.filter((id) => !id.startsWith('engine::')).sort()).toEqual(VISIBLE)
  for (const id of ['engine::plugins::stop', 'engine::sessions::revoke', 'engine::register_trigger'])
    expect(ids).not.toContain(id)
  expect((await session.call('engine::functions::info', { function_id: 'todos::list' })).error).toBeUndefined()
  for (const function_id of ['secret::read', 'secret::none'])
    expect((await session.call('engine::functions::info', { function_id })).error?.code).toBe('FORBIDDEN')
})

test('engine::workers::list and engine::registered-triggers::list', async () => {
  const { session } = await scene()
  const { workers } = (await session.call('engine::workers::list', {})).result as {
    workers: { name: string; functions: string[] }[]
  }
  expect(workers.find(({ name }) => name === 'trusted')?.functions.toSorted()).toEqual(['open::read', 'todos::list'])
  const { result } = await session.call('engine::registered-triggers::list', {})
  expect((result as { registered_triggers: { id: string }[] }).registered_triggers.map(({ id }) => id)).toEqual([
    'on todos::list',
  ])
})

test('engine::functions-available tells a session of what it sees', async () => {
  const { trusted, session } = await scene()
  session.send({
    type: 'registertrigger',
    id: 'watch',
    trigger_type: 'engine::functions-available',
    function_id: 'own::f',
    config: {},
  })
  await session.until(() => session.calls('own::f').length > 0, 'the event')
  const told = session
    .calls('own::f')
    .flatMap(({ data }) => (data as { functions: { function_id: string }[] }).functions)
  expect(
    told
      .map(({ function_id }) => function_id)
      .filter((id) => !id.startsWith('engine::'))
      .sort(),
  ).toEqual(VISIBLE)
  expect(trusted.calls('secret::read')).toEqual([])
})
