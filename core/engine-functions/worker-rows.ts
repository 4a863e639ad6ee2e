// Rows of `engine::workers::list`: the members of all versions together (spec 04 C.3).
import { turnNow } from '../../base/time/turn-clock.ts'
import { ENGINE_VERSION } from '../version.ts'
import type { Worker, WorkerTelemetry } from '../model/worker.ts'
import { seesFunction, type Viewer } from '../registry/visibility.ts'
import type { Registries } from '../router/ports.ts'
import { compareText } from './details.ts'
import type { EngineFunctionDeps, InternalWorker } from './deps.ts'

/** Of a connection `connected`, whatever it does: clients filter by it. Of a worker inside the engine `available`. */
export type WorkerStatus = 'connected' | 'available'

export interface WorkerRow {
  readonly id: string
  readonly name: string | null
  readonly description: string | null
  readonly version: string | null
  readonly namespace: string
  readonly runtime: string
  readonly os: string | null
  readonly status: WorkerStatus
  readonly function_count: number
  readonly functions: readonly string[]
  readonly connected_at_ms: number
  readonly active_invocations: number
  readonly unresponsive_since_ms: number | null
  readonly isolation: string | null
  readonly ip_address: string | null
  readonly pid: number | null
  readonly telemetry: WorkerTelemetry | null
  readonly latest_metrics: null
}

/** A row and the workers behind it: the replicas of a plugin are one. */
export interface ListedWorker {
  readonly row: WorkerRow
  readonly workers: readonly Worker[]
  readonly internal: boolean
}

/** Everybody who is listed, sorted by name, then id. Connections that never did anything but call are not. */
export function listedWorkers(
  { table, registries, unresponsiveMs }: Pick<EngineFunctionDeps, 'table' | 'registries' | 'unresponsiveMs'>,
  viewer: Viewer,
  others: Iterable<InternalWorker>,
): ListedWorker[] {
  const listed: ListedWorker[] = []
  const instances = new Map<string, Worker[]>()
  for (const worker of table.workers.values()) {
    if (worker.phase !== 'open') continue
    if (worker.internal === undefined) {
      if (worker.policy.kind !== 'engine' && isListed(worker, registries))
        listed.push({ row: externalRow(worker, viewer, unresponsiveMs()), workers: [worker], internal: false })
      continue
    }
    const { instanceId } = worker.internal
    const known = instances.get(instanceId)
    if (known === undefined) instances.set(instanceId, [worker])
    else known.push(worker)
  }
  for (const workers of instances.values()) {
    const { internal } = workers[0] as Worker
    if (internal !== undefined)
      listed.push({ row: internalRow(internal, workers, viewer, unresponsiveMs()), workers, internal: true })
  }
  for (const other of others) listed.push({ row: internalRow(other, [], viewer, 0), workers: [], internal: true })
  return listed.sort(byName)
}

function isListed(worker: Worker, { triggers }: Registries): boolean {
  return (
    worker.announcement !== undefined ||
    worker.providers.size > 0 ||
    triggers.typesProvidedBy(worker).size > 0 ||
    triggers.countBindingsOwnedBy(worker) > 0
  )
}

function externalRow(worker: Worker, viewer: Viewer, unresponsiveMs: number): WorkerRow {
  const { announcement } = worker
  const functions = functionsOf([worker], viewer)
  return {
    id: worker.id,
    name: announcement?.name ?? null,
    description: announcement?.description ?? null,
    version: announcement?.version ?? null,
    namespace: worker.namespace,
    runtime: announcement?.runtime ?? 'unknown',
    os: announcement?.os ?? null,
    status: 'connected',
    function_count: functions.length,
    functions,
    connected_at_ms: worker.connectedAt,
    active_invocations: worker.inFlight,
    unresponsive_since_ms: unresponsiveSince([worker], unresponsiveMs),
    isolation: announcement?.isolation ?? null,
    ip_address: worker.ipAddress ?? null,
    pid: announcement?.pid ?? null,
    telemetry: announcement?.telemetry ?? null,
    latest_metrics: null,
  }
}

const startedAt = Date.now()

function internalRow(
  internal: InternalWorker,
  workers: readonly Worker[],
  viewer: Viewer,
  unresponsiveMs: number,
): WorkerRow {
  const functions = functionsOf(workers, viewer)
  return {
    id: internal.instanceId,
    name: internal.name,
    description: internal.description ?? null,
    version: ENGINE_VERSION,
    namespace: workers[0]?.namespace ?? 'default',
    runtime: 'engine',
    os: null,
    status: 'available',
    function_count: functions.length,
    functions,
    connected_at_ms: workers.length === 0 ? startedAt : Math.min(...workers.map(({ connectedAt }) => connectedAt)),
    active_invocations: workers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    unresponsive_since_ms: unresponsiveSince(workers, unresponsiveMs),
    isolation: 'in-process',
    ip_address: null,
    pid: null,
    telemetry: null,
    latest_metrics: null,
  }
}

/** Since when the one of them that has been silent for longest has answered nothing; null = not for so long. */
function unresponsiveSince(workers: readonly Worker[], ms: number): number | null {
  const now = turnNow()
  const silent = Math.max(0, ...workers.map((worker) => worker.silentMs(now)))
  return ms > 0 && silent > ms ? Math.round(Date.now() - silent) : null
}

function functionsOf(workers: readonly Worker[], viewer: Viewer): string[] {
  const ids = new Set<string>()
  for (const { providers } of workers) {
    for (const { entry } of providers.values()) if (seesFunction(viewer, entry)) ids.add(entry.id)
  }
  return [...ids].sort(compareText)
}

function byName({ row: left }: ListedWorker, { row: right }: ListedWorker): number {
  return compareText(left.name ?? left.id, right.name ?? right.id) || compareText(left.id, right.id)
}
