// `diagnostics_channel` name on which the engine publishes that workers come and go. Public surface; costs nothing without a subscriber.
import { channel } from 'node:diagnostics_channel'
import type { Worker } from '../model/worker.ts'

/** Message: `{ event: 'connected' | 'disconnected', worker_id, link, name }`. */
const workerChannel = channel('iii:worker')

export function publishWorker(event: 'connected' | 'disconnected', worker: Worker): void {
  if (!workerChannel.hasSubscribers) return
  workerChannel.publish({ event, worker_id: worker.id, link: worker.link.kind, name: worker.name ?? null })
}
