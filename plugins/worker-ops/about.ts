// What others need to know of `iii-worker-ops`.
import { resolve } from 'node:path'
import type { BuiltInAbout } from '../../sdk/built-in.ts'
import { WORKER_COMMAND } from './command/about-command.ts'
import { WORKER_OP_CODES } from './error-codes.ts'

export const about = {
  name: 'iii-worker-ops',
  triggerTypes: ['worker'],
  functionIds: ['worker::*'],
  seats: ['entries'],
  exactGrants: ['worker::*'],
  mandatory: true,
  keptOutBy: 'IIIWORKER_DISABLE_BUILTIN_DAEMONS',
  errors: WORKER_OP_CODES,
  tryNext: 'trigger worker::list',
  commands: { worker: WORKER_COMMAND },
  scenarios: { 'worker-add': () => import('./bench/worker-add.ts') },
  wouldRun: async ({ name, workerPath }, projectRoot) => {
    if (workerPath !== undefined) return true
    const { isPinned } = await import('./operations/pinned-names.ts')
    return isPinned(name, projectRoot)
  },
  wouldRefuse: async ({ name, workerPath }, projectRoot) => {
    const { entryProblem } = await import('./running/entry-problem.ts')
    return (await entryProblem(name, workerPath === undefined ? undefined : resolve(projectRoot, workerPath)))?.message
  },
  config: async () => (await import('./config.ts')).WORKER_OPS_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) => {
    const { registerWorkerFunctions } = await import('./functions/declarations.ts')
    registerWorkerFunctions(registrar, () => Promise.reject(new Error('Nothing runs here.')))
  },
  declareTriggerTypes: async () => [(await import('./trigger.ts')).WORKER_TRIGGER_TYPE],
} as const satisfies BuiltInAbout
