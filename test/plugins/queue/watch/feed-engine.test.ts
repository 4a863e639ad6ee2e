// The live feed of queues reaches those who follow its stream (spec 03 §5.2).
import { expect, test } from 'vitest'
import { StreamClient } from '../../../support/stream-client.ts'
import { sessionEngine } from '../../together/session-engine.ts'

test('77. whoever follows the stream of the queues hears of what happens in them', { timeout: 15_000 }, async () => {
  const { trusted, streamUrl } = await sessionEngine(['none::*'])
  const follower = await StreamClient.connect(`${streamUrl}/stream/iii:devtools:queues/all`)
  await trusted.call('iii::durable::publish', { topic: 'orders', data: 1 })
  const [, event] = await follower.take(2)
  expect(JSON.stringify(event)).toContain('"name":"orders","kind":"topic","depth":1')
})
