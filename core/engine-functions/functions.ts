// `engine::functions::list` and `::info` (spec 04 C.1).
import { CodedError } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { checkCall } from '../model/policy.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import { saysInternal } from '../model/internal-function.ts'
import { functionRows, type FunctionRow } from '../discovery/function-rows.ts'
import { seesFunction, viewerOf, type Viewer } from '../registry/visibility.ts'
import { suggestFunction } from '../registry/suggest-function.ts'
import type { Registries } from '../router/ports.ts'
import { byFunctionId, contains, functionDetail } from './details.ts'
import {
  BOOLEAN,
  OBJECT,
  OBJECTS,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  STRINGS,
  type EngineFunction,
} from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import type { Input } from '../model/input.ts'

const MAX_IDS = 32

export function functionFunctions({ registries }: EngineFunctionDeps): EngineFunction[] {
  return [
    {
      id: 'engine::functions::list',
      description: 'Lists the registered functions',
      requestFormat: objectSchema({
        search: STRING,
        prefix: STRING,
        worker: STRING,
        workers: STRINGS,
        include_internal: BOOLEAN,
      }),
      responseFormat: answerSchema({ functions: OBJECTS }),
      handler: reading('engine::functions::list', (input, { caller }) => ({
        functions: list(registries, input, viewerOf(caller)),
      })),
    },
    {
      id: 'engine::functions::info',
      description: 'Describes one function, or several',
      requestFormat: objectSchema({
        function_id: STRING,
        function_ids: { ...STRINGS, maxItems: MAX_IDS },
        namespace: STRING,
      }),
      responseFormat: OBJECT,
      handler: reading('engine::functions::info', (input, { caller }) => info(registries, input, viewerOf(caller))),
    },
  ]
}

function list({ functions }: Registries, input: Input, viewer: Viewer): FunctionRow[] {
  const search = input.string('search')
  const prefix = input.string('prefix')
  const worker = input.string('worker')
  const workers = input.strings('workers')
  const includeInternal = input.boolean('include_internal')
  const owners =
    worker === undefined && workers === undefined
      ? undefined
      : new Set([...(workers ?? []), ...(worker === undefined ? [] : [worker])])
  const rows = functionRows(functions, viewer).filter(
    (row) =>
      (includeInternal || !isInternal(row)) &&
      (prefix === undefined || row.function_id.startsWith(prefix)) &&
      (owners === undefined || owners.has(row.worker_name)) &&
      (search === undefined || contains(row.function_id, search) || contains(row.description, search)),
  )
  return search === undefined
    ? rows
    : rows.sort((left, right) => rank(left, search) - rank(right, search) || byFunctionId(left, right))
}

function isInternal({ function_id: id, metadata }: FunctionRow): boolean {
  if (id.startsWith('engine::') && !id.startsWith('engine::queue::')) return true
  return saysInternal(metadata)
}

/** How well a row fits the search, best first. */
function rank({ function_id }: FunctionRow, search: string): number {
  const id = function_id.toLowerCase()
  const needle = search.toLowerCase()
  if (id.startsWith(needle) || id.split('::').includes(needle)) return 0
  return id.includes(needle) ? 1 : 2
}

function info(registries: Registries, input: Input, viewer: Viewer): object {
  const id = input.string('function_id')
  const ids = input.strings('function_ids')
  const namespace = input.string('namespace') ?? DEFAULT_NAMESPACE
  if (id !== undefined && ids !== undefined) throw invalid("give either 'function_id' or 'function_ids', not both")
  if (id !== undefined) {
    const found = find(registries, namespace, id, viewer)
    if (found === 'forbidden') throw new CodedError('FORBIDDEN', `Function '${id}' is not visible to this session.`)
    if (found === 'not_found') {
      const hint = suggestFunction(registries.suggestions, registries.functions, { namespace, id, viewer })
      throw new CodedError('NOT_FOUND', `Function '${id}' is not registered.${hint}`)
    }
    return functionDetail(found, registries, viewer)
  }
  if (ids === undefined) throw invalid("'function_id' or 'function_ids' is missing")
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) throw invalid("'function_ids' is empty")
  if (wanted.length > MAX_IDS) throw invalid(`too many function_ids (max ${MAX_IDS})`)
  return {
    functions: wanted.map((function_id) => {
      const found = find(registries, namespace, function_id, viewer)
      return typeof found === 'string' ? { function_id, error: found } : functionDetail(found, registries, viewer)
    }),
  }
}

/** To a session an id that it may not see is forbidden whether or not it exists, as with calls (spec 04 B.4). */
function find(
  { functions }: Registries,
  namespace: string,
  id: string,
  viewer: Viewer,
): FunctionEntry | 'not_found' | 'forbidden' {
  const entry = functions.find(namespace, id)
  if (entry === undefined) {
    const refused = viewer.policy.kind === 'session' && checkCall(viewer.policy, namespace, id, undefined) !== undefined
    return refused ? 'forbidden' : 'not_found'
  }
  return seesFunction(viewer, entry) ? entry : 'forbidden'
}

function invalid(problem: string): CodedError {
  return new CodedError('INVALID_ARGUMENTS', `engine::functions::info: ${problem}`)
}
