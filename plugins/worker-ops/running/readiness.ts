// When a worker is ready: it is connected, by its name or by its process, and can be called. What is told by the engine says when to look
// again; nobody is bound while nobody waits.
import type { Clock } from '../../../base/time/clock.ts'
import type { FunctionsChanged } from '../../../kit/functions/functions-changed.ts'
import type { Handle, TriggerRef } from '../../../sdk/plugin.ts'
import type { ConnectedWorker } from './running-workers.ts'
import { belongsTo } from './process-group.ts'

/** Registrations of a worker have come to an end when there was none for so long. */
export const QUIET_MS = 50
/** On an engine where functions come all the time, and for those that a worker publishes and does not register. */
export const LONGEST_QUIET_MS = 1_000

const ON_WORKERS = 'iii-worker-ops::on-workers-available'
const ON_FUNCTIONS = 'iii-worker-ops::on-functions-changed'
const HIDDEN = { description: 'Told by the engine. Only it calls this.', metadata: { internal: true } }

export interface Awaited {
  readonly name: string
  /** Of the process that was started. */
  readonly pid: number
  /** Milliseconds since the epoch: connections that are older are not its own. */
  readonly since: number
  /** Functions that it publishes; empty where none are known. */
  readonly functions: readonly string[]
  readonly onReady: () => void
}

interface Waiting extends Awaited {
  /** Looked at again when functions are quiet. */
  cancelQuiet: (() => void) | undefined
  connectedAt: number | undefined
}

export class ReadinessWatch {
  readonly #iii: Pick<Handle, 'registerFunction' | 'registerTrigger' | 'trigger'>
  readonly #clock: Clock
  readonly #waiting = new Set<Waiting>()
  /** Ids of those that there are, while somebody waits. */
  readonly #functions = new Set<string>()
  #bindings: readonly TriggerRef[] = []
  #look: 'none' | 'under way' | 'due' = 'none'

  constructor(iii: Pick<Handle, 'registerFunction' | 'registerTrigger' | 'trigger'>, clock: Clock) {
    this.#iii = iii
    this.#clock = clock
    iii.registerFunction(ON_WORKERS, () => this.#lookAgain(), HIDDEN)
    iii.registerFunction(ON_FUNCTIONS, (event: FunctionsChanged) => this.#functionsChanged(event), HIDDEN)
  }

  /** @returns ends the wait */
  wait(awaited: Awaited): () => void {
    const waiting: Waiting = { ...awaited, cancelQuiet: undefined, connectedAt: undefined }
    this.#waiting.add(waiting)
    if (this.#bindings.length === 0)
      this.#bindings = [
        this.#iii.registerTrigger({ type: 'engine::workers-available', function_id: ON_WORKERS, config: {} }),
        this.#iii.registerTrigger({ type: 'engine::functions-changed', function_id: ON_FUNCTIONS, config: {} }),
      ]
    this.#lookAgain()
    return () => this.#end(waiting)
  }

  close(): void {
    for (const waiting of [...this.#waiting]) this.#end(waiting)
  }

  /** Those that are connected now. */
  async connected(): Promise<readonly ConnectedWorker[]> {
    const answer = (await this.#iii.trigger({ function_id: 'engine::workers::list', payload: {} })) as {
      workers: readonly Readonly<Record<string, unknown>>[]
    }
    return answer.workers
      .filter(({ status }) => status === 'connected')
      .map(({ id, name, pid, version, connected_at_ms: connectedAt }) => ({
        id: String(id),
        connectedAt: Number(connectedAt),
        name: typeof name === 'string' ? name : undefined,
        pid: typeof pid === 'number' ? pid : undefined,
        version: typeof version === 'string' ? version : undefined,
      }))
  }

  #end(waiting: Waiting): void {
    waiting.cancelQuiet?.()
    if (!this.#waiting.delete(waiting) || this.#waiting.size > 0) return
    for (const binding of this.#bindings) binding.unregister()
    this.#bindings = []
    this.#functions.clear()
  }

  /** One look at a time; what happens meanwhile leads to another. */
  #lookAgain(): void {
    const isLooking = this.#look !== 'none'
    this.#look = 'due'
    if (!isLooking) void this.#lookWhileDue()
  }

  async #lookWhileDue(): Promise<void> {
    while (this.#look === 'due' && this.#waiting.size > 0) {
      this.#look = 'under way'
      const connected = await this.connected().catch(() => [])
      for (const waiting of this.#waiting) {
        if (waiting.connectedAt !== undefined || !(await isConnected(waiting, connected))) continue
        // Nobody may wait for it any more.
        if (!this.#waiting.has(waiting)) continue
        waiting.connectedAt = this.#clock.passed()
        this.#awaitQuiet(waiting)
      }
    }
    this.#look = 'none'
  }

  #functionsChanged({ added, removed }: FunctionsChanged): void {
    if (this.#waiting.size === 0) return
    for (const { function_id: id } of added) this.#functions.add(id)
    for (const { function_id: id } of removed) this.#functions.delete(id)
    for (const waiting of this.#waiting) if (waiting.connectedAt !== undefined) this.#awaitQuiet(waiting)
  }

  #awaitQuiet(waiting: Waiting): void {
    const passed = this.#clock.passed() - (waiting.connectedAt ?? 0)
    waiting.cancelQuiet?.()
    const left = Math.max(0, LONGEST_QUIET_MS - passed)
    waiting.cancelQuiet = this.#clock.after(Math.min(QUIET_MS, left), () => {
      const isComplete = waiting.functions.every((id) => this.#functions.has(id))
      if (!isComplete && left > 0) return this.#awaitQuiet(waiting)
      this.#end(waiting)
      waiting.onReady()
    })
  }
}

async function isConnected({ name, pid, since }: Waiting, connected: readonly ConnectedWorker[]): Promise<boolean> {
  const fresh = connected.filter(({ connectedAt }) => connectedAt >= since)
  if (fresh.some((worker) => worker.name === name)) return true
  for (const worker of fresh) if (worker.pid !== undefined && (await belongsTo(worker.pid, pid))) return true
  return false
}
