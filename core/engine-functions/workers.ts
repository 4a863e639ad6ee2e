// `engine::workers::list` and `::info` (spec 04 C.3).
import { CodedError } from '../../protocol/errors.ts'
import { functionRow } from '../discovery/function-rows.ts'
import { seesBinding, seesFunction, viewerOf, type Viewer } from '../registry/visibility.ts'
import { bindingRow, byFunctionId, byId, contains, typeRow } from './details.ts'
import {
  INTEGER,
  OBJECT,
  OBJECTS,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  type EngineFunction,
} from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import type { Input } from '../model/input.ts'
import { listedWorkers, type ListedWorker, type WorkerRow } from './worker-rows.ts'

export function workerFunctions(deps: EngineFunctionDeps): EngineFunction[] {
  return [
    {
      id: 'engine::workers::list',
      description: 'Lists the workers: connected ones and those inside the engine',
      requestFormat: objectSchema({ search: STRING, runtime: STRING, status: STRING, worker_id: STRING }),
      responseFormat: answerSchema({ workers: OBJECTS, timestamp: INTEGER }),
      handler: reading('engine::workers::list', (input, { caller }) => ({
        workers: list(deps, input, viewerOf(caller)),
        timestamp: Date.now(),
      })),
    },
    {
      id: 'engine::workers::info',
      description: 'Describes a worker with its functions, trigger types and triggers',
      requestFormat: objectSchema({ name: STRING, id: STRING, namespace: STRING }),
      responseFormat: answerSchema({
        worker: OBJECT,
        functions: OBJECTS,
        trigger_types: OBJECTS,
        registered_triggers: OBJECTS,
      }),
      handler: reading('engine::workers::info', (input, { caller }) => info(deps, input, viewerOf(caller))),
    },
  ]
}

function list(deps: EngineFunctionDeps, input: Input, viewer: Viewer): WorkerRow[] {
  const search = input.string('search')
  const runtime = input.string('runtime')
  const status = input.string('status')
  const id = input.string('worker_id')
  return everybody(deps, viewer)
    .map(({ row }) => row)
    .filter(
      (row) =>
        (search === undefined || contains(row.name ?? undefined, search)) &&
        (runtime === undefined || row.runtime === runtime) &&
        (status === undefined || row.status === status) &&
        (id === undefined || row.id === id),
    )
}

function info(deps: EngineFunctionDeps, input: Input, viewer: Viewer): object {
  const id = input.string('id')
  const name = id === undefined ? input.requiredString('name') : input.string('name')
  const namespace = input.string('namespace')
  const all = everybody(deps, viewer)
  const found = all
    .filter(
      ({ row }) =>
        (id === undefined ? row.name === name : row.id === id) &&
        (namespace === undefined || row.namespace === namespace),
    )
    .sort(byAge)[0]
  if (found === undefined) {
    const names = id === undefined ? all.map(({ row }) => row.name ?? '') : []
    const hint = deps.registries.suggestions.for(name ?? '', names)
    throw new CodedError('NOT_FOUND', `Worker '${id ?? name}' is not connected.${hint}`)
  }
  const { functions, triggers, known } = deps.registries
  const { row, workers, internal } = found
  const entries = new Set(workers.flatMap(({ providers }) => [...providers.values()].map(({ entry }) => entry)))
  const types = new Set(workers.flatMap((worker) => [...triggers.typesProvidedBy(worker)].map(({ type }) => type)))
  const targets = [...triggers.bindings()].filter(({ logical }) => {
    const entry = functions.resolve(logical.namespace, logical.functionId)
    return entry !== undefined && entries.has(entry)
  })
  return {
    worker: { ...row, internal },
    functions: [...entries]
      .filter((entry) => seesFunction(viewer, entry))
      .map(functionRow)
      .sort(byFunctionId),
    trigger_types: [...types].map((type) => typeRow(type, known)).sort(byId),
    registered_triggers: targets
      .filter((binding) => seesBinding(viewer, binding, functions))
      .map((binding) => bindingRow(binding, functions))
      .sort(byId),
  }
}

function everybody(deps: EngineFunctionDeps, viewer: Viewer): ListedWorker[] {
  return listedWorkers(deps, viewer, deps.internalWorkers?.() ?? [])
}

/** Several connections may share a name: the oldest is meant. */
function byAge(left: ListedWorker, right: ListedWorker): number {
  return left.row.connected_at_ms - right.row.connected_at_ms
}
