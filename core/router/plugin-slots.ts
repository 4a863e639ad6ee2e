// The plugins that the router knows, and the hand-overs that are running.
import type { ErrorBody } from '../../protocol/errors.ts'
import { Gate } from '../model/gate.ts'
import type { Call } from '../model/call.ts'
import type { EngineOptions } from '../model/options.ts'
import { PluginSlot, type SlotOptions } from '../model/plugin-slot.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import type { HandOver } from './hand-over.ts'
import { RunningHandOvers, type RunningHandOversDeps } from './running-hand-overs.ts'

export interface PluginSlotsDeps extends Omit<RunningHandOversDeps, 'refusalOf'> {
  readonly functions: FunctionRegistry
}

export class PluginSlots {
  readonly #options: EngineOptions
  readonly #deps: PluginSlotsDeps
  readonly #slots = new Map<string, PluginSlot>()
  readonly #handOvers: RunningHandOvers

  constructor(options: EngineOptions, deps: PluginSlotsDeps) {
    this.#options = options
    this.#deps = deps
    this.#handOvers = new RunningHandOvers({ ...deps, refusalOf: (slot) => this.refusalOf(slot) })
  }

  /** Asked for each call while any runs. */
  get handOvers(): RunningHandOvers | undefined {
    return this.#handOvers.isEmpty ? undefined : this.#handOvers
  }

  get all(): ReadonlyMap<string, PluginSlot> {
    return this.#slots
  }

  open(name: string, options: SlotOptions): PluginSlot {
    const { gate_max_calls: maxCalls, gate_max_bytes: maxBytes, gate_ms: maxMs } = this.#options
    const gate = new Gate({ maxCalls, maxBytes, maxMs }, (call) =>
      this.#deps.fail(call, {
        code: 'plugin_unavailable',
        message: `Plugin '${name}' did not come back within ${maxMs} ms; see: iii plugins list`,
      }),
    )
    const slot = new PluginSlot(name, options, gate)
    this.#slots.set(name, slot)
    return slot
  }

  remove(slot: PluginSlot): void {
    const { functions, resume } = this.#deps
    slot.phase = 'removed'
    if (this.#slots.get(slot.name) === slot) this.#slots.delete(slot.name)
    for (const entry of [...functions.ownedBy(slot)]) functions.disown(entry)
    slot.gate.release(resume)
  }

  refuseCalls(slot: PluginSlot, why: string): void {
    slot.failure = why
    // They are refused now, but for those that the running hand-over, if any, lets pass.
    slot.gate.release(this.#deps.resume)
  }

  /** A call waits at its gate. */
  held(slot: PluginSlot, call: Call): void {
    this.handOvers?.waits(slot, call)
    slot.wake?.()
  }

  /** What a call is told that would wait for nothing; undefined = it may wait. */
  refusalOf({ name, failure }: PluginSlot): ErrorBody | undefined {
    if (failure === undefined) return undefined
    return { code: 'plugin_unavailable', message: `Plugin '${name}' has failed: ${failure}; see: iii plugins list` }
  }

  beginHandOver(slots: readonly PluginSlot[]): HandOver {
    const handOver = this.#handOvers.begin(slots)
    for (const slot of slots) slot.failure = slot.wake = undefined
    return handOver
  }
}
