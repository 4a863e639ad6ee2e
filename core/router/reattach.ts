// A worker that has reconnected: its old connection goes, and what it still waits for comes to the new one (spec 01 §12.3).
import type { Reattach } from '../../protocol/messages.ts'
import type { Log } from '../log.ts'
import type { Worker } from '../model/worker.ts'
import type { WorkerTable } from './ports.ts'

/** Ends the old connection before anything of the new one is looked at. An unknown worker or a wrong token changes nothing. */
export function reattach(table: WorkerTable, log: Log, worker: Worker, message: Reattach): void {
  const old = table.workers.get(message.previous_worker_id)
  const valid =
    old !== undefined &&
    old !== worker &&
    old.reattachToken !== undefined &&
    old.reattachToken === message.reattach_token &&
    old.policy.kind === worker.policy.kind
  if (!valid) {
    log.debug('reattach ignored', { worker: worker.id })
    return
  }
  old.successor = worker
  table.endWorker(old, { abnormal: true })
  old.link.terminate()
}
