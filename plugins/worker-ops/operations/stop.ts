// `worker::stop` (spec 05 B.2): its process ends and stays so until `worker::start` or the next start of the engine.
import { settlesWithin } from '../../../base/time/deadline.ts'
import { builtInWorker } from '../built-in-workers.ts'
import { WorkerOpError } from '../errors.ts'
import { STOP_MS } from '../running/managed-worker.ts'
import { checkName } from '../worker-name.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { notMeant } from './named.ts'
import { runningEngine } from './start.ts'
import { told } from './told.ts'

/** Beyond the time that a process has: it has been killed by then. */
const MARGIN_MS = 10_000

export interface StopOutcome {
  readonly name: string
  readonly stopped: boolean
}

export async function stop(data: unknown, deps: OperationDeps): Promise<StopOutcome> {
  const input = new OperationInput('worker::stop', data)
  const name = input.text('name')
  if (!input.flag('yes')) throw notMeant('stop')
  checkName(name)
  if (builtInWorker(name) !== undefined)
    throw new WorkerOpError('W113', `'${name}' is a worker of the engine itself and can not be stopped.`, { name })
  const { workers } = runningEngine(deps, 'stopped')
  const stopIt = async (): Promise<StopOutcome> => {
    if (workers.get(name) === undefined)
      throw new WorkerOpError('W112', `Worker '${name}' is not installed: the engine runs no such worker.`, { name })
    if (await settlesWithin(workers.stop(name), STOP_MS + MARGIN_MS)) return { name, stopped: true }
    const waited = (STOP_MS + MARGIN_MS) / 1000
    throw new WorkerOpError('W162', `Worker '${name}' has not ended within ${waited} s.`, {
      worker: name,
      waited_secs: waited,
    })
  }
  // A worker that has filled the disk can still be stopped.
  return told(deps.events, 'stop', name, 'stopping', () => deps.lock.hold(stopIt, { needsNoFile: true }))
}
