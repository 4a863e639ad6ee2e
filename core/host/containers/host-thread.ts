// A thread of plugins, seen from the engine.
import { extname } from 'node:path'
import { MessageChannel, type Worker as NodeThread } from 'node:worker_threads'
import type { EventLoopUtilization } from 'node:perf_hooks'
import { CodedError } from '../../../protocol/errors.ts'
import { RingTransport } from '../../links/ring-link.ts'
import type { SpareRings } from '../../links/spare-rings.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import type { ContainerExit } from './container.ts'
import { FrameContainer, type FrameContainerOptions } from './frame-container.ts'
import type { Usage } from './host-messages.ts'
import { threadFile } from './thread-file.ts'
import type { ThreadOutput } from './thread-output.ts'
import type { ThreadPool } from './thread-pool.ts'
import type { ThreadTask } from '../inside/thread-side.ts'

/** Who looks at a loop again sooner, as for another plugin in the thread, is told the same. */
const LOOK_MS = 10

export interface HostThreadOptions extends FrameContainerOptions {
  readonly pool: ThreadPool
  readonly rings: SpareRings
  readonly output: ThreadOutput
  readonly compileCacheDir: string | undefined
  /** Time for a thread to come up. */
  readonly startMs: number
}

export class HostThread extends FrameContainer {
  readonly kind = 'thread'
  readonly #rings: SpareRings
  readonly #abort = new AbortController()
  #number = 0
  #thread: NodeThread | undefined
  #utilization: EventLoopUtilization | undefined
  /** When its loop was looked at last: at what time, how long it had been idle, and whether that was more than before. */
  #lookedAt = 0
  #idleMs = 0
  #turned = false

  private constructor(options: HostThreadOptions) {
    super(options)
    const { rings } = options
    this.#rings = rings
    this.transport = new RingTransport((member, message) => this.receiveHost(member, message), { memory: rings.take() })
  }

  static async spawn(options: HostThreadOptions): Promise<HostThread> {
    const { pool, output, clock, compileCacheDir, startMs } = options
    const container = new HostThread(options)
    const { init } = container.transport as RingTransport
    const { port1, port2 } = new MessageChannel()
    const module = new URL(`../inside/thread-side${extname(import.meta.url)}`, import.meta.url).href
    const task: ThreadTask = { ...init, ready: port2, compileCacheDir, module, file: threadFile }
    const running = await pool.run(task, [init.port, port2], container.#abort.signal)
    const failed = running.task.then(
      () => new Error('the thread ended by itself'),
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
    const ready = new Promise<number>((resolve, reject) => {
      port1.once('message', resolve)
      void failed.then(reject)
    })
    try {
      const late = () => new CodedError('PLUGIN_TIMEOUT', `a thread did not come up within ${startMs} ms`)
      container.#number = await withDeadline(ready, startMs, late, clock)
      const thread = running.find(container.#number)
      if (thread !== undefined) output.take(thread)
      container.#attend(thread, failed)
      container.came()
      return container
    } catch (error) {
      container.#abort.abort()
      container.finished({ code: 'ERROR', message: (error as Error).message })
      throw error
    } finally {
      port1.close()
    }
  }

  get number(): number {
    return this.#number
  }

  async usage(): Promise<Usage | undefined> {
    const thread = this.#thread
    if (thread === undefined) return undefined
    const now = thread.performance.eventLoopUtilization()
    const before = this.#utilization
    const { utilization } = before === undefined ? now : thread.performance.eventLoopUtilization(now, before)
    this.#utilization = now
    const memoryBytes = await this.memoryBytes()
    // Two clocks meet in the difference: just after a question it may be a hair below zero.
    return memoryBytes === undefined ? undefined : { memoryBytes, eventLoopUtilization: Math.max(0, utilization) }
  }

  override async memoryBytes(): Promise<number | undefined> {
    const heap = await this.#thread?.getHeapStatistics().catch(() => undefined)
    return heap && heap.used_heap_size + heap.external_memory
  }

  override loop(): EventLoopUtilization | undefined {
    return this.#thread?.performance.eventLoopUtilization()
  }

  protected terminate(): void {
    this.#abort.abort()
  }

  override letGo(): void {
    this.#thread?.unref()
  }

  /** A loop that waits for events turns; one that is busy all the time has to be asked. */
  protected override turns(): boolean {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS) return this.#turned
    this.#lookedAt = now
    const idle = this.#thread?.performance.eventLoopUtilization().idle ?? 0
    this.#turned = idle > this.#idleMs
    this.#idleMs = idle
    return this.#turned
  }

  /** Only after `exit` has everything that the thread wrote reached the ring. */
  #attend(thread: NodeThread | undefined, failed: Promise<Error>): void {
    if (thread === undefined) {
      void failed.then((error) => this.finished({ code: 'ERROR', message: error.message }))
      return
    }
    this.#thread = thread
    let uncaught: Error | undefined
    thread.on('error', (error: unknown) => (uncaught = error instanceof Error ? error : new Error(String(error))))
    thread.once('exit', (code) => {
      this.#thread = undefined
      this.finished(exitOf(code, uncaught))
      this.#rings.giveBack((this.transport as RingTransport).init.memory)
    })
  }
}

function exitOf(code: number, uncaught: Error | undefined): ContainerExit {
  if (uncaught === undefined) return { code: 'EXIT', message: `it called process.exit(${code})` }
  const isMemory = (uncaught as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
  return { code: isMemory ? 'MEMORY' : 'ERROR', message: uncaught.message, stack: uncaught.stack }
}
