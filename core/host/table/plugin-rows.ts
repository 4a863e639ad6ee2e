// What listings show of a plugin (spec 09 §3).
import { maskSecrets } from '../../../base/values/masking.ts'
import type { Isolation, JsonSchema } from '../../../sdk/plugin.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import type { Container } from '../containers/container.ts'
import type { Usage } from '../containers/host-messages.ts'
import type { HistoryItem, LastCrash, PluginRecord, PluginState, Stale } from './plugin-record.ts'

export interface PluginRow {
  readonly name: string
  readonly description?: string
  readonly version?: string
  /** `built-in`, or the path relative to the project root. */
  readonly origin: string
  readonly state: PluginState
  readonly generation: number
  readonly isolation: Isolation | null
  /** Thread or process id of the first replica. */
  readonly thread: number | null
  readonly replicas: number
  readonly started_at?: string
  readonly load_ms: number
  readonly functions: number
  /** What it listens on for others than the engine. */
  readonly addresses?: readonly string[]
  /** It runs with what was set at run time, and not with its block in the configuration file. */
  readonly settings?: 'stored'
  readonly in_flight: number
  readonly calls: number
  readonly errors: number
  readonly latency_ms: { readonly p50: number; readonly p99: number }
  readonly memory_bytes: number
  readonly event_loop_utilization: number
  readonly stale?: Stale
  readonly restarts: number
  readonly last_crash?: LastCrash
  /** For state `failed`. */
  readonly error?: string
}

export interface PluginInfo extends Omit<PluginRow, 'functions'> {
  /** Secrets are masked. */
  readonly config: unknown
  readonly config_schema: JsonSchema | null
  readonly functions: readonly string[]
  readonly trigger_types: readonly string[]
  readonly history: readonly HistoryItem[]
}

export async function rowOf(record: PluginRecord): Promise<PluginRow> {
  const { generation, slot, source, entry, stale, lastCrash, failure, startedAt } = record
  const replicas = generation?.replicas.filter(({ exit }) => exit === undefined) ?? []
  const containers = new Set(replicas.map(({ place }) => place.container))
  const usage = await usageOf(containers)
  const { description, version } = generation?.declaration ?? {}
  const addresses = generation?.addresses ?? []
  return {
    name: record.name,
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    origin: source?.origin ?? 'its files are gone',
    state: record.state,
    generation: record.generationNumber,
    isolation: generation?.isolation ?? entry?.isolation ?? null,
    thread: [...containers][0]?.number ?? null,
    replicas: replicas.length,
    ...(startedAt !== undefined && { started_at: startedAt }),
    load_ms: record.loadMs,
    functions: functionIds(record).length,
    ...(addresses.length > 0 && { addresses }),
    ...(generation?.settings.from === 'stored' && { settings: 'stored' }),
    in_flight: slot?.inFlight ?? 0,
    calls: slot?.calls ?? 0,
    errors: slot?.errors ?? 0,
    latency_ms: { p50: slot?.latency.percentile(0.5) ?? 0, p99: slot?.latency.percentile(0.99) ?? 0 },
    memory_bytes: usage.memoryBytes,
    event_loop_utilization: usage.eventLoopUtilization,
    ...(stale !== undefined && { stale }),
    restarts: record.restarts,
    ...(lastCrash !== undefined && { last_crash: lastCrash }),
    ...(record.state === 'failed' && failure !== undefined && { error: failure.message }),
  }
}

export async function infoOf(record: PluginRecord): Promise<PluginInfo> {
  const { generation, entry, history } = record
  return {
    ...(await rowOf(record)),
    config: maskSecrets(generation?.config ?? entry?.config ?? {}),
    config_schema: generation?.declaration.config ?? null,
    functions: functionIds(record),
    trigger_types: [...new Set(generation?.workers.flatMap(({ triggerTypeIds }) => [...triggerTypeIds]))].sort(),
    history: [...history],
  }
}

function functionIds({ generation }: PluginRecord): string[] {
  return [...new Set(generation?.workers.flatMap(({ providers }) => [...providers.keys()]))].sort()
}

/** Plugins in a shared thread show the figures of the thread. A thread that is too busy to answer shows none. */
async function usageOf(containers: ReadonlySet<Container>): Promise<Usage> {
  const all = await Promise.all([...containers].map((container) => answeredSoon(container.usage())))
  const known = all.flatMap((usage) => usage ?? [])
  return {
    memoryBytes: known.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    eventLoopUtilization: known.reduce((most, { eventLoopUtilization }) => Math.max(most, eventLoopUtilization), 0),
  }
}

const ANSWER_MS = 100

function answeredSoon(usage: Promise<Usage | undefined>): Promise<Usage | undefined> {
  return withDeadline(usage, ANSWER_MS, () => new Error('the thread is busy')).catch(() => undefined)
}
