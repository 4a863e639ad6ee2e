// SIGKILL under load of engines, workers and the server, with RabbitMQ as the store that two engines share.
import { it, onTestFinished } from 'vitest'
import { lacks } from '../../../support/needs.ts'
import { startRabbit } from '../../../support/rabbitmq-server.ts'
import { killCount } from '../kill-count.ts'
import { killUnderLoad } from '../shared-store-kills.ts'

const KILLS = killCount(5)

it.skipIf(lacks('rabbitmq-server'))(
  `${KILLS} times, no acknowledged job is lost and no group leaves its order (needs rabbitmq-server)`,
  async () => {
    const server = await startRabbit()
    onTestFinished(() => server.stop())
    const adapter = `{ name: rabbitmq, config: { amqp_url: "${server.url}" } }`
    const restart = (): Promise<void> => server.restart()
    await killUnderLoad({ name: 'RabbitMQ', adapter, restart, repeatsInOrder: false }, KILLS)
  },
  1_200_000,
)
