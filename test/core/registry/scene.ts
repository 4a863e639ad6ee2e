// A router with its trigger registry, workers behind recording links, and short forms of the messages about triggers.
import { ALL_NAMES } from '../../support/worker-names.ts'
import { randomUUID } from 'node:crypto'
import { ENGINE_DEFAULTS, type EngineOptions } from '../../../core/model/options.ts'
import { LocalLink } from '../../../core/links/local-link.ts'
import type { Log } from '../../../core/log.ts'
import { TriggerRegistry } from '../../../core/registry/triggers.ts'
import { Worker } from '../../../core/model/worker.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { RouterEvents } from '../../../core/router/router-events.ts'
import { Router } from '../../../core/router/router.ts'
import { SeatHttpInvoker } from '../../../core/seats/http-invoker.ts'
import { Seats } from '../../../core/seats/seats.ts'
import type { RegisterTrigger, TriggerRegistrationResult } from '../../../protocol/messages.ts'
import { collectingLog, type LogLine } from '../../support/collecting-log.ts'
import { makeWorker, type TestWorker } from '../router/calls.ts'

export interface Scene {
  readonly router: Router
  readonly triggers: TriggerRegistry
  readonly log: Log & { readonly lines: LogLine[] }
  /** A worker that is attached to the router. */
  attach(options?: Parameters<typeof makeWorker>[0]): TestWorker
  slot(name: string): PluginSlot
}

export interface SceneOptions {
  coalesce?: boolean
  answerMs?: number
  maxOwnerless?: number
  engine?: Partial<EngineOptions>
  events?: Partial<RouterEvents>
  /** What the engine's own worker is listed as. Default: it is not. */
  listedAs?: string
}

export function makeScene(options: SceneOptions = {}): Scene {
  const lines = collectingLog()
  const log: Scene['log'] = { ...lines, child: () => log, flush: () => {} }
  const nothing = () => {}
  const router = new Router(
    { ...ENGINE_DEFAULTS, ...options.engine },
    log,
    {
      onFunctionsChanged: nothing,
      onProvidersChanged: nothing,
      onWorkerAdded: nothing,
      onWorkerEnded: nothing,
      ...options.events,
    },
    ALL_NAMES,
  )
  const link = new LocalLink({
    onResult: (worker, callId, result, error) => router.settle(worker, callId, result, error),
    onMessage: nothing,
  })
  const { listedAs } = options
  const internal = listedAs === undefined ? {} : { internal: { instanceId: listedAs, name: listedAs } }
  const engineWorker = new Worker({ id: randomUUID(), link, policy: { kind: 'engine' }, ...internal })
  const triggers = new TriggerRegistry({
    functions: router.functions,
    engineWorker,
    warnings: router.warnings,
    known: ALL_NAMES,
    coalesce: options.coalesce ?? true,
    log,
    ...(options.answerMs === undefined ? {} : { answerMs: options.answerMs }),
    ...(options.maxOwnerless === undefined ? {} : { maxOwnerless: options.maxOwnerless }),
  })
  router.connect({ engineWorker, triggers, httpInvoker: new SeatHttpInvoker(new Seats(router).httpInvoker) })
  return {
    router,
    triggers,
    log,
    attach: (workerOptions) => {
      const made = makeWorker(workerOptions)
      router.addWorker(made.worker)
      return made
    },
    slot: (name) => {
      const slot = router.openSlot(name, { builtIn: true, maxInFlight: 1000, maxInFlightBytes: 1e6 })
      slot.phase = 'open'
      return slot
    },
  }
}

export function provide(scene: Scene, { worker }: TestWorker, id: string, namespace?: string): void {
  const more = namespace === undefined ? {} : { namespace }
  scene.triggers.handle(worker, { type: 'registertriggertype', id, description: `events of ${id}`, ...more })
}

/** Binds with complete members, as SDKs do. */
export function bind(
  scene: Scene,
  { worker }: TestWorker,
  id: string,
  triggerType: string,
  more: Partial<RegisterTrigger> = {},
): void {
  scene.triggers.handle(worker, {
    type: 'registertrigger',
    id,
    trigger_type: triggerType,
    function_id: 'svc::target',
    config: {},
    ...more,
  })
}

export function unbind(scene: Scene, { worker }: TestWorker, id: string): void {
  scene.triggers.handle(worker, { type: 'unregistertrigger', id })
}

export function answer(
  scene: Scene,
  { worker }: TestWorker,
  id: string,
  error?: TriggerRegistrationResult['error'],
  triggerType = 't',
): void {
  const message = {
    type: 'triggerregistrationresult',
    id,
    trigger_type: triggerType,
    function_id: 'svc::target',
  } as const
  scene.triggers.handle(worker, error === undefined ? message : { ...message, error })
}

/** What a provider was told since the last time, as `bind <id>` and `unbind <id>`. */
export function told({ link }: TestWorker): string[] {
  const messages = link.sent.splice(0)
  return messages.map((message) => {
    if (message.type === 'registertrigger') return `bind ${message.id}`
    if (message.type === 'unregistertrigger') return `unbind ${message.id}`
    if (message.type === 'triggerregistrationresult') return `result ${message.id} ${message.error?.code}`
    return message.type
  })
}

export const REFUSED = { code: 'trigger_registration_failed', message: 'no such thing' }
