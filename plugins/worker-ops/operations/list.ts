// `worker::list` (spec 05 B.2): the workers of the configuration, and whether they run.
import { BUILT_IN_WORKERS, canonicalName } from '../built-in-workers.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'
import { knownEntries, pinnedWorker } from './installed.ts'
import { RunningRows } from './running.ts'

export interface ListRow {
  readonly name: string
  readonly version?: string
  readonly running: boolean
  readonly status: 'running' | 'starting' | 'stopped'
  readonly pid: number | null
}

export interface ListOutcome {
  readonly workers: readonly ListRow[]
}

export async function list(data: unknown, deps: OperationDeps): Promise<ListOutcome> {
  const input = new OperationInput('worker::list', data)
  const runningOnly = input.flag('running_only')
  const entries = await knownEntries(deps)
  const local = new Set(entries.filter(({ worker_path: path }) => path !== undefined).map(({ name }) => name))
  const names = new Set(entries.map(({ name }) => name))
  const canonical = new Set([...names].map(canonicalName))
  // Those that end, although their entry is gone.
  for (const { name } of deps.engine?.workers.list() ?? []) if (!canonical.has(name)) names.add(name)
  if (input.flag('include_builtin'))
    for (const { name, mandatory } of BUILT_IN_WORKERS) if (mandatory && !canonical.has(name)) names.add(name)
  const rows = await RunningRows.look(deps)
  const workers: ListRow[] = []
  for (const name of names) {
    const { version: reported, ...row } = await rows.of(canonicalName(name))
    if (runningOnly && !row.running) continue
    // A lock file that is broken is told by whoever needs it.
    const pinned = local.has(name) ? undefined : await pinnedWorker(name, deps).catch(() => undefined)
    const version = pinned?.version ?? reported
    workers.push({ name, ...(version !== undefined && { version }), ...row })
  }
  return { workers }
}
