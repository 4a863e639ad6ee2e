// Where `iii-queue` does not run another worker may be the queue, under the ids of the later stand-alone worker (spec 03 §3.3, §3.10, check 70).
import { expect, test } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { RawClient } from '../../support/raw-client.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const IN_DEFAULT = ['enqueue', 'list_topics', 'topic_stats', 'dlq_topics', 'dlq_messages'].map(
  (id) => `engine::queue::${id}`,
)
const IN_PROJECT = [
  'queue::define',
  'iii::durable::publish',
  'iii::queue::redrive',
  'iii::queue::redrive_message',
  'iii::queue::discard_message',
]

test('1. without any of them an Enqueue fails, and says what is missing', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  await folder.start({ watch: false })
  const client = await folder.connect()
  const { error } = await client.call('f', {}, { action: { type: 'enqueue', queue: 'default' } })
  expect(error).toMatchObject({
    code: 'enqueue_error',
    message: expect.stringMatching(/No queue provider is installed.*QueueModule not loaded.*engine::queue::enqueue/s),
  })
})

test('70. another worker may be the queue: it registers all ids, gets what iii sends, and the receipt is that of the engine', async () => {
  const folder = new EngineFolder()
  folder.configure(LISTENER)
  await folder.start({ watch: false })
  // As the stand-alone worker does: two connections, one in its project's namespace.
  const project = await RawClient.connect(folder.url(), { name: 'queue', namespace: 'shop' })
  const engine = await RawClient.connect(folder.url(), { name: 'queue-engine' })
  for (const id of IN_PROJECT) await project.provided(id, () => ({ served: id }))
  for (const id of IN_DEFAULT) await engine.provided(id, () => ({ messageReceiptId: 'an id of its own' }))
  project.send({ type: 'registertriggertype', id: 'durable:subscriber', description: 'topics' })
  await project.settled()
  expect([...project.of('registrationrejected'), ...engine.of('registrationrejected')]).toEqual([])

  const shop = await RawClient.connect(folder.url(), { name: 'shop', namespace: 'shop' })
  await shop.provided('mail::send')
  const action = { type: 'enqueue', queue: 'mail' }
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { result } = await shop.call('mail::send', { to: 'ada' }, { action, traceparent, namespace: 'default' })
  const { messageReceiptId } = result as { messageReceiptId: string }
  expect(messageReceiptId).toMatch(UUID_V4)
  const [enqueued] = engine.calls('engine::queue::enqueue')
  expect(enqueued!['data']).toEqual({
    queue: 'mail',
    function_id: 'mail::send',
    data: { to: 'ada' },
    messageReceiptId,
    traceparent,
    baggage: 'iii.function.id=mail::send',
  })
  await shop.call('mail::send', 1, { action, namespace: 'shop' })
  expect(engine.calls('engine::queue::enqueue')[1]!['data']).toMatchObject({ namespace: 'shop' })

  for (const id of IN_PROJECT) {
    expect((await shop.call(id, {}, { namespace: 'shop' })).result).toEqual({ served: id })
  }
  shop.send({
    type: 'registertrigger',
    id: 'sub-1',
    trigger_type: 'durable:subscriber',
    function_id: 'mail::send',
    config: { topic: 'orders' },
  })
  await project.next('registertrigger')
  expect(project.of('registertrigger')[0]).toMatchObject({ function_id: 'mail::send', config: { topic: 'orders' } })
  // How it probes for its targets, and what it looks at to know whose queue this is.
  expect((await engine.call('engine::functions::info', { function_id: 'nobody', namespace: 'shop' })).error?.code).toBe(
    'NOT_FOUND',
  )
  const { workers } = (await engine.call('engine::workers::list')).result as { workers: { id: string; name: string }[] }
  expect(workers.filter(({ id, name }) => id === 'iii-queue' || name === 'iii-queue')).toEqual([])
})
