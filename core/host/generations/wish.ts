// What somebody wants of one plugin instance, and the step that it leads to. Boot, a saved file, the configuration, settings at run
// time, `engine::plugins::*` and a crash differ in nothing else.
import type { WorkerEntry } from '../../config/types.ts'
import { isIdle } from '../table/phase.ts'
import type { PluginInstance } from '../table/plugin-instance.ts'
import type { PluginSource } from '../table/plugin-source.ts'
import type { RefusedSubject } from '../table/refusals.ts'
import { sameEntry } from '../table/same-entry.ts'
import type { Generation, GenerationError, GenerationPlan } from './generation.ts'
import type { Config, Settings } from './plugin-settings.ts'

/** As history and log name it. */
export type Cause =
  | 'boot'
  | 'file'
  | 'configuration'
  | 'settings'
  | 'reload'
  | 'start'
  | 'stop'
  | 'retry'
  | 'crash'
  | 'load'
  | 'shutdown'

export interface Wish {
  readonly instance: PluginInstance
  readonly cause: Cause
  /** The entry that is to hold. */
  readonly entry: WorkerEntry | undefined
  /** It is to run. */
  readonly runs: boolean
  /** The plugin's files, or why they can't be used. */
  readonly source: PluginSource | undefined
  readonly problem: string | undefined
  /** Nothing of it is changed in this turn, which does not claim it. Default false. */
  readonly untouched?: boolean
  /** A new generation even if code and configuration are those that run. Default false. */
  readonly anew?: boolean
  /** To be set in place of the settings that count. */
  readonly settings?: Config
  /** The code that crashed: it is started again, not what lies on disk. */
  readonly crashed?: Generation
}

/** A wish for what the instance is, at the moment, to be. */
export function wishFor(
  instance: PluginInstance,
  cause: Cause,
  more: Pick<Wish, 'anew' | 'settings' | 'crashed'> = {},
): Wish {
  const { entry, source, problem, wanted: runs } = instance
  return { instance, cause, entry, runs, source, problem, ...more }
}

/** Whether a changed configuration changes anything of the instance. What is stopped by hand has its own turn for it. */
export function isConcerned({ instance, entry, runs }: Wish): boolean {
  const { generation } = instance
  if (!sameEntry(instance.entry, entry)) return true
  if (entry === undefined || (!runs && !instance.held)) return !isIdle(instance.phase)
  return runs && generation !== undefined && !sameEntry(generation.plan.entry, entry)
}

/** Files or a configuration that are refused still lie there; settings that are refused are wanted by nobody any more. */
export function subjectOf(cause: Cause): RefusedSubject {
  return cause === 'configuration' ? 'configuration' : 'code'
}

/** What is to be done for a wish. */
export type Plan =
  /** Nothing but to note the entry. `isCurrent`: what runs is the code on disk. */
  | { readonly kind: 'keep'; readonly wish: Wish; readonly isCurrent: boolean }
  /** Changed settings are applied in place, else `otherwise` is done. */
  | {
      readonly kind: 'reconfigure'
      readonly wish: Wish
      readonly entry: WorkerEntry
      readonly generation: Generation
      readonly settings: Settings
      otherwise(): Promise<GenerationPlan>
    }
  | { readonly kind: 'replace'; readonly wish: Wish; readonly plan: GenerationPlan }
  | { readonly kind: 'stop'; readonly wish: Wish }

/** A plan with what it needs at hand. */
export type Step =
  | Exclude<Plan, { kind: 'replace' }>
  | { readonly kind: 'replace'; readonly wish: Wish; readonly to: Generation }

export interface Refusal {
  readonly wish: Wish
  readonly error: GenerationError
}
