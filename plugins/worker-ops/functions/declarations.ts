// The functions `worker::*`: what they are, how long callers should wait, and the operation behind each, loaded when it is first called.
import type { FunctionRegistrar } from '../../../sdk/built-in.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import { toWorkerOpError } from '../errors.ts'
import type { OperationDeps } from '../operations/deps.ts'
import * as schemas from './schemas.ts'

export interface WorkerFunction {
  readonly id: string
  readonly description: string
  readonly request: JsonSchema
  readonly response: JsonSchema
  readonly defaultTimeoutMs: number
  readonly idempotent: boolean
  readonly run: (input: unknown, deps: OperationDeps) => Promise<unknown>
}

export const WORKER_FUNCTIONS: readonly WorkerFunction[] = [
  {
    id: 'worker::add',
    description: 'Installs a worker from a registry or a folder, and runs it',
    ...schemas.ADD,
    defaultTimeoutMs: 600_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/add.ts')).add(input, deps),
  },
  {
    id: 'worker::remove',
    description: 'Takes workers out of the configuration; their processes end',
    ...schemas.REMOVE,
    defaultTimeoutMs: 30_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/remove.ts')).remove(input, deps),
  },
  {
    id: 'worker::update',
    description: 'Brings workers of a registry to their latest version',
    ...schemas.UPDATE,
    defaultTimeoutMs: 600_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/update.ts')).update(input, deps),
  },
  {
    id: 'worker::start',
    description: 'Starts a worker that was stopped',
    ...schemas.START,
    defaultTimeoutMs: 60_000,
    idempotent: false,
    run: async (input, deps) => (await import('../operations/start.ts')).start(input, deps),
  },
  {
    id: 'worker::stop',
    description: 'Ends the process of a worker until it is started again, or the engine is',
    ...schemas.STOP,
    defaultTimeoutMs: 30_000,
    idempotent: false,
    run: async (input, deps) => (await import('../operations/stop.ts')).stop(input, deps),
  },
  {
    id: 'worker::list',
    description: 'Lists the workers of the configuration, and whether they run',
    ...schemas.LIST,
    defaultTimeoutMs: 10_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/list.ts')).list(input, deps),
  },
  {
    id: 'worker::status',
    description: 'Tells how a worker is, with the last lines that it wrote and what to do next',
    ...schemas.STATUS_OF_ONE,
    defaultTimeoutMs: 10_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/status.ts')).status(input, deps),
  },
  {
    id: 'worker::logs',
    description: 'Reads the last lines that a worker wrote',
    ...schemas.LOGS,
    defaultTimeoutMs: 10_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/logs.ts')).logs(input, deps),
  },
  {
    id: 'worker::clear',
    description: 'Deletes what was installed of workers that do not run',
    ...schemas.CLEAR,
    defaultTimeoutMs: 30_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/clear.ts')).clear(input, deps),
  },
  {
    id: 'worker::schema',
    description: 'Describes these functions, and the manifest iii.worker.yaml',
    ...schemas.SCHEMA,
    defaultTimeoutMs: 10_000,
    idempotent: true,
    run: async (input) => (await import('../operations/schema.ts')).schema(input),
  },
  {
    id: 'worker::validate',
    description: 'Checks a manifest, and installs nothing',
    ...schemas.VALIDATE,
    defaultTimeoutMs: 10_000,
    idempotent: true,
    run: async (input, deps) => (await import('../operations/validate.ts')).validate(input, deps),
  },
]

/** Any failure is a `WorkerOpError`. */
export function registerWorkerFunctions(iii: FunctionRegistrar, deps: () => Promise<OperationDeps>): void {
  for (const { id, description, request, response, defaultTimeoutMs, idempotent, run } of WORKER_FUNCTIONS) {
    const handler = async (data: unknown): Promise<unknown> => {
      try {
        return await run(data, await deps())
      } catch (error) {
        throw toWorkerOpError(error)
      }
    }
    iii.registerFunction(id, handler, {
      description,
      request_format: request,
      response_format: response,
      metadata: { default_timeout_ms: defaultTimeoutMs, idempotent },
      live_channel_refs: false,
    })
  }
}
