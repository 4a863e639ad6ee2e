// One run of calls: connect, warm up, measure, let the rest be answered.
import { setTimeout as elapse } from 'node:timers/promises'
import { CallClient } from './call-client.ts'
import { Caller } from './caller.ts'
import { sumWrong } from './counts.ts'
import { EchoCallee } from './echo-callee.ts'
import type { CallJob, LoadResult } from './load-job.ts'
import { payloadJson } from './payload.ts'
import { MeasuredWindow } from './window.ts'
import { withinDeadline } from './deadline.ts'
import { describeWorkload, STATE_KEYS, type WorkloadKind } from './workload.ts'

/** How long the last answers of a run are waited for. */
const DRAIN_MS = 10_000
const PRELOAD_IN_FLIGHT = 256
const CONNECT_MS = 10_000
const CONNECT_PAUSE_MS = 20

/** What runs against one target must know of each other: values already stored, numbers already used. */
export class CallHistory {
  /** By target, store and payload size. */
  readonly #stored = new Map<string, Uint32Array>()
  nextSequence = 1

  storedAt(url: string, workload: WorkloadKind, payloadBytes: number): Uint32Array {
    const name = `${url} ${workload === 'stream-set' ? 'stream' : 'state'} ${payloadBytes}`
    const known = this.#stored.get(name) ?? new Uint32Array(STATE_KEYS)
    this.#stored.set(name, known)
    return known
  }
}

export async function runCalls(job: CallJob, history: CallHistory): Promise<LoadResult> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const stored = history.storedAt(job.url, job.workload, job.payloadBytes)
  if (job.workload === 'state-get' && stored[0] === 0) await fillKeys(job, history, stored)
  const { url, functionId } = job.provided ?? job
  const callee = job.providesFunction
    ? await EchoCallee.start(url, functionId, job.payloadBytes, failed.reject)
    : undefined
  if (job.provided !== undefined) await untilCallable(job)
  const workload = describeWorkload(job.workload, job.functionId, job.payloadBytes)
  const caller = await Caller.open(job.url, workload, history.nextSequence, stored, failed.reject)
  try {
    const result = await Promise.race([measure(job, caller), failed.promise])
    // Or else another provider of the id was measured: a plugin's function goes before a worker's.
    if (callee !== undefined && callee.answered < result.verified) {
      throw new Error(
        `Only ${callee.answered} of ${result.verified} calls of ${job.functionId} reached the worker of this run.`,
      )
    }
    return result
  } finally {
    history.nextSequence = caller.sequence
    caller.close()
    callee?.close()
  }
}

/** What stands between caller and callee may be on its way to both. */
async function untilCallable({ url, functionId, payloadBytes }: CallJob): Promise<void> {
  const client = await CallClient.open(url)
  const payload: unknown = JSON.parse(payloadJson(payloadBytes))
  const end = performance.now() + CONNECT_MS
  try {
    for (;;) {
      try {
        await client.call(functionId, payload)
        return
      } catch (error) {
        if (performance.now() > end) throw error
        await elapse(CONNECT_PAUSE_MS)
      }
    }
  } finally {
    client.close()
  }
}

async function measure(job: CallJob, caller: Caller): Promise<LoadResult> {
  if (job.rate === undefined) caller.startClosed(job.inFlight)
  else caller.startOpen(job.rate)
  await elapse(job.warmupMs)
  const warmup = caller.takeCounts()
  caller.latency.reset()
  const window = new MeasuredWindow(job.targetPid)
  await elapse(job.durationMs)
  const figures = window.end(caller.latency)
  const counts = caller.takeCounts()
  await withinDeadline(caller.stop(), DRAIN_MS)
  const rest = caller.takeCounts()
  return {
    ...figures,
    verified: counts.verified,
    wrong: sumWrong([warmup, counts, rest]),
    unanswered: caller.inFlight,
    parsedShare: counts.verified === 0 ? 0 : counts.parsed / counts.verified,
  }
}

/** Stores a known value under every key before they are read. */
async function fillKeys(job: CallJob, history: CallHistory, stored: Uint32Array): Promise<void> {
  const failed = Promise.withResolvers<never>()
  const workload = describeWorkload('state-set', 'state::set', job.payloadBytes)
  // Key = number of the call modulo the keys: starting at a multiple, so many calls touch each key once.
  const first = Math.ceil(history.nextSequence / STATE_KEYS) * STATE_KEYS
  const caller = await Caller.open(job.url, workload, first, stored, failed.reject)
  try {
    caller.startClosed(PRELOAD_IN_FLIGHT, STATE_KEYS)
    await Promise.race([caller.idle(), failed.promise])
    const { verified } = caller.takeCounts()
    if (verified !== STATE_KEYS) throw new Error(`Only ${verified} of ${STATE_KEYS} values could be stored.`)
  } finally {
    history.nextSequence = caller.sequence
    caller.close()
  }
}
