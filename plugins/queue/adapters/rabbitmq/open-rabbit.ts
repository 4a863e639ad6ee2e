// Opens the adapter `rabbitmq`. A broker that is not reachable is an error of the start, never a reason to keep jobs elsewhere.
import { systemClock } from '../../../../base/time/clock.ts'
import type { Backend, BackendContext } from '../backend.ts'
import { RABBIT_LIMITS } from './limits.ts'
import { RabbitBackend } from './rabbit-backend.ts'
import { RabbitConnection } from './rabbit-connection.ts'
import { readRabbitSettings } from './rabbit-settings.ts'

export async function openRabbit({
  config,
  log,
  clock = systemClock,
  onStateChange,
}: BackendContext): Promise<Backend> {
  const settings = readRabbitSettings(config)
  const connection = new RabbitConnection({ ...settings, clock, log, onStateChange, limits: RABBIT_LIMITS })
  await connection.open()
  return new RabbitBackend({ connection, settings, log, clock })
}
