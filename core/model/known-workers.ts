// What the core must know of workers that it is not itself. It names none: the table of built-in workers, which is handed in, does.
import { ExactGrants } from './exact-grants.ts'

/** Who would provide what is missing: the canonical name of a worker, whether or not it runs; undefined for what is not a built-in's. */
export interface KnownWorkers {
  ofTriggerType(id: string): string | undefined
  ofFunction(id: string): string | undefined
  /** The engine's own and those of the workers. */
  readonly exactGrants: ExactGrants
}

export const NO_KNOWN_WORKERS: KnownWorkers = {
  ofTriggerType: () => undefined,
  ofFunction: () => undefined,
  exactGrants: new ExactGrants([]),
}
