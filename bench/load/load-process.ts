// The runner's side of the load generator: starts its process and hands it jobs, one at a time.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { siblingFile } from '../sibling-file.ts'
import type { LoadJob, LoadReply, LoadResult } from './load-job.ts'

export class LoadProcess {
  readonly #child: ChildProcess

  /** `cpus`: list for `taskset -c`; undefined = not pinned. */
  static async start(cpus: string | undefined): Promise<LoadProcess> {
    const command = [process.execPath, siblingFile(import.meta.url, './main')]
    if (cpus !== undefined) command.unshift('taskset', '-c', cpus)
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    await once(child, 'spawn')
    return new LoadProcess(child)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * Rejects when the run could not be carried out; wrong answers are part of the result. `onStarted`: a fan-out run has connected
   * everybody and its warm-up begins.
   */
  async run(job: LoadJob, onStarted: () => void = () => {}): Promise<LoadResult> {
    const result = Promise.withResolvers<LoadResult>()
    const onMessage = (reply: LoadReply): void => {
      if ('started' in reply) onStarted()
      else if ('error' in reply) result.reject(new Error(reply.error))
      else result.resolve(reply.result)
    }
    const onExit = (code: number | null): void =>
      result.reject(new Error(`The load generator ended with code ${code}.`))
    this.#child.on('message', onMessage as (message: unknown) => void)
    this.#child.once('exit', onExit)
    try {
      this.#child.send(job)
      return await result.promise
    } finally {
      this.#child.off('message', onMessage as (message: unknown) => void)
      this.#child.off('exit', onExit)
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
