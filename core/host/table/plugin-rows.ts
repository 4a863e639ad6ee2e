// What listings show of a plugin (spec 09 §3).
import { maskSecrets } from '../../../base/values/masking.ts'
import type { HealthState, Isolation, JsonSchema } from '../../../sdk/plugin.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import type { Container } from '../containers/container.ts'
import type { Usage } from '../containers/host-messages.ts'
import { worstOf } from '../generations/replica-health.ts'
import type { PluginState } from './phase.ts'
import type { HistoryItem, LastCrash, PluginInstance } from './plugin-instance.ts'
import type { Stale } from './refusals.ts'

/** `stalled`: it runs, and its thread or process reads nothing. */
export type ShownState = PluginState | 'stalled'

export interface PluginRow {
  /** Of the instance. */
  readonly name: string
  /** Only where the plugin has several instances. */
  readonly plugin?: string
  readonly description?: string
  readonly version?: string
  /** `built-in`, or the path relative to the project root. */
  readonly origin: string
  readonly state: ShownState
  /** For state `stalled`. */
  readonly stalled_since?: string
  readonly generation: number
  readonly isolation: Isolation | null
  /** Thread or process id of the first replica. */
  readonly thread: number | null
  readonly replicas: number
  /** Threads and processes of earlier generations that did not end in time and have not ended since. Left out when there are none. */
  readonly abandoned?: number
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
  /** How its parts are, by name, if it tells. */
  readonly health?: Readonly<Record<string, HealthState>>
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

/** What a row shows that the instance itself does not know. */
export interface RowSurroundings {
  /** Its plugin has other instances. */
  readonly isOneOfSeveral: boolean
  /** Containers that were given up and have not ended. */
  readonly abandoned: number
}

export async function rowOf(
  instance: PluginInstance,
  { isOneOfSeveral, abandoned }: RowSurroundings,
): Promise<PluginRow> {
  const { generation, slot, source, entry, phase, lastCrash, startedAt } = instance
  const stale = instance.refusals.shown
  const replicas = generation?.replicas.filter(({ exit }) => exit === undefined) ?? []
  const health = worstOf(replicas.map(({ place }) => place.health))
  const containers = new Set(replicas.map(({ place }) => place.container))
  const usage = await usageOf(containers)
  const { description, version } = generation?.declaration ?? {}
  const addresses = generation?.addresses ?? []
  const stalledSince = phase.name === 'running' ? phase.generation.stalledSince : undefined
  return {
    name: instance.name,
    ...(isOneOfSeveral && { plugin: instance.plugin }),
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    origin: source?.origin ?? 'its files are gone',
    state: stalledSince === undefined ? instance.state : 'stalled',
    ...(stalledSince !== undefined && { stalled_since: new Date(stalledSince).toISOString() }),
    generation: instance.generationNumber,
    isolation: generation?.isolation ?? entry?.isolation ?? null,
    thread: [...containers][0]?.number ?? null,
    replicas: replicas.length,
    ...(abandoned > 0 && { abandoned }),
    ...(startedAt !== undefined && { started_at: startedAt }),
    load_ms: instance.loadMs,
    functions: functionIds(instance).length,
    ...(addresses.length > 0 && { addresses }),
    ...(generation?.settings.from === 'stored' && { settings: 'stored' }),
    in_flight: slot?.inFlight ?? 0,
    calls: slot?.calls ?? 0,
    errors: slot?.errors ?? 0,
    latency_ms: { p50: slot?.latency.percentile(0.5) ?? 0, p99: slot?.latency.percentile(0.99) ?? 0 },
    memory_bytes: usage.memoryBytes,
    event_loop_utilization: usage.eventLoopUtilization,
    ...(stale !== undefined && { stale }),
    ...(health.size > 0 && { health: Object.fromEntries(health) }),
    restarts: instance.restarts,
    ...(lastCrash !== undefined && { last_crash: lastCrash }),
    ...(phase.name === 'failed' && { error: phase.failure.message }),
  }
}

export async function infoOf(instance: PluginInstance, surroundings: RowSurroundings): Promise<PluginInfo> {
  const { generation, entry, history } = instance
  return {
    ...(await rowOf(instance, surroundings)),
    config: maskSecrets(generation?.config ?? entry?.config ?? {}),
    config_schema: generation?.declaration.config ?? null,
    functions: functionIds(instance),
    trigger_types: [...new Set(generation?.workers.flatMap(({ triggerTypeIds }) => [...triggerTypeIds]))].sort(),
    history: [...history],
  }
}

function functionIds({ generation }: PluginInstance): string[] {
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
