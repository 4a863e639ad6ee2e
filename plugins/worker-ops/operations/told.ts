// An operation on one worker, with its stages told: `started` first, `done` or `failed` last (spec 05 B.4).
import { toWorkerOpError } from '../errors.ts'
import type { OperationEvents, OperationName, Stage, WorkerEvents } from '../events.ts'

export async function told<Result>(
  events: WorkerEvents,
  operation: OperationName,
  worker: string,
  stage: Stage,
  run: (events: OperationEvents) => Promise<Result>,
): Promise<Result> {
  const one = events.of(operation, worker)
  one.stage('started')
  try {
    one.stage(stage)
    const result = await run(one)
    one.stage('done')
    return result
  } catch (error) {
    const { code, text } = toWorkerOpError(error)
    one.stage('failed', { error: { code, message: text } })
    throw error
  }
}
