// The state machine of one plugin instance: which condition it is in, and what belongs to that condition alone.
// The name is the `state` that listings show (spec 09 §3).
import type { EntryProblem } from '../../config/entry-problem.ts'
import type { Generation } from '../generations/generation.ts'

/** Another try that waits for its time. */
export interface Retry {
  /** How many tries there were before it. */
  readonly attempt: number
  cancel(): void
}

export interface Failure {
  readonly code: string
  readonly message: string
  /** Where it is the entry that is wrong. */
  readonly problems?: readonly EntryProblem[] | undefined
}

export type Phase =
  /** Nothing runs and nothing is to: no entry, a disabled one, stopped by hand. */
  | { readonly name: 'available' | 'disabled' | 'stopped' }
  /** The first generation is being made. */
  | { readonly name: 'starting' }
  /** `retry`: a busy change is tried again, or a replica that ended is replaced. */
  | { readonly name: 'running'; readonly generation: Generation; readonly retry?: Retry }
  /** A change of generation is under way: what ends meanwhile is dealt with when it is over. */
  | { readonly name: 'draining'; readonly generation: Generation }
  /** It ended by itself; calls wait for the code that ran. */
  | { readonly name: 'restarting'; readonly ended: Generation; readonly retry: Retry }
  /** It does not serve, and nothing will change that by itself. */
  | { readonly name: 'failed'; readonly failure: Failure }

export type PluginState = Phase['name']

/** The generation that serves. */
export function servingIn(phase: Phase): Generation | undefined {
  return phase.name === 'running' || phase.name === 'draining' ? phase.generation : undefined
}

/** Nothing of it is anywhere: no thread, no ids. */
export function isIdle({ name }: Phase): boolean {
  return name === 'available' || name === 'disabled' || name === 'stopped'
}

export function cancelRetry(phase: Phase): void {
  if (phase.name === 'running' || phase.name === 'restarting') phase.retry?.cancel()
}
