// Whose telemetry comes on a socket of `/otel`. Nothing on it says so at first: an SDK opens it beside the connection of its worker, and names
// that in its metrics only, once a minute. Until then it is told by what is unmistakable, and else left open.
import { randomUUID } from 'node:crypto'
import type { Worker } from '../model/worker.ts'
import type { LogSource } from '../telemetry/worker-log.ts'

/** An SDK opens both at its start; those that are further apart need not belong together. */
const TOGETHER_MS = 2_000
/** Of several that came in that time the nearest is taken if the next one is farther from it than this. */
const APART_MS = 100
/** Looking goes through all connections: not more often, and not when nothing can come of it any more. */
export const LOOK_AGAIN_MS = 250
const LOOK_UNTIL_MS = 10_000
/** In `LOOK_AGAIN_MS`, of all sockets together: thousands of them are not to keep the engine busy. */
export const MAX_LOOKS = 100
/** In how much of a frame of metrics the id is looked for: it stands with each of its points. */
const LOOKED_AT_BYTES = 16 * 1024
const WORKER_ID = /"key":"worker\.id","value":\{"stringValue":"([0-9a-f-]{36})"/

export class TelemetryPeers {
  readonly #workers: () => Iterable<Worker>
  readonly #owners = new WeakMap<Worker, TelemetryPeer>()
  #looksSince = -Infinity
  #looks = 0

  /** @param workers those that are connected now */
  constructor(workers: () => Iterable<Worker>) {
    this.#workers = workers
  }

  /** For a socket that has just been opened. */
  open(ip: string): TelemetryPeer {
    return new TelemetryPeer(
      ip,
      (peer) => this.#find(peer),
      (peer, id) => this.#named(peer, id),
    )
  }

  /** The worker of the same address that came with it, among those that have no such socket yet. */
  #find(peer: TelemetryPeer): Worker | undefined {
    if (!this.#mayLook()) return undefined
    const [nearest, next] = [...this.#workers()]
      .filter(
        (worker) => worker.ipAddress === peer.ip && worker.announcement !== undefined && this.#isFree(worker, peer),
      )
      .map((worker) => ({ worker, ms: Math.abs(worker.connectedMs - peer.openedMs) }))
      .filter(({ ms }) => ms <= TOGETHER_MS)
      .sort((a, b) => a.ms - b.ms)
    if (nearest === undefined || (next !== undefined && next.ms - nearest.ms < APART_MS)) return undefined
    this.#owners.set(nearest.worker, peer)
    return nearest.worker
  }

  #mayLook(): boolean {
    const now = performance.now()
    if (now - this.#looksSince >= LOOK_AGAIN_MS) {
      this.#looksSince = now
      this.#looks = 0
    }
    return ++this.#looks <= MAX_LOOKS
  }

  #isFree(worker: Worker, peer: TelemetryPeer): boolean {
    const owner = this.#owners.get(worker)
    return owner === undefined || owner === peer
  }

  #named(peer: TelemetryPeer, id: string): Worker | undefined {
    if (!this.#mayLook()) return undefined
    for (const worker of this.#workers()) {
      if (worker.id !== id || worker.ipAddress !== peer.ip) continue
      this.#owners.set(worker, peer)
      return worker
    }
    return undefined
  }
}

export class TelemetryPeer implements LogSource {
  readonly id = randomUUID()
  /** As `connectedMs` of workers. */
  readonly openedMs = performance.now()
  readonly ip: string
  readonly #find: (peer: TelemetryPeer) => Worker | undefined
  readonly #named: (peer: TelemetryPeer, id: string) => Worker | undefined
  #worker: Worker | undefined
  #lookedAt = -Infinity

  constructor(
    ip: string,
    find: (peer: TelemetryPeer) => Worker | undefined,
    named: (peer: TelemetryPeer, id: string) => Worker | undefined,
  ) {
    this.ip = ip
    this.#find = find
    this.#named = named
  }

  /** Undefined while it can't be told. */
  get name(): string | undefined {
    if (this.#worker?.phase !== 'open') this.#look()
    return this.#worker === undefined ? undefined : (this.#worker.name ?? this.#worker.id)
  }

  #look(): void {
    this.#worker = undefined
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_AGAIN_MS || now - this.openedMs > LOOK_UNTIL_MS) return
    this.#lookedAt = now
    this.#worker = this.#find(this)
  }

  /** Reads the id of the worker from its metrics. */
  sawMetrics(frame: Buffer): void {
    const id = WORKER_ID.exec(frame.subarray(0, LOOKED_AT_BYTES).latin1Slice())?.[1]
    if (id !== undefined && id !== this.#worker?.id) this.#worker = this.#named(this, id) ?? this.#worker
  }
}
