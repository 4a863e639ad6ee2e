// Queues for sessions of a listener with rbac (spec 09 §4): what a wildcard does not reach, and whose rights a delivery has.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { about } from '../../../plugins/queue/about.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { sessionEngine, type SessionEngine } from '../together/session-engine.ts'

const ONCE = { max_retries: 1 }

function subscribe(worker: RawClient, functionId: string, config: object): void {
  worker.send({
    type: 'registertrigger',
    id: randomUUID(),
    trigger_type: 'durable:subscriber',
    function_id: functionId,
    config: { ...ONCE, ...config },
  })
}

/** Publishes, and waits for the dead letter that comes of it. */
async function killedBy({ trusted }: SessionEngine, topic: string): Promise<{ error: string }> {
  await trusted.provided('test::on-dead', () => null)
  const before = trusted.calls('test::on-dead').length
  trusted.send({
    type: 'registertrigger',
    id: randomUUID(),
    trigger_type: 'queue:dead-letter',
    function_id: 'test::on-dead',
    config: { topic },
  })
  await trusted.call('iii::durable::publish', { topic, data: 1 })
  await trusted.until(() => trusted.calls('test::on-dead').length > before, 'the dead letter')
  const rows = await trusted.call('engine::queue::dlq_messages', { topic })
  return (rows.result as { error: string }[])[0]!
}

test('98. a wildcard reaches what looks at queues, and nothing that holds or empties them', async () => {
  const { session } = await sessionEngine(['engine::*', 'queue::*', 'iii::*'])
  for (const id of about.exactGrants) {
    const input = { queue: 'default', topic: 't', message_id: 'm', function_id: 'f' }
    expect([id, (await session.call(id, input)).error?.code]).toEqual([id, 'FORBIDDEN'])
  }
  for (const id of ['iii::queue::status', 'iii::queue::redrive', 'iii::queue::peek', 'engine::queue::topic_stats'])
    expect((await session.call(id, { queue: 'default' })).error).toBeUndefined()
})

test('an exact entry does', async () => {
  const { session } = await sessionEngine(['iii::queue::pause'])
  expect((await session.call('iii::queue::pause', { queue: 'default' })).result).toEqual({
    queue: 'default',
    paused: true,
  })
})

test('a subscriber of a session gets messages, and calls nothing that the session may not call', async () => {
  const scene = await sessionEngine(['own::*'], {
    allowed_trigger_types: ['durable:subscriber'],
    allow_trigger_type_registration: true,
  })
  const { trusted, session } = scene
  await trusted.provided('secret::target', () => null)
  await trusted.provided('secret::condition', () => true)
  session.provide('own::on-message', () => null)
  subscribe(session, 'own::on-message', { topic: 'mine' })
  subscribe(session, 'own::on-message', { topic: 'asks', condition_function_id: 'secret::condition' })
  await session.settled()
  await trusted.call('iii::durable::publish', { topic: 'mine', data: { n: 1 } })
  await session.until(() => session.calls('own::on-message').length > 0, 'the message')
  expect(session.calls('own::on-message').map(({ data }) => data)).toMatchObject([{ n: 1 }])
  expect(await killedBy(scene, 'asks')).toMatchObject({ error: expect.stringMatching(/^FORBIDDEN: /) })
  expect(trusted.calls('secret::condition')).toEqual([])
})
