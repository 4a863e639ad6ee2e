// The backend on a real RabbitMQ server: the cases of all backends, and what stands on the broker.
import { afterAll, beforeAll, describe } from 'vitest'
import type { Backend } from '../../../plugins/queue/adapters/backend.ts'
import { openRabbit } from '../../../plugins/queue/adapters/rabbitmq/open-rabbit.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { lacks } from '../../support/needs.ts'
import { startRabbit, type RabbitServer } from '../../support/rabbitmq-server.ts'
import { backendCases } from '../../plugins/queue/backend-cases.ts'

describe.skipIf(lacks('rabbitmq-server'))('on a server (needs rabbitmq-server)', () => {
  let server: RabbitServer
  beforeAll(async () => void (server = await startRabbit()), 70_000)
  afterAll(() => server.stop())
  const open = (): Promise<Backend> =>
    openRabbit({
      config: { amqp_url: server.url },
      projectRoot: '/',
      log: collectingLog() as never,
    }) as Promise<Backend>

  backendCases('rabbitmq', open, {
    lacks: ['delayed', 'deduplication', 'priority order', 'growing back-off', 'byte limit'],
  })
})
