// One run of connections: that many at a time come and go, or come and stay.
import { setTimeout as elapse } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.ts'
import { LATENCY_UNITS_PER_MS } from './caller.ts'
import { Connection } from './connection.ts'
import type { ConnectJob, LoadResult } from './load-job.ts'
import { MeasuredWindow } from './window.ts'

/** Of those that are to stay, so many come at a time. */
const COMING = 64
/** How long the greeting is waited for. */
const GREETING_MS = 10_000
const ANNOUNCE = 'engine::workers::register'

export function runConnections(job: ConnectJob, onStarted: () => void): Promise<LoadResult> {
  return job.way === 'hold' ? hold(job, onStarted) : churn(job, onStarted)
}

async function churn(job: ConnectJob, onStarted: () => void): Promise<LoadResult> {
  const latency = new Histogram()
  const state = { isRunning: true }
  let done = 0
  const wrong: Record<string, number> = {}
  const lane = async (): Promise<void> => {
    while (state.isRunning) {
      const startedAt = performance.now()
      try {
        const connection = await connect(job)
        connection.abort()
        done++
        latency.record((performance.now() - startedAt) * LATENCY_UNITS_PER_MS)
      } catch (error) {
        const { message } = error as Error
        wrong[message] = (wrong[message] ?? 0) + 1
      }
    }
  }
  const lanes = Array.from({ length: job.inFlight }, lane)
  onStarted()
  await elapse(job.warmupMs)
  latency.reset()
  const window = new MeasuredWindow(job.targetPid)
  const before = done
  await elapse(job.durationMs)
  const verified = done - before
  const figures = window.end(latency)
  state.isRunning = false
  await Promise.all(lanes)
  return { ...figures, verified, wrong, unanswered: 0, parsedShare: 0 }
}

async function hold(job: ConnectJob, onStarted: () => void): Promise<LoadResult> {
  const connections: Connection[] = []
  const lane = async (): Promise<void> => {
    while (connections.length + coming < job.inFlight) {
      coming++
      const connection = await connect(job).finally(() => coming--)
      if (job.isGreeted) {
        // As a page does, which has no process id.
        connection.appendMessage({
          type: 'invokefunction',
          function_id: ANNOUNCE,
          data: { runtime: 'browser', name: 'bench' },
        })
        connection.flush()
      }
      connections.push(connection)
    }
  }
  let coming = 0
  try {
    await Promise.all(Array.from({ length: COMING }, lane))
    onStarted()
    await elapse(job.warmupMs)
    const window = new MeasuredWindow(job.targetPid)
    await elapse(job.durationMs)
    const figures = window.end(new Histogram())
    return { ...figures, verified: connections.length, wrong: {}, unanswered: 0, parsedShare: 0 }
  } finally {
    for (const connection of connections) connection.abort()
  }
}

/** Resolves when the other end has taken it. */
async function connect({ url, isGreeted }: ConnectJob): Promise<Connection> {
  const greeted = Promise.withResolvers<void>()
  greeted.promise.catch(() => {})
  const connection = await Connection.open(url, {
    onFrame: (buffer, start, end) => {
      if (buffer.latin1Slice(start, end).startsWith('{"type":"error"')) greeted.reject(new Error('refused'))
      else greeted.resolve()
    },
    onEnd: greeted.reject,
  })
  if (!isGreeted) return connection
  const timer = setTimeout(() => greeted.reject(new Error('no greeting')), GREETING_MS)
  try {
    await greeted.promise
    return connection
  } finally {
    clearTimeout(timer)
  }
}
