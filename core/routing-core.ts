// The router with everything that it needs to be a mesh, but without sockets and plugins: registries, engine functions, channels.
import { randomUUID } from 'node:crypto'
import type { EngineConfig } from './config/types.ts'
import {
  addEngineFunctions,
  registerEngineFunctions,
  type EngineFunction,
  type HealthComponent,
  type InternalWorker,
} from './engine-functions/register.ts'
import { sessionFunctions } from './engine-functions/sessions.ts'
import { ChannelBroker } from './channels/channel-broker.ts'
import { Liveness, type LivenessOptions } from './gateway/liveness.ts'
import type { LinkEvents } from './model/link-events.ts'
import { LocalLink } from './links/local-link.ts'
import type { Log } from './log.ts'
import { Discovery } from './discovery/discovery.ts'
import { TriggerRegistry } from './registry/triggers.ts'
import { publishWorker } from './telemetry/worker-channel.ts'
import { NO_KNOWN_WORKERS, type KnownWorkers } from './model/known-workers.ts'
import { Worker } from './model/worker.ts'
import { Registrations } from './router/registrations.ts'
import { Router } from './router/router.ts'
import { SeatHttpInvoker } from './seats/http-invoker.ts'
import { Seats } from './seats/seats.ts'
import type { RouterEvents } from './router/router-events.ts'
import { SeatTelemetry } from './seats/telemetry.ts'

export interface RoutingCoreOptions {
  readonly config: EngineConfig
  readonly log: Log
  readonly healthComponents: () => Readonly<Record<string, HealthComponent>>
  /** Listeners and other workers inside the engine that are no plugins, for listings. */
  readonly internalWorkers: () => Iterable<InternalWorker>
  readonly liveness?: LivenessOptions
  /** Default: no worker is known but those that connect. */
  readonly known?: KnownWorkers
}

export class RoutingCore {
  readonly router: Router
  readonly registrations: Registrations
  readonly triggers: TriggerRegistry
  readonly discovery: Discovery
  readonly channels: ChannelBroker
  readonly liveness: Liveness
  readonly seats: Seats
  readonly telemetry: SeatTelemetry
  /** Where the frames of plugins go. */
  readonly linkEvents: LinkEvents

  constructor({
    config,
    log,
    healthComponents,
    internalWorkers,
    liveness,
    known = NO_KNOWN_WORKERS,
  }: RoutingCoreOptions) {
    const events: RouterEvents = {
      onFunctionsChanged: () => this.discovery.functionsChanged(),
      onProvidersChanged: (entry) => {
        this.discovery.providersChanged(entry)
        this.seats.providersChanged(entry)
      },
      onWorkerAdded: (worker) => {
        if (worker.link.kind === 'socket') this.discovery.workerConnected(worker)
        publishWorker('connected', worker)
      },
      onWorkerEnded: (worker) => {
        this.channels.workerEnded(worker)
        if (worker.link.kind === 'socket') this.discovery.workerDisconnected(worker)
        publishWorker('disconnected', worker)
      },
    }
    this.router = new Router(config.engine, log, events, known)
    const { router } = this
    this.seats = new Seats(router)
    const engineWorker = new Worker({
      id: randomUUID(),
      link: new LocalLink({
        onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
        onMessage: () => {},
      }),
      policy: { kind: 'engine' },
      internal: { instanceId: 'iii-engine-functions', name: 'iii-engine-functions' },
    })
    this.triggers = new TriggerRegistry({
      functions: router.functions,
      engineWorker,
      warnings: router.warnings,
      coalesce: config.engine.coalesce_replica_triggers,
      log,
      known,
    })
    router.connect({
      engineWorker,
      triggers: this.triggers,
      httpInvoker: new SeatHttpInvoker(this.seats.httpInvoker),
    })
    this.registrations = new Registrations(router)
    this.discovery = new Discovery({ router, log })
    this.channels = new ChannelBroker()
    this.liveness = new Liveness(router, log, liveness)
    this.telemetry = new SeatTelemetry(this.seats.telemetry, router.warnings)
    this.linkEvents = {
      onCall: (call, action) => router.call(call, action),
      onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
      onControl: (worker, message, index) =>
        void this.registrations.handle(
          worker,
          message.type === 'registerfunction' && index !== undefined ? { ...message, index } : message,
        ),
      onChannel: (worker, event) => this.channels.takeEvent(worker, event),
    }
    registerEngineFunctions({
      router,
      log,
      discovery: this.discovery,
      healthComponents: () => ({ ...healthComponents(), telemetry: telemetryHealth(this.telemetry) }),
      internalWorkers,
      onAnnounced: (worker) => this.liveness.announced(worker),
      askTriggerHook: (worker, proposal) => this.registrations.askTriggerHook(worker, proposal),
    })
    this.addFunctions([this.channels.createFunction, ...sessionFunctions(router)])
  }

  /** Adds functions of the engine itself. */
  addFunctions(functions: readonly EngineFunction[]): void {
    addEngineFunctions(this.router, functions)
  }

  close(): void {
    this.discovery.close()
    this.channels.close()
    this.router.close()
  }
}

/** Frames that nobody took are no fault of the engine; who misses some finds them here. */
function telemetryHealth({ dropped }: SeatTelemetry): HealthComponent {
  return { status: 'healthy', details: { dropped_frames: dropped } }
}
