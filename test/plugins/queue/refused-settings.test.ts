// Settings that a whole engine does not start with (spec 03 §2.1, checks 5 and 48): the message names what is wrong, and where.
import { expect, test } from 'vitest'
import { startQueueEngine } from './queue-engine.ts'

test.each([
  ['type: weird', '{ queue_configs: { pay: { type: weird } } }', /queue_configs\.pay\.type.*weird/s],
  [
    'fifo without a group',
    '{ queue_configs: { pay: { type: fifo } } }',
    /queue_configs\.pay: missing 'message_group_field'/,
  ],
  ['a name with blanks around it', '{ queue_configs: { " a": {} } }', /the name " a" must be a text without blanks/],
  ['a name with a line break', '{ queue_configs: { "a\\nb": {} } }', /the name "a\\nb" must be a text without/],
  ['concurrency: 0', '{ queue_configs: { pay: { concurrency: 0 } } }', /queue_configs\.pay\.concurrency/],
  ['max_priority: 0', '{ queue_configs: { pay: { max_priority: 0 } } }', /queue_configs\.pay\.max_priority/],
  [
    'an unknown key',
    '{ queue_configs: { pay: { concurency: 2 } } }',
    /queue_configs\.pay.*'concurency'.*'concurrency'/s,
  ],
  ['an unknown adapter', '{ adapter: { name: postgres } }', /config\.adapter: Adapter factory 'postgres' not found/],
])('5. %s', async (_what, config, message) => {
  await expect(startQueueEngine(config)).rejects.toThrow(message)
})

test('48. both names of the worker', async () => {
  await expect(startQueueEngine('{} }\n  - { name: queue, config: {}')).rejects.toThrow(
    /Duplicate worker configurations:.*iii-queue.*queue/s,
  )
})
