// What goes with a call besides its payload, from what its caller says and what is the case.
import { DEFAULT_NAMESPACE } from '../protocol/messages.ts'
import type { Sidecar } from '../protocol/ring/sidecar.ts'
import type { CallContexts } from './call-contexts.ts'
import type { TriggerRequest } from './handle-types.ts'

/** Throws when something is missing, or can't be. */
export function checkRequest({ function_id: id, namespace, timeoutMs }: TriggerRequest): void {
  if (typeof id !== 'string' || id === '') throw new Error('function_id is required')
  if (namespace !== undefined && namespace.trim() === '')
    throw new Error("'namespace' is empty: omit it or give a name")
  if (timeoutMs !== undefined) numberIn('timeoutMs', timeoutMs)
}

/** The sidecar with the members that are set; undefined when there are none. */
export function sidecarOf(
  request: TriggerRequest,
  contexts: CallContexts,
  ownNamespace: string | undefined,
): Sidecar | undefined {
  const { metadata, action, binding, namespace = namespaceOf(request.function_id, ownNamespace) } = request
  const context = contexts.current()
  const traceparent = request.traceparent ?? context?.traceparent
  const baggage = request.baggage ?? context?.baggage
  const enqueue = action?.type === 'void' ? undefined : action
  if ((metadata ?? namespace ?? enqueue ?? binding ?? traceparent ?? baggage) == null) return undefined
  return { traceparent, baggage, metadata, namespace, action: enqueue, binding }
}

/** The engine's own functions are in the default namespace, whatever the worker's is. */
function namespaceOf(functionId: string, own: string | undefined): string | undefined {
  return own !== undefined && functionId.startsWith('engine::') ? DEFAULT_NAMESPACE : own
}

/** The value, when it is such a number; throws with its name otherwise. */
export function numberIn(name: string, value: unknown, least = 0, most = Infinity): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new Error(`${name} must be a number from ${least} to ${most}, not ${value}`)
}
