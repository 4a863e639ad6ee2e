// A RabbitMQ server for the tests of a file, with engines' backends on it and a client such as another program would be.
import { connect, type Channel } from 'amqplib'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { systemClock } from '../../../../base/time/clock.ts'
import type { Backend } from '../../../../plugins/queue/adapters/backend.ts'
import { RABBIT_LIMITS, type RabbitLimits } from '../../../../plugins/queue/adapters/rabbitmq/limits.ts'
import { openRabbit } from '../../../../plugins/queue/adapters/rabbitmq/open-rabbit.ts'
import { RabbitBackend } from '../../../../plugins/queue/adapters/rabbitmq/rabbit-backend.ts'
import { RabbitConnection } from '../../../../plugins/queue/adapters/rabbitmq/rabbit-connection.ts'
import { readRabbitSettings } from '../../../../plugins/queue/adapters/rabbitmq/rabbit-settings.ts'
import type { QueueSettings } from '../../../../plugins/queue/settings.ts'
import { queueRun, type QueueRun } from '../../../plugins/queue/backend-run.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { startRabbit, type RabbitServer } from '../../../support/rabbitmq-server.ts'

export interface RabbitScene {
  readonly server: RabbitServer
  openAt(url: string, config?: Record<string, unknown>): Promise<Backend>
  /** Whoever opens it closes it. */
  open(): Promise<Backend>
  /** An engine of its own, with one queue; closed with the test. */
  run(settings?: Partial<QueueSettings>, name?: string): Promise<QueueRun>
  limited(changed: Partial<RabbitLimits>): Promise<Backend>
  /** A client of its own, as another program would have it. */
  other(): Promise<Channel>
}

export function rabbitScene(): RabbitScene {
  let server: RabbitServer
  beforeAll(async () => void (server = await startRabbit()))
  afterAll(() => server.stop())
  const openAt: RabbitScene['openAt'] = async (url, config = {}) =>
    openRabbit({ config: { amqp_url: url, ...config }, projectRoot: '/', log: collectingLog() as never })
  return {
    get server() {
      return server
    },
    openAt,
    open: () => openAt(server.url),
    async run(settings = {}, name) {
      const backend = await openAt(server.url)
      onTestFinished(() => backend.close(1_000))
      return queueRun(backend, settings, name)
    },
    async limited(changed) {
      const limits = { ...RABBIT_LIMITS, ...changed }
      const settings = readRabbitSettings({ amqp_url: server.url })
      const deps = { settings, log: collectingLog(), clock: systemClock, limits }
      const connection = new RabbitConnection({ ...settings, ...deps })
      await connection.open()
      const backend = new RabbitBackend({ ...deps, connection })
      onTestFinished(() => backend.close(1_000))
      return backend
    },
    async other() {
      const model = await connect(server.url)
      onTestFinished(() => model.close())
      const channel = await model.createChannel()
      channel.on('error', () => {})
      return channel
    },
  }
}

/** Queues of a named queue on the broker. */
export function named(name: string): { readonly main: string; readonly dead: string } {
  return { main: `iii.__fn_queue::${name}.queue`, dead: `iii.__fn_queue::${name}::dlq.queue` }
}
