// Two engines on one RabbitMQ: the cases of all stores that engines share.
import { describe } from 'vitest'
import { twoEngineCases } from '../../../plugins/queue/two-engine-cases.ts'
import { lacks } from '../../../support/needs.ts'
import { rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('two engines (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  twoEngineCases('rabbitmq', () => ({ name: 'rabbitmq', config: { amqp_url: scene.server.url } }))
})
