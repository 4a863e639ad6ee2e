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
import { tailFunctions } from './engine-functions/tails.ts'
import { sessionFunctions } from './engine-functions/sessions.ts'
import { ChannelBroker } from './channels/channel-broker.ts'
import { Liveness, type LivenessOptions } from './gateway/liveness.ts'
import type { LinkEvents } from './model/link-events.ts'
import { LocalLink } from './links/local-link.ts'
import type { Log } from './log.ts'
import { Discovery, type PluginEvent } from './discovery/discovery.ts'
import type { KnownWorkers } from './model/known-workers.ts'
import type { TriggerRegistry } from './registry/triggers.ts'
import type { MetricsSnapshot } from './telemetry/metrics.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { Worker } from './model/worker.ts'
import { RememberedFunctions } from './remembered-functions.ts'
import { OrderedRegistrations } from './router/ordered-registrations.ts'
import { Registrations } from './router/registrations.ts'
import { readRouter } from './router/readings.ts'
import { Router } from './router/router.ts'
import { SeatHttpInvoker } from './seats/http-invoker.ts'
import { Seats } from './seats/seats.ts'
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
  /** File in which the functions of external workers are remembered for the next run. Default: they are not. */
  readonly rememberIn?: string
}

export class RoutingCore {
  readonly router: Router
  readonly registrations: Registrations
  readonly triggers: TriggerRegistry
  readonly discovery: Discovery
  readonly channels: ChannelBroker
  readonly liveness: Liveness
  readonly seats: Seats
  /** Where the telemetry frames of workers go. */
  readonly telemetry: SeatTelemetry
  /** What the engine knows of itself. */
  readonly engineTelemetry: Telemetry
  readonly remembered: RememberedFunctions | undefined
  /** Where the frames of plugins go. */
  readonly linkEvents: LinkEvents
  /** All parts of the engine, asked at each call. */
  readonly healthComponents: () => Readonly<Record<string, HealthComponent>>

  constructor(options: RoutingCoreOptions) {
    const { config, log, healthComponents, internalWorkers, liveness, known, rememberIn } = options
    const engineTelemetry = (this.engineTelemetry = new Telemetry(log))
    // Seats ask and are told once the router is there.
    const seats = (this.seats = new Seats({
      functions: { find: (namespace, id) => router.functions.find(namespace, id) },
      invokeThen: (request, onSettled) => router.invokeThen(request, onSettled),
    }))
    const httpInvoker = new SeatHttpInvoker(seats.httpInvoker, config.engine.max_invocation_ms)
    const router: Router = new Router({
      options: config.engine,
      log,
      engineWorker: new Worker({
        id: randomUUID(),
        link: new LocalLink({
          onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
          onMessage: () => {},
        }),
        policy: { kind: 'engine' },
        internal: { instanceId: 'iii-engine-functions', name: 'iii-engine-functions' },
      }),
      httpInvoker,
      telemetry: engineTelemetry,
      ...(known !== undefined && { known }),
      events: {
        onFunctionsChanged: () => {
          this.#observe()
          this.discovery.functionsChanged()
        },
        onProvidersChanged: (entry) => {
          const latest = entry.providers.at(-1)?.worker
          if (latest !== undefined) engineTelemetry.notices.provided(latest, entry.id)
          this.discovery.providersChanged(entry)
          seats.providersChanged(entry)
          this.remembered?.changed()
        },
        onForgotten: () => this.remembered?.changed(),
        onWorkerAdded: (worker) => {
          if (worker.link.kind === 'socket') this.discovery.workerConnected(worker)
        },
        onWorkerEnded: (worker) => {
          this.channels.workerEnded(worker)
          if (worker.link.kind === 'socket') this.discovery.workerDisconnected(worker)
        },
      },
    })
    this.router = router
    if (rememberIn !== undefined) {
      this.remembered = new RememberedFunctions({
        file: rememberIn,
        current: () => router.functions.external(),
        max: () => router.options.remember_functions,
        log,
      })
    }
    this.triggers = router.triggers
    readRouter(engineTelemetry.metrics, router)
    this.registrations = new Registrations({
      registries: router,
      caller: router,
      table: router,
      httpInvoker,
      counts: engineTelemetry.metrics.counts,
      warnings: router.warnings,
      log,
    })
    this.discovery = new Discovery({ registries: router, caller: router, engineWorker: router.engineWorker, log })
    this.channels = new ChannelBroker()
    this.liveness = new Liveness(log, liveness)
    const telemetry = (this.telemetry = new SeatTelemetry(seats.telemetry, router.warnings, engineTelemetry.workerLog))
    engineTelemetry.metrics.read('iii.telemetry.frames.dropped', () => telemetry.dropped)
    this.healthComponents = () => ({ ...healthComponents(), telemetry: telemetryHealth(telemetry) })
    const inOrder = new OrderedRegistrations(this.registrations)
    this.linkEvents = {
      onCall: (call, action) => router.call(call, action),
      onRefused: (call, body) => router.fail(call, body),
      onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
      onGivenBack: (worker, callId, error) => router.takeBack(worker, callId, error),
      onControl: (worker, message, index) =>
        inOrder.handle(
          worker,
          message.type === 'registerfunction' && index !== undefined ? { ...message, index } : message,
        ),
      onChannel: (worker, event) => this.channels.takeEvent(worker, event),
    }
    registerEngineFunctions({
      registries: router,
      table: router,
      duplicateWorkers: config.engine.duplicate_workers,
      unresponsiveMs: () => router.options.unresponsive_ms,
      log,
      discovery: this.discovery,
      healthComponents: this.healthComponents,
      internalWorkers,
      onAnnounced: (worker) => {
        this.liveness.announced(worker)
        engineTelemetry.notices.announced(worker)
      },
      onRefused: (refusal) => engineTelemetry.notices.refused(refusal),
      workerLog: engineTelemetry.workerLog,
      askTriggerHook: (worker, proposal) => this.registrations.askTriggerHook(worker, proposal),
    })
    this.addFunctions([
      this.channels.createFunction,
      ...sessionFunctions(router, router.triggers),
      ...tailFunctions(engineTelemetry),
    ])
  }

  /** Adds functions of the engine itself. */
  addFunctions(functions: readonly EngineFunction[]): void {
    addEngineFunctions(this.router.functions, this.router.engineWorker, functions)
  }

  /**
   * Calls of functions that external workers provided in the last run wait for these to come back, for the restart grace from now.
   * May be called again, to let the grace begin anew.
   */
  async awaitWorkers(): Promise<void> {
    this.router.awaitReturn((await this.remembered?.ofLastRun()) ?? [])
  }

  /** The engine's figures as they are now (telemetry/metrics-table.ts). */
  metrics(): MetricsSnapshot {
    return this.engineTelemetry.snapshot()
  }

  /** Calls are observed while a plugin has the seat `telemetry`, also while that is handed over or restarts. */
  #observe(): void {
    const isWanted = this.seats.telemetry.state !== 'empty'
    if (isWanted === this.engineTelemetry.isOn) return
    if (isWanted) this.engineTelemetry.turnOn()
    else this.engineTelemetry.turnOff()
  }

  /** The engine begins to end: that workers are sent away from now on is no news. */
  closing(): void {
    this.engineTelemetry.notices.close()
  }

  pluginsChanged(event: PluginEvent): void {
    this.discovery.pluginsChanged(event)
    const { event: what, name, ...members } = event
    this.engineTelemetry.events.add(`plugin_${what}`, { plugin: name, ...members })
  }

  close(): void {
    this.engineTelemetry.close()
    this.discovery.close()
    this.channels.close()
    this.router.close()
  }
}

/** Frames that nobody took are no fault of the engine; who misses some finds them here. */
function telemetryHealth({ dropped }: SeatTelemetry): HealthComponent {
  return { status: 'healthy', details: { dropped_frames: dropped } }
}
