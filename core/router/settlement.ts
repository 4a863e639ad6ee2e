// How calls end: with the answer of their callee, with an error before they reached one, or with the end of the callee. Each once.
import { errorBytes } from '../../protocol/error-bytes.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { attributedTo, attribution } from '../model/attribution.ts'
import { isVoid, type Call } from '../model/call.ts'
import { toldError } from '../model/told-error.ts'
import type { Worker } from '../model/worker.ts'
import { invocationChannel, publishInvocation } from '../telemetry/channels.ts'
import type { CallCounts } from '../telemetry/metrics.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { IdleWaiters } from './idle-waiters.ts'

const STOPPED = stopped()

export interface SettlementDeps {
  readonly warnings: ThrottledWarnings
  readonly telemetry: Telemetry
  /** Told of each call that its callee has done with. */
  readonly onSettled: (call: Call) => void
}

export class Settlement {
  readonly #warnings: ThrottledWarnings
  readonly #telemetry: Telemetry
  readonly #counts: CallCounts
  readonly #onSettled: (call: Call) => void
  readonly #idle = new IdleWaiters()

  constructor({ warnings, telemetry, onSettled }: SettlementDeps) {
    this.#warnings = warnings
    this.#telemetry = telemetry
    this.#counts = telemetry.metrics.counts
    this.#onSettled = onSettled
  }

  /** Takes the answer of `worker` to the call that it got under `callId`; unknown ids are ignored (spec 01 §9.3). */
  settle(worker: Worker, callId: string | number, result: Buffer | undefined, error: Buffer | undefined): void {
    const { voids } = worker
    if (voids !== undefined && voids.open > 0 && voids.answered(callId)) return this.#becomeIdle(worker)
    const call = worker.calls.take(callId)
    if (call === undefined) return
    this.#settled(call, worker, result, error)
  }

  /** Takes the answer to a call that was made in place of `worker`, which may have ended since. */
  settleElsewhere(call: Call, worker: Worker, result: Buffer | undefined, error: Buffer | undefined): void {
    worker.madeElsewhere--
    this.#ended(call, worker, result, error)
  }

  /** `worker` has not run the call, and does not count as having had it. */
  takenBack(worker: Worker, call: Call): void {
    worker.calls.take(call.callId)
    this.#leaves(call, worker)
    this.#onSettled(call)
    call.callee = undefined
    this.#becomeIdle(worker)
  }

  /** Settles a call with an error before it reached a provider. */
  fail(call: Call, body: ErrorBody): void {
    if (body.code === 'overloaded') this.#counts.overloaded++
    if (isVoid(call)) {
      this.#counts.voidDropped++
      const { caller, functionId } = call
      const message = `void call of ${functionId} dropped: ${body.message}`
      // A session could think of a thousand ids.
      const subject = caller.policy.kind === 'session' ? attributedTo(caller) : functionId
      this.#warnings.count(`${body.code} ${subject}`, message, { code: body.code, ...attribution(caller) })
    }
    this.#answer(call, undefined, errorBytes(body), true)
  }

  /** Ends a call: its caller gets the outcome, if it waits for one and is still there. */
  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    this.#answer(call, result, error, false)
  }

  #answer(call: Call, result: Buffer | undefined, error: Buffer | undefined, isUndelivered: boolean): void {
    const { observer } = this.#telemetry
    if (observer !== undefined) observer.end(call, error)
    if (error === undefined) this.#counts.success++
    else this.#telemetry.callFailed(call, error)
    if (call.onSettled !== undefined) return call.onSettled(result, error)
    if (call.invocationId === undefined) return
    let { caller } = call
    while (caller.successor !== undefined) caller = caller.successor
    if (caller.phase === 'gone' || !caller.link.open) return
    const told = error === undefined ? undefined : toldError(caller.policy, error)
    caller.link.answer(call, result, told, isUndelivered)
    if (!caller.link.congested) return
    // Who does not read its answers is not read either: it would only ask for more.
    caller.link.throttle(caller.link)
    const callee = call.callee?.link
    if (callee?.kind === 'socket') caller.link.throttle(callee)
  }

  /** Ends a call whose caller has left before it could be delivered: nobody is told but the engine itself, where it made the call for another. */
  abandon(call: Call): void {
    this.#telemetry.observer?.end(call, STOPPED)
    this.#counts.error++
    call.onSettled?.(undefined, STOPPED)
  }

  /** Settles everything that the worker has not answered with `invocation_stopped`. `why`: in words for the callers. */
  failCalls(worker: Worker, why?: string): void {
    worker.voids?.clear()
    if (worker.calls.size === 0) return
    const calls = [...worker.calls]
    worker.calls.clear()
    const error = why === undefined ? STOPPED : stopped(why)
    for (const call of calls) this.#settled(call, worker, undefined, error)
  }

  /** Resolves with true once the worker has answered all its calls, with false after `ms`. */
  idle(worker: Worker, ms: number): Promise<boolean> {
    if (worker.inFlight === 0 || worker.phase === 'gone') return Promise.resolve(true)
    return this.#idle.wait(worker, ms)
  }

  /** The worker is gone: nobody waits for it any longer. */
  workerEnded(worker: Worker): void {
    this.#idle.became(worker)
  }

  #leaves(call: Call, worker: Worker): void {
    worker.inFlightBytes -= call.bytes
    if (!isVoid(call)) worker.waiting--
  }

  #settled(call: Call, worker: Worker, result: Buffer | undefined, error: Buffer | undefined): void {
    this.#leaves(call, worker)
    this.#ended(call, worker, result, error)
  }

  #ended(call: Call, worker: Worker, result: Buffer | undefined, error: Buffer | undefined): void {
    const { slot } = worker
    if (slot !== undefined) {
      slot.calls++
      if (error !== undefined) slot.errors++
      slot.latency.record(performance.now() - call.deliveredAt)
    }
    if (invocationChannel.hasSubscribers) publishInvocation(call, worker, error)
    this.answer(call, result, error)
    this.#onSettled(call)
    this.#becomeIdle(worker)
  }

  #becomeIdle(worker: Worker): void {
    if (!this.#idle.isEmpty && worker.inFlight === 0) this.#idle.became(worker)
  }
}

function stopped(why?: string): Buffer {
  const message = why === undefined ? 'Invocation stopped' : `Invocation stopped: ${why}`
  return errorBytes({ code: 'invocation_stopped', message })
}
