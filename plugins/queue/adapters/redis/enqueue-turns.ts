// Jobs on their way to the server: those that come while others are under way go together, in one step. Each call is atomic on its own; only calls
// that nothing but a failure of all can refuse share a step.
import { CodedError } from '../../../../protocol/errors.ts'
import type { Stored } from '../backend.ts'
import type { NewJob } from '../../job.ts'
import { dedupText, handleSuffix, recordOf } from './job-record.ts'
import { keyText, type Key } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'

export interface EnqueueLimits {
  /** Jobs in one step, of several calls. Default 512. */
  readonly maxBatch: number
  /** Bytes of their payloads. Default 1 MiB. */
  readonly maxBatchBytes: number
  /** Jobs that may wait for their turn; beyond it they are refused with `overloaded`. Default 100,000. */
  readonly maxWaiting: number
  /** Bytes of their payloads. Default 128 MiB. */
  readonly maxWaitingBytes: number
}

export const ENQUEUE_LIMITS: EnqueueLimits = {
  maxBatch: 512,
  maxBatchBytes: 1024 * 1024,
  maxWaiting: 100_000,
  maxWaitingBytes: 128 * 1024 * 1024,
}

/** Shared steps that are under way. Further ones than one are full: what comes meanwhile gathers, as the server writes its file once for each. */
const MAX_STEPS = 4

export interface Entry {
  readonly key: Key
  readonly job: NewJob
  /** As users say it. */
  readonly queue: string
}

interface Call {
  readonly entries: readonly Entry[]
  readonly bytes: number
  readonly alone: boolean
  readonly resolve: (stored: Stored[]) => void
  readonly reject: (reason: unknown) => void
}

/** What the server has no room for. */
type Lack = [what: 'jobs' | 'bytes', key: string, held: number, allowed: string, wanted?: number]

export class EnqueueTurns {
  readonly #server: QueueServer
  readonly #limits: EnqueueLimits
  readonly #now: () => number
  #calls: Call[] = []
  #waiting = 0
  #waitingBytes = 0
  #steps = 0
  #flushIsDue = false

  constructor(server: QueueServer, now: () => number, limits: Partial<EnqueueLimits> = {}) {
    this.#server = server
    this.#now = now
    this.#limits = { ...ENQUEUE_LIMITS, ...limits }
  }

  /** @param alone whether the queues have limits, which may refuse this call and no other */
  run(entries: readonly Entry[], alone: boolean): Promise<Stored[]> {
    if (entries.length === 0) return Promise.resolve([])
    let bytes = 0
    for (const { job } of entries) bytes += Buffer.byteLength(job.data)
    const refusal = this.#refusal(entries.length, bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    this.#waiting += entries.length
    this.#waitingBytes += bytes
    return new Promise((resolve, reject) => {
      this.#calls.push({ entries, bytes, alone, resolve, reject })
      this.#flushSoon()
    })
  }

  #refusal(jobs: number, bytes: number): CodedError | undefined {
    const { maxWaiting, maxWaitingBytes } = this.#limits
    const tooMany = this.#waiting + jobs > maxWaiting
    if (this.#waiting === 0 || (!tooMany && this.#waitingBytes + bytes <= maxWaitingBytes)) return undefined
    const limit = tooMany ? `${maxWaiting} jobs` : `${maxWaitingBytes} bytes of jobs`
    return new CodedError('overloaded', `More than ${limit} wait for Redis. Nothing was stored; try again.`)
  }

  #flushSoon(): void {
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    setImmediate(() => {
      this.#flushIsDue = false
      this.#flush()
    })
  }

  #flush(): void {
    let at = 0
    while (at < this.#calls.length) {
      const first = this.#calls[at]!
      let end = at + 1
      let isFull = first.alone
      if (!first.alone) {
        let jobs = first.entries.length
        let { bytes } = first
        for (; end < this.#calls.length && !this.#calls[end]!.alone; end++) {
          jobs += this.#calls[end]!.entries.length
          bytes += this.#calls[end]!.bytes
          isFull = jobs > this.#limits.maxBatch || bytes > this.#limits.maxBatchBytes
          if (isFull) break
        }
        if (this.#steps >= (isFull ? MAX_STEPS : 1)) break
      }
      void this.#step(this.#calls.slice(at, end))
      at = end
    }
    this.#calls = this.#calls.slice(at)
  }

  async #step(calls: readonly Call[]): Promise<void> {
    const shared = !calls[0]!.alone
    if (shared) this.#steps++
    try {
      await this.#send(calls)
    } finally {
      for (const { entries, bytes } of calls) {
        this.#waiting -= entries.length
        this.#waitingBytes -= bytes
      }
      if (shared) this.#steps--
      if (this.#calls.length > 0) this.#flush()
    }
  }

  async #send(calls: readonly Call[]): Promise<void> {
    const entries = calls.flatMap((call) => call.entries)
    const { keys, args, order } = argumentsOf(entries, this.#now())
    let reply: unknown
    try {
      reply = await this.#server.run('enqueue', [keys[0]!], args)
    } catch (error) {
      for (const { reject } of calls) reject(error)
      return
    }
    if (Array.isArray(reply) && (reply[0] === 'jobs' || reply[0] === 'bytes')) {
      // Another engine has set limits: each call gets its own answer.
      if (calls.length > 1) for (const call of calls) await this.#send([call])
      else calls[0]!.reject(fullError(nameIn(entries, reply[1] as string), reply as Lack))
      return
    }
    const stored: Stored[] = entries.map(({ job }) => ({ stored: true, id: job.id }))
    if (Array.isArray(reply)) {
      for (const [index, holder] of (reply as string[]).entries()) {
        if (holder !== '') stored[order[index]!] = { stored: false, id: JSON.parse(holder) as string }
      }
    }
    let at = 0
    for (const call of calls) call.resolve(stored.slice(at, (at += call.entries.length)))
  }
}

/** By queue, in their order; `order` tells which entry the n-th job is. */
function argumentsOf(entries: readonly Entry[], now: number) {
  const queues = new Map<
    string,
    { readonly key: Key; readonly indices: number[]; bytes: number; readonly args: string[] }
  >()
  entries.forEach(({ key, job }, index) => {
    const name = `${typeof key} ${typeof key === 'string' ? key : key.toString('latin1')}`
    let queue = queues.get(name)
    if (queue === undefined) queues.set(name, (queue = { key, indices: [], bytes: 0, args: [] }))
    const bytes = Buffer.byteLength(job.data)
    queue.indices.push(index)
    queue.bytes += bytes
    const runAt = job.runAt === undefined ? '' : `${job.runAt}`
    queue.args.push(handleSuffix(job), runAt, dedupText(job), `${bytes}`, recordOf(job, now))
  })
  const keys: Key[] = []
  const args: (Key | number)[] = []
  const order: number[] = []
  for (const { key, indices, bytes, args: jobs } of queues.values()) {
    keys.push(key)
    args.push(key, bytes, indices.length)
    for (const each of jobs) args.push(each)
    order.push(...indices)
  }
  return { keys, args, order }
}

export function fullError(name: string, [what, , held, allowed, wanted]: Lack): CodedError {
  const holds = what === 'jobs' ? `${held} jobs` : `${held} bytes, with the new ones ${wanted}`
  return new CodedError(
    'queue_full',
    `The queue ${name} is full: it holds ${holds}, max_${what} allows ${allowed}. Nothing was stored. Have its jobs run, redrive or discard its dead letters, or raise the limit.`,
  )
}

function nameIn(entries: readonly Entry[], key: string): string {
  return entries.find((entry) => keyText(entry.key) === key)?.queue ?? key
}
