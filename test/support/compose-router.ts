// A router with what it needs to stand by itself: an engine's worker on a local link, telemetry, and registrations in front of it.
import { randomUUID } from 'node:crypto'
import { LocalLink } from '../../core/links/local-link.ts'
import type { Log } from '../../core/log.ts'
import { ENGINE_DEFAULTS, type EngineOptions } from '../../core/model/options.ts'
import { Worker } from '../../core/model/worker.ts'
import { Registrations } from '../../core/router/registrations.ts'
import { readRouter } from '../../core/router/readings.ts'
import type { RouterEvents } from '../../core/router/router-events.ts'
import { Router, type RouterDeps } from '../../core/router/router.ts'
import { SeatHttpInvoker } from '../../core/seats/http-invoker.ts'
import { Seats } from '../../core/seats/seats.ts'
import { Telemetry } from '../../core/telemetry/telemetry.ts'
import { ALL_NAMES } from './worker-names.ts'

export interface ComposeOptions {
  readonly log: Log
  readonly engine?: Partial<EngineOptions>
  readonly events?: Partial<RouterEvents>
  readonly triggers?: RouterDeps['triggers']
  /** What the engine's own worker is listed as. Default: it is not. */
  readonly listedAs?: string | undefined
}

export function composeRouter({ log, engine, events, triggers, listedAs }: ComposeOptions) {
  const nothing = (): void => {}
  const telemetry = new Telemetry(log)
  const seats = new Seats({
    functions: { find: (namespace, id) => router.functions.find(namespace, id) },
    invokeThen: (request, onSettled) => router.invokeThen(request, onSettled),
  })
  const options = { ...ENGINE_DEFAULTS, ...engine }
  const httpInvoker = new SeatHttpInvoker(seats.httpInvoker, options.max_invocation_ms)
  const router: Router = new Router({
    options,
    log,
    engineWorker: new Worker({
      id: randomUUID(),
      link: new LocalLink({
        onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
        onMessage: nothing,
      }),
      policy: { kind: 'engine' },
      ...(listedAs === undefined ? {} : { internal: { instanceId: listedAs, name: listedAs } }),
    }),
    httpInvoker,
    telemetry,
    known: ALL_NAMES,
    events: {
      onFunctionsChanged: nothing,
      onProvidersChanged: nothing,
      onForgotten: nothing,
      onWorkerAdded: nothing,
      onWorkerEnded: nothing,
      ...events,
    },
    ...(triggers === undefined ? {} : { triggers }),
  })
  readRouter(telemetry.metrics, router)
  const registrations = new Registrations({
    registries: router,
    caller: router,
    table: router,
    httpInvoker,
    counts: telemetry.metrics.counts,
    warnings: router.warnings,
    log,
  })
  return { router, registrations, telemetry }
}
