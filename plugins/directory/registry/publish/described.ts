// What a worker provides, asked from an engine to which it is connected: for whoever reads of it in the registry.
import { Mistake } from '../../../../kit/commands/mistake.ts'
import type { PublishedApi } from './publish.ts'

export const NOT_DESCRIBED: PublishedApi = { functions: [], triggers: [] }

interface WorkerInfo {
  readonly functions: readonly { readonly function_id: string; readonly metadata?: unknown }[]
  readonly trigger_types: readonly { readonly id: string }[]
}

interface FunctionInfo {
  readonly function_id: string
  readonly description?: string | null
  readonly request_schema?: unknown
  readonly response_schema?: unknown
  readonly metadata?: unknown
}

interface TriggerTypeInfo {
  readonly id: string
  readonly description?: string | null
  readonly configuration_schema?: unknown
  readonly request_schema?: unknown
}

export function describedBy(
  call: (functionId: string, data: unknown) => Promise<unknown>,
): (name: string) => Promise<PublishedApi> {
  return async (name) => {
    const { functions, trigger_types } = (await call('engine::workers::info', { name })) as WorkerInfo
    if (functions.length === 0 && trigger_types.length === 0)
      throw new Mistake(
        `The worker "${name}" has no functions and no trigger types in that engine`,
        'Start the worker, and publish it when it is connected.',
      )
    const described: FunctionInfo[] = []
    for (const { function_id } of functions)
      described.push((await call('engine::functions::info', { function_id })) as FunctionInfo)
    const types: TriggerTypeInfo[] = []
    for (const { id } of trigger_types) types.push((await call('engine::triggers::info', { id })) as TriggerTypeInfo)
    return {
      functions: described.map((each) => ({
        name: each.function_id,
        description: each.description ?? '',
        request_schema: each.request_schema ?? {},
        response_schema: each.response_schema ?? {},
        metadata: each.metadata ?? {},
      })),
      triggers: types.map((each) => ({
        name: each.id,
        description: each.description ?? '',
        invocation_schema: each.configuration_schema ?? {},
        return_schema: each.request_schema ?? {},
        metadata: {},
      })),
    }
  }
}
