// A router with its trigger registry, workers behind recording links, and short forms of the messages about triggers.
import type { EngineOptions } from '../../../core/model/options.ts'
import type { Log } from '../../../core/log.ts'
import type { TriggerRegistry } from '../../../core/registry/triggers.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { RouterEvents } from '../../../core/router/router-events.ts'
import type { Router } from '../../../core/router/router.ts'
import type { RegisterTrigger, TriggerRegistrationResult } from '../../../protocol/messages.ts'
import { composeRouter } from '../../support/compose-router.ts'
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
  const log: Scene['log'] = { ...lines, child: () => log, onLine: () => () => {}, flush: () => {} }
  const { answerMs, maxOwnerless } = options
  const { router } = composeRouter({
    log,
    engine: { ...options.engine, coalesce_replica_triggers: options.coalesce ?? true },
    ...(options.events === undefined ? {} : { events: options.events }),
    triggers: {
      ...(answerMs === undefined ? {} : { answerMs }),
      ...(maxOwnerless === undefined ? {} : { maxOwnerless }),
    },
    listedAs: options.listedAs,
  })
  const { triggers } = router
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
