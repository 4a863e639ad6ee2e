// A routing core with real listeners on free ports, in this process and without plugins: the engine as a worker on a socket sees it.
// `seat` and `plugin` stand in for a plugin where one is asked for.
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { bringIntoForce } from '../../core/config/change.ts'
import type { EngineConfig, WorkerEntry } from '../../core/config/types.ts'
import type { EngineOptions } from '../../core/model/options.ts'
import { SessionPolicy } from '../../core/seats/session-policy.ts'
import type { TelemetrySink } from '../../core/telemetry/worker-frames.ts'
import { Listeners } from '../../core/gateway/listeners.ts'
import type { ListenerChange } from '../../core/gateway/listener-change.ts'
import type { Listener } from '../../core/gateway/listener.ts'
import { LocalLink } from '../../core/links/local-link.ts'
import type { Link } from '../../core/model/link.ts'
import { createLog } from '../../core/log.ts'
import { RoutingCore } from '../../core/routing-core.ts'
import type { LocalHandler } from '../../core/model/function-entry.ts'
import { Worker } from '../../core/model/worker.ts'
import type { PluginSlot } from '../../core/model/plugin-slot.ts'
import { SEATS, type SeatName, type TelemetrySignal } from '../../protocol/seats.ts'
import { ALL_NAMES } from './worker-names.ts'
import { bareConfig } from '../../testing/bare-config.ts'
import { RawClient, type RawClientOptions } from './raw-client.ts'
import { plainEntry } from '../../core/config/instance-ids.ts'

export interface TestCoreOptions {
  readonly engine?: Partial<EngineOptions>
  /** How long a suspected zombie has to answer. Default 2000. */
  readonly zombieAnswerMs?: number
  /** Longest wait for the announce. Default 5000. */
  readonly namespaceGraceMs?: number
  /** `config` block of each listener; `port` is 0 unless given. Default: one plain listener. */
  readonly listeners?: readonly Record<string, unknown>[]
  /** What the plugins of entries say they listen on. */
  readonly addressesOf?: (entry: WorkerEntry) => readonly string[]
  /** Runs before the listeners open; seats are claimed here. */
  readonly prepare?: (core: TestCore) => void
}

export class TestCore {
  readonly core: RoutingCore
  readonly listeners: Listeners
  readonly #config: EngineConfig
  /** What was logged, as JSON lines. */
  readonly lines: string[] = []
  readonly telemetry: { signal: TelemetrySignal; frame: Buffer; workerId: string | undefined }[] = []

  constructor({ engine, zombieAnswerMs, namespaceGraceMs = 5000, addressesOf = () => [] }: TestCoreOptions) {
    const log = createLog({ level: 'debug', pretty: false, write: (line) => this.lines.push(line) })
    this.#config = { ...bareConfig('.', engine), registrationNamespaceGraceMs: namespaceGraceMs }
    this.core = new RoutingCore({
      config: this.#config,
      log,
      healthComponents: () => ({}),
      internalWorkers: () => [],
      ...(zombieAnswerMs === undefined ? {} : { liveness: { answerMs: zombieAnswerMs } }),
    })
    const { core } = this
    const telemetry: TelemetrySink = {
      take: (signal, frame, worker, source) => {
        this.telemetry.push({ signal, frame: Buffer.from(frame), workerId: worker?.id })
        core.telemetry.take(signal, frame, worker, source)
      },
    }
    this.listeners = new Listeners({
      portsGivenUp: () => [],
      router: core.router,
      registrations: core.registrations,
      channels: core.channels,
      telemetry,
      log,
      namespaceGraceMs,
      sessionPolicy: new SessionPolicy(core.seats.sessionPolicy, ALL_NAMES),
      addressesOf,
      onRefused: (refusal) => core.engineTelemetry.notices.refused(refusal),
      onOpened: (connection) => core.liveness.opened(connection),
      onClosed: (connection) => core.liveness.closed(connection),
    })
  }

  /** The first phase of a change to these entries. */
  prepare(entries: readonly WorkerEntry[]): Promise<ListenerChange> {
    return this.listeners.prepare({ ...this.#config, entries })
  }

  /** Brings the listeners to these entries, or rejects and leaves them as they are. */
  listen(entries: readonly WorkerEntry[]): Promise<void> {
    return bringIntoForce(this.listeners, { ...this.#config, entries })
  }

  listener(index = 0): Listener {
    const listener = this.listeners.all[index]
    if (listener === undefined) throw new Error(`there is no listener ${index}`)
    return listener
  }

  url(index = 0): string {
    return this.listener(index).url
  }

  /** A worker that has been greeted and, unless told otherwise, has announced itself. */
  async connect(options: RawClientOptions & { listener?: number } = {}): Promise<RawClient> {
    return RawClient.connect(this.url(options.listener), options)
  }

  /** Functions of the engine itself. */
  provide(id: string, handler: LocalHandler): void {
    this.core.addFunctions([{ id, description: '', requestFormat: undefined, responseFormat: undefined, handler }])
  }

  /** A running built-in plugin whose functions run in this thread. */
  plugin(
    name: string,
    functions: Readonly<Record<string, LocalHandler>>,
    link?: Link,
  ): { slot: PluginSlot; worker: Worker } {
    const { router } = this.core
    const slot = router.openSlot(name, {
      builtIn: true,
      maxInFlight: 10_000,
      maxInFlightBytes: 64 << 20,
    })
    const events = {
      onResult: router.settle.bind(router),
      onMessage: () => {},
    }
    const worker = new Worker({
      id: randomUUID(),
      link: link ?? new LocalLink(events),
      policy: { kind: 'plugin', plugin: name, builtIn: true, allow: undefined },
      slot,
      internal: { instanceId: name, name },
    })
    router.addWorker(worker)
    for (const [id, handler] of Object.entries(functions)) {
      const conflict = router.functions.register(worker, id, { rawId: id, handler })
      if (conflict !== undefined) throw new Error(conflict.reason)
    }
    slot.workers = [worker]
    slot.phase = 'open'
    return { slot, worker }
  }

  /** A plugin that holds a seat. */
  seat(name: SeatName, handler: LocalHandler): void {
    this.plugin(`holder-of-${name}`, { [SEATS[name]]: handler })
  }

  /** Log lines of a level, parsed. */
  logged(level: string): { msg: string }[] {
    return this.lines
      .map((line) => JSON.parse(line) as { level: string; msg: string })
      .filter((line) => line.level === level)
  }

  async close(): Promise<void> {
    await this.listeners.close()
    this.core.close()
  }
}

/** Starts one that is closed when the test is over. */
export async function startCore(options: TestCoreOptions = {}): Promise<TestCore> {
  const core = new TestCore(options)
  onTestFinished(() => core.close())
  options.prepare?.(core)
  await core.listen((options.listeners ?? [{}]).map(listenerEntry))
  return core
}

/** An entry of the configuration for one listener. */
export function listenerEntry(config: Readonly<Record<string, unknown>>, index = 0): WorkerEntry {
  return {
    instanceId: index === 0 ? 'iii-worker-manager' : `iii-worker-manager#${index}`,
    ...plainEntry('iii-worker-manager'),
    config: { port: 0, ...config },
    origin: '(test)',
  }
}
