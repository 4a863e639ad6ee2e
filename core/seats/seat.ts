// A role that the core leaves to a plugin (design, "The one idea"): whether somebody fills it, and the ways to put something to them.
// What is asked and answered stands in protocol/seats.ts.
import { withDeadline } from '../../base/time/deadline.ts'
import { readError } from '../../protocol/error-bytes.ts'
import { CodedError } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { SEATS, type SeatName } from '../../protocol/seats.ts'
import type { Call } from '../model/call.ts'
import type { FunctionEntry } from '../model/function-entry.ts'
import type { PluginSlot } from '../model/plugin-slot.ts'
import type { Worker } from '../model/worker.ts'
import type { EngineRequest } from '../router/engine-call.ts'

/** What a seat needs of the router. */
export interface SeatRouter {
  readonly functions: { find(namespace: string, id: string): FunctionEntry | undefined }
  invokeThen(request: EngineRequest, onSettled: OnSettled): void
}

export type OnSettled = NonNullable<Call['onSettled']>

/**
 * `empty`: no plugin holds it. `serving`: a running plugin answers. `changing`: the plugin is being handed over to another generation;
 * what is put to it waits at its gate. `away`: its plugin crashed and restarts, or failed; its gate holds calls for a while.
 */
export type SeatState = 'empty' | 'serving' | 'changing' | 'away'

export interface AskOptions {
  /** Makes a value of the answer's JSON. Default: `JSON.parse`. */
  readonly read?: (json: string) => unknown
  /** Default: none. */
  readonly metadata?: object
}

export class Seat<Question, Answer> {
  readonly name: SeatName
  readonly #router: SeatRouter
  readonly #functionId: string
  readonly #listeners: (() => void)[] = []
  #latest: Worker | undefined
  #arrivals = 0

  constructor(name: SeatName, router: SeatRouter) {
    this.name = name
    this.#router = router
    this.#functionId = SEATS[name]
  }

  get state(): SeatState {
    const entry = this.#entry
    const slot = entry?.slot
    if (entry === undefined || slot === undefined) return 'empty'
    if (slot.phase === 'open') return entry.providers.length > 0 ? 'serving' : 'away'
    return slot.workers.length > 0 ? 'changing' : 'away'
  }

  /** A running plugin claimed the seat and serves it; a change of its generation does not interrupt that. */
  get isHeld(): boolean {
    const { state } = this
    return state === 'serving' || state === 'changing'
  }

  /** The plugin whose seat it is, also while that is away. */
  get holder(): PluginSlot | undefined {
    return this.#entry?.slot
  }

  /**
   * Asks the holder, at its gate if need be.
   * @throws CodedError `plugin_unavailable` when the seat is empty, `timeout` after `ms`, else the holder's error.
   */
  async ask(question: Question, ms: number, options: AskOptions = {}): Promise<Answer> {
    const { read = JSON.parse, metadata } = options
    if (this.state === 'empty') throw this.#vacancy()
    const asked = new Promise<Answer>((resolve, reject) => {
      this.pass(jsonRequest(Buffer.from(JSON.stringify(question)), metadata), (result, error) => {
        if (error !== undefined) reject(readError(error))
        else resolve((result === undefined ? undefined : read(result.toString())) as Answer)
      })
    })
    const late = (): Error => new CodedError('timeout', `the seat '${this.name}' did not answer within ${ms} ms`)
    return withDeadline(asked, ms, late)
  }

  /**
   * Tells the holder something, as JSON or in bytes that nobody looks at. `onLost` is called once when nobody took it: the seat is not
   * held, its plugin is overloaded, or fails.
   */
  tell(message: Question | Buffer, onLost: (reason: CodedError) => void, metadata?: object): void {
    if (!this.isHeld) return onLost(this.#vacancy())
    const data = Buffer.isBuffer(message) ? message : Buffer.from(JSON.stringify(message))
    this.pass(jsonRequest(data, metadata), (_result, error) => {
      if (error !== undefined) onLost(readError(error))
    })
  }

  /** Calls the seat's function with payload and answer unread; both are valid only until the callback returns. */
  pass(request: Omit<EngineRequest, 'functionId'>, onSettled: OnSettled): void {
    this.#router.invokeThen({ ...request, functionId: this.#functionId }, onSettled)
  }

  /** `listener` is called, later, each time that another generation has taken the seat. */
  onArrival(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** How many generations have taken the seat: what was agreed with one is nothing to the next. */
  get arrivals(): number {
    return this.#arrivals
  }

  /** From the registry: a provider of some function came or went. */
  providersChanged({ id, namespace, providers }: FunctionEntry): void {
    if (id !== this.#functionId || namespace !== DEFAULT_NAMESPACE) return
    const latest = providers.at(-1)?.worker
    if (latest === undefined || latest === this.#latest) return
    this.#latest = latest
    this.#arrivals++
    // Within the step that commits a generation its gate is still closed.
    for (const listener of this.#listeners) queueMicrotask(listener)
  }

  get #entry(): FunctionEntry | undefined {
    return this.#router.functions.find(DEFAULT_NAMESPACE, this.#functionId)
  }

  #vacancy(): CodedError {
    const what = this.state === 'away' ? 'the plugin that holds' : 'no plugin holds'
    const end = this.state === 'away' ? ' does not run' : ''
    return new CodedError('plugin_unavailable', `${what} the seat '${this.name}'${end}`)
  }
}

/** @param data raw JSON */
export function jsonRequest(data: Buffer, metadata: object | undefined): { data: Buffer; metadata?: Buffer } {
  return { data, ...(metadata !== undefined && { metadata: Buffer.from(JSON.stringify(metadata)) }) }
}
