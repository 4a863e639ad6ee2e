// What the runner tells the load process and what it gets back. Plain data: it crosses a process boundary.
import type { WorkloadKind } from './workload.ts'

interface JobBase {
  readonly url: string
  /** Of the target's stream listener, for subscribers of streams. */
  readonly streamUrl?: string | undefined
  /** Where the target serves HTTP, for requests. */
  readonly httpUrl?: string | undefined
  /** Root of the target's process tree; undefined for a target that runs elsewhere. */
  readonly targetPid: number | undefined
  readonly warmupMs: number
  readonly durationMs: number
}

/** Calls of one function, answered by the target itself or by a worker of the load process. */
export interface CallJob extends JobBase {
  readonly kind: 'call'
  readonly workload: WorkloadKind
  readonly functionId: string
  /** The load process also provides the function. */
  readonly providesFunction: boolean
  /** Where and under which id, when that is not where it is called: behind a bridge. */
  readonly provided?: { readonly url: string; readonly functionId: string } | undefined
  readonly payloadBytes: number
  readonly inFlight: number
  /** Calls per second of an open loop; undefined = closed loop. */
  readonly rate: number | undefined
}

/**
 * How events reach their subscribers. `trigger`: void calls of the worker that provides the trigger type. `topic`: `publish`, to
 * bindings of the type `subscribe`. `stream`: `stream::set`, to clients of the stream listener. `state`: `state::set`, to bindings of
 * the type `state`.
 */
export type FanOutWay = 'trigger' | 'topic' | 'stream' | 'state'

/** One event to many subscribers, each on its own connection. */
export interface FanOutJob extends JobBase {
  readonly kind: 'fan-out'
  readonly way: FanOutWay
  readonly subscribers: number
  readonly payloadBytes: number
  /** Events of a burst. */
  readonly inFlight: number
  /** Undefined: the next burst starts when the last one has arrived everywhere. */
  readonly burstsPerSecond?: number | undefined
}

/** Register, call, unregister: one cycle after the other. */
export interface ControlJob extends JobBase {
  readonly kind: 'control'
  /** Cycles on their way at any time. */
  readonly inFlight: number
}

/**
 * Jobs of a queue and their workers. `drain`: `jobs` wait before the workers come; from then on it is measured until the last of them is
 * answered. `latency`: one job at a time, from its enqueue until it is at its worker.
 */
export interface QueueJob extends JobBase {
  readonly kind: 'queue'
  readonly way: 'drain' | 'latency'
  /** Connections that provide the function. */
  readonly consumers: number
  readonly jobs: number
  readonly payloadBytes: number
  readonly inFlight: number
}

/**
 * The same with BullMQ in the load process, on the Redis server at the URL. `enqueue`: jobs are stored in a queue without workers, `inFlight` at a
 * time.
 */
export interface BullJob extends JobBase {
  readonly kind: 'bullmq'
  readonly way: 'enqueue' | 'drain' | 'latency'
  readonly consumers: number
  readonly jobs: number
  readonly payloadBytes: number
  readonly inFlight: number
}

/**
 * Connections of clients. `churn`: `inFlight` at a time come and go, and it is counted how many come. `hold`: `inFlight` come, and stay
 * for the whole run.
 */
export interface ConnectJob extends JobBase {
  readonly kind: 'connect'
  readonly way: 'churn' | 'hold'
  readonly inFlight: number
  /** Each waits for the greeting of an engine; else for the upgrade alone. */
  readonly isGreeted: boolean
}

/** Workers that connect all at once, register functions and say who they are: until the last registration is in force. */
export interface RegisterJob extends JobBase {
  readonly kind: 'register'
  /** Workers. */
  readonly inFlight: number
  /** Of each worker. */
  readonly functions: number
}

/** Calls between clients that are written with `ws` and `JSON`, as most are. */
export interface WsCallJob extends JobBase {
  readonly kind: 'ws-call'
  readonly workload: 'echo' | 'mirror'
  readonly functionId: string
  /** The load process also provides the function. */
  readonly providesFunction: boolean
  readonly payloadBytes: number
  readonly inFlight: number
}

/** Requests of one route over connections that stay, one at a time on each. */
export interface HttpJob extends JobBase {
  readonly kind: 'http'
  readonly method: 'GET' | 'POST'
  /** A GET goes to a path below it. */
  readonly path: string
  readonly functionId: string
  /** The load process also provides the function and its route. */
  readonly providesFunction: boolean
  readonly payloadBytes: number
  /** Connections. */
  readonly inFlight: number
}

/** One transfer between a client of HTTP and a worker of the load process, through a channel. */
export interface BulkJob extends JobBase {
  readonly kind: 'bulk'
  readonly way: 'upload' | 'download'
  readonly path: string
  readonly bytes: number
}

export type LoadJob =
  | CallJob
  | FanOutJob
  | ControlJob
  | QueueJob
  | BullJob
  | ConnectJob
  | RegisterJob
  | WsCallJob
  | HttpJob
  | BulkJob

export interface LoadResult {
  /** Length of the measured window. */
  readonly elapsedMs: number
  /** Answers (deliveries, cycles) of the window that were checked and right. */
  readonly verified: number
  /** What was wrong, over the whole run, by reason. */
  readonly wrong: Readonly<Record<string, number>>
  /** Calls without an answer when the run was given up waiting for them. */
  readonly unanswered: number
  /** Share of the verified answers that had to be parsed in full, which costs the generator time. */
  readonly parsedShare: number
  readonly latencyMicros: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number }
  /** CPU time of the generator during the window, as a share of one core. */
  readonly generatorCpu: number
  /** CPU time of the target's tree during the window, in microseconds; undefined when it cannot be read. */
  readonly targetCpuMicros: number | undefined
  readonly targetRssBytes: number | undefined
}

/** `started`: everybody is connected and the warm-up begins; sent once, before the result, by fan-out and connection runs. */
export type LoadReply = { readonly result: LoadResult } | { readonly error: string } | { readonly started: true }
