// What stands on the channel of events in Redis, whoever has written it: its event stays the text that it was.
import { expect, test } from 'vitest'
import { readMessage } from '../../../plugins/stream/adapters/redis-message.ts'

const EVENT = '{"type":"create","data":{"id":9007199254740993,"price":1.10}}'

test.each([
  [
    'last, as engines write it',
    `{"type":"stream","timestamp":1,"streamName":"s","groupId":"g","id":"i","event":${EVENT}}`,
  ],
  [
    'first, as somebody else may',
    `{ "event" : ${EVENT}, "timestamp":1,"streamName":"s","groupId":"g","id":"i","type":"stream"}`,
  ],
])('an event that stands %s keeps its numbers', (_where, text) => {
  expect(readMessage(text)).toMatchObject({ stream: 's', group: 'g', item: 'i', event: EVENT })
})

test.each(['', 'null', '{}', '{"event":1}', '{"timestamp":1,"streamName":"s","groupId":"g","id":"i"}'])(
  '%s is no event',
  (text) => {
    expect(readMessage(text)).toBeUndefined()
  },
)
