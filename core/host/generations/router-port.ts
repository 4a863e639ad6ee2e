// What the plugin host needs of the router, no more: plugins appear, are handed over, end.
import type { DrainedState } from '../../model/drained-state.ts'
import type { PluginSlot, SlotOptions } from '../../model/plugin-slot.ts'
import type { Worker } from '../../model/worker.ts'

/** One change of generation of one or more plugins; `core/router/hand-over.ts` says what each step does. */
export interface HandOverPort {
  readonly conflicts: readonly string[]
  /** Name of the plugin for whose sake the drain was given up. */
  readonly deadEnd: string | undefined
  drain(ms: number, until?: DrainedState, isForced?: boolean): Promise<boolean>
  reopen(): void
  /** `why` in words for the callers. */
  failRemaining(why: string): void
  /** An old generation has stopped and gets no call any more. */
  close(worker: Worker): void
  stage(worker: Worker): void
  /** Its gate stays closed after the commit: whoever calls it wakes it. What the engine tells it reaches it. */
  rest(slot: PluginSlot, wake: () => void): void
  registered(): Promise<void>
  commit(): void
  abandon(): void
}

export interface RouterPort {
  openSlot(name: string, options: SlotOptions): PluginSlot
  removeSlot(slot: PluginSlot): void
  /** One at a time and slot. */
  beginHandOver(slots: readonly PluginSlot[]): HandOverPort
  addWorker(worker: Worker): void
  endWorker(worker: Worker, options: { abnormal: boolean; why?: string }): void
  /** Calls get `plugin_unavailable` with this reason, until the next hand-over of the slot begins. */
  refuseCalls(slot: PluginSlot, why: string): void
  /** Settles what the worker has not answered with `invocation_stopped`. */
  failCalls(worker: Worker, why: string): void
  /** True once the worker has answered all its calls, false after `ms`. */
  idle(worker: Worker, ms: number): Promise<boolean>
}
