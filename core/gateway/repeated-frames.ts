// Frames of a worker that say the same as the one before them, but of another function or call: the void calls of one event, and answers that
// say no more than that a call has ended. They are taken without being scanned.
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
  #worker: Worker | undefined
  /** The first one of the run as a call; undefined = they are answers. */
  #call: Call | undefined
  /** Of answers. */
  value: Buffer | undefined

  /** A void call is about to be made, of `frame`. */
  callCame(frame: Buffer, { functionIdStart, functionIdEnd }: Envelope, call: Call): void {
    if (isLast(frame)) return
    this.#worker = call.caller
    this.#call = callAgain(call, call.functionId)
    this.#run.begin(frame, functionIdStart, functionIdEnd, true)
  }

  /** An answer has come, which is no error. */
  answerCame(frame: Buffer, { invocationIdStart, invocationIdEnd }: Envelope, worker: Worker, value?: Buffer): void {
    // Results that somebody waits for differ in what they are.
    if (isLast(frame) || (value !== undefined && (worker.voids === undefined || worker.voids.open === 0))) return
    this.#worker = worker
    this.#call = undefined
    this.value = value
    this.#run.begin(frame, invocationIdStart, invocationIdEnd, false)
  }

  /** What the frame at `[start, end)` says it of, if it repeats the last one; see `FrameRun`. */
  idIn(worker: Worker, bytes: Buffer, start: number, end: number, key: number): string | undefined {
    return worker === this.#worker ? this.#run.textIn(bytes, start, end, key) : undefined
  }

  /** The same call of another function; undefined = the frames are answers. */
  callOf(functionId: string): Call | undefined {
    return this.#call === undefined ? undefined : callAgain(this.#call, functionId)
  }

  /** The read is over. */
  end(): void {
    if (this.#worker === undefined) return
    this.#worker = undefined
    this.#call = undefined
    this.value = undefined
    this.#run.end()
  }
}

/** Nothing stands behind it in the memory of its read. */
function isLast({ buffer, byteOffset, length }: Buffer): boolean {
  return byteOffset + length === buffer.byteLength
}
