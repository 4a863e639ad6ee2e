// A request to bind: what it may say, its defaults, and what makes it unusable whoever makes it (spec 01 §11.2, §13).
import type { ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Policy } from '../model/policy.ts'
import { coalescingKey, type BindingContent } from '../model/binding.ts'
import type { Worker } from '../model/worker.ts'

export interface BindRequest {
  /** Null = ownerless: stays until it is unbound. */
  readonly owner: Worker | null
  readonly id: string
  /** The id that the owner sent, when a hook renamed it; messages to and from the owner use it. */
  readonly sentId?: string | undefined
  readonly triggerType: string
  readonly functionId: string
  /** Absent: `{}`. */
  readonly config?: unknown
  readonly metadata?: unknown
  /** Where the target resolves. Default: `default`. */
  readonly namespace?: string | undefined
  /** Where the provider is looked up. Absent: in the owner's namespace, then in `default`. */
  readonly triggerNamespace?: string | undefined
  /** Of an ownerless binding: whose rights its fires have. Absent: the engine's. */
  readonly madeUnder?: Policy | undefined
}

/** A binder and the id it uses. */
export interface Binder {
  readonly id: string
  readonly sentId: string
  readonly owner: Worker | null
  readonly madeUnder: Policy | undefined
}

/** The content of the binding that is asked for, with all defaults; or why the request cannot be taken at all. */
export function readRequest(request: BindRequest): { content: BindingContent } | { refusal: ErrorBody } {
  const refusal = namespaceRefusal(request.namespace, request.triggerNamespace)
  if (refusal !== undefined) return { refusal }
  const content = contentOf(request)
  try {
    return { content: { ...content, key: coalescingKey(content) } }
  } catch (cause) {
    // JSON.parse reads deeper nesting than JSON.stringify writes: this could not be handed to a provider.
    if (!(cause instanceof RangeError)) throw cause
    return { refusal: { code: 'trigger_registration_failed', message: 'config or metadata is nested too deeply' } }
  }
}

function contentOf(request: BindRequest): Omit<BindingContent, 'key'> {
  const { owner, triggerNamespace, config, metadata } = request
  const own = owner?.namespace ?? DEFAULT_NAMESPACE
  const lookup = own === DEFAULT_NAMESPACE ? [own] : [own, DEFAULT_NAMESPACE]
  return {
    triggerType: request.triggerType,
    functionId: request.functionId,
    config: config === undefined ? {} : config,
    metadata: metadata ?? undefined,
    namespace: request.namespace ?? DEFAULT_NAMESPACE,
    lookup: triggerNamespace == null ? lookup : [triggerNamespace],
  }
}

/** Why the namespaces of a request cannot be used. */
export function namespaceRefusal(
  namespace: string | undefined,
  triggerNamespace: string | undefined,
): ErrorBody | undefined {
  if (namespace != null && isBlank(namespace)) return invalidNamespace('namespace')
  if (triggerNamespace != null && isBlank(triggerNamespace)) return invalidNamespace('trigger_namespace')
  return undefined
}

function invalidNamespace(member: string): ErrorBody {
  return { code: 'INVALID_NAMESPACE', message: `'${member}' is empty: omit it or give a name` }
}

export function isBlank(namespace: string): boolean {
  return namespace.trim() === ''
}
