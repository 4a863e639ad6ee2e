// One replica of a generation: the container that it runs in, its place there, and the worker that it is to the router.
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { CodedError } from '../../../protocol/errors.ts'
import type { Isolation } from '../../../sdk/plugin.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import { Worker, type InternalName } from '../../model/worker.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type { Container, ContainerExit, PluginPlace } from '../containers/container.ts'
import { isolationOf } from '../table/entry-rules.ts'
import type { GenerationPlan, GenerationSurroundings } from './generation.ts'

export interface Replica {
  readonly place: PluginPlace
  readonly worker: Worker
  /** Set when its container ended while it ran. */
  exit?: ContainerExit
  /** While it runs and reads nothing: since when, in milliseconds since the epoch. */
  stalledSince?: number | undefined
  /** It rested, and somebody uses it who would be cut off if it were moved now. */
  stays?: boolean
}

/** Known from an earlier import, or found out by importing the bundle now; that import serves as the first replica if it may. */
export async function declarationOf(
  plan: GenerationPlan,
  around: GenerationSurroundings,
  replicas: Replica[],
): Promise<PluginDeclaration> {
  if (plan.bundle.declaration !== undefined) return plan.bundle.declaration
  const isolation = isResting(plan) ? 'shared' : 'thread'
  const { replica, declaration } = await loadReplica(await around.container(isolation, plan), plan, around)
  around.remember(plan, declaration)
  if (containerFor(plan, declaration) === isolation) replicas.push(replica)
  else await replica.place.leave()
  return declaration
}

export async function openReplica(
  plan: GenerationPlan,
  declaration: PluginDeclaration,
  around: GenerationSurroundings,
): Promise<Replica> {
  const container = await around.container(containerFor(plan, declaration), plan)
  const { replica } = await loadReplica(container, plan, around)
  return replica
}

/** It shares a thread, as it has not been used yet. */
export function isResting({ rests = false, apart }: GenerationPlan): boolean {
  return rests && !apart
}

/** Where a replica of it runs, whatever entry and plugin prefer. */
export function containerFor(plan: GenerationPlan, declaration: PluginDeclaration): Isolation {
  if (isResting(plan)) return 'shared'
  const isolation = isolationOf(plan.entry, declaration)
  // A limit on memory can only be told for a thread that is the plugin's own.
  const isOwn = plan.apart || plan.entry.memoryMb !== undefined
  return isolation === 'shared' && isOwn ? 'thread' : isolation
}

async function loadReplica(
  container: Container,
  plan: GenerationPlan,
  around: GenerationSurroundings,
): Promise<{ replica: Replica; declaration: PluginDeclaration }> {
  const { name, source, entry, slot } = plan
  const log = around.log.child({ plugin: name })
  let replica: Replica | undefined
  const place = container.open(name, {
    log: (level, message, data) => log[level](message, data),
    used: (how) => {
      if (replica !== undefined) replica.stays ||= how === 'stays'
      around.onUsed(name, how)
    },
  })
  const internal: InternalName = { instanceId: entry.instanceId, name: source.name }
  const worker = new Worker({
    id: randomUUID(),
    link: place.link,
    policy: { kind: 'plugin', plugin: name, builtIn: source.builtIn || source.replaces, allow: entry.allow },
    slot,
    internal,
  })
  place.attach(worker)
  try {
    const loading = place.load(source.name, pathToFileURL(plan.bundle.file).href)
    const { start_ms: ms } = around.options
    const declaration = await withDeadline(
      loading,
      ms,
      () => new CodedError('PLUGIN_TIMEOUT', `the import of plugin '${name}' did not end within ${ms} ms`),
      around.clock,
    )
    if (declaration.description !== undefined) internal.description = declaration.description
    replica = { place, worker }
    return { replica, declaration }
  } catch (error) {
    await place.leave()
    throw error
  }
}
