// Hooks: functions that are asked before a session's registration takes effect, and may rewrite or refuse it (spec 04 B.6).
import { CodedError, toErrorBody, type ErrorBody } from '../../protocol/errors.ts'
import { withDeadline } from '../../base/time/deadline.ts'
import { parseUnrounded } from '../../base/values/exact-json.ts'
import type { Worker } from '../model/worker.ts'
import type { Caller } from './ports.ts'
import type { RegistrationRefusals } from './registration-refusals.ts'

const HOOK_MS = 10_000

export interface HookQuestion {
  readonly hook: string
  readonly input: Readonly<Record<string, unknown>>
  /** Whose registration it is. */
  readonly worker: Worker
  /** The registration in words. */
  readonly subject: string
}

/** What a hook answered: an object whose members replace those of the registration. */
export type HookAnswer = Readonly<Record<string, unknown>>

export class Hooks {
  readonly #caller: Caller
  readonly #refusals: RegistrationRefusals

  constructor(caller: Caller, refusals: RegistrationRefusals) {
    this.#caller = caller
    this.#refusals = refusals
  }

  /**
   * Calls `accept` with the answer, or `deny` with FORBIDDEN: no object, an error, no answer in time. Never rejects.
   * @param deny default: the worker is told, and it is logged
   */
  async ask(
    { hook, input, worker, subject }: HookQuestion,
    accept: (answer: HookAnswer) => void,
    deny: (error: ErrorBody) => void = (error) => void this.#refusals.denied(worker, subject, error),
  ): Promise<void> {
    try {
      const data = Buffer.from(JSON.stringify(input))
      const asked = this.#caller.invoke({ functionId: hook, data, madeFor: worker })
      const late = (): Error => new Error(`hook '${hook}' did not answer within ${HOOK_MS} ms`)
      const answer = await withDeadline(asked, HOOK_MS, late)
      const value: unknown = answer === undefined ? null : parseUnrounded(answer.toString())
      if (!isObject(value)) throw new CodedError('FORBIDDEN', `hook '${hook}' refused ${subject}`)
      if (worker.phase === 'open') accept(value)
    } catch (error) {
      const { code, message } = toErrorBody(error)
      // What is not there, and which ids look like it, is the operator's to know.
      const isMissing = code === 'function_not_found'
      deny({
        code: 'FORBIDDEN',
        message: isMissing ? `nobody decides on ${subject}: its hook is not registered` : message,
      })
    }
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
