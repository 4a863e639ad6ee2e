// Brings calls to providers and answers back to callers (design, "The life of a call"; spec 01 §9).
// Knows no wire format and no plugin life cycle: links encode, the hand-over decides which calls pass while a plugin is replaced.
import { readError } from '../../protocol/error-bytes.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { EngineOptions } from '../model/options.ts'
import type { Log } from '../log.ts'
import type { FunctionEntry, Provider } from '../model/function-entry.ts'
import { FunctionRegistry } from '../registry/functions.ts'
import { RefusedFunctions } from '../registry/refused-functions.ts'
import { TriggerRegistry } from '../registry/triggers.ts'
import type { HttpInvoker } from '../model/http-invoker.ts'
import { NO_KNOWN_WORKERS, type KnownWorkers } from '../model/known-workers.ts'
import type { TooLarge } from '../model/link.ts'
import { isTrusted } from '../model/policy.ts'
import { isInternal } from '../model/internal-function.ts'
import type { Worker } from '../model/worker.ts'
import type { Action } from '../model/action.ts'
import { callerIdOf, isVoid, type Call } from '../model/call.ts'
import { CallIntake } from './call-intake.ts'
import { chooseProvider } from './choose-provider.ts'
import { engineCall, type EngineRequest } from './engine-call.ts'
import type { HandOver } from './hand-over.ts'
import { holdingCalls, type HoldCall } from './holding-calls.ts'
import { missOf } from './miss.ts'
import { PluginSlots } from './plugin-slots.ts'
import type { PluginSlot, SlotOptions } from '../model/plugin-slot.ts'
import type { Caller, Calls, PluginRouting, Registries, WorkerTable } from './ports.ts'
import { Suggestions } from '../../base/values/suggestions.ts'
import { turnNow } from '../../base/time/turn-clock.ts'
import { tellEvicted } from './registration-refusals.ts'
import { RestartGrace } from './restart-grace.ts'
import type { RouterEvents } from './router-events.ts'
import { Settlement } from './settlement.ts'
import { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { invocationChannel } from '../telemetry/channels.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { attributeBaggage } from '../telemetry/trace-context.ts'
import { UnansweredCalls } from './unanswered-calls.ts'

const NO_BYTES = Buffer.alloc(0)

export interface RouterDeps {
  readonly options: EngineOptions
  readonly log: Log
  /** Provides the functions and trigger types of the engine itself, and makes its calls. */
  readonly engineWorker: Worker
  readonly httpInvoker: HttpInvoker
  readonly telemetry: Telemetry
  readonly events: RouterEvents
  /** Who would provide what is missing. Default: nobody is known. */
  readonly known?: KnownWorkers
  /** Of the trigger registry. Defaults: see there. */
  readonly triggers?: { readonly answerMs?: number; readonly maxOwnerless?: number }
}

export class Router implements Calls, Caller, WorkerTable, Registries, PluginRouting {
  readonly functions: FunctionRegistry
  readonly triggers: TriggerRegistry
  readonly options: EngineOptions
  readonly log: Log
  readonly warnings: ThrottledWarnings
  readonly engineWorker: Worker
  readonly known: KnownWorkers
  readonly suggestions = new Suggestions()
  readonly refused = new RefusedFunctions()
  readonly workers = new Map<string, Worker>()
  readonly #events: RouterEvents
  readonly #httpInvoker: HttpInvoker
  readonly #telemetry: Telemetry
  readonly #grace: RestartGrace
  readonly #intake: CallIntake
  readonly #settlement: Settlement
  readonly #slots: PluginSlots
  readonly #hold: HoldCall
  readonly #unanswered: UnansweredCalls

  constructor({
    options,
    log,
    engineWorker,
    httpInvoker,
    telemetry,
    events,
    known = NO_KNOWN_WORKERS,
    triggers,
  }: RouterDeps) {
    this.options = options
    this.log = log
    this.engineWorker = engineWorker
    this.known = known
    this.workers.set(engineWorker.id, engineWorker)
    this.#httpInvoker = httpInvoker
    this.#telemetry = telemetry
    this.#events = events
    const warnings = (this.warnings = new ThrottledWarnings(log))
    const functions = (this.functions = new FunctionRegistry(options.duplicate_functions, {
      onProvided: (entry) => {
        this.refused.forget(entry.namespace, entry.id)
        this.#grace.end(entry)
      },
      onChanged: () => events.onFunctionsChanged(),
      onEvicted: ({ worker, entry }) => tellEvicted(worker, entry, warnings),
      onProvidersChanged: (entry) => events.onProvidersChanged(entry),
    }))
    const coalesce = options.coalesce_replica_triggers
    const { suggestions } = this
    this.triggers = new TriggerRegistry({
      functions,
      engineWorker,
      warnings,
      known,
      suggestions,
      coalesce,
      log,
      ...triggers,
    })
    const resume = (call: Call): void => this.#resume(call)
    const settlement = (this.#settlement = new Settlement({
      warnings,
      telemetry,
      onSettled: (call) => this.#slots.handOvers?.settled(call),
    }))
    this.#grace = new RestartGrace(options, {
      resume,
      miss: (call) => this.#miss(call),
      forget: (entry) => {
        if (entry.providers.length === 0 && entry.slot === undefined) functions.delete(entry)
        events.onForgotten(entry)
      },
    })
    this.#hold = holdingCalls(options, telemetry.metrics.counts, (call, body) => this.fail(call, body))
    this.#slots = new PluginSlots(options, {
      functions,
      registries: this,
      workers: this.workers,
      log,
      resume,
      fail: (call, body) => this.fail(call, body),
      failCalls: (worker, why) => settlement.failCalls(worker, why),
    })
    this.#intake = new CallIntake({
      registries: this,
      engineWorker,
      caller: this,
      settlement,
      telemetry,
      warnings,
      dispatch: (call) => this.#dispatch(call),
    })
    this.#unanswered = new UnansweredCalls(options, { workers: this.workers, settlement, warnings })
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

  call(call: Call, action: Action | undefined): void {
    this.#intake.take(call, action)
  }

  settle(worker: Worker, callId: string | number, result: Buffer | undefined, error: Buffer | undefined): void {
    worker.owesSince = turnNow()
    this.#settlement.settle(worker, callId, result, error)
  }

  takeBack(worker: Worker, callId: string | number, error: Buffer): void {
    const call = this.#slots.handOvers?.takeBack(worker, callId)
    if (call === undefined || worker.slot === undefined) return this.settle(worker, callId, undefined, error)
    worker.owesSince = turnNow()
    this.#settlement.takenBack(worker, call)
    this.#hold(worker.slot.gate, call, true)
  }

  invoke(request: EngineRequest): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.invokeThen(request, (result, error) => {
        if (error !== undefined) reject(readError(error))
        else resolve(result === undefined ? undefined : Buffer.from(result))
      })
    })
  }

  invokeThen(request: EngineRequest, onSettled: NonNullable<Call['onSettled']>): void {
    const call = engineCall(request, this.engineWorker, onSettled)
    call.namespace = this.functions.homeOf(call.namespace, call.functionId)
    this.#telemetry.observer?.begin(call)
    this.#dispatch(call)
  }

  fail(call: Call, body: ErrorBody): void {
    this.#settlement.fail(call, body)
  }

  #dispatch(call: Call): void {
    const { namespace, functionId } = call
    const staged = call.caller.stage?.find(namespace, functionId)
    if (staged !== undefined && staged.providers.length > 0) return this.#deliverTo(staged, call)
    const entry = this.functions.find(namespace, functionId)
    if (entry === undefined) return this.#miss(call)
    const { slot } = entry
    if (slot !== undefined && slot.phase !== 'open') return this.#atGate(slot, entry, call)
    if (entry.grace !== undefined && entry.providers.length === 0) this.#hold(entry.grace.gate, call)
    else this.#deliverTo(entry, call)
  }

  /** A call that was held goes on, unless the one who waits for its answer has left. A void call goes in any case. */
  #resume(call: Call): void {
    const { caller } = call
    const abandoned = caller.phase === 'gone' && caller.successor === undefined && call.invocationId !== undefined
    if (abandoned) this.#settlement.abandon(call)
    else this.#dispatch(call)
  }

  #deliverTo(entry: FunctionEntry, call: Call): void {
    const provider = chooseProvider(entry, this.options)
    if (provider !== undefined) return this.#deliver(call, provider)
    if (entry.slot !== undefined) return this.#holdFor(entry.slot, call)
    this.fail(call, { code: 'channel_send_failed', message: `No provider of ${call.functionId} can be written to` })
  }

  #atGate(slot: PluginSlot, entry: FunctionEntry, call: Call): void {
    if (slot.wake !== undefined && isInternal(entry)) return this.#deliverTo(entry, call)
    const passage = this.#slots.handOvers?.passage(slot, entry, call)
    if (passage !== undefined) {
      this.#slots.handOvers?.passing(slot, call)
      return this.#deliverTo(passage, call)
    }
    const refusal = this.#slots.refusalOf(slot)
    if (refusal !== undefined) return this.fail(call, refusal)
    this.#holdFor(slot, call)
  }

  #holdFor(slot: PluginSlot, call: Call): void {
    if (this.#hold(slot.gate, call)) this.#slots.held(slot, call)
  }

  #miss(call: Call): void {
    this.fail(call, missOf(call, this))
  }

  #deliver(call: Call, provider: Provider): void {
    if (provider.registration.invocation !== undefined) {
      return this.#invokeOverHttp(call, provider)
    }
    const { worker } = provider
    const { link, slot } = worker
    if (slot !== undefined && call.data.length > slot.options.maxInFlightBytes) {
      return this.fail(call, {
        code: 'payload_too_large',
        message: `The call has ${call.data.length} characters, and plugin '${slot.name}' takes at most ${slot.options.maxInFlightBytes}: send less at once`,
      })
    }
    if (slot?.isFull(worker, call.data.length) === true) {
      return this.fail(call, {
        code: 'overloaded',
        message: `Plugin '${slot.name}' has ${worker.inFlight} calls in flight; try again later`,
      })
    }
    if (link.queuedBytes > worker.maxQueuedBytes) {
      return this.fail(call, {
        code: 'overloaded',
        message: `Worker '${worker.name ?? worker.id}' does not read: ${link.queuedBytes} bytes wait for it`,
      })
    }
    if (call.traceparent !== undefined || call.baggage !== undefined) attributeBaggage(call)
    const callerId = callerIdOf(call)
    const tooLarge = link.tooLarge(call, provider, callerId)
    if (tooLarge !== undefined) return this.#deliverLarge(call, provider, tooLarge)
    const callId = this.#record(call, worker)
    link.deliver(call, callId, provider, callerId)
    call.data = NO_BYTES
    call.metadata = undefined
    if (link.congested && call.caller.link.kind === 'socket') link.throttle(call.caller.link)
    if (worker.unanswered > worker.maxUnanswered) this.#unanswered.giveUpOldest(worker)
    this.#slots.handOvers?.delivered(call)
  }

  #invokeOverHttp(call: Call, provider: Provider): void {
    const { worker } = provider
    worker.madeElsewhere++
    call.deliveredAt = turnNow()
    this.#httpInvoker.invoke(call, provider, (result, error) =>
      this.#settlement.settleElsewhere(call, worker, result, error),
    )
    call.data = NO_BYTES
    call.metadata = undefined
  }

  /** Another provider may be able to take what this one can't. */
  #deliverLarge(call: Call, { entry }: Provider, { limit, message }: TooLarge): void {
    const other = chooseProvider(entry, this.options, limit.bytes)
    if (other !== undefined) return this.#deliver(call, other)
    this.fail(call, { code: 'payload_too_large', message })
  }

  /** Notes the call as delivered and returns the id under which it is answered. */
  #record(call: Call, worker: Worker): string | number {
    // While somebody follows calls, these have an end to be followed to.
    if (
      worker.countsVoids &&
      isVoid(call) &&
      this.#telemetry.observer === undefined &&
      !invocationChannel.hasSubscribers
    ) {
      this.#telemetry.metrics.counts.success++
      return worker.addVoid()
    }
    const callId = worker.link.nextCallId(call)
    call.callee = worker
    call.callId = callId
    call.deliveredAt = turnNow()
    call.bytes = call.data.length
    if (!isVoid(call) && worker.waiting++ === 0) worker.owesSince = call.deliveredAt
    worker.calls.add(call)
    worker.inFlightBytes += call.bytes
    return callId
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  addWorker(worker: Worker): void {
    this.workers.set(worker.id, worker)
    this.#telemetry.workerAdded(worker)
    this.#events.onWorkerAdded(worker)
  }

  endWorker(worker: Worker, { abnormal, why }: { abnormal: boolean; why?: string }): void {
    if (worker.phase === 'gone') return
    worker.phase = 'gone'
    const { slot } = worker
    if (slot !== undefined) {
      slot.workers = slot.workers.filter((other) => other !== worker)
      if (slot.workers.length === 0 && slot.phase === 'open') slot.phase = 'closed'
    }
    this.functions.dropWorker(worker, (entry) => this.#keepsId(entry, worker, abnormal))
    this.failCalls(worker, why)
    // Of its own functions a session's rights are sure only while it provides them: its bindings go with it.
    const isAwaited = abnormal && slot === undefined && isTrusted(worker.policy)
    this.triggers.dropWorker(worker, isAwaited ? this.options.restart_grace_ms : 0)
    this.workers.delete(worker.id)
    this.#slots.handOvers?.workerEnded(worker)
    this.#settlement.workerEnded(worker)
    this.#telemetry.workerEnded(worker, abnormal)
    this.#events.onWorkerEnded(worker)
  }

  failCalls(worker: Worker, why?: string): void {
    this.#settlement.failCalls(worker, why)
  }

  idle(worker: Worker, ms: number): Promise<boolean> {
    return this.#settlement.idle(worker, ms)
  }

  #keepsId(entry: FunctionEntry, worker: Worker, abnormal: boolean): boolean {
    if (entry.slot !== undefined) return entry.slot === worker.slot && entry.slot.phase !== 'removed'
    if (!abnormal || !this.#grace.isOn) return false
    this.#grace.begin(entry, isTrusted(worker.policy))
    return true
  }

  /** Functions of external workers that were there when the engine ended: calls wait for their return as after a loss. */
  awaitReturn(names: Iterable<{ readonly namespace: string; readonly id: string }>): void {
    if (!this.#grace.isOn) return
    for (const { namespace, id } of names) {
      const entry = this.functions.foresee(namespace, id)
      if (entry !== undefined) this.#grace.begin(entry, true)
    }
  }

  // ── plugins ──────────────────────────────────────────────────────────────────────────────────────────────────────

  get slots(): ReadonlyMap<string, PluginSlot> {
    return this.#slots.all
  }

  openSlot(name: string, options: SlotOptions): PluginSlot {
    return this.#slots.open(name, options)
  }

  refuseCalls(slot: PluginSlot, why: string): void {
    this.#slots.refuseCalls(slot, why)
  }

  removeSlot(slot: PluginSlot): void {
    this.#slots.remove(slot)
  }

  beginHandOver(slots: readonly PluginSlot[]): HandOver {
    return this.#slots.beginHandOver(slots)
  }

  close(): void {
    this.#unanswered.close()
  }
}
