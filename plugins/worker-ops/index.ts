// `iii-worker-ops`: installs workers and runs them as processes beside the engine (spec 05 part B).
import { systemClock } from '../../base/time/clock.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { WORKER_OPS_SCHEMA, type WorkerOpsConfig } from './config.ts'
import { startWorkerOps } from './start.ts'

export default definePlugin<WorkerOpsConfig>({
  name: 'iii-worker-ops',
  description: 'Installs workers and runs them beside the engine.',
  config: WORKER_OPS_SCHEMA,
  isolation: 'shared',
  seats: ['entries'],
  start: (context) => startWorkerOps(context, { clock: systemClock, env: process.env }),
})
