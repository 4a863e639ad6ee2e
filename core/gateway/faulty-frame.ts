// A frame that is no message: it has no effect, and whoever waits for one is told at once. Clients drop what they cannot parse, and let
// their caller time out.
import type { ThrottledWarnings } from '../../base/warnings/throttled-warnings.ts'
import type { Envelope } from '../../protocol/scanner/envelope.ts'
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'
import type { Calls } from '../router/ports.ts'
import { invalidMessage } from './answer-error.ts'

/** @param envelope as far as the frame was read. */
export function ignoreFrame(
  frame: Buffer,
  envelope: Envelope,
  problem: string,
  worker: Worker,
  router: Calls & { readonly warnings: ThrottledWarnings },
): void {
  if (isBlank(frame)) return
  router.warnings.count(`invalid ${worker.id}`, `frame ignored: ${problem}`, { worker: worker.name ?? worker.id })
  const { invocationId, type } = envelope
  if (invocationId === undefined) return
  const isAnswer = type === 'invocationresult' || (type === '' && worker.calls.has(invocationId))
  if (isAnswer) {
    const error = invalidMessage(`the answer of the worker could not be decoded: ${problem}`)
    router.settle(worker, invocationId, undefined, error)
  } else if (type === 'invokefunction' || type === '') refuseFrame(envelope, problem, worker)
}

/** Answers the call that the frame was to be, if an answer is waited for. */
export function refuseFrame({ invocationId, functionId }: Envelope, problem: string, { link }: Worker): void {
  if (invocationId === undefined) return
  const call = { functionId, invocationId, traceparent: undefined, baggage: undefined } as Call
  link.answer(call, undefined, invalidMessage(problem), true)
}

function isBlank(frame: Buffer): boolean {
  for (const byte of frame) if (byte > 0x20) return false
  return true
}
