// A server under load in a process of its own: started, waited for, ended. The process reports its address over IPC.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { withinDeadline } from '../load/deadline.ts'
import { ENGINE_NODE_OPTIONS, engineEnvironment } from '../../bin/node-options.mjs'
import { siblingFile } from '../sibling-file.ts'

/** Runs as the launcher would run it. */
const ENGINE_FILE = 'engine-process'
const START_MS = 20_000
const STOP_MS = 5_000

/** What a target says once it listens. */
export interface TargetReady {
  readonly url: string
  /** Of the stream listener, if it has one. */
  readonly streamUrl?: string | undefined
  /** Of its listener for sessions, if it has one. */
  readonly publicUrl?: string | undefined
  /** Where it serves HTTP, if it does and that is known. */
  readonly httpUrl?: string | undefined
  readonly pid: number
}

export interface TargetCommand {
  /** File in this folder, without extension. */
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** CPU list for `taskset -c`; undefined = not pinned. */
  readonly cpus: string | undefined
}

export class TargetProcess {
  readonly #child: ChildProcess
  readonly url: string
  readonly streamUrl: string | undefined
  readonly publicUrl: string | undefined
  readonly httpUrl: string | undefined
  readonly pid: number
  /** From the spawn to the report that it listens. */
  readonly startMs: number

  static async start(command: TargetCommand): Promise<TargetProcess> {
    const startedAt = performance.now()
    const isEngine = command.file === ENGINE_FILE
    const line = [
      process.execPath,
      ...(isEngine ? ENGINE_NODE_OPTIONS : []),
      siblingFile(import.meta.url, `./${command.file}`),
      ...command.args,
    ]
    if (command.cpus !== undefined) line.unshift('taskset', '-c', command.cpus)
    const child = spawn(line[0]!, line.slice(1), {
      cwd: command.cwd,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: isEngine ? engineEnvironment(process.env) : process.env,
    })
    const ready = Promise.withResolvers<TargetReady>()
    child.once('message', ready.resolve as (message: unknown) => void)
    child.once('exit', (code) =>
      ready.reject(new Error(`The target ${command.file} ended with code ${code} at its start.`)),
    )
    child.once('error', ready.reject)
    if (!(await withinDeadline(ready.promise, START_MS))) {
      child.kill('SIGKILL')
      throw new Error(`The target ${command.file} did not listen within ${START_MS / 1000} s.`)
    }
    return new TargetProcess(child, await ready.promise, performance.now() - startedAt)
  }

  private constructor(child: ChildProcess, ready: TargetReady, startMs: number) {
    this.#child = child
    this.url = ready.url
    this.streamUrl = ready.streamUrl
    this.publicUrl = ready.publicUrl
    this.httpUrl = ready.httpUrl
    this.pid = ready.pid
    this.startMs = startMs
  }

  /** Ends it without a word, as a crash would. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    if (await withinDeadline(exited, STOP_MS)) return
    this.#child.kill('SIGKILL')
    await exited
  }
}
