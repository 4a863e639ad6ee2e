// A participant of the mesh: an external worker, a plugin generation or the engine itself. What differs between them is the link.
import type { Policy } from '../policy.ts'
import type { Link } from '../links/link.ts'
import type { Call } from '../router/call.ts'
import type { Provider } from './function-entry.ts'
import type { PluginSlot } from '../router/plugin-slot.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'

/** `open`: routed to. `leaving`: being torn down, nothing new. `gone`: forgotten; late answers are dropped. */
export type WorkerPhase = 'open' | 'leaving' | 'gone'

/** What a worker says of itself by `engine::workers::register` (spec 01 §7). */
export interface WorkerAnnouncement {
  runtime: string
  version: string | undefined
  name: string | undefined
  description: string | undefined
  os: string | undefined
  pid: number | undefined
  isolation: string | undefined
}

export interface WorkerInit {
  readonly id: string
  readonly link: Link
  readonly policy: Policy
  readonly reattachToken?: string
  readonly ipAddress?: string
  /** Instance id of the listener that accepted the connection. */
  readonly listener?: string
  /** Set for plugin generations. */
  readonly slot?: PluginSlot
  /** Set for workers inside the engine process tree: instance id and name of the listing row. */
  readonly internal?: { readonly instanceId: string; readonly name: string; readonly description?: string }
}

export class Worker {
  readonly id: string
  readonly link: Link
  policy: Policy
  readonly reattachToken: string | undefined
  readonly ipAddress: string | undefined
  readonly listener: string | undefined
  readonly slot: PluginSlot | undefined
  readonly internal: WorkerInit['internal']
  readonly connectedAt = Date.now()

  phase: WorkerPhase = 'open'
  /** Namespace of what it registers (spec 01 §13). */
  namespace = DEFAULT_NAMESPACE
  announcement: WorkerAnnouncement | undefined
  /** The connection that took over by `reattach`: answers to calls of this worker go there (spec 01 §9.7). */
  successor: Worker | undefined
  /** A newer connection of the same process is known to exist: that one is preferred (spec 01 §8.8). */
  suspectedZombie = false

  /** Delivered to this worker and not answered, by the id under which it answers, oldest first. */
  readonly calls = new Map<string | number, Call>()
  /** What it provides, by the id it sent (before prefix and hooks). */
  readonly providers = new Map<string, Provider>()

  constructor(init: WorkerInit) {
    this.id = init.id
    this.link = init.link
    this.policy = init.policy
    this.reattachToken = init.reattachToken
    this.ipAddress = init.ipAddress
    this.listener = init.listener
    this.slot = init.slot
    this.internal = init.internal
  }

  /** The name for listings: what it announced, or its place in the configuration. */
  get name(): string | undefined {
    return this.internal?.name ?? this.announcement?.name
  }
}
