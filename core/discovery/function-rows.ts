// The row of a function in listings and in `engine::functions-available` (spec 04 C.1).
import type { FunctionEntry } from '../model/function-entry.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import { seesFunction, type Viewer } from '../registry/visibility.ts'

/** Members that were not registered are absent, never null. */
export interface FunctionRow {
  readonly function_id: string
  readonly namespace: string
  /** Name of the worker that provides it; the first segment of the id while that one has none. */
  readonly worker_name: string
  readonly description?: string
  readonly metadata?: unknown
  readonly request_format?: unknown
  readonly response_format?: unknown
}

export function functionRow(entry: FunctionEntry): FunctionRow {
  const { description, metadata, requestFormat, responseFormat } = entry.presented?.registration ?? {}
  return {
    function_id: entry.id,
    namespace: entry.namespace,
    worker_name: workerNameOf(entry),
    ...(description == null ? {} : { description }),
    ...(metadata == null ? {} : { metadata }),
    ...(requestFormat == null ? {} : { request_format: requestFormat }),
    ...(responseFormat == null ? {} : { response_format: responseFormat }),
  }
}

/** Rows of all functions that the viewer sees, internal ones included, sorted by id. */
export function functionRows(functions: FunctionRegistry, viewer: Viewer): FunctionRow[] {
  const rows: FunctionRow[] = []
  for (const entry of functions.all()) if (seesFunction(viewer, entry)) rows.push(functionRow(entry))
  return rows.sort(byFunctionId)
}

export function byFunctionId(left: FunctionRow, right: FunctionRow): number {
  return compareText(left.function_id, right.function_id) || compareText(left.namespace, right.namespace)
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

export function workerNameOf(entry: FunctionEntry): string {
  return entry.presented?.worker.name ?? entry.slot?.name ?? firstSegment(entry.id)
}

export function firstSegment(id: string): string {
  return id.split('::', 1)[0] as string
}
