// What the rest of the engine may ask of the router, in pieces: whoever needs one takes that, and not the router.
import type { ErrorBody } from '../../protocol/errors.ts'
import type { Suggestions } from '../../base/values/suggestions.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'
import type { KnownWorkers } from '../model/known-workers.ts'
import type { PluginSlot, SlotOptions } from '../model/plugin-slot.ts'
import type { Worker } from '../model/worker.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import type { RefusedFunctions } from '../registry/refused-functions.ts'
import type { TriggerRegistry } from '../registry/triggers.ts'
import type { EngineRequest } from './engine-call.ts'
import type { HandOver } from './hand-over.ts'

/** Makes calls as the engine itself: no policy and no middleware applies. */
export interface Caller {
  /** Resolves with raw JSON, or undefined for no value. Rejects with CodedError. */
  invoke(request: EngineRequest): Promise<Buffer | undefined>
  /** As `invoke` with a callback inside the settlement; its buffers are valid only while it runs. */
  invokeThen(request: EngineRequest, onSettled: NonNullable<Call['onSettled']>): void
}

/** Where links bring the calls and answers that they have read. */
export interface Calls {
  /** Takes a call that a link has decoded. `call.data` need not outlive this. */
  call(call: Call, action: Action | undefined): void
  /** Takes the answer of `worker` to the call that it got under `callId`; unknown ids are ignored (spec 01 §9.3). */
  settle(worker: Worker, callId: string | number, result: Buffer | undefined, error: Buffer | undefined): void
  /**
   * Takes a call back that a stopping plugin was given and has not run. If it had passed a closed gate it waits there for the generation
   * that follows, else its caller gets the error.
   */
  takeBack(worker: Worker, callId: string | number, error: Buffer): void
  /** Settles a call with an error before it reached a provider. */
  fail(call: Call, body: ErrorBody): void
}

/** Who is attached. */
export interface WorkerTable {
  /** Every worker that is attached, by id; the engine's own too. */
  readonly workers: ReadonlyMap<string, Worker>
  readonly engineWorker: Worker
  addWorker(worker: Worker): void
  /**
   * Tears a worker down, once, in the order of spec 01 §12.1. `abnormal`: no clean close; the ids that only it provided
   * stay known for the restart grace, those of a plugin until its next generation.
   */
  endWorker(
    worker: Worker,
    how: { abnormal: boolean; /** In words for those whose calls it owes. */ why?: string },
  ): void
}

/** What workers have registered, and who would register what is missing. */
export interface Registries {
  readonly known: KnownWorkers
  readonly functions: FunctionRegistry
  readonly triggers: TriggerRegistry
  /** For ids that are not among them. */
  readonly suggestions: Suggestions
  /** Why some of them are missing. */
  readonly refused: RefusedFunctions
}

/** What the plugin host drives: the slots of plugins, and the change of their generations. */
export interface PluginRouting {
  /** By name of the plugin. */
  readonly slots: ReadonlyMap<string, PluginSlot>
  /** Makes a plugin known. Its gate is closed until the first hand-over commits. */
  openSlot(name: string, options: SlotOptions): PluginSlot
  /** The plugin is stopped or removed: its ids are dropped, waiting calls get `function_not_found`. */
  removeSlot(slot: PluginSlot): void
  /** Starts replacing the generations of these plugins together. Each of them is in one hand-over at a time. */
  beginHandOver(slots: readonly PluginSlot[]): HandOver
  /**
   * The plugin does not serve, and nothing will change that by itself: calls, those that wait too, get `plugin_unavailable` with the
   * reason `why`, until its next hand-over begins.
   */
  refuseCalls(slot: PluginSlot, why: string): void
  /** Settles everything that the worker has not answered with `invocation_stopped`. `why`: in words for the callers. */
  failCalls(worker: Worker, why?: string): void
  /** Resolves with true once the worker has answered all its calls, with false after `ms`. */
  idle(worker: Worker, ms: number): Promise<boolean>
}
