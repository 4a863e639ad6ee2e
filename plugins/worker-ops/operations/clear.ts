// `worker::clear` (spec 05 B.2): deletes what was installed of workers that do not run. Entries and pins stay: a worker that is started
// again is fetched again.
import { WorkerOpError } from '../errors.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { readNames } from './named.ts'
import { ToldOfAll } from './told-of-all.ts'

export interface ClearOutcome {
  readonly cleared_bytes: number
}

export async function clear(data: unknown, deps: OperationDeps): Promise<ClearOutcome> {
  const asked = readNames(new OperationInput('worker::clear', data), 'clear')
  const told = new ToldOfAll(deps.events, 'clear', 'clearing')
  for (const name of asked ?? []) told.of(name)
  return told.run(() => deps.lock.hold(() => clearAll(asked, deps, told)))
}

async function clearAll(
  asked: readonly string[] | undefined,
  deps: OperationDeps,
  told: ToldOfAll,
): Promise<ClearOutcome> {
  const installer = await deps.installer()
  const names = asked ?? (await installer.stored())
  for (const name of names) {
    told.of(name)
    refuseRunning(name, deps)
  }
  return { cleared_bytes: await installer.clear(names) }
}

/** @throws W114 */
function refuseRunning(name: string, { engine }: OperationDeps): void {
  const worker = engine?.workers.get(name)
  if (worker === undefined || worker.state === 'stopped' || worker.state === 'gave up') return
  const text = `'${name}' runs out of what is to be deleted. Stop it first: worker::stop {"name":"${name}","yes":true}.`
  throw new WorkerOpError('W114', text, { name, pid: worker.pid ?? null })
}
