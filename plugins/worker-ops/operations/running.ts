// Whether workers run, as listings say it: `running` = connected, or part of the engine and loaded (spec 05 B.2).
import { isPartOfEngine } from '../built-in-workers.ts'
import { belongsTo } from '../running/process-group.ts'
import type { ConnectedWorker, RunningWorker } from '../running/running-workers.ts'
import type { OperationDeps } from './deps.ts'

export interface RunningRow {
  readonly running: boolean
  readonly status: 'running' | 'starting' | 'stopped'
  readonly pid: number | null
  /** That the worker itself reported. */
  readonly version: string | undefined
}

const STOPPED: RunningRow = { running: false, status: 'stopped', pid: null, version: undefined }

export class RunningRows {
  readonly #deps: OperationDeps
  readonly #connected: readonly ConnectedWorker[]
  readonly #plugins: ReadonlyMap<string, string>

  static async look(deps: OperationDeps): Promise<RunningRows> {
    const { engine } = deps
    if (engine === undefined) return new RunningRows(deps, [], new Map())
    return new RunningRows(deps, await engine.connected(), await engine.plugins())
  }

  constructor(deps: OperationDeps, connected: readonly ConnectedWorker[], plugins: ReadonlyMap<string, string>) {
    this.#deps = deps
    this.#connected = connected
    this.#plugins = plugins
  }

  /** @param name canonical */
  async of(name: string): Promise<RunningRow> {
    const { engine } = this.#deps
    if (engine === undefined) return STOPPED
    const worker = engine.workers.get(name)
    if (worker !== undefined) return this.#ofProcess(worker)
    if (this.#isInEngine(name)) return { ...STOPPED, running: true, status: 'running' }
    const connected = this.#connected.find((candidate) => candidate.name === name)
    if (connected === undefined) return STOPPED
    return { running: true, status: 'running', pid: connected.pid ?? null, version: connected.version }
  }

  #isInEngine(name: string): boolean {
    const state = this.#plugins.get(name)
    if (state !== undefined) return state === 'running'
    return isPartOfEngine(name)
  }

  async #ofProcess({ name, pid, state }: RunningWorker): Promise<RunningRow> {
    const connected = await this.#connectionOf(name, pid)
    const row = { pid: pid ?? null, version: connected?.version }
    if (connected !== undefined && pid !== undefined) return { ...row, running: true, status: 'running' }
    const isStopped = state === 'stopped' || state === 'gave up'
    return { ...row, running: false, status: isStopped ? 'stopped' : 'starting' }
  }

  async #connectionOf(name: string, pid: number | undefined): Promise<ConnectedWorker | undefined> {
    const named = this.#connected.find((worker) => worker.name === name)
    if (named !== undefined || pid === undefined) return named
    for (const worker of this.#connected)
      if (worker.pid !== undefined && (await belongsTo(worker.pid, pid))) return worker
    return undefined
  }
}
