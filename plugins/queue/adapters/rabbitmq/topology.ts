// Declares the exchanges and queues of a queue with exactly the arguments that iii gives them (spec 03 §6.3). The broker refuses a declaration that
// differs from what is there, and closes the channel: each is made on a throw-away one.
import type { Channel } from 'amqplib'
import { CodedError } from '../../../../protocol/errors.ts'
import type { QueueSettings } from '../../settings.ts'
import { int32, uint32 } from './amqp-values.ts'
import { delayQueue, toQueue, type Address, type QueueNames } from './names.ts'
import { reasonOf, type RabbitConnection } from './rabbit-connection.ts'

/** What a broker answers to a declaration that differs, and to one of what another connection holds. */
const PRECONDITION_FAILED = 406
const RESOURCE_LOCKED = 405
const NOT_FOUND = 404

const LARGEST_TTL = 2 ** 32 - 1

type Shape = Pick<QueueSettings, 'backoffMs' | 'maxPriority'>

/** @param name as users say it */
export function declareQueue(
  connection: RabbitConnection,
  name: string,
  names: QueueNames,
  settings: Shape,
): Promise<void> {
  return connection.borrow(async (channel) => {
    try {
      await (names.topicExchange === undefined
        ? declareNamed(channel, names, settings)
        : declareSubscription(channel, names, settings))
    } catch (error) {
      throw explained(error, name, names)
    }
  })
}

/** The queue in which jobs wait for `waitMs`. */
export async function declareDelay(connection: RabbitConnection, names: QueueNames, waitMs: number): Promise<Address> {
  const queue = delayQueue(names, waitMs)
  const { exchange, routingKey } = names.toMain
  await connection.borrow((channel) =>
    channel.assertQueue(queue, {
      durable: true,
      arguments: {
        'x-message-ttl': uint32(waitMs),
        'x-dead-letter-exchange': exchange,
        'x-dead-letter-routing-key': routingKey,
      },
    }),
  )
  return toQueue(queue)
}

/** Undefined: there is no such queue. The count is of those that are ready. */
export async function probe(
  connection: RabbitConnection,
  queue: string,
): Promise<{ readonly messages: number; readonly consumers: number } | undefined> {
  try {
    return await connection.borrow(async (channel) => {
      const { messageCount, consumerCount } = await channel.checkQueue(queue)
      return { messages: messageCount, consumers: consumerCount }
    })
  } catch (error) {
    if (codeOf(error) === NOT_FOUND) return undefined
    throw error
  }
}

export function isLocked(error: unknown): boolean {
  return codeOf(error) === RESOURCE_LOCKED
}

async function declareNamed(channel: Channel, names: QueueNames, { backoffMs, maxPriority }: Shape): Promise<void> {
  const { main, retry, dead, toMain, toRetry, toDead } = names
  const priority = priorityOf(maxPriority)
  for (const { exchange } of [toMain, toRetry, toDead])
    await channel.assertExchange(exchange, 'direct', { durable: true })
  await channel.assertQueue(main, {
    durable: true,
    arguments: { 'x-dead-letter-exchange': toDead.exchange, ...priority },
  })
  await channel.assertQueue(retry!, {
    durable: true,
    arguments: {
      'x-message-ttl': uint32(Math.min(backoffMs, LARGEST_TTL)),
      'x-dead-letter-exchange': toMain.exchange,
      'x-dead-letter-routing-key': toMain.routingKey,
      ...priority,
    },
  })
  await channel.assertQueue(dead, { durable: true })
  await channel.bindQueue(main, toMain.exchange, toMain.routingKey)
  await channel.bindQueue(retry!, toRetry.exchange, toRetry.routingKey)
  await channel.bindQueue(dead, toDead.exchange, toDead.routingKey)
}

async function declareSubscription(
  channel: Channel,
  { main, dead, topicExchange }: QueueNames,
  { maxPriority }: Shape,
): Promise<void> {
  await channel.assertExchange(topicExchange!, 'fanout', { durable: true })
  await channel.assertQueue(main, { durable: true, arguments: priorityOf(maxPriority) })
  await channel.assertQueue(dead, { durable: true })
}

function priorityOf(maxPriority: number | undefined): Readonly<Record<string, unknown>> {
  return maxPriority === undefined ? {} : { 'x-max-priority': int32(maxPriority) }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

function explained(error: unknown, name: string, { main, retry, dead }: QueueNames): unknown {
  if (codeOf(error) !== PRECONDITION_FAILED) return error
  const broker = reasonOf(error)
    .replace(/^.*?PRECONDITION.FAILED - /, '')
    .replace(/"$/, '')
  const queues = [main, retry, dead].filter((queue) => queue !== undefined).join(', ')
  return new CodedError(
    'queue_define_failed',
    `The queue ${name} is on RabbitMQ with other settings: ${broker}. RabbitMQ can't change backoff_ms and max_priority of a queue that exists. Put the old values back, or let its jobs run, delete its queues there (${queues}) and start again.`,
  )
}
