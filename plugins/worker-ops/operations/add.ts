// `worker::add` (spec 05 B.1): from a folder or a registry into the configuration, and running. What goes wrong leaves nothing behind.
import { resolve } from 'node:path'
import type { OperationEvents } from '../events.ts'
import { builtInWorker, canonicalName, type BuiltInWorker } from '../built-in-workers.ts'
import { toWorkerOpError, WorkerOpError } from '../errors.ts'
import { readWorkerFolder, shownProblems, type WorkerFolder } from '../manifest/worker-folder.ts'
import type { FileEntry } from '../config-file/config-file.ts'
import { ConfigChange } from './config-change.ts'
import type { OperationDeps } from './deps.ts'
import { hasLockFile } from './installed.ts'
import { OperationInput } from './input.ts'
import { installGraph, type GraphOutcome } from './install-graph.ts'
import { readSource, shownSource, type Source } from './source.ts'

export interface AddInput {
  readonly source: Source | string
  readonly force?: boolean
  readonly reset_config?: boolean
  readonly yes?: boolean
  readonly wait?: boolean
}

export interface AddOutcome {
  readonly name: string
  readonly version?: string
  readonly status: 'installed' | 'already_current' | 'repaired' | 'replaced'
  readonly awaited_ready: boolean
  readonly config_path: string
  /** Why it is not ready. */
  readonly hint?: string
}

interface AddOptions {
  readonly force: boolean
  readonly resetConfig: boolean
  readonly yes: boolean
  readonly wait: boolean
}

type Added = Pick<AddOutcome, 'name' | 'version' | 'status'>

export async function add(data: unknown, deps: OperationDeps): Promise<AddOutcome> {
  const input = new OperationInput('worker::add', data)
  const options: AddOptions = {
    force: input.flag('force'),
    resetConfig: input.flag('reset_config'),
    yes: input.flag('yes'),
    wait: input.flag('wait'),
  }
  const source = readSource(input, deps.project.root)
  const label = source.kind === 'registry' ? source.name : source.ref
  const events = deps.events.of('add', label)
  const shown = { source: shownSource(source) }
  events.stage('started', shown)
  try {
    const added = await deps.lock.hold(() =>
      source.kind === 'local'
        ? addLocal(source.path, options, deps, events)
        : addFromRegistry(source, options, deps, events),
    )
    const outcome = await awaited(added, options, deps)
    const { version, status } = added
    events.stage('done', { ...shown, ...(version !== undefined && { version }), status })
    return outcome
  } catch (error) {
    const { code, text } = toWorkerOpError(error)
    events.stage('failed', { ...shown, error: { code, message: text } })
    throw error
  }
}

async function addLocal(
  path: string,
  options: AddOptions,
  deps: OperationDeps,
  events: OperationEvents,
): Promise<Added> {
  const worker = await localWorker(path)
  const { name } = worker
  events.named(name)
  const change = await ConfigChange.begin(deps)
  const existing = (await change.file.entries()).find((entry) => canonicalName(entry.name) === canonicalName(name))
  await refuseTaken(name, existing, options, deps)
  for (const warning of worker.warnings) deps.log.warn(`worker '${name}': ${warning}`)
  return change.run(async () => {
    for (const [dependency, range] of Object.entries(worker.dependencies))
      await addMember(dependency, range, { ...options, force: false }, { deps, change, events })
    // Also of one that was here before and removed: what it had installed may be gone.
    await deps.engine?.workers.forgetInstallation(name)
    await deps.engine?.workers.install(name, path)
    const entry: FileEntry = { name, worker_path: path }
    if (existing === undefined) await change.step(change.file.append(entry))
    else if (options.resetConfig) await change.step(change.file.replace(existing.name, entry))
    else if (existing.worker_path === undefined || resolve(deps.project.root, existing.worker_path) !== path)
      await change.step(change.file.setPath(existing.name, path))
    // It may have been one of a registry.
    if (existing !== undefined && (await hasLockFile(deps.project)))
      await change.step((await deps.installer()).unpin([name]))
    await change.apply()
    if (existing !== undefined) startAgain(name, deps)
    return { name, status: existing === undefined ? 'installed' : 'replaced' }
  })
}

async function addFromRegistry(
  { name: asked, version }: Extract<Source, { kind: 'registry' }>,
  options: AddOptions,
  deps: OperationDeps,
  events: OperationEvents,
): Promise<Added> {
  const change = await ConfigChange.begin(deps)
  return change.run(async () => {
    const added = await addMember(asked, version, options, { deps, change, events })
    events.named(added.name)
    await change.apply()
    if (added.status !== 'installed' && added.status !== 'already_current') startAgain(added.name, deps)
    return added
  })
}

interface Scene {
  readonly deps: OperationDeps
  readonly change: ConfigChange
  readonly events: OperationEvents
}

/** A worker of this engine or of a registry, with all that it depends on. Nothing is in force yet. */
async function addMember(
  name: string,
  version: string | undefined,
  options: AddOptions,
  scene: Scene,
): Promise<GraphOutcome> {
  const builtIn = builtInWorker(name)
  if (builtIn !== undefined) return addBuiltIn(builtIn, scene.change)
  const entries = await scene.change.file.entries()
  const existing = entries.find((entry) => entry.name === name)
  if (existing?.worker_path !== undefined && !options.force)
    throw new WorkerOpError(
      'W111',
      `A worker '${name}' is there already, from '${existing.worker_path}'. Say force: true to have the one of the registry in its place.`,
      { name },
    )
  return installGraph({ name, version, ...options }, existing, scene)
}

async function addBuiltIn({ name, mandatory }: BuiltInWorker, change: ConfigChange): Promise<GraphOutcome> {
  const entries = await change.file.entries()
  const isThere = mandatory || entries.some((entry) => canonicalName(entry.name) === name)
  if (isThere) return { name, status: 'already_current' }
  await change.step(change.file.append({ name }))
  return { name, status: 'installed' }
}

/** @throws W102 W105 */
async function localWorker(path: string): Promise<WorkerFolder> {
  const reading = await readWorkerFolder(path)
  if ('worker' in reading) return reading.worker
  const { problem, kind, report } = reading
  if (kind !== 'invalid')
    throw new WorkerOpError('W102', `No worker can be added from '${path}': ${problem}. Nothing was changed.`, {
      path,
      reason: problem,
    })
  const hint = 'Call worker::schema {"function_id":"iii.worker.yaml"} for what a manifest may say.'
  throw new WorkerOpError('W105', `No worker can be added from '${path}': ${problem}. ${hint}`, {
    function_id: 'worker::add',
    reason: report === undefined ? problem : shownProblems(report),
    hint,
    ...(report !== undefined && { errors: report.errors, unknown_keys: report.unknown_keys }),
  })
}

/** @throws W111 */
async function refuseTaken(
  name: string,
  existing: FileEntry | undefined,
  { force }: AddOptions,
  deps: OperationDeps,
): Promise<void> {
  if (builtInWorker(name) !== undefined)
    throw new WorkerOpError('W111', `'${name}' is a worker of the engine itself. Call yours something else.`, { name })
  const isPlugin = existing?.worker_path === undefined && (await deps.engine?.plugins())?.has(name) === true
  if (isPlugin)
    throw new WorkerOpError('W111', `'${name}' is a plugin of this project. Call the worker something else.`, { name })
  if (existing !== undefined && !force)
    throw new WorkerOpError(
      'W111',
      `A worker '${name}' is there already${existing.worker_path === undefined ? '' : `, from '${existing.worker_path}'`}. Say force: true to put this one in its place.`,
      { name },
    )
}

/** Also where its entry says what it said before. */
function startAgain(name: string, { engine }: OperationDeps): void {
  if (engine?.workers.get(name) !== undefined) engine.workers.start(name)
}

async function awaited(
  { name, version, status }: Added,
  { wait }: AddOptions,
  { engine, project }: OperationDeps,
): Promise<AddOutcome> {
  const outcome = {
    name,
    ...(version !== undefined && { version }),
    status,
    config_path: project.configFile ?? '',
  }
  const worker = engine?.workers.get(name)
  if (!wait || engine === undefined) return { ...outcome, awaited_ready: false }
  // A worker inside the engine is in force with its entry.
  if (worker === undefined) return { ...outcome, awaited_ready: true }
  const readiness = await engine.workers.ready(name, engine.readyMs)
  if (readiness === 'ready') return { ...outcome, awaited_ready: true }
  const hint =
    readiness === 'late'
      ? `It has not connected within ${engine.readyMs / 1000} s. worker::logs shows what it writes.`
      : `It ${worker.problem ?? 'was stopped'}. worker::logs shows what it wrote.`
  return { ...outcome, awaited_ready: false, hint }
}
