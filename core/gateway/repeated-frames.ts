// Frames of a worker that say the same as the one before them, but of another function or call: the void calls of one event, and answers that
// say no more than that a call has ended; and answers without a value that look like the last one of any worker. They are taken without
// being scanned.
import { AnswerForm } from '../../protocol/scanner/answer-form.ts'
import { FrameRun } from '../../protocol/scanner/frame-run.ts'
import type { Envelope } from '../../protocol/scanner/envelope.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { Worker } from '../model/worker.ts'
import { callAgain } from './read-call.ts'

/** What calls must be that may be repeated. */
export const VOID: Action = { type: 'void' }

export class RepeatedFrames {
  readonly #run = new FrameRun()
  readonly #form = new AnswerForm()
  /** What was read last has the form, and is not part of the run. */
  #isOfForm = false
  #worker: Worker | undefined
  /** The first one of the run as a call; undefined = they are answers. */
  #call: Call | undefined
  /** Of the answers of the run. */
  #value: Buffer | undefined

  /** A void call is about to be made, of `frame`. */
  callCame(frame: Buffer, { functionIdStart, functionIdEnd }: Envelope, call: Call): void {
    if (isLast(frame)) return
    this.#worker = call.caller
    this.#call = callAgain(call, call.functionId)
    this.#run.begin(frame, functionIdStart, functionIdEnd, true)
  }

  /** An answer has come, which is no error. */
  answerCame(frame: Buffer, envelope: Envelope, worker: Worker, value?: Buffer): void {
    if (value === undefined) this.#form.learn(frame, envelope)
    // Results that somebody waits for differ in what they are.
    if (isLast(frame) || (value !== undefined && (worker.voids === undefined || worker.voids.open === 0))) return
    this.#worker = worker
    this.#call = undefined
    this.#value = value
    this.#run.begin(frame, envelope.invocationIdStart, envelope.invocationIdEnd, false)
  }

  /** What the frame at `[start, end)` says it of, if it repeats another one; see `FrameRun` and `AnswerForm`. */
  idIn(worker: Worker, bytes: Buffer, start: number, end: number, key: number): string | undefined {
    const id = worker === this.#worker ? this.#run.textIn(bytes, start, end, key) : undefined
    this.#isOfForm = id === undefined
    return id ?? this.#form.idIn(bytes, start, end, key)
  }

  /** The same call of another function; undefined = the frame is an answer. */
  callOf(functionId: string): Call | undefined {
    return this.#call === undefined || this.#isOfForm ? undefined : callAgain(this.#call, functionId)
  }

  /** Of the answer that was read last. */
  get value(): Buffer | undefined {
    return this.#isOfForm ? undefined : this.#value
  }

  /** The read is over. */
  end(): void {
    if (this.#worker === undefined) return
    this.#worker = undefined
    this.#call = undefined
    this.#value = undefined
    this.#run.end()
  }
}

/** Nothing stands behind it in the memory of its read. */
function isLast({ buffer, byteOffset, length }: Buffer): boolean {
  return byteOffset + length === buffer.byteLength
}
