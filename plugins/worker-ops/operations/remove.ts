// `worker::remove` (spec 05 B.2): entries go from the configuration and the lock file, and their processes end. What was installed stays
// until `worker::clear`.
import { builtInWorker, canonicalName } from '../built-in-workers.ts'
import { toWorkerOpError, WorkerOpError } from '../errors.ts'
import type { OperationEvents } from '../events.ts'
import { ConfigChange } from './config-change.ts'
import type { OperationDeps } from './deps.ts'
import { hasLockFile } from './installed.ts'
import { OperationInput } from './input.ts'
import { readNames } from './named.ts'

export interface RemoveOutcome {
  readonly removed: readonly string[]
}

export async function remove(data: unknown, deps: OperationDeps): Promise<RemoveOutcome> {
  const asked = readNames(new OperationInput('worker::remove', data), 'remove')
  const events = new Map<string, OperationEvents>()
  for (const name of asked ?? []) events.set(name, begun(name, deps))
  try {
    const removed = await deps.lock.hold(() => removeAll(asked, deps, events))
    // Until their processes are gone, so that whoever adds one again meets nothing of it.
    await Promise.all(removed.map((name) => deps.engine?.workers.ended(name)))
    for (const one of events.values()) one.stage('done')
    return { removed }
  } catch (error) {
    const { code, text } = toWorkerOpError(error)
    for (const one of events.values()) one.stage('failed', { error: { code, message: text } })
    throw error
  }
}

async function removeAll(
  asked: readonly string[] | undefined,
  deps: OperationDeps,
  events: Map<string, OperationEvents>,
): Promise<readonly string[]> {
  const change = ConfigChange.beginAnyhow(deps)
  const entries = await change.file.entries()
  const plugins = (await deps.engine?.plugins()) ?? new Map<string, string>()
  // Those of the engine and of the project stay when all workers go.
  const isWorker = (name: string): boolean => builtInWorker(name) === undefined && !plugins.has(name)
  const names = asked ?? entries.map(({ name }) => name).filter(isWorker)
  const written = names.map((name) => {
    const builtIn = builtInWorker(name)
    if (builtIn?.mandatory === true)
      throw new WorkerOpError('W110', `'${name}' is a part of the engine and can not be removed.`, { name })
    const entry = entries.find((candidate) => canonicalName(candidate.name) === (builtIn?.name ?? name))
    if (entry !== undefined) return entry.name
    const there = entries.map((candidate) => candidate.name).join(', ')
    throw new WorkerOpError('W110', `No entry of the configuration is named '${name}'; there are: ${there}.`, { name })
  })
  for (const name of names) if (!events.has(name)) events.set(name, begun(name, deps))
  if (names.length === 0) return []
  await change.run(async () => {
    await change.step(change.file.remove(new Set(written)))
    if (await hasLockFile(deps.project)) await change.step((await deps.installer()).unpin(names))
    await change.apply()
  })
  return names
}

function begun(name: string, deps: OperationDeps): OperationEvents {
  const events = deps.events.of('remove', name)
  events.stage('started')
  events.stage('removing')
  return events
}
