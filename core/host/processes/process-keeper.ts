// The engine's side of the keeper process (keeper-main.mjs), which is started at the first use and again after it was lost. What
// plugins start are its children; processes that are plugins are the engine's own, and it kills them only when the engine is gone.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { settlesWithin } from '../../../base/time/deadline.ts'
import type { ProcessExit } from '../../../sdk/plugin.ts'
import type { KeeperOrder, KeeperReport, OutputLine, ProcessOrder } from './process-messages.ts'

const CLOSE_MS = 2_000
const LOST = 'the process that keeps the processes of plugins has ended'

/** Who is told what becomes of a process. `failed` or `exited` is called once, and last. */
export interface ProcessWatcher {
  started(pid: number): void
  failed(message: string): void
  lines(lines: readonly OutputLine[]): void
  dropped(lines: number): void
  exited(exit: ProcessExit): void
}

interface Kept {
  readonly watcher: ProcessWatcher
  pid: number | undefined
}

export class ProcessKeeper {
  readonly #kept = new Map<number, Kept>()
  readonly #guarded = new Set<number>()
  #nextId = 0
  #keeper: ChildProcess | undefined

  /** Gives the number by which it can be stopped. */
  start(order: ProcessOrder, watcher: ProcessWatcher): number {
    const id = this.#nextId++
    this.#kept.set(id, { watcher, pid: undefined })
    this.#send({ op: 'start', id, ...order })
    return id
  }

  /** SIGTERM to its group, SIGKILL after the grace. */
  stop(id: number, graceMs: number): void {
    if (this.#kept.has(id)) this.#send({ op: 'stop', id, graceMs })
  }

  /** It does not outlive the engine, even where its loop stands still and never hears of the engine's end. */
  guard(pid: number): void {
    this.#guarded.add(pid)
    this.#send({ op: 'guard', pid })
  }

  /** Its number may be given away again. */
  release(pid: number): void {
    if (this.#guarded.delete(pid) && this.#keeper !== undefined) this.#send({ op: 'release', pid })
  }

  /** Ends whatever is left, at once. */
  async close(): Promise<void> {
    const keeper = this.#keeper
    if (keeper === undefined) return
    const ended = new Promise((resolve) => keeper.once('exit', resolve))
    // Its end is waited for, also where nothing else is left to do.
    keeper.ref()
    if (keeper.connected) keeper.disconnect()
    if (!(await settlesWithin(ended, CLOSE_MS))) keeper.kill('SIGKILL')
  }

  #send(order: KeeperOrder): void {
    this.#keeper ??= this.#spawn()
    this.#tell(this.#keeper, order)
  }

  #tell(keeper: ChildProcess, order: KeeperOrder): void {
    // What is lost with the keeper is told when its end is known.
    if (keeper.connected) keeper.send(order, () => {})
  }

  #spawn(): ChildProcess {
    const main = fileURLToPath(new URL('./keeper-main.mjs', import.meta.url))
    // A session of its own: a signal to all processes of the engine's group must not take the keeper away from its duty.
    const keeper = fork(main, [], { detached: true, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    keeper.unref()
    keeper.channel?.unref()
    keeper.on('message', (report: KeeperReport) => this.#receive(report))
    const lost = (): void => {
      if (this.#keeper === keeper) this.#lost()
    }
    keeper.once('exit', lost)
    keeper.once('error', lost)
    for (const pid of this.#guarded) this.#tell(keeper, { op: 'guard', pid })
    return keeper
  }

  #receive(report: KeeperReport): void {
    const kept = this.#kept.get(report.id)
    if (kept === undefined) return
    const { watcher } = kept
    if ('lines' in report) watcher.lines(report.lines)
    else if ('dropped' in report) watcher.dropped(report.dropped)
    else if ('pid' in report) {
      kept.pid = report.pid
      watcher.started(report.pid)
    } else {
      this.#kept.delete(report.id)
      if ('failed' in report) watcher.failed(report.failed)
      else watcher.exited(report.exited)
    }
  }

  /** Nobody but this engine can end them now. */
  #lost(): void {
    this.#keeper = undefined
    const all = [...this.#kept.values()]
    this.#kept.clear()
    for (const { pid, watcher } of all) {
      if (pid === undefined) watcher.failed(LOST)
      else {
        killGroup(pid)
        watcher.exited({ code: null, signal: 'SIGKILL' })
      }
    }
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}
