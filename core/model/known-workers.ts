// What the core must know of workers that it is not itself. It names none: the table of built-in workers, which is handed in, does.
import { ExactGrants } from './exact-grants.ts'

/** Who would provide what is missing: the canonical name of a worker, whether or not it runs; undefined for what is not a built-in's. */
export interface KnownWorkers {
  ofTriggerType(id: string): string | undefined
  ofFunction(id: string): string | undefined
  /** Whether this version has the worker: only then is there a point in adding it to a configuration. */
  isProvided(worker: string): boolean
  /** The engine's own and those of the workers. */
  readonly exactGrants: ExactGrants
}

export const NO_KNOWN_WORKERS: KnownWorkers = {
  ofTriggerType: () => undefined,
  ofFunction: () => undefined,
  isProvided: () => false,
  exactGrants: new ExactGrants([]),
}

/**
 * What to do about something that nobody provides, for the end of a message.
 * @param worker whose it is, as `ofTriggerType` or `ofFunction` says.
 * @param what in words: `it`, `engine::queue::enqueue`.
 */
export function howToProvide(
  what: string,
  worker: string | undefined,
  known: Pick<KnownWorkers, 'isProvided'>,
): string {
  if (worker === undefined) return `connect a worker that registers ${what}`
  if (known.isProvided(worker)) return `add '${worker}' to the configuration`
  return `connect a worker that registers ${what}; '${worker}', which does so in iii, is not part of this version`
}
