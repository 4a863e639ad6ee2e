// One run of the commands of an entry, from the first one on: each begins when the one before has succeeded, and the last one is started
// again when it fails. A run is told to end once, and has ended when none of its processes is left.
import type { Clock } from '../../base/time/clock.ts'
import type { PluginLog, PluginProcess, PluginProcesses, ProcessExit } from '../../sdk/plugin.ts'
import { type Restarts, WELL_AFTER_MS } from './restarts.ts'
import { inShell, nameOf } from './shell.ts'

/** Between SIGTERM and SIGKILL (spec 04 part D). */
export const STOP_MS = 3_000

export interface RunDeps {
  readonly commands: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly restarts: Restarts
  readonly processes: PluginProcesses
  readonly log: PluginLog
  readonly clock: Clock
  /** What is wrong now; undefined = nothing is. */
  readonly onProblem: (problem: string | undefined) => void
}

interface Outcome {
  readonly isSuccess: boolean
  readonly how: string
  readonly ranMs: number
}

export class Run {
  readonly #deps: RunDeps
  readonly #over: Promise<void>
  #isEnding = false
  #graceMs = STOP_MS
  #process: PluginProcess | undefined
  #cancelWait = (): void => {}

  constructor(deps: RunDeps) {
    this.#deps = deps
    this.#over = this.#go()
  }

  /** Resolves when the process that runs, and whatever it has started, is gone. Nothing more is started. */
  async end(graceMs: number): Promise<void> {
    this.#isEnding = true
    this.#graceMs = graceMs
    this.#cancelWait()
    await this.#process?.stop({ graceMs })
    await this.#over
  }

  async #go(): Promise<void> {
    const { commands, log, onProblem } = this.#deps
    onProblem(undefined)
    const last = commands.at(-1)
    for (const command of commands.slice(0, -1)) {
      const outcome = await this.#execute(command)
      if (this.#isEnding) return
      if (outcome.isSuccess) continue
      onProblem(`'${nameOf(command)}' ${outcome.how}, and what follows it was not started`)
      log.error(`Pipeline step failed, aborting pipeline: '${nameOf(command)}' ${outcome.how}`)
      return
    }
    if (last !== undefined) await this.#keepRunning(last)
  }

  async #keepRunning(command: string): Promise<void> {
    const { log, restarts, clock, onProblem } = this.#deps
    for (;;) {
      const forgetTheLast = clock.after(WELL_AFTER_MS, () => onProblem(undefined))
      const { isSuccess, how, ranMs } = await this.#execute(command)
      forgetTheLast()
      if (this.#isEnding) return
      if (isSuccess) {
        onProblem(undefined)
        log.info(`'${nameOf(command)}' has ended, and is not started again: it succeeded`)
        return
      }
      const waitMs = restarts.failed(ranMs)
      if (waitMs === undefined) {
        const problem = `'${nameOf(command)}' ${how}, and is not started again`
        onProblem(problem)
        log.error(problem)
        return
      }
      onProblem(`'${nameOf(command)}' ${how}; it is started again`)
      log.error(`'${nameOf(command)}' ${how}; it is started again in ${waitMs} ms`)
      await this.#wait(waitMs)
      if (this.#isEnding) return
    }
  }

  async #execute(command: string): Promise<Outcome> {
    const { processes, env, clock } = this.#deps
    const began = clock.passed()
    try {
      const started = await processes.start({ ...inShell(command), env, name: nameOf(command), stop_ms: STOP_MS })
      this.#process = started
      if (this.#isEnding) void started.stop({ graceMs: this.#graceMs })
      const exit = await started.exited
      return { isSuccess: exit.code === 0, how: told(exit), ranMs: clock.passed() - began }
    } catch (error) {
      return { isSuccess: false, how: `could not be started: ${(error as Error).message}`, ranMs: 0 }
    } finally {
      this.#process = undefined
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, resolve)
      this.#cancelWait = () => {
        cancel()
        resolve()
      }
    })
  }
}

/** What a shell says when it finds no program of that name, and when it may not run what it found. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

function told({ code, signal }: ProcessExit): string {
  if (signal !== null) return `was ended by ${signal}`
  if (code === NOT_FOUND)
    return 'failed with exit code 127: a program in it was not found; install it, or correct the command'
  if (code === NOT_EXECUTABLE) return 'failed with exit code 126: a program in it may not be executed'
  return `failed with exit code ${code}`
}
