// The backend on a real RabbitMQ server: the cases of all backends.
import { describe } from 'vitest'
import { backendCases } from '../../../plugins/queue/backend-cases.ts'
import { lacks } from '../../../support/needs.ts'
import { rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('on a server (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  backendCases('rabbitmq', scene.open, {
    lacks: ['growing back-off', 'byte limit', 'peek of a backlog'],
  })
})
