// The pool that all host threads come from. Piscina is loaded with the first thread; each thread runs one task without end.
import type { Worker as NodeThread } from 'node:worker_threads'
import type { Piscina } from 'piscina'

/** Threads at the same time: plugins, their replicas, those that are being replaced, and the standby. */
const MAX_THREADS = 256

export interface RunningThread {
  /** Settles when the task ended, which means that the thread is ending. */
  readonly task: Promise<unknown>
  /** The thread itself, once it runs. */
  find(threadId: number): NodeThread | undefined
}

export class ThreadPool {
  #pool: Promise<Piscina> | undefined

  async run(
    task: unknown,
    transferList: readonly MessagePort[] | readonly unknown[],
    signal: AbortSignal,
  ): Promise<RunningThread> {
    this.#pool ??= createPool()
    const pool = await this.#pool
    return {
      task: pool.run(task, { transferList: transferList as never, signal }),
      find: (threadId) => pool.threads.find((thread) => thread.threadId === threadId),
    }
  }

  async close(): Promise<void> {
    const pool = await this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }
}

async function createPool(): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  const pool = new Piscina({
    filename: new URL('../inside/thread-main.mjs', import.meta.url).href,
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: 0,
    // The waiting loop of atomics would freeze the timers and sockets of plugins.
    atomics: 'disabled',
    recordTiming: false,
    execArgv: [],
  })
  // An error in a thread whose task was aborted already concerns nobody; without a listener it would end the engine.
  pool.on('error', () => {})
  return pool
}
