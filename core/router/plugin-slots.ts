// The plugins that the router knows, and the one hand-over that may be running.
import type { ErrorBody } from '../../protocol/errors.ts'
import { Gate } from '../model/gate.ts'
import type { Call } from '../model/call.ts'
import type { EngineOptions } from '../model/options.ts'
import { PluginSlot, type SlotOptions } from '../model/plugin-slot.ts'
import type { FunctionRegistry } from '../registry/functions.ts'
import { HandOver, type HandOverDeps } from './hand-over.ts'

export interface PluginSlotsDeps extends Omit<HandOverDeps, 'done'> {
  readonly functions: FunctionRegistry
  readonly fail: (call: Call, body: ErrorBody) => void
}

export class PluginSlots {
  readonly #options: EngineOptions
  readonly #deps: PluginSlotsDeps
  readonly #slots = new Map<string, PluginSlot>()
  /** Asked for each call while it runs. */
  handOver: HandOver | undefined

  constructor(options: EngineOptions, deps: PluginSlotsDeps) {
    this.#options = options
    this.#deps = deps
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

  beginHandOver(slots: readonly PluginSlot[]): HandOver {
    if (this.handOver !== undefined) throw new Error('a hand-over is running')
    this.handOver = new HandOver(slots, { ...this.#deps, done: () => (this.handOver = undefined) })
    return this.handOver
  }
}
