// A change of configuration is one change in two phases over all who take part in it: plugin host, listeners, entries that are no
// plugins, settings of the engine. `prepare` refuses whatever can be refused and changes nothing that anybody could notice;
// `commit` can't fail for a reason that could have been known.
import type { EngineConfig } from './types.ts'

/** Why a configuration can't be brought into force. */
export interface ChangeProblem {
  /** Whose part it is, in words: `plugin 'hello'`, `listener 'iii-worker-manager#1'`. */
  readonly subject: string
  readonly code: string
  readonly message: string
}

/** One part of a change, prepared. Exactly one of `commit` and `discard` is called. */
export interface PreparedPart {
  /** Not empty: the change is refused, and `discard` follows. */
  readonly problems: readonly ChangeProblem[]
  /** Brings the part into force. What it rejects with was not to be known before; it has then taken its own part back. */
  commit(): Promise<void>
  /** Gives back what `prepare` holds: threads, bound ports. */
  discard(): Promise<void>
}

export interface ChangeParticipant {
  prepare(wanted: EngineConfig): Promise<PreparedPart>
}
