// `worker::update` (spec 05 B.2): brings workers of registries to the latest version that those which depend on them take. Entries and
// their settings stay. All of it succeeds, or nothing has changed.
import { WorkerOpError } from '../errors.ts'
import type { PlannedWorker, WorkerInstaller } from '../installing.ts'
import { checkName } from '../worker-name.ts'
import { ConfigChange } from './config-change.ts'
import type { OperationDeps } from './deps.ts'
import { bringIn } from './install-graph.ts'
import { hasLockFile } from './installed.ts'
import { OperationInput } from './input.ts'
import { ToldOfAll } from './told-of-all.ts'

export interface UpdateOutcome {
  readonly updated: readonly UpdatedWorker[]
}

export interface UpdatedWorker {
  readonly name: string
  readonly from_version: string
  /** The same one where it was published again. */
  readonly to_version: string
}

export async function update(data: unknown, deps: OperationDeps): Promise<UpdateOutcome> {
  const input = new OperationInput('worker::update', data)
  const asked = [...new Set(input.texts('names'))].map(checkName)
  const told = new ToldOfAll(deps.events, 'update', 'updating')
  for (const name of asked) told.of(name)
  return told.run(
    () => deps.lock.hold(async () => ({ updated: await updateAll(asked, deps, told) })),
    (name, { updated }) => {
      const change = updated.find((worker) => worker.name === name)
      return change === undefined ? { status: 'already_current' } : { status: 'replaced', version: change.to_version }
    },
  )
}

async function updateAll(
  asked: readonly string[],
  deps: OperationDeps,
  told: ToldOfAll,
): Promise<readonly UpdatedWorker[]> {
  if (asked.length === 0 && !(await hasLockFile(deps.project))) return []
  const installer = await deps.installer()
  const pinned = await pinnedWorkers(installer)
  for (const name of asked) refuseUnpinned(name, pinned)
  const names = dependentsFirst(
    asked.length > 0 ? asked : [...pinned.keys()].filter((name) => isOfRegistry(pinned.get(name))),
    pinned,
  )
  if (names.length === 0) return []
  const change = await ConfigChange.begin(deps)
  return change.run(async () => {
    const updated = new Map<string, UpdatedWorker>()
    for (const name of names) {
      const changed = await updateOne(name, installer, (workers) =>
        bringIn(workers, ({ state }) => state !== 'current', { deps, change, events: told.of(name) }),
      )
      for (const worker of changed) updated.set(worker.name, worker)
    }
    if (updated.size === 0) return []
    await change.apply()
    // Entries that stay as they are tell the engine nothing.
    for (const name of updated.keys()) if (deps.engine?.workers.get(name) !== undefined) deps.engine.workers.start(name)
    return [...updated.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  })
}

async function updateOne(
  name: string,
  installer: WorkerInstaller,
  bring: (workers: readonly PlannedWorker[]) => Promise<void>,
): Promise<readonly UpdatedWorker[]> {
  const { default: semver } = await import('semver')
  const pinned = await pinnedWorkers(installer)
  const { workers } = await installer.plan(name, wantedVersion(name, pinned))
  const root = workers.at(-1)
  const before = pinned.get(name)
  // A registry that is behind, or a version that was chosen by hand.
  if (root === undefined || before === undefined || semver.lt(root.version, before.version)) return []
  await bring(workers)
  return workers
    .filter(({ state, type, from }) => state === 'changed' && type !== 'engine' && from !== undefined)
    .map((worker) => ({ name: worker.name, from_version: worker.from ?? '', to_version: worker.version }))
}

/** What all that depend on it take; undefined: nothing does, or it can't be said as one range. */
function wantedVersion(name: string, pinned: ReadonlyMap<string, PlannedWorker>): string | undefined {
  const ranges = new Set<string>()
  for (const { pin } of pinned.values()) {
    const range = pin?.dependencies[name]
    if (range !== undefined && range !== '' && range !== '*' && range !== 'latest') ranges.add(range)
  }
  if (ranges.size === 0 || (ranges.size > 1 && [...ranges].some((range) => range.includes('||')))) return undefined
  return [...ranges].join(' ')
}

/** What depends on others is brought first: it may ask for newer ones. */
function dependentsFirst(names: readonly string[], pinned: ReadonlyMap<string, PlannedWorker>): readonly string[] {
  const ordered: string[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const [other, { pin }] of pinned) if (pin !== undefined && Object.hasOwn(pin.dependencies, name)) visit(other)
    if (names.includes(name)) ordered.push(name)
  }
  for (const name of names) visit(name)
  return ordered
}

async function pinnedWorkers(installer: WorkerInstaller): Promise<ReadonlyMap<string, PlannedWorker>> {
  const workers = new Map<string, PlannedWorker>()
  for (const name of await installer.pinnedNames()) {
    const worker = await installer.pinned(name)
    if (worker !== undefined) workers.set(name, worker)
  }
  return workers
}

function isOfRegistry(worker: PlannedWorker | undefined): boolean {
  return worker?.type === 'bundle' || worker?.type === 'binary'
}

/** @throws W112 */
function refuseUnpinned(name: string, pinned: ReadonlyMap<string, PlannedWorker>): void {
  if (isOfRegistry(pinned.get(name))) return
  const there = [...pinned.keys()].filter((each) => isOfRegistry(pinned.get(each)))
  const which = there.length === 0 ? 'none is' : `those that are: ${there.join(', ')}`
  throw new WorkerOpError(
    'W112',
    `'${name}' is not installed from a registry, so there is nothing to update; ${which}.`,
    {
      name,
    },
  )
}
