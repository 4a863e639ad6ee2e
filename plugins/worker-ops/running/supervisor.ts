// The workers of a configuration: which of its entries are run, from the two phases of a change (the seat `entries`), and one managed
// worker for each. Answers at once; processes start and end on their own.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../../base/files/atomic-file.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { EntriesAnswer, EntriesQuestion, SeatEntry } from '../../../protocol/seats.ts'
import type { PluginContext } from '../../../sdk/plugin.ts'
import { WorkerOpError } from '../errors.ts'
import type { WorkerInstaller } from '../installing.ts'
import { nameProblem } from '../worker-name.ts'
import { entryProblem } from './entry-problem.ts'
import { environmentOf } from './environment.ts'
import { launchOf, type Launch } from './launch.ts'
import { ManagedWorker } from './managed-worker.ts'
import { ReadinessWatch } from './readiness.ts'
import type { RESTART_LIMITS } from './restarts.ts'
import type { ConnectedWorker, Readiness, RunningWorkers, StartOptions } from './running-workers.ts'
import type { StoppedWorkers } from './stopped-workers.ts'
import { isSameSpec, specOf, type WorkerSpec } from './worker-spec.ts'

/** Of a worker to end with the plugin, which has 10 s itself. */
export const CLOSE_MS = 9_000

export interface SupervisorDeps {
  readonly context: Pick<PluginContext, 'iii' | 'log' | 'processes' | 'dataDir' | 'engine' | 'reportHealth'>
  readonly clock: Clock
  readonly installer: () => Promise<WorkerInstaller>
  /** Whether there is something that `installer` could know. */
  readonly hasInstalled: () => Promise<boolean>
  readonly stopped: StoppedWorkers
  readonly restartLimits?: typeof RESTART_LIMITS
}

interface Change {
  readonly specs: readonly WorkerSpec[]
  readonly file: string | null
}

export class Supervisor implements RunningWorkers {
  readonly #deps: SupervisorDeps
  readonly #readiness: ReadinessWatch
  readonly #workers = new Map<string, ManagedWorker>()
  /** Changes that were prepared and not decided yet, by id. */
  readonly #changes = new Map<string, Change>()
  /** Those whose entry is gone, while their processes end. */
  readonly #leaving = new Map<string, { readonly worker: ManagedWorker; readonly ended: Promise<void> }>()
  #configFile: string | null = null
  /** Where workers connect; empty until the listeners are open. */
  #url = ''
  #isClosed = false
  readonly #told = Promise.withResolvers<void>()
  /** Nothing is said of health while everything always was well. */
  #hasReported = false

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
    this.#readiness = new ReadinessWatch(deps.context.iii, deps.clock)
  }

  /** Fulfilled when it has been told what is in force, which for one that comes by a reload is a moment after its start; and at its end. */
  get told(): Promise<void> {
    return this.#told.promise
  }

  // ── the seat ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async answer(question: EntriesQuestion): Promise<EntriesAnswer | null> {
    if (question.op === 'prepare') return this.#prepare(question)
    const change = this.#changes.get(question.id)
    this.#changes.delete(question.id)
    if (question.op === 'commit' && change !== undefined) {
      this.#commit(change)
      this.#told.resolve()
    }
    return null
  }

  async #prepare({
    id,
    entries,
    project_root: root,
    file,
    in_force: inForce,
  }: Extract<EntriesQuestion, { op: 'prepare' }>): Promise<EntriesAnswer> {
    const specs: WorkerSpec[] = []
    const taken: string[] = []
    const problems: EntriesAnswer['problems'][number][] = []
    const hasInstalled = await this.#deps.hasInstalled()
    await Promise.all(
      entries.map(async (entry) => {
        if (!(await this.#isOurs(entry, hasInstalled))) return
        const spec = specOf(entry, root)
        const problem = await this.#problemOf(spec)
        if (problem !== undefined) problems.push({ instance_id: entry.instance_id, ...problem })
        if (problem !== undefined && inForce) return
        taken.push(entry.instance_id)
        specs.push(spec)
      }),
    )
    // A change that is forgotten without a word would stay for ever; the engine makes one at a time.
    this.#changes.clear()
    this.#changes.set(id, { specs, file })
    return { taken, problems }
  }

  async #isOurs({ name, worker_path: path }: SeatEntry, hasInstalled: boolean): Promise<boolean> {
    if (path !== null) return true
    if (!hasInstalled || nameProblem(name) !== undefined) return false
    try {
      return (await (await this.#deps.installer()).pinned(name)) !== undefined
    } catch {
      // Of a broken lock file nothing is known: its worker says so, and all others run.
      return true
    }
  }

  /** Of an entry that is in force already nothing is a problem: it would stand in the way of every other change. */
  async #problemOf(spec: WorkerSpec): Promise<{ readonly code: string; readonly message: string } | undefined> {
    const known = this.#workers.get(spec.name)
    if (known !== undefined && isSameSpec(known.spec, spec)) return undefined
    return await entryProblem(spec.name, spec.path)
  }

  #commit({ specs, file }: Change): void {
    this.#configFile = file
    const wanted = new Map(specs.map((spec) => [spec.name, spec]))
    for (const [name, worker] of this.#workers) {
      if (wanted.has(name)) continue
      this.#workers.delete(name)
      this.#leave(worker)
    }
    for (const spec of specs) {
      const known = this.#workers.get(spec.name)
      if (known === undefined) {
        // One that is still ending does so before it runs again.
        const worker = this.#leaving.get(spec.name)?.worker ?? this.#create(spec)
        this.#leaving.delete(spec.name)
        this.#workers.set(spec.name, worker)
        if (!this.#deps.stopped.has(spec.name)) this.#run(worker, spec)
      } else if (!isSameSpec(known.spec, spec)) {
        if (known.isWanted) this.#run(known, spec)
        else known.keep(spec)
      }
    }
    this.#report()
  }

  // ── the engine ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Workers can connect, at this URL. */
  listening(url: string): void {
    if (this.#url === url) return
    this.#url = url
    for (const worker of this.#workers.values())
      if (!this.#deps.stopped.has(worker.name)) this.#run(worker, worker.spec)
  }

  /** All processes end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#told.resolve()
    this.#readiness.close()
    const leaving = [...this.#leaving.values()].map(({ ended }) => ended)
    await Promise.all([...[...this.#workers.values()].map((worker) => worker.stop(CLOSE_MS)), ...leaving])
  }

  connected(): Promise<readonly ConnectedWorker[]> {
    return this.#readiness.connected()
  }

  // ── operations ───────────────────────────────────────────────────────────────────────────────────────────────────

  list(): readonly ManagedWorker[] {
    return [...this.#workers.values()]
  }

  get(name: string): ManagedWorker | undefined {
    return this.#workers.get(name)
  }

  start(name: string, options: StartOptions = {}): void {
    const worker = this.#known(name)
    this.#deps.stopped.forget(name)
    this.#run(worker, worker.spec, options)
  }

  async stop(name: string): Promise<void> {
    const worker = this.#known(name)
    this.#deps.stopped.add(name)
    await worker.stop()
    this.#report()
  }

  async ready(name: string, ms: number): Promise<Readiness> {
    return this.#known(name).ready(ms)
  }

  async ended(name: string): Promise<void> {
    await this.#leaving.get(name)?.ended
  }

  async forgetInstallation(name: string): Promise<void> {
    await (this.#workers.get(name) ?? this.#create({ name, path: undefined, config: {} })).forgetInstallation()
  }

  async install(name: string, folder: string): Promise<void> {
    const spec: WorkerSpec = { name, path: folder, config: this.#workers.get(name)?.spec.config ?? {} }
    const launch = await launchOf(spec, this.#deps.installer, undefined, this.#deps.context.engine.projectRoot)
    if (launch.install === undefined) return
    const worker = this.#workers.get(name) ?? this.#create(spec)
    await worker.install(folder, launch.install, await this.#environment(spec, launch, {}))
  }

  // ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #run(worker: ManagedWorker, spec: WorkerSpec, options: StartOptions = {}): void {
    // Before there is a listener nobody could connect; what is to run is run when there is.
    if (this.#isClosed || (this.#url === '' && options.port === undefined)) worker.keep(spec)
    else worker.run(spec, options)
  }

  #leave(worker: ManagedWorker): void {
    const { name } = worker
    this.#deps.stopped.forget(name)
    const ended = worker.stop().then(async () => {
      if (this.#leaving.get(name)?.worker !== worker) return
      this.#leaving.delete(name)
      await rm(this.#settingsFile(name), { force: true })
    })
    this.#leaving.set(name, { worker, ended })
  }

  #known(name: string): ManagedWorker {
    const worker = this.#workers.get(name)
    if (worker !== undefined) return worker
    throw new WorkerOpError('W112', `The engine runs no worker '${name}': no entry of the configuration names it.`, {
      name,
    })
  }

  #create(spec: WorkerSpec): ManagedWorker {
    const { context, clock, installer, restartLimits } = this.#deps
    const { engine, processes, log, dataDir } = context
    return new ManagedWorker(spec, {
      processes,
      clock,
      log,
      dataDir,
      logFolder: join(engine.projectRoot, '.iii', 'logs', spec.name),
      ...(restartLimits !== undefined && { restartLimits }),
      launch: (wanted, { config }) => launchOf(wanted, installer, config, engine.projectRoot),
      environment: (wanted, launch, options) => this.#environment(wanted, launch, options),
      awaitReady: (awaited) => this.#readiness.wait(awaited),
      onState: () => this.#report(),
    })
  }

  async #environment(
    { name }: WorkerSpec,
    { manifestEnv, config }: Launch,
    { port }: StartOptions,
  ): Promise<Record<string, string>> {
    const settingsFile = this.#settingsFile(name)
    await mkdir(join(settingsFile, '..'), { recursive: true, mode: 0o700 })
    await writeWhole(settingsFile, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
    const url = port === undefined ? this.#url : `ws://127.0.0.1:${port}`
    return environmentOf({ name, url, manifestEnv, config, configFile: this.#configFile, settingsFile })
  }

  /** JSON, which is YAML too. */
  #settingsFile(name: string): string {
    return join(this.#deps.context.dataDir, 'config', `${name}.json`)
  }

  #report(): void {
    const gaveUp = this.list().filter(({ state }) => state === 'gave up')
    if (this.#isClosed || (gaveUp.length === 0 && !this.#hasReported)) return
    this.#hasReported = true
    const details = Object.fromEntries(
      gaveUp.slice(0, 8).map(({ name, problem = '' }) => [name, problem.slice(0, 300)]),
    )
    this.#deps.context.reportHealth(
      'workers',
      gaveUp.length === 0 ? { status: 'healthy' } : { status: 'degraded', details },
    )
  }
}
