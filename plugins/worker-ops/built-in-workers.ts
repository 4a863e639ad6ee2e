// The workers that every engine of this version has, by name: adding one needs no registry.
import { ENGINE_WORKERS } from '../engine-workers/workers.generated.ts'

export interface BuiltInWorker {
  readonly name: string
  /** Other names that a configuration may use. */
  readonly aliases: readonly string[]
  /** Runs where the configuration does not name it, too. */
  readonly mandatory: boolean
}

/** Parts of the engine that are no plugins. */
const CORE: ReadonlySet<string> = new Set(['iii-worker-manager', 'iii-engine-functions'])

export const BUILT_IN_WORKERS: readonly BuiltInWorker[] = [
  ...ENGINE_WORKERS,
  { name: 'iii-engine-functions', aliases: [], mandatory: true },
]

export function builtInWorker(name: string): BuiltInWorker | undefined {
  return BUILT_IN_WORKERS.find((worker) => worker.name === name || worker.aliases.includes(name))
}

/** Always loaded, without being a plugin. */
export function isPartOfEngine(name: string): boolean {
  return CORE.has(name)
}

/** The names of one worker are the same. */
export function canonicalName(name: string): string {
  return builtInWorker(name)?.name ?? name
}
