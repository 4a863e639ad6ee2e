// The files that an entry watches: read from its patterns, with a warning for each pattern that can't be meant as it is written.
import { existsSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { FileWatch } from '../../../base/files/file-watch.ts'
import { mergeRoots, type Pattern, readPattern } from './patterns.ts'

/** Folders whose files nobody edits; where a pattern names one of them it is watched. */
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git'])
/** Named in the log. */
const TOLD_FILES = 5

export interface FilesDeps {
  readonly clock: Clock
  readonly log: PluginLog
  readonly projectRoot: string
  readonly onChange: () => void
}

export interface WatchedFiles {
  /** Everything has been looked at: what changes from now on is told. */
  readonly ready: Promise<void>
  close(): void
}

export function watchFiles(texts: readonly string[], deps: FilesDeps): WatchedFiles {
  if (texts.length === 0) return { ready: Promise.resolve(), close() {} }
  const { clock, log, projectRoot, onChange } = deps
  const patterns = texts.map((text) => readPattern(text, projectRoot))
  // The engine's own: written whenever a worker comes or goes.
  const data = join(projectRoot, 'data')
  const watch = new FileWatch({
    clock,
    isLeftOut: (folder) => folder === data || LEFT_OUT.has(basename(folder)),
    onChange: (files) => {
      const told = files.slice(0, TOLD_FILES).map((file) => relative(projectRoot, file))
      log.info('files have changed: the commands are run again', { files: told, count: files.length })
      onChange()
    },
    onError: (error) => log.warn(`changed files may not be noticed: ${error.message}`),
    onTooMany: (limit) =>
      log.warn(`only ${limit} folders are watched, and the patterns have more: name the folders that matter`),
  })
  const ready = watch.begin(mergeRoots(patterns)).then(() => {
    const files = [...watch.files()]
    for (const pattern of patterns) if (!files.some((file) => isMeant(file, pattern))) log.warn(nothingMatches(pattern))
  })
  return { ready, close: () => watch.close() }
}

function isMeant(file: string, { folder, isRecursive, matches }: Pattern): boolean {
  const inside = relative(folder, file)
  const isThere = isRecursive ? !inside.startsWith('..') : inside === basename(file)
  return isThere && matches(basename(file))
}

function nothingMatches({ text, folder }: Pattern): string {
  const why = existsSync(folder) ? `no file in '${folder}' has such a name` : `there is no folder '${folder}'`
  return `nothing matches '${text}' in 'watch' yet: ${why}`
}
