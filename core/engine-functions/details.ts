// Rows and details that several listings show: trigger types, bindings, functions (spec 04 C.1–C.2).
import { byFunctionId, compareText, firstSegment, functionRow, workerNameOf } from '../discovery/function-rows.ts'
import type { Binding, BindingState } from '../model/binding.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { KnownWorkers } from '../model/known-workers.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import type { TriggerType } from '../model/trigger-type.ts'
import { seesBinding, type Viewer } from '../registry/visibility.ts'
import type { Registries } from '../router/ports.ts'

export { byFunctionId, compareText }

const SUMMARY_CHARACTERS = 80

export interface TypeRow {
  readonly id: string
  readonly namespace: string
  readonly worker_name: string
  readonly description: string
}

export function typeRow(type: TriggerType, known: KnownWorkers): TypeRow {
  return {
    id: type.id,
    namespace: type.namespace,
    worker_name: typeOwner(type, known),
    description: type.current?.description ?? '',
  }
}

export function typeDetail(type: TriggerType, { triggers, known }: Registries): object {
  const { triggerRequestFormat, callRequestFormat } = type.current ?? {}
  return {
    ...typeRow(type, known),
    ...(triggerRequestFormat === undefined ? {} : { configuration_schema: triggerRequestFormat }),
    ...(callRequestFormat === undefined ? {} : { request_schema: callRequestFormat }),
    instance_count: triggers.countBindings(type),
  }
}

export interface BindingRow {
  readonly id: string
  readonly trigger_type: string
  readonly function_id: string
  /** Who provides the target function. */
  readonly worker_name: string
  readonly config: unknown
  readonly config_summary: string
  /** Whether anybody fires it. */
  readonly state: BindingState
}

export function bindingRow({ id, logical }: Binding, functions: FunctionRegistry): BindingRow {
  const { triggerType, functionId, namespace, config } = logical.content
  const target = functions.resolve(namespace, functionId)
  return {
    id,
    trigger_type: triggerType,
    function_id: functionId,
    worker_name: target === undefined ? firstSegment(functionId) : workerNameOf(target),
    config,
    config_summary: summary(config),
    state: logical.state,
  }
}

/** The form of 0.12 and before. */
export function oldBindingRow({ id, logical }: Binding): object {
  const { triggerType, functionId, config, metadata } = logical.content
  return {
    id,
    trigger_type: triggerType,
    function_id: functionId,
    config,
    ...(metadata === undefined ? {} : { metadata }),
  }
}

/** Everything about one function; its bindings are those that the viewer sees. */
export function functionDetail(entry: FunctionEntry, { functions, triggers }: Registries, viewer: Viewer): object {
  const { request_format, response_format, ...row } = functionRow(entry)
  const registered = [...triggers.bindings()]
    .filter(({ logical }) => logical.functionId === entry.id && logical.namespace === entry.namespace)
    .filter((binding) => seesBinding(viewer, binding, functions))
    .map(({ id, logical: { content, config, state } }) => ({ id, trigger_type: content.triggerType, config, state }))
    .sort(byId)
  return {
    ...row,
    ...(request_format === undefined ? {} : { request_schema: request_format }),
    ...(response_format === undefined ? {} : { response_schema: response_format }),
    registered_triggers: registered,
    // Calls that wait for the return of its last provider (spec 01 §8.10).
    ...(entry.grace === undefined ? {} : { held_calls: entry.grace.gate.size }),
  }
}

export function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return compareText(left.id, right.id)
}

/** Whether a text contains the search, upper and lower case alike. */
export function contains(text: string | undefined, search: string): boolean {
  return text?.toLowerCase().includes(search.toLowerCase()) ?? false
}

/** Compact JSON, cut for a line of a listing. */
function summary(config: unknown): string {
  const characters = [...JSON.stringify(config).slice(0, SUMMARY_CHARACTERS * 2 + 2)]
  return characters.length > SUMMARY_CHARACTERS
    ? `${characters.slice(0, SUMMARY_CHARACTERS).join('')}…`
    : characters.join('')
}

function typeOwner(type: TriggerType, known: KnownWorkers): string {
  return type.current?.worker.name ?? known.ofTriggerType(type.id) ?? firstSegment(type.id)
}
