// `TriggerAction.Enqueue`: the call becomes one of `engine::queue::enqueue`, which any worker may provide (spec 01 §9.4).
import { messageUnder, type CodedError, type ErrorBody } from '../../protocol/errors.ts'
import type { Action } from '../model/action.ts'
import { howToProvide, type KnownWorkers } from '../model/known-workers.ts'

export type EnqueueAction = Extract<Action, { type: 'enqueue' }>

export const ENQUEUE_FUNCTION = 'engine::queue::enqueue'

/**
 * What the publisher gets. The id is the engine's, whatever a worker answers (spec 03 §3.2); a plugin alone may say that an earlier job
 * stands for this one, by its deduplication key: then it names that.
 * @param answer of a plugin
 */
export function enqueueReceipt(receiptId: string, answer?: Buffer): Buffer {
  const receipt = `{"messageReceiptId":"${receiptId}"}`
  // The usual answer is the receipt itself, and is not read.
  if (answer !== undefined && answer.length > receipt.length) {
    const { messageReceiptId: id, duplicate } = JSON.parse(answer.toString()) as Partial<Record<string, unknown>>
    if (duplicate === true && typeof id === 'string')
      return Buffer.from(JSON.stringify({ messageReceiptId: id, duplicate }))
  }
  return Buffer.from(receipt)
}

export function enqueueFailure(error: CodedError, known: KnownWorkers): ErrorBody {
  const code = 'enqueue_error'
  return { code, message: error.code === 'function_not_found' ? nobody(known) : messageUnder(code, error) }
}

/** Members of the action that only a plugin gets: the input of a worker's function is closed (spec 03 §3.2). */
export function furtherMembers(action: EnqueueAction): string[] {
  return Object.keys(action).filter((member) => member !== 'type' && member !== 'queue')
}

export function unknownMembers(members: readonly string[]): ErrorBody {
  const names = members.map((member) => `'${member}'`).join(', ')
  return {
    code: 'enqueue_error',
    message: `The queue worker that is connected does not know ${names} of the action. Leave it out, or use the built-in queue.`,
  }
}

export function enqueueTimedOut(ms: number): ErrorBody {
  return {
    code: 'enqueue_error',
    message: `The queue timed out: it did not accept the job within ${ms / 1000} s. It may be stored all the same.`,
  }
}

function nobody(known: KnownWorkers): string {
  const worker = known.ofFunction(ENQUEUE_FUNCTION)
  // By these words programs written for iii tell it.
  const remedy = howToProvide('it', worker, known)
  return `No queue provider is installed (QueueModule not loaded): nobody provides ${ENQUEUE_FUNCTION}; ${remedy}`
}
