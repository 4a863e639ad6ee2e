// What happens to a worker's call before it is dispatched: policy, middleware, and the action enqueue (spec 01 §9.2–§9.4, 04 B.4–B.5).
import { randomId } from '../../base/values/random-ids.ts'
import type { ErrorBody } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import { attributedTo, attribution } from '../model/attribution.ts'
import type { Action } from '../model/action.ts'
import { isVoid, type Call } from '../model/call.ts'
import { checkCall, middlewareOf } from '../model/policy.ts'
import type { Worker } from '../model/worker.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import {
  ENQUEUE_FUNCTION,
  enqueueTimedOut,
  furtherMembers,
  jobIn,
  misplacedNamespace,
  unknownMembers,
} from './enqueue.ts'
import { EnqueueCall, type EnqueueCallDeps } from './enqueue-call.ts'
import { EnqueueRequests } from './enqueue-requests.ts'
import { ENQUEUE_MS, EnqueueWaits } from './enqueue-waits.ts'
import { middlewareRequest } from './middleware.ts'
import type { Caller, Registries } from './ports.ts'
import type { Settlement } from './settlement.ts'

const NO_BYTES = Buffer.alloc(0)

export interface CallIntakeDeps {
  readonly registries: Registries
  readonly engineWorker: Worker
  readonly caller: Caller
  readonly settlement: Settlement
  readonly telemetry: Telemetry
  readonly warnings: ThrottledWarnings
  readonly dispatch: (call: Call) => void
}

interface Middleware {
  readonly functionId: string
  /** That of the call. */
  readonly namespace: string
}

export class CallIntake {
  readonly #deps: CallIntakeDeps
  readonly #telemetry: Telemetry
  readonly #dispatch: (call: Call) => void
  readonly #enqueues: EnqueueCallDeps
  readonly #requests = new EnqueueRequests()

  constructor(deps: CallIntakeDeps) {
    this.#deps = deps
    this.#telemetry = deps.telemetry
    this.#dispatch = deps.dispatch
    const { settlement, engineWorker, registries } = deps
    const waits = new EnqueueWaits<EnqueueCall>(({ call }) => settlement.fail(call, enqueueTimedOut(ENQUEUE_MS)))
    this.#enqueues = { engineWorker, settlement, waits, known: () => registries.known }
  }

  take(call: Call, action: Action | undefined): void {
    const { observer } = this.#telemetry
    if (observer !== undefined) observer.begin(call)
    const asked = call.namespace
    if (asked !== DEFAULT_NAMESPACE) {
      if (asked.trim() === '') {
        const message = "'namespace' is empty: omit it or give a name"
        return this.#deps.settlement.fail(call, { code: 'INVALID_NAMESPACE', message })
      }
      // Once and for all: what the caller's rights are checked for is what it gets, however long the call is held.
      // A job is looked for when it runs; that of a session where it was permitted.
      if (action?.type !== 'enqueue' || call.caller.policy.kind === 'session')
        call.namespace = this.#deps.registries.functions.homeOf(asked, call.functionId)
    }
    const { policy } = call.caller
    if (policy.kind !== 'trusted' || call.binding !== undefined) {
      const refusal = this.#refusal(call, action)
      call.caller.sessionCalls++
      if (refusal !== undefined) return this.#refuse(call, refusal)
    }
    const middleware = middlewareOf(policy)
    if (middleware !== undefined && !this.#isEngineFunction(call))
      return this.#callMiddleware(call, action, { functionId: middleware, namespace: asked })
    if (action?.type === 'enqueue') return this.#enqueue(call, action)
    this.#dispatch(call)
  }

  #refusal(call: Call, action: Action | undefined): ErrorBody | undefined {
    const { caller, namespace, functionId, binding } = call
    const own = this.#check(caller, namespace, functionId)
    if (own !== undefined) return own
    if (binding !== undefined) return this.#deps.registries.triggers.checkBindingCall(call)
    if (caller.policy.kind !== 'session') return undefined
    if (action?.type === 'enqueue') return this.#checkJob(caller, namespace, functionId)
    return functionId === ENQUEUE_FUNCTION ? this.#checkJobIn(call) : undefined
  }

  /** The queue stores what its function is asked to: the target is the session's all the same (spec 09 §4 c). */
  #checkJobIn(call: Call): ErrorBody | undefined {
    const job = jobIn(call.data)
    if (job === undefined) return undefined
    call.data = job.data
    const { caller } = call
    const namespace = this.#deps.registries.functions.homeOf(job.namespace, job.functionId)
    return this.#check(caller, namespace, job.functionId) ?? this.#checkJob(caller, namespace, job.functionId)
  }

  /** A job may run when its namespace has lost the function: then what `default` shares gets it (spec 01 §13). */
  #checkJob(caller: Worker, namespace: string, functionId: string): ErrorBody | undefined {
    if (namespace === DEFAULT_NAMESPACE || !this.#deps.registries.functions.isShared(functionId)) return undefined
    return this.#check(caller, DEFAULT_NAMESPACE, functionId)
  }

  #check({ policy }: Worker, namespace: string, functionId: string): ErrorBody | undefined {
    // Of others it is not asked for: an event for a thousand functions would have it looked up a thousand times.
    if (policy.kind !== 'session') return checkCall(policy, namespace, functionId, undefined)
    const registered = this.#deps.registries.functions.find(namespace, functionId)?.presented?.registration.metadata
    return checkCall(policy, namespace, functionId, registered)
  }

  #refuse(call: Call, refusal: ErrorBody): void {
    const { settlement, warnings } = this.#deps
    const { caller } = call
    caller.sessionDenied++
    // Of a void call its settlement tells.
    if (!isVoid(call))
      warnings.count(`refused ${attributedTo(caller)}`, `call refused: ${refusal.message}`, attribution(caller))
    settlement.fail(call, refusal)
  }

  #isEngineFunction(call: Call): boolean {
    if (!call.functionId.startsWith('engine::')) return false
    const { registries, engineWorker } = this.#deps
    const entry = registries.functions.find(call.namespace, call.functionId)
    return entry?.providers.some((provider) => provider.worker === engineWorker) ?? false
  }

  /** Whoever calls can't help it, and need not know the names of functions that look like it. */
  #missMiddleware(call: Call, functionId: string): void {
    const { settlement, warnings } = this.#deps
    const { listener } = call.caller
    warnings.count(`middleware ${functionId}`, `the middleware '${functionId}' is not registered: calls fail`, {
      listener,
    })
    const message = 'the middleware of this listener is not registered; nothing can be called until it is'
    settlement.fail(call, { code: 'function_not_found', message })
  }

  /** The middleware is looked for where the call was made, then in `default` (spec 04 B.5). */
  #callMiddleware(call: Call, action: Action | undefined, { functionId, namespace }: Middleware): void {
    const { caller, settlement, registries } = this.#deps
    const home = registries.functions.trustedHomeOf(namespace, functionId)
    if (registries.functions.find(home, functionId) === undefined) return this.#missMiddleware(call, functionId)
    const data = middlewareRequest(call, action)
    const { metadata, traceparent, baggage } = call
    releasePayload(call)
    caller.invokeThen(
      {
        functionId,
        namespace: home,
        data,
        traceparent,
        baggage,
        madeFor: call.caller,
        isForVoid: call.invocationId === undefined,
        ...(metadata === undefined ? {} : { metadata }),
      },
      (result, error) => settlement.answer(call, result, error),
    )
  }

  #enqueue(call: Call, action: Extract<Action, { type: 'enqueue' }>): void {
    const { registries, settlement } = this.#deps
    const misplaced = misplacedNamespace(action)
    if (misplaced !== undefined) return settlement.fail(call, misplaced)
    const provider = registries.functions.find(DEFAULT_NAMESPACE, ENQUEUE_FUNCTION)
    const isPlugin = provider?.slot !== undefined
    const further = provider === undefined || isPlugin ? [] : furtherMembers(action)
    if (further.length > 0) return settlement.fail(call, unknownMembers(further))
    const receiptId = randomId()
    const request = new EnqueueCall(call, this.#requests.write(call, action, receiptId), receiptId, this.#enqueues)
    releasePayload(call)
    this.#enqueues.waits.begin(request)
    this.#telemetry.observer?.begin(request)
    this.#dispatch(request)
  }
}

/** Its bytes went along in another call. They are a part of what was read from the socket, all of which they would keep. */
function releasePayload(call: Call): void {
  call.data = NO_BYTES
  call.metadata = undefined
}
