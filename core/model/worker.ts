// A participant of the mesh: an external worker, a plugin generation or the engine itself. What differs between them is the link.
import type { Policy } from './policy.ts'
import type { Link } from './link.ts'
import { OpenCalls } from './open-calls.ts'
import type { Provider } from './function-entry.ts'
import type { PluginSlot } from './plugin-slot.ts'
import type { Stage } from './stage.ts'
import { LazyMap } from '../../base/values/lazy-map.ts'
import { LazySet } from '../../base/values/lazy-set.ts'
import { RegisteredBytes } from './registered-bytes.ts'
import { VoidCalls } from './void-calls.ts'
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
  telemetry: WorkerTelemetry | undefined
}

/** What an SDK says of the project that it runs in. */
export interface WorkerTelemetry {
  readonly language: string | null
  readonly project_name: string | null
  readonly framework: string | null
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
  readonly maxUnanswered?: number
  readonly maxQueuedBytes?: number
  /** Functions, triggers and trigger types: this many of each. */
  readonly maxRegistrations?: number
  /** Bytes of all of them that are of some size. */
  readonly maxRegisteredBytes?: number
  /** Set for workers inside the engine process tree: what the listing row says. */
  readonly internal?: InternalName
}

export interface InternalName {
  readonly instanceId: string
  readonly name: string
  /** Of a plugin it is known when its module has been read. */
  description?: string
}

let connections = 0

export class Worker {
  // What every call looks at comes first: of a thousand workers in turn, each piece of memory has to be fetched anew.
  readonly id: string
  readonly link: Link
  policy: Policy
  phase: WorkerPhase = 'open'
  readonly slot: PluginSlot | undefined
  /** Void calls are counted instead of recorded. Not for plugins: of theirs bytes and latency are known too. */
  readonly countsVoids: boolean
  /** Made with the first of them. */
  voids: VoidCalls | undefined
  /** When it last answered a call, or got the first of those that are waiting; on the clock of `performance.now()`. */
  owesSince = 0
  /** Delivered to this worker and not answered, by the id under which it answers, oldest first. */
  readonly calls = new OpenCalls()
  /** Calls among them that somebody waits for. */
  waiting = 0
  /** Payload bytes of `calls`. */
  inFlightBytes = 0
  /** Above this many unanswered calls the oldest settles with `timeout` (spec 09 §5). */
  readonly maxUnanswered: number
  /** Above this many bytes waiting for the peer new calls get `overloaded` (spec 09 §5). */
  readonly maxQueuedBytes: number
  /** While a plugin generation starts: where its registrations go until they take effect in one step. */
  stage: Stage | undefined
  /** Calls of a session since it began. */
  sessionCalls = 0

  readonly reattachToken: string | undefined
  readonly ipAddress: string | undefined
  readonly listener: string | undefined
  readonly internal: InternalName | undefined
  /** As the clock showed it; for listings. */
  readonly connectedAt = Date.now()
  /** By `performance.now()`; for durations. */
  readonly connectedMs = performance.now()
  /** Larger = connected later. */
  readonly connectedOrder = ++connections

  /** Namespace of what it registers (spec 01 §13). */
  namespace = DEFAULT_NAMESPACE
  announcement: WorkerAnnouncement | undefined
  /** The connection that took over by `reattach`: answers to calls of this worker go there (spec 01 §9.7). */
  successor: Worker | undefined
  /** How many of them its policy refused. */
  sessionDenied = 0
  /** A newer connection of the same process is known to exist: that one is preferred (spec 01 §8.8). */
  suspectedZombie = false

  /** Calls of its HTTP-invoked functions under way: somebody else makes them, and answers them whether or not it is still there. */
  madeElsewhere = 0
  /** Set while a registration of a plugin is being checked; never rejects. Those behind it wait for it. */
  registering: Promise<void> | undefined
  /** What it provides, by the id it sent (before prefix and hooks). */
  readonly providers = new LazyMap<string, Provider>()
  /** Ids of its trigger types and triggers, for the limit on registrations. */
  readonly triggerTypeIds = new LazySet<string>()
  readonly triggerIds = new LazySet<string>()
  readonly maxRegistrations: number
  readonly maxRegisteredBytes: number
  #registeredBytes: RegisteredBytes | undefined

  constructor(init: WorkerInit) {
    this.id = init.id
    this.link = init.link
    this.policy = init.policy
    this.reattachToken = init.reattachToken
    this.ipAddress = init.ipAddress
    this.listener = init.listener
    this.slot = init.slot
    this.internal = init.internal
    this.countsVoids = init.link.kind === 'socket' && init.slot === undefined
    this.maxUnanswered = init.maxUnanswered ?? Infinity
    this.maxRegistrations = init.maxRegistrations ?? 100_000
    this.maxRegisteredBytes = init.maxRegisteredBytes ?? Infinity
    this.maxQueuedBytes = init.maxQueuedBytes ?? 64 * 1024 * 1024
  }

  /** Made with the first registration. */
  get registeredBytes(): RegisteredBytes {
    return (this.#registeredBytes ??= new RegisteredBytes(this.maxRegisteredBytes))
  }

  /** Counts a void call and returns the id under which it is answered. */
  addVoid(): string {
    return (this.voids ??= new VoidCalls()).add()
  }

  /** May a call be delivered under an id that its caller has chosen? */
  isCallIdFree(id: string): boolean {
    return !this.calls.has(id) && this.voids?.isCounted(id) !== true
  }

  /** A UUID under which no call of this worker has been delivered. */
  newCallId(): string {
    return (this.voids ??= new VoidCalls()).newId()
  }

  /** Calls delivered to this worker and not answered. */
  get unanswered(): number {
    return this.voids === undefined ? this.calls.size : this.calls.size + this.voids.open
  }

  /** Calls of its functions that have not ended. */
  get inFlight(): number {
    return this.unanswered + this.madeElsewhere
  }

  /** For how long calls have waited for it without it answering any. */
  silentMs(now: number): number {
    return this.waiting === 0 ? 0 : now - this.owesSince
  }

  /** The name for listings: what it announced, or its place in the configuration. */
  get name(): string | undefined {
    return this.internal?.name ?? this.announcement?.name
  }
}
