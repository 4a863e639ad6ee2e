// What the host knows of one instance of a plugin over all its generations: what is wanted of it, the phase it is in, history,
// counters (spec 09 §3). A plugin with one entry has one instance, of its own name.
import type { WorkerEntry } from '../../config/types.ts'
import type { PluginSlot } from '../../model/plugin-slot.ts'
import { CrashBudget } from './crash-budget.ts'
import type { Generation } from '../generations/generation.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import { cancelRetry, servingIn, type Phase, type PluginState } from './phase.ts'
import type { PluginSource } from './plugin-source.ts'
import { Refusals } from './refusals.ts'

export interface LastCrash {
  readonly at: string
  readonly code: string
  readonly message: string
}

export interface HistoryItem {
  readonly at: string
  readonly from: PluginState
  readonly to: PluginState
  readonly cause: string
  readonly ms: number
  readonly error?: string
}

/** Items of `history` that are kept (spec 09 §3). */
const HISTORY_ITEMS = 20

export class PluginInstance {
  /** `hello`; of further entries of one plugin `hello#1`, … (spec 04 A.6). */
  readonly name: string
  readonly plugin: string
  /** Undefined when the plugin's files are gone. */
  source: PluginSource | undefined
  /** Why files of its name can't be used, where there are any. */
  problem: string | undefined
  /** Undefined without an entry in the configuration. */
  entry: WorkerEntry | undefined
  /** Stopped by `engine::plugins::stop`: it stays so until `start` or `reload`. */
  held = false
  phase: Phase = { name: 'available' }
  readonly refusals = new Refusals()
  /** Number of the latest generation that was committed. */
  generationNumber = 0
  slot: PluginSlot | undefined
  /** Origin of the user's plugin that runs, or ran last, in the place of the built-in of this name. */
  replacedBy: string | undefined
  startedAt: string | undefined
  loadMs = 0
  restarts = 0
  lastCrash: LastCrash | undefined
  readonly history: HistoryItem[] = []
  readonly budget: CrashBudget
  /** It may not share a thread any more: reloaded once, in it when it crashed, or a further instance of code that is there already. */
  apart: boolean

  constructor(name: string, plugin: string, maxCrashes: number) {
    this.name = name
    this.plugin = plugin
    this.apart = name !== plugin
    this.budget = new CrashBudget({ crashes: maxCrashes })
  }

  get state(): PluginState {
    return this.phase.name
  }

  /** Serving now. */
  get generation(): Generation | undefined {
    return servingIn(this.phase)
  }

  /** What it declares, while it runs or is about to run again. */
  get declaration(): PluginDeclaration | undefined {
    const { phase } = this
    return phase.name === 'restarting' ? phase.ended.declaration : this.generation?.declaration
  }

  /** Runs, or is about to, if the host has its way. */
  get wanted(): boolean {
    return this.entry !== undefined && this.entry.enabled && !this.held
  }

  /** Leaves a phase for another that lasts. */
  enter(to: Phase, cause: string, at: number, ms = 0, error?: string): void {
    this.note(to.name, cause, at, ms, error)
    if (to !== this.phase) cancelRetry(this.phase)
    this.phase = to
  }

  /** Another line of the history. */
  note(to: PluginState, cause: string, at: number, ms = 0, error?: string): void {
    this.history.push({
      at: new Date(at).toISOString(),
      from: this.state,
      to,
      cause,
      ms: Math.round(ms),
      ...(error === undefined ? {} : { error }),
    })
    if (this.history.length > HISTORY_ITEMS) this.history.shift()
  }
}
