// The queue plugin of `run-plugin.ts`, with what tests of topics and of the admin functions do again and again.
import { randomUUID } from 'node:crypto'
import type { QueueWorkerConfig } from '../../../plugins/queue/config.ts'
import { Collector } from '../../support/deadline.ts'
import { runQueue, type RunningQueue } from './run-plugin.ts'

export interface QueueRun extends Omit<RunningQueue, 'enqueue' | 'deadLettersAtTheEnd'> {
  publish(topic: string, data: unknown, more?: object): Promise<unknown>
  /** Puts a call into a named queue; resolves with its receipt. */
  enqueue(queue: string, functionId: string, data: unknown, more?: object): Promise<string>
  /** Resolves when there are so many dead letters, with them; the newest first. */
  dead(name: string, count: number): Promise<DeadLetterRow[]>
}

export interface DeadLetterRow {
  readonly id: string
  readonly payload: any
  readonly error: string
  readonly failed_at: number
  readonly retries: number
  readonly size_bytes: number
  readonly function_id: string
  readonly namespace?: string
  readonly history: readonly { readonly at: number; readonly code: string; readonly message: string }[]
}

/** @param config in memory, unless it says otherwise */
export async function runQueuePlugin(config: QueueWorkerConfig = {}, projectRoot?: string): Promise<QueueRun> {
  const whole = { adapter: { name: 'in_memory' }, ...config }
  const run = await runQueue({}, whole, projectRoot === undefined ? {} : { projectRoot })
  const deaths = new Collector<unknown>()
  run.worker.registerFunction('test::on-dead', deaths.add)
  await run.engine.bind({ type: 'queue:dead-letter', function_id: 'test::on-dead' })
  const list = (topic: string): Promise<DeadLetterRow[]> =>
    run.call('engine::queue::dlq_messages', { topic, limit: 1_000 })
  return {
    ...run,
    publish: (topic, data, more = {}) => run.call('iii::durable::publish', { topic, data, ...more }),
    async enqueue(queue, functionId, data, more = {}) {
      const messageReceiptId = randomUUID()
      await run.call('engine::queue::enqueue', { queue, function_id: functionId, data, messageReceiptId, ...more })
      return messageReceiptId
    },
    async dead(name, count) {
      for (let events = deaths.items.length; ; events++) {
        const rows = await list(name)
        if (rows.length >= count) return rows
        await deaths.take(events + 1)
      }
    },
  }
}

/** A function that collects what it gets, and does what it is told. */
export function collecting(run: QueueRun, id: string, handle?: (data: any) => unknown): Collector<any> {
  return run.handle(id, handle)
}

export function failing(message = 'no'): () => never {
  return () => {
    throw new Error(message)
  }
}
