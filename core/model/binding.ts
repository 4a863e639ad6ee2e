// Bindings (spec 01 §11.1). What a worker registered under its id is a `Binding`; what a provider is told is a `LogicalBinding`,
// which stands for one binding, or for the equal bindings of several replicas (§8.11). Plain data.
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { RegisterTrigger } from '../../protocol/messages.ts'
import { isTrusted, type Policy } from './policy.ts'
import { canonicalJson } from '../../base/values/canonical-json.ts'
import type { TypeProvider } from './trigger-type.ts'
import type { Worker } from './worker.ts'

export interface BindingContent {
  readonly triggerType: string
  readonly functionId: string
  /** Never undefined. */
  readonly config: unknown
  /** Sidecar of each fire; undefined = none. */
  readonly metadata: unknown
  /** Where the target resolves (spec 01 §13). */
  readonly namespace: string
  /** Namespaces in which a provider of the type is looked up, in this order (spec 01 §13). */
  readonly lookup: readonly string[]
  /** Equal for bindings that fire the same function for the same events: those that replicas may share. */
  readonly key: string
}

/** The trigger that a session asks for by `engine::register_trigger`, as a registration hook sees and may rewrite it. */
export interface TriggerProposal {
  readonly triggerId: string
  readonly triggerType: string
  readonly functionId: string
  readonly config: unknown
  readonly metadata: unknown
}

/**
 * Where a binding is. `parked`: its type has no provider. `pending`: its provider was told of it and is to answer.
 * `bound`: its provider has it; an external one that says nothing does. `refused`: its provider does not want it, and it waits for
 * another one, or for this one to register the type again.
 */
export type BindingPlace =
  | { readonly state: 'parked' }
  | { readonly state: 'pending' | 'bound' | 'refused'; readonly provider: TypeProvider }

export type BindingState = BindingPlace['state']

const PARKED: BindingPlace = { state: 'parked' }

/** A binding as one binder made it: a row of the listings. */
export interface Binding {
  /** Key over all binders. */
  readonly id: string
  /** What the owner calls it: differs from `id` when a registration hook renamed it (spec 04 B.6). */
  sentId: string
  /** The worker whose end removes it; null = ownerless (spec 01 §11.4). */
  owner: Worker | null
  logical: LogicalBinding
  /** What it was before a change that its provider has not accepted yet. */
  previous: BindingContent | undefined
  /** Of an ownerless binding: the rights of the worker that made it. */
  readonly madeUnder: Policy | undefined
}

export class LogicalBinding {
  /** The id that providers know. Unique among all logical bindings; need not be the id of one of its members. */
  readonly id: string
  content: BindingContent
  /** At most one per owner: equal bindings of one connection stay separate. */
  readonly members = new Map<Worker | null, Binding>()
  place: BindingPlace = PARKED
  /** The last content that was in force, to return to when a plugin refuses a change. */
  accepted: BindingContent | undefined

  constructor(id: string, content: BindingContent) {
    this.id = id
    this.content = content
  }

  get state(): BindingState {
    return this.place.state
  }

  /** The provider that fires it; undefined = nobody does. */
  get provider(): TypeProvider | undefined {
    const { place } = this
    return place.state === 'parked' || place.state === 'refused' ? undefined : place.provider
  }

  /** The provider that was told of it last, and may have refused it. */
  get lastProvider(): TypeProvider | undefined {
    return this.place.state === 'parked' ? undefined : this.place.provider
  }

  park(): void {
    this.place = PARKED
  }

  get key(): string {
    return this.content.key
  }

  get functionId(): string {
    return this.content.functionId
  }

  get namespace(): string {
    return this.content.namespace
  }

  get config(): unknown {
    return this.content.config
  }

  get metadata(): unknown {
    return this.content.metadata
  }
}

/** Computes the key of a content. Throws a RangeError for what is nested too deeply to be written as JSON. */
export function coalescingKey(content: Omit<BindingContent, 'key'>): string {
  const { triggerType, namespace, functionId, config, metadata, lookup } = content
  return canonicalJson([triggerType, lookup, namespace, functionId, config, metadata ?? null])
}

/** What the provider is told (spec 01 §6): every key complete, namespaces only when they are not the default. */
export function registerTriggerMessage(binding: LogicalBinding, provider: TypeProvider): RegisterTrigger {
  const { functionId, config, metadata, namespace } = binding.content
  return {
    type: 'registertrigger',
    id: binding.id,
    trigger_type: provider.sentId,
    function_id: functionId,
    config,
    ...(metadata === undefined ? {} : { metadata }),
    ...(namespace === DEFAULT_NAMESPACE ? {} : { namespace }),
    ...(provider.type.namespace === DEFAULT_NAMESPACE ? {} : { trigger_namespace: provider.type.namespace }),
    // What SDKs of others get is the message of the protocol and no more.
    ...(provider.isBuiltIn && sessionOf(binding)),
  }
}

/** The session that made a binding; of those that share one, the first; an ownerless one stands for itself. */
function sessionOf(binding: LogicalBinding): { readonly session: string } | undefined {
  const [first] = binding.members.values()
  const policy = first?.owner?.policy ?? first?.madeUnder
  if (policy === undefined || isTrusted(policy)) return undefined
  return { session: first?.owner?.id ?? binding.id }
}
