// Builders for router tests: workers behind a link that only records, and calls.
import { randomUUID } from 'node:crypto'
import type { Link } from '../../../core/model/link.ts'
import type { Policy } from '../../../core/model/policy.ts'
import type { Provider } from '../../../core/model/function-entry.ts'
import { Worker } from '../../../core/model/worker.ts'
import type { Call } from '../../../core/model/call.ts'
import type { PluginSlot } from '../../../core/model/plugin-slot.ts'
import type { EngineMessage } from '../../../protocol/messages.ts'

export interface Delivered {
  readonly callId: string | number
  readonly functionId: string
  readonly data: unknown
  readonly callerWorkerId: string | undefined
}

export interface Answered {
  readonly invocationId: string | number | undefined
  readonly result?: unknown
  readonly error?: { code: string; message: string }
}

/** Records what the router writes. */
export class RecordingLink implements Link {
  readonly kind: Link['kind'] = 'socket'
  open = true
  queuedBytes = 0
  congested = false
  readonly delivered: Delivered[] = []
  /** Ids of the deliveries that no test has answered. */
  readonly unanswered: (string | number)[] = []
  readonly answers: Answered[] = []
  readonly sent: EngineMessage[] = []
  readonly throttled: Link[] = []
  #nextId = 0

  maxFrameBytes = Infinity
  limitFrames(): void {}
  tooLarge(): undefined {}

  nextCallId(): string {
    return `out-${++this.#nextId}`
  }
  deliver(call: Call, callId: string | number, provider: Provider, callerWorkerId: string | undefined): void {
    const data: unknown = JSON.parse(call.data.toString())
    this.unanswered.push(callId)
    this.delivered.push({ callId, functionId: provider.registration.rawId, data, callerWorkerId })
  }
  answer(call: Call, result: Buffer | undefined, error: Buffer | undefined): void {
    this.answers.push({
      invocationId: call.invocationId,
      ...(result === undefined ? {} : { result: JSON.parse(result.toString()) }),
      ...(error === undefined ? {} : { error: JSON.parse(error.toString()) }),
    })
  }
  send(message: EngineMessage): boolean {
    this.sent.push(message)
    return true
  }
  throttle(sender: Link): void {
    this.throttled.push(sender)
  }
  pause(): void {}
  resume(): void {}
  close(): void {
    this.open = false
  }
  terminate(): void {
    this.open = false
  }
}

export interface TestWorker {
  readonly worker: Worker
  readonly link: RecordingLink
}

export function makeWorker(options: { policy?: Policy; slot?: PluginSlot; maxUnanswered?: number } = {}): TestWorker {
  const link = new RecordingLink()
  const { slot } = options
  const policy: Policy =
    options.policy ??
    (slot === undefined
      ? { kind: 'trusted', middleware: undefined }
      : { kind: 'plugin', plugin: slot.name, builtIn: slot.options.builtIn, allow: undefined })
  const worker = new Worker({
    id: randomUUID(),
    link,
    policy,
    reattachToken: randomUUID(),
    ...(slot === undefined ? {} : { slot }),
    ...(options.maxUnanswered === undefined ? {} : { maxUnanswered: options.maxUnanswered }),
  })
  return { worker, link }
}

let nextInvocation = 0

/** A call of `functionId`; `wait: false` makes it void. */
export function makeCall(caller: Worker, functionId: string, data: unknown = {}, wait = true): Call {
  return {
    functionId,
    namespace: 'default',
    caller,
    invocationId: wait ? `call-${++nextInvocation}` : undefined,
    data: Buffer.from(JSON.stringify(data)),
    metadata: undefined,
    traceparent: undefined,
    baggage: undefined,
    binding: undefined,
    onSettled: undefined,
    bytes: 0,
    callee: undefined,
    callId: 0,
    deliveredAt: 0,
  }
}
