// The processes that one generation of a plugin started: how many, what is logged of them, and that they end with it.
import { settlesWithin } from '../../../base/time/deadline.ts'
import type { ErrorBody } from '../../../protocol/errors.ts'
import type { OnPluginLog } from '../containers/container.ts'
import type { ProcessKeeper } from './process-keeper.ts'
import type { ProcessEvent, ProcessRequest } from './process-messages.ts'

/** Processes of one generation (of each replica) at a time. */
export const MAX_PROCESSES = 64
/** Beyond the grace of a process: the keeper has killed it by then. */
const MARGIN_MS = 3_000

/** What plugins may do in the place where they run. */
export interface ProcessOwner {
  keeper(): ProcessKeeper
  /** All processes of a generation end within that (`engine.stop_ms`). */
  readonly stopMs: number
  /** Why no process may be started; undefined = they may. */
  readonly refusal: string | undefined
}

export interface PluginProcessesDeps {
  readonly owner: ProcessOwner
  readonly onLog: OnPluginLog
  readonly tell: (event: ProcessEvent) => void
}

interface Running {
  readonly keptId: number
  readonly stopMs: number
  readonly exited: Promise<void>
}

export class PluginProcesses {
  readonly #deps: PluginProcessesDeps
  readonly #running = new Map<number, Running>()
  #ended = false

  constructor(deps: PluginProcessesDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#running.size
  }

  take(request: ProcessRequest): void {
    if (request.op === 'start') this.#start(request)
    else this.#stop(request.id, request.graceMs)
  }

  /** Tells all to end, and resolves when they have; each gets its own time, but no more than `withinMs`. None starts any more. */
  async endAll(withinMs: number = this.#deps.owner.stopMs): Promise<void> {
    this.#ended = true
    const all = [...this.#running.values()]
    for (const { keptId, stopMs } of all) this.#deps.owner.keeper().stop(keptId, Math.min(stopMs, withinMs))
    await settlesWithin(Promise.all(all.map(({ exited }) => exited)), withinMs + MARGIN_MS)
  }

  #start({ id, name, order, lines: wantsLines }: Extract<ProcessRequest, { op: 'start' }>): void {
    const { owner, onLog, tell } = this.#deps
    const refusal = this.#refusal(name)
    if (refusal !== undefined) return tell({ process: id, refused: refusal })
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    const forget = (): void => {
      this.#running.delete(id)
      resolve()
    }
    const keptId = owner.keeper().start(order, {
      started: (pid) => {
        onLog('debug', `process '${name}' started`, { pid, command: order.command })
        tell({ process: id, pid })
      },
      failed: (message) => {
        forget()
        tell({
          process: id,
          refused: { code: 'invocation_failed', message: `process '${name}' could not be started: ${message}` },
        })
      },
      lines: (lines) => {
        if (wantsLines) tell({ process: id, lines })
        else for (const [stream, text] of lines) onLog('info', text, { process: name, stream })
      },
      dropped: (dropped) =>
        onLog('warn', `process '${name}' writes too much: ${dropped} lines dropped`, { process: name }),
      exited: (exit) => {
        forget()
        onLog('info', `process '${name}' ended`, exit)
        tell({ process: id, exited: exit })
      },
    })
    this.#running.set(id, { keptId, stopMs: order.stopMs, exited })
  }

  #stop(id: number, graceMs: number | null): void {
    const running = this.#running.get(id)
    if (running !== undefined) this.#deps.owner.keeper().stop(running.keptId, graceMs ?? running.stopMs)
  }

  #refusal(name: string): ErrorBody | undefined {
    const { refusal } = this.#deps.owner
    if (refusal !== undefined) return { code: 'FORBIDDEN', message: `process '${name}' may not be started: ${refusal}` }
    if (this.#ended)
      return { code: 'invocation_stopped', message: `process '${name}' is not started: the plugin is being ended` }
    if (this.#running.size < MAX_PROCESSES) return undefined
    return {
      code: 'overloaded',
      message: `process '${name}' is not started: the plugin has ${MAX_PROCESSES} processes, and may have no more`,
    }
  }
}
