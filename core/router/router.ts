// Brings calls to providers and answers back to callers (design, "The life of a call"; spec 01 §9).
// Knows no wire format and no plugin life cycle: links encode, the hand-over decides which calls pass while a plugin is replaced.
import { randomUUID } from 'node:crypto'
import { errorBytes, readError, type ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { EngineOptions } from '../model/options.ts'
import type { Log } from '../log.ts'
import { checkCall, middlewareOf } from '../model/policy.ts'
import type { FunctionEntry, Provider } from '../model/function-entry.ts'
import { FunctionRegistry } from '../registry/functions.ts'
import type { TriggerRegistry } from '../registry/triggers.ts'
import type { HttpInvoker } from '../model/http-invoker.ts'
import type { Worker } from '../model/worker.ts'
import type { Action } from '../model/action.ts'
import { callerIdOf, type Call } from '../model/call.ts'
import { chooseProvider } from './choose-provider.ts'
import { ENQUEUE_FUNCTION, enqueueRequest, enqueueReceipt, enqueueFailure } from './enqueue.ts'
import { Gate } from '../model/gate.ts'
import { engineCall, type EngineRequest } from './engine-call.ts'
import { HandOver } from './hand-over.ts'
import { NO_KNOWN_WORKERS, type KnownWorkers } from '../model/known-workers.ts'
import { IdleWaiters } from './idle-waiters.ts'
import { invocationChannel, publishInvocation } from '../telemetry/invocation-channel.ts'
import { middlewareRequest } from './middleware.ts'
import { PluginSlot, type SlotOptions } from '../model/plugin-slot.ts'
import { turnNow } from '../../base/time/turn-clock.ts'
import { RestartGrace } from './restart-grace.ts'
import type { RouterEvents } from './router-events.ts'
import { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { attributeBaggage } from '../telemetry/trace-context.ts'
import { UnansweredCalls } from './unanswered-calls.ts'

const NO_BYTES = Buffer.alloc(0)
const STOPPED = errorBytes({ code: 'invocation_stopped', message: 'Invocation stopped' })

export class Router {
  readonly functions: FunctionRegistry
  readonly options: EngineOptions
  readonly log: Log
  readonly warnings: ThrottledWarnings
  readonly known: KnownWorkers
  /** Every worker that is attached, by id. */
  readonly workers = new Map<string, Worker>()
  readonly slots = new Map<string, PluginSlot>()
  readonly #events: RouterEvents
  readonly #idle = new IdleWaiters()
  readonly #grace: RestartGrace
  #engineWorker: Worker | undefined
  #triggers: TriggerRegistry | undefined
  #httpInvoker: HttpInvoker | undefined
  #handOver: HandOver | undefined
  readonly #unanswered: UnansweredCalls

  /** @param known who would provide what is missing. Default: nobody is known. */
  constructor(options: EngineOptions, log: Log, events: RouterEvents, known: KnownWorkers = NO_KNOWN_WORKERS) {
    this.options = options
    this.log = log
    this.warnings = new ThrottledWarnings(log)
    this.#events = events
    this.known = known
    this.functions = new FunctionRegistry(options.duplicate_functions, {
      onProvided: (entry) => this.#grace.end(entry),
      onChanged: () => events.onFunctionsChanged(),
      onProvidersChanged: (entry) => events.onProvidersChanged(entry),
    })
    this.#grace = new RestartGrace(options, {
      resume: (call) => this.#resume(call),
      miss: (call) => this.#miss(call),
      forget: (entry) => {
        if (entry.providers.length === 0 && entry.slot === undefined) this.functions.delete(entry)
      },
    })
    this.#unanswered = new UnansweredCalls(this)
  }

  /** The parts that need the router themselves. Called once, before anything else. */
  connect(parts: { engineWorker: Worker; triggers: TriggerRegistry; httpInvoker: HttpInvoker }): void {
    this.#engineWorker = parts.engineWorker
    this.#triggers = parts.triggers
    this.#httpInvoker = parts.httpInvoker
    this.workers.set(parts.engineWorker.id, parts.engineWorker)
  }

  get engineWorker(): Worker {
    if (this.#engineWorker === undefined) throw new Error('the router is not connected')
    return this.#engineWorker
  }

  get triggers(): TriggerRegistry {
    if (this.#triggers === undefined) throw new Error('the router is not connected')
    return this.#triggers
  }

  get httpInvoker(): HttpInvoker {
    if (this.#httpInvoker === undefined) throw new Error('the router is not connected')
    return this.#httpInvoker
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes a call that a link has decoded. `call.data` need not outlive this. */
  call(call: Call, action: Action | undefined): void {
    if (call.namespace !== DEFAULT_NAMESPACE && call.namespace.trim() === '') {
      return this.fail(call, { code: 'INVALID_NAMESPACE', message: "'namespace' is empty: omit it or give a name" })
    }
    const { policy } = call.caller
    if (policy.kind !== 'trusted' || call.binding !== undefined) {
      const refusal = this.#refusal(call)
      call.caller.sessionCounts.calls++
      if (refusal !== undefined) return this.#refuse(call, refusal)
    }
    const middleware = middlewareOf(policy)
    if (middleware !== undefined && !this.#isEngineFunction(call)) return this.#callMiddleware(call, action, middleware)
    if (action?.type === 'enqueue') return this.#enqueue(call, action)
    this.#dispatch(call)
  }

  /** Takes the answer of `worker` to the call that it got under `callId`; unknown ids are ignored (spec 01 §9.3). */
  settle(worker: Worker, callId: string | number, result: Buffer | undefined, error: Buffer | undefined): void {
    const call = worker.calls.get(callId)
    if (call === undefined) return
    worker.calls.delete(callId)
    this.#settled(call, worker, result, error)
  }

  /** Makes a call as the engine: no policy, no middleware. Resolves with raw JSON or undefined for no value; rejects with CodedError. */
  invoke(request: EngineRequest): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.invokeThen(request, (result, error) => {
        if (error !== undefined) reject(readError(error))
        else resolve(result === undefined ? undefined : Buffer.from(result))
      })
    })
  }

  /** As `invoke` with a callback inside the settlement; its buffers are valid only while it runs. */
  invokeThen(request: EngineRequest, onSettled: NonNullable<Call['onSettled']>): void {
    this.#dispatch(engineCall(request, this.engineWorker, onSettled))
  }

  /** Settles a call with an error before it reached a provider. */
  fail(call: Call, body: ErrorBody): void {
    if (call.invocationId === undefined && call.onSettled === undefined) {
      this.warnings.count(
        `${body.code} ${call.functionId}`,
        `void call of ${call.functionId} dropped: ${body.message}`,
        {
          code: body.code,
          caller: call.caller.name ?? call.caller.id,
        },
      )
      return
    }
    this.#answer(call, undefined, errorBytes(body))
  }

  #refusal(call: Call): ErrorBody | undefined {
    const registered = this.functions.find(call.namespace, call.functionId)?.presented?.registration.metadata
    const own = checkCall(call.caller.policy, call.namespace, call.functionId, registered)
    if (own !== undefined) return own
    return call.binding === undefined ? undefined : this.triggers.checkBindingCall(call, registered)
  }

  #refuse(call: Call, refusal: ErrorBody): void {
    call.caller.sessionCounts.denied++
    this.log.debug('call refused', { function_id: call.functionId, caller: call.caller.id, reason: refusal.message })
    this.fail(call, refusal)
  }

  #isEngineFunction(call: Call): boolean {
    if (!call.functionId.startsWith('engine::')) return false
    const entry = this.functions.find(call.namespace, call.functionId)
    return entry?.providers.some((provider) => provider.worker === this.engineWorker) ?? false
  }

  #callMiddleware(call: Call, action: Action | undefined, middleware: string): void {
    const data = middlewareRequest(call, action)
    const { metadata, traceparent, baggage } = call
    this.invokeThen(
      { functionId: middleware, data, traceparent, baggage, ...(metadata === undefined ? {} : { metadata }) },
      (result, error) => this.#answer(call, result, error),
    )
  }

  #enqueue(call: Call, action: Extract<Action, { type: 'enqueue' }>): void {
    const receiptId = randomUUID()
    const { traceparent } = call
    this.invokeThen(
      { functionId: ENQUEUE_FUNCTION, data: enqueueRequest(call, action, receiptId), traceparent },
      (_result, error) => {
        if (error === undefined) this.#answer(call, enqueueReceipt(receiptId), undefined)
        else this.fail(call, enqueueFailure(readError(error), this.known))
      },
    )
  }

  #dispatch(call: Call): void {
    const { namespace, functionId } = call
    const staged = call.caller.stage?.find(namespace, functionId)
    if (staged !== undefined && staged.providers.length > 0) return this.#deliverTo(staged, call)
    const entry = this.functions.find(namespace, functionId)
    if (entry === undefined) return this.#miss(call)
    const { slot } = entry
    if (slot !== undefined && slot.phase !== 'open') return this.#atGate(slot, entry, call)
    if (entry.grace !== undefined && entry.providers.length === 0) return this.#hold(entry.grace, call)
    this.#deliverTo(entry, call)
  }

  /** A call that was held goes on, unless the one who waits for its answer has left. A void call goes in any case. */
  #resume(call: Call): void {
    const { caller } = call
    const abandoned = caller.phase === 'gone' && caller.successor === undefined && call.invocationId !== undefined
    if (!abandoned) this.#dispatch(call)
  }

  #deliverTo(entry: FunctionEntry, call: Call): void {
    const provider = chooseProvider(entry, this.options.duplicate_functions)
    if (provider !== undefined) return this.#deliver(call, provider)
    if (entry.slot !== undefined) return this.#hold(entry.slot.gate, call)
    this.fail(call, { code: 'channel_send_failed', message: `No provider of ${call.functionId} can be written to` })
  }

  #atGate(slot: PluginSlot, entry: FunctionEntry, call: Call): void {
    const passage = this.#handOver?.passage(slot, entry, call)
    if (passage !== undefined) return this.#deliverTo(passage, call)
    this.#hold(slot.gate, call)
  }

  #hold(gate: Gate, call: Call): void {
    const { max_invocation_ms: cap } = this.options
    if (gate.hold(call, cap > 0 ? cap : undefined)) return
    this.fail(call, {
      code: 'overloaded',
      message: `Too many calls of ${call.functionId} wait for its provider; try again later`,
    })
  }

  #miss(call: Call): void {
    const elsewhere = this.functions.namespacesOf(call.functionId)
    let message = `Function ${call.functionId} not found`
    if (call.namespace !== DEFAULT_NAMESPACE || elsewhere.length > 0) {
      message += ` in namespace ${call.namespace}.`
      if (elsewhere.length > 0) message += ` It is registered in namespace(s): ${elsewhere.join(', ')}.`
    }
    this.fail(call, { code: 'function_not_found', message })
  }

  #deliver(call: Call, provider: Provider): void {
    if (provider.registration.invocation !== undefined) {
      return this.httpInvoker.invoke(call, provider, (result, error) => this.#answer(call, result, error))
    }
    const { worker } = provider
    const { link, slot } = worker
    if (slot !== undefined && isFull(worker, slot.options, call)) {
      return this.fail(call, {
        code: 'overloaded',
        message: `Plugin '${slot.name}' has ${worker.calls.size} calls in flight; try again later`,
      })
    }
    if (link.queuedBytes > worker.maxQueuedBytes) {
      return this.fail(call, {
        code: 'overloaded',
        message: `Worker '${worker.name ?? worker.id}' does not read: ${link.queuedBytes} bytes wait for it`,
      })
    }
    if (call.traceparent !== undefined || call.baggage !== undefined) attributeBaggage(call)
    const caller = call.caller
    const callId = link.nextCallId(call)
    call.callee = worker
    call.callId = callId
    call.deliveredAt = turnNow()
    call.bytes = call.data.length
    worker.calls.set(callId, call)
    worker.inFlightBytes += call.bytes
    link.deliver(call, callId, provider, callerIdOf(call))
    call.data = NO_BYTES
    call.metadata = undefined
    if (link.congested && caller.link.kind === 'socket') link.throttle(caller.link)
    if (worker.calls.size > worker.maxUnanswered) this.#unanswered.giveUpOldest(worker)
    this.#handOver?.delivered(call)
  }

  #settled(call: Call, worker: Worker, result: Buffer | undefined, error: Buffer | undefined): void {
    worker.inFlightBytes -= call.bytes
    const { slot } = worker
    if (slot !== undefined) {
      slot.calls++
      if (error !== undefined) slot.errors++
      slot.latency.record(performance.now() - call.deliveredAt)
    }
    if (invocationChannel.hasSubscribers) publishInvocation(call, worker, error)
    this.#answer(call, result, error)
    this.#handOver?.settled(call)
    if (!this.#idle.isEmpty && worker.calls.size === 0) this.#idle.became(worker)
  }

  #answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    if (call.onSettled !== undefined) return call.onSettled(result, error)
    if (call.invocationId === undefined) return
    let { caller } = call
    while (caller.successor !== undefined) caller = caller.successor
    if (caller.phase === 'gone' || !caller.link.open) return
    caller.link.answer(call, result, error)
    if (!caller.link.congested) return
    // Who does not read its answers is not read either: it would only ask for more.
    caller.link.throttle(caller.link)
    const callee = call.callee?.link
    if (callee?.kind === 'socket') caller.link.throttle(callee)
  }

  // ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  addWorker(worker: Worker): void {
    this.workers.set(worker.id, worker)
    this.#events.onWorkerAdded(worker)
  }

  /**
   * Tears a worker down, once, in the order of spec 01 §12.1. `abnormal`: no clean close; the ids that only it provided
   * stay known for the restart grace, those of a plugin until its next generation.
   */
  endWorker(worker: Worker, { abnormal }: { abnormal: boolean }): void {
    if (worker.phase === 'gone') return
    worker.phase = 'gone'
    const { slot } = worker
    if (slot !== undefined) {
      slot.workers = slot.workers.filter((other) => other !== worker)
      if (slot.workers.length === 0 && slot.phase === 'open') slot.phase = 'closed'
    }
    this.functions.dropWorker(worker, (entry) => this.#keepsId(entry, worker, abnormal))
    this.failCalls(worker)
    this.triggers.dropWorker(worker)
    this.workers.delete(worker.id)
    this.#handOver?.workerEnded(worker)
    this.#idle.became(worker)
    this.#events.onWorkerEnded(worker)
  }

  /** Settles everything that the worker has not answered with `invocation_stopped`. */
  failCalls(worker: Worker): void {
    const calls = [...worker.calls.values()]
    worker.calls.clear()
    for (const call of calls) this.#settled(call, worker, undefined, STOPPED)
  }

  /** Resolves with true once the worker has answered all its calls, with false after `ms`. */
  idle(worker: Worker, ms: number): Promise<boolean> {
    if (worker.calls.size === 0 || worker.phase === 'gone') return Promise.resolve(true)
    return this.#idle.wait(worker, ms)
  }

  #keepsId(entry: FunctionEntry, worker: Worker, abnormal: boolean): boolean {
    if (entry.slot !== undefined) return entry.slot === worker.slot && entry.slot.phase !== 'removed'
    if (!abnormal || !this.#grace.isOn) return false
    this.#grace.begin(entry)
    return true
  }

  // ── plugins ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes a plugin known. Its gate is closed until the first hand-over commits. */
  openSlot(name: string, options: SlotOptions): PluginSlot {
    const { gate_max_calls: maxCalls, gate_max_bytes: maxBytes, gate_ms: maxMs } = this.options
    const gate = new Gate({ maxCalls, maxBytes, maxMs }, (call) =>
      this.fail(call, {
        code: 'plugin_unavailable',
        message: `Plugin '${name}' did not come back within ${maxMs} ms; see: iii plugins list`,
      }),
    )
    const slot = new PluginSlot(name, options, gate)
    this.slots.set(name, slot)
    return slot
  }

  /** The plugin is stopped or removed: its ids are dropped, waiting calls get `function_not_found`. */
  removeSlot(slot: PluginSlot): void {
    slot.phase = 'removed'
    if (this.slots.get(slot.name) === slot) this.slots.delete(slot.name)
    for (const entry of [...this.functions.ownedBy(slot)]) this.functions.disown(entry)
    slot.gate.release((call) => this.#resume(call))
  }

  /** Starts replacing the generations of these plugins together. One hand-over at a time. */
  beginHandOver(slots: readonly PluginSlot[]): HandOver {
    if (this.#handOver !== undefined) throw new Error('a hand-over is running')
    this.#handOver = new HandOver(this, slots, {
      dispatch: (call) => this.#resume(call),
      done: () => (this.#handOver = undefined),
    })
    return this.#handOver
  }

  close(): void {
    this.#unanswered.close()
  }
}

function isFull(worker: Worker, limits: SlotOptions, call: Call): boolean {
  return worker.calls.size >= limits.maxInFlight || worker.inFlightBytes + call.data.length > limits.maxInFlightBytes
}
