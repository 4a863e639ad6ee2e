// What the host knows of one plugin over all its generations: state, history, counters (spec 09 §3). No behaviour of its own.
import type { WorkerEntry } from '../../config/types.ts'
import type { PluginSlot } from '../../model/plugin-slot.ts'
import { CrashBudget } from './crash-budget.ts'
import type { Generation } from '../generations/generation.ts'
import type { PluginSource } from './plugin-source.ts'

export type PluginState =
  | 'available'
  | 'disabled'
  | 'starting'
  | 'running'
  | 'draining'
  | 'restarting'
  | 'stopped'
  | 'failed'

export type StaleReason = 'build' | 'import' | 'start' | 'busy' | 'config'

export interface Stale {
  readonly since: string
  readonly reason: StaleReason
  readonly error: string
}

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

export class PluginRecord {
  readonly name: string
  /** Undefined when its files are gone. */
  source: PluginSource | undefined
  /** Why files of its name can't be used, where there are any. */
  problem: string | undefined
  /** Undefined without an entry in the configuration. */
  entry: WorkerEntry | undefined
  state: PluginState = 'available'
  /** Number of the latest generation that was committed. */
  generationNumber = 0
  generation: Generation | undefined
  slot: PluginSlot | undefined
  stale: Stale | undefined
  /** Why it is not running, for state `failed`. */
  failure: { readonly code: string; readonly message: string } | undefined
  startedAt: string | undefined
  loadMs = 0
  restarts = 0
  lastCrash: LastCrash | undefined
  readonly history: HistoryItem[] = []
  readonly budget: CrashBudget
  /** Stopped by `engine::plugins::stop`: it stays so until `start` or `reload`. */
  held = false
  /** It has left the shared thread: reloaded once, or in it when it crashed. */
  apart = false
  /** A change of generation is under way: what ends meanwhile is dealt with by it. */
  changing = false
  /** Cancels the waiting restart or the retry of a busy hand-over. */
  cancelRetry: (() => void) | undefined
  busyRetries = 0

  constructor(name: string, maxCrashes: number) {
    this.name = name
    this.budget = new CrashBudget({ crashes: maxCrashes })
  }

  /** Runs, or is about to, if the host has its way. */
  get wanted(): boolean {
    return this.entry !== undefined && this.entry.enabled && !this.held
  }

  move(to: PluginState, cause: string, at: number, ms = 0, error?: string): void {
    this.history.push({
      at: new Date(at).toISOString(),
      from: this.state,
      to,
      cause,
      ms: Math.round(ms),
      ...(error === undefined ? {} : { error }),
    })
    if (this.history.length > HISTORY_ITEMS) this.history.shift()
    this.state = to
  }

  markStale(reason: StaleReason, error: string, at: number): void {
    this.stale = { since: new Date(at).toISOString(), reason, error }
  }
}
