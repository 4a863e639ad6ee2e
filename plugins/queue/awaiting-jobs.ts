// The jobs that wait for their function without being handled: nobody provides it, or it takes no calls at the moment. A store counts them as
// active; whoever looks at queues is to see what they wait for. Of this engine alone: what another one has in hand stays active.
import type { PluginLog } from '../../sdk/plugin.ts'
import type { Delivery, QueueRef } from './adapters/backend.ts'
import type { Job } from './job.ts'

/** Functions that one answer names. */
export const MAX_AWAITED = 20
/** Functions that are remembered as told in the log. */
export const MAX_TOLD = 1_000

/** `missing`: nobody provides the function. `busy`: it is there and takes no calls. */
export type AwaitedBecause = 'missing' | 'busy'

export interface AwaitedFunction {
  readonly function_id: string
  /** Left out for `default`. */
  readonly namespace?: string
  readonly reason: AwaitedBecause
  readonly jobs: number
}

interface Awaiting {
  readonly delivery: Pick<Delivery, 'job' | 'hasEnded'>
  readonly reason: AwaitedBecause
}

export interface AwaitingJobsDeps {
  readonly log: Pick<PluginLog, 'warn'>
  readonly functionWaitMs: () => number
}

export class AwaitingJobs {
  readonly #deps: AwaitingJobsDeps
  /** By queue, in the order in which they began to wait; bounded by what a backend sets aside, and by the slots of its queues. */
  readonly #byQueue = new Map<string, Set<Awaiting>>()
  readonly #told = new Set<string>()

  constructor(deps: AwaitingJobsDeps) {
    this.#deps = deps
  }

  /** The job waits until the returned function is called. */
  add(queue: QueueRef, delivery: Awaiting['delivery'], reason: AwaitedBecause): () => void {
    const awaiting: Awaiting = { delivery, reason }
    const key = keyOf(queue)
    const all = this.#byQueue.get(key) ?? new Set()
    this.#byQueue.set(key, all.add(awaiting))
    if (reason === 'missing') this.#tell(queue, delivery.job)
    return () => {
      all.delete(awaiting)
      if (all.size === 0 && this.#byQueue.get(key) === all) this.#byQueue.delete(key)
    }
  }

  /** The function is there: its next absence is told anew. */
  appeared(functionId: string): void {
    if (this.#told.size > 0) this.#told.delete(functionId)
  }

  count(queue: QueueRef): number {
    return this.#of(queue).length
  }

  /** In the order in which they began to wait. */
  jobs(queue: QueueRef): Job[] {
    return this.#of(queue).map(({ delivery }) => delivery.job)
  }

  /** What they wait for, the most awaited first: at most `MAX_AWAITED`. */
  functions(queues: readonly QueueRef[]): AwaitedFunction[] {
    const found = new Map<string, { -readonly [Member in keyof AwaitedFunction]: AwaitedFunction[Member] }>()
    for (const queue of queues) {
      for (const { delivery, reason } of this.#of(queue)) {
        const { functionId: function_id, namespace } = delivery.job
        const key = `${reason} ${namespace ?? ''} ${function_id}`
        const known = found.get(key)
        if (known !== undefined) known.jobs++
        else found.set(key, { function_id, ...(namespace !== undefined && { namespace }), reason, jobs: 1 })
      }
    }
    return [...found.values()].sort((one, other) => other.jobs - one.jobs).slice(0, MAX_AWAITED)
  }

  #of(queue: QueueRef): Awaiting[] {
    const all = this.#byQueue.get(keyOf(queue))
    return all === undefined ? [] : [...all].filter(({ delivery }) => !delivery.hasEnded)
  }

  /** Once per function until it is there. */
  #tell({ name, kind }: QueueRef, { functionId, namespace }: Job): void {
    if (this.#told.has(functionId) || this.#told.size >= MAX_TOLD) return
    this.#told.add(functionId)
    const what = kind === 'named' ? `jobs of the queue '${name}'` : `messages of the topic '${name}'`
    const waitMs = this.#deps.functionWaitMs()
    this.#deps.log.warn(
      `${what} wait for the function ${functionId}, which nobody provides: after ${waitMs} ms (function_wait_ms) that counts as a failed delivery`,
      { queue: name, function_id: functionId, namespace: namespace ?? 'default' },
    )
  }
}

function keyOf({ kind, key }: QueueRef): string {
  return `${kind} ${key}`
}
