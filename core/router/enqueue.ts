// `TriggerAction.Enqueue`: the call becomes one of `engine::queue::enqueue`, which any worker may provide (spec 01 §9.4).
import { isRecord } from '../../base/values/is-record.ts'
import { parseExact } from '../../base/values/exact-json.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { messageUnder, type CodedError, type ErrorBody } from '../../protocol/errors.ts'
import type { Action } from '../model/action.ts'
import { howToProvide, type KnownWorkers } from '../model/known-workers.ts'

export type EnqueueAction = Extract<Action, { type: 'enqueue' }>

export const ENQUEUE_FUNCTION = 'engine::queue::enqueue'

const NONE: readonly string[] = []

const RECEIPT_HEAD = '{"messageReceiptId":"'
const UUID_LENGTH = 36
const receipt = Buffer.from(`${RECEIPT_HEAD}${' '.repeat(UUID_LENGTH)}"}`)

/**
 * What the publisher gets, valid until the next one is made. The id is the engine's, whatever a worker answers (spec 03 §3.2); a plugin alone
 * may say that an earlier job stands for this one, by its deduplication key: then it names that.
 * @param receiptId a UUID. @param answer of a plugin
 */
export function enqueueReceipt(receiptId: string, answer?: Buffer): Buffer {
  // The usual answer is the receipt itself, and is not read.
  if (answer !== undefined && answer.length > receipt.length) {
    const { messageReceiptId: id, duplicate } = JSON.parse(answer.toString()) as Partial<Record<string, unknown>>
    if (duplicate === true && typeof id === 'string')
      return Buffer.from(JSON.stringify({ messageReceiptId: id, duplicate }))
  }
  receipt.latin1Write(receiptId, RECEIPT_HEAD.length, UUID_LENGTH)
  return receipt
}

export function enqueueFailure(error: CodedError, known: KnownWorkers): ErrorBody {
  const code = 'enqueue_error'
  return { code, message: error.code === 'function_not_found' ? nobody(known) : messageUnder(code, error) }
}

/** The job that a call of the queue's own function asks for; undefined when it names no function. */
export function jobIn(data: Buffer): { functionId: string; namespace: string; data: Buffer } | undefined {
  const job = parseExact(data.toString())
  if (!isRecord(job)) return undefined
  const { function_id: functionId, namespace } = job
  if (typeof functionId !== 'string') return undefined
  // Written anew: of members that are there twice the queue sees what was looked at.
  const seen = Buffer.from(JSON.stringify(job))
  return { functionId, namespace: typeof namespace === 'string' ? namespace : DEFAULT_NAMESPACE, data: seen }
}

/** Members of the action that only a plugin gets: the input of a worker's function is closed (spec 03 §3.2). */
export function furtherMembers(action: EnqueueAction): readonly string[] {
  let further: string[] | undefined
  for (const member in action) if (member !== 'type' && member !== 'queue') (further ??= []).push(member)
  return further ?? NONE
}

/** Where the function is looked for is the call's to say: there the caller's rights were checked (spec 04 B.4). */
export function misplacedNamespace(action: EnqueueAction): ErrorBody | undefined {
  if (!Object.hasOwn(action, 'namespace')) return undefined
  const message = "'namespace' is no member of the action: it belongs beside 'action', as a member of the call"
  return { code: 'enqueue_error', message }
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
