// Unpacks archives beside the thread that asks for it. Tinypool is loaded with the first one; a thread that has nothing to do ends.
// The thread's file lies beside this one, as source and compiled: `base/` is never bundled.
import { extname } from 'node:path'
import type { Tinypool } from 'tinypool'
import type { UnpackOutcome } from './unpack-thread.ts'
import type { UnpackTask } from './unpack-archive.ts'

/** More would only compete for the same disk. */
const MAX_THREADS = 2
const IDLE_MS = 1000
/** An archive within the limits needs a fraction of it; a fault in reading one ends its thread, not the engine. */
const MAX_HEAP_MB = 128

export class ArchiveThreads {
  #pool: Promise<Tinypool> | undefined

  /** Rejects when the thread was ended, by the signal or for its memory. */
  async unpack(task: UnpackTask, signal: AbortSignal): Promise<UnpackOutcome> {
    this.#pool ??= createPool()
    const pool = await this.#pool
    return (await pool.run(task, { signal })) as UnpackOutcome
  }

  async close(): Promise<void> {
    const pool = await this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }
}

async function createPool(): Promise<Tinypool> {
  const { Tinypool } = await import('tinypool')
  return new Tinypool({
    filename: new URL(`./unpack-thread${extname(import.meta.url)}`, import.meta.url).href,
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
}
