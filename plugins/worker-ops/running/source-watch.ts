// The files of a local worker (spec 05 B.5): it is started again when one changes. A worker that writes beside its sources all the time
// would be started again without end: then its files are watched no more.
import { basename } from 'node:path'
import { FileWatch } from '../../../base/files/file-watch.ts'
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'

export const SOURCE_LIMITS = {
  debounceMs: 500,
  /** Of one worker. */
  folders: 2_000,
  /** Within `withinMs`: more come of the worker itself. */
  restarts: 20,
  withinMs: 60_000,
}

/** What is made of sources, and what workers write. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'node_modules',
  'target',
  'dist',
  '__pycache__',
  'data',
  'logs',
  'tmp',
  'coverage',
])
const NO_SOURCE = /\.(log|tmp|pid|sqlite3?|db)([-.].*)?$|^\.|~$/
/** Begin with a dot, and are sources. */
const DOT_SOURCES = /^\.env(\.|$)/

export interface SourceWatchDeps {
  readonly name: string
  readonly folder: string
  readonly clock: Clock
  readonly log: PluginLog
  readonly onChange: (files: readonly string[]) => void
}

/** How often one worker was started again because of its files; outlives the watch, which begins anew with each start. */
export class ChangeRestarts {
  #at: number[] = []

  /** False: too often. */
  count(clock: Clock): boolean {
    const now = clock.passed()
    this.#at = [...this.#at.filter((at) => now - at < SOURCE_LIMITS.withinMs), now]
    return this.#at.length <= SOURCE_LIMITS.restarts
  }
}

export class SourceWatch {
  readonly #watch: FileWatch
  /** Everything has been looked at: what changes from now on is told. */
  readonly ready: Promise<void>

  constructor({ name, folder, clock, log, onChange }: SourceWatchDeps) {
    this.#watch = new FileWatch({
      clock,
      onChange,
      quietMs: SOURCE_LIMITS.debounceMs,
      maxFolders: SOURCE_LIMITS.folders,
      isLeftOut: (below) => LEFT_OUT.has(basename(below)) || basename(below).startsWith('.'),
      onError: (error) => log.warn(`changed files of worker '${name}' may not be noticed: ${error.message}`),
      onTooMany: (limit) => log.warn(`only ${limit} folders of worker '${name}' are watched, and it has more`),
    })
    this.ready = this.#watch.begin([{ folder, isRecursive: true, matches: isSource }])
  }

  close(): void {
    this.#watch.close()
  }
}

function isSource(file: string): boolean {
  return DOT_SOURCES.test(file) || !NO_SOURCE.test(file)
}
