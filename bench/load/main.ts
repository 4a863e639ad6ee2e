// The load generator's process: runs one job after the other as its parent sends them. It ends with its parent.
import { runBulk } from './bulk-run.ts'
import { CallHistory, runCalls } from './call-run.ts'
import { runConnections } from './connect-run.ts'
import { runControl } from './control-run.ts'
import { runBull } from './bull-run.ts'
import { runFanOut } from './fan-out-run.ts'
import { runHttp } from './http-run.ts'
import type { LoadJob, LoadReply, LoadResult } from './load-job.ts'
import { runQueue } from './queue-run.ts'
import { runRegistrations } from './register-run.ts'
import { runWsCalls } from './ws-call-run.ts'

const history = new CallHistory()

process.on('disconnect', () => process.exit(0))
process.on('message', (job: LoadJob) => {
  run(job).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) }),
  )
})

function run(job: LoadJob): Promise<LoadResult> {
  if (job.kind === 'call') return runCalls(job, history)
  if (job.kind === 'queue') return runQueue(job, history)
  if (job.kind === 'bulk') return runBulk(job)
  if (job.kind === 'http') return runHttp(job, history)
  if (job.kind === 'bullmq') return runBull(job, history)
  if (job.kind === 'register') return runRegistrations(job)
  if (job.kind === 'ws-call') return runWsCalls(job)
  if (job.kind === 'connect') return runConnections(job, () => reply({ started: true }))
  return job.kind === 'fan-out' ? runFanOut(job, history, () => reply({ started: true })) : runControl(job)
}

function reply(message: LoadReply): void {
  process.send?.(message)
}
