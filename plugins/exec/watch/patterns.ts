// What the patterns of `watch` mean (spec 04 part D): a folder, whether what is below it counts, and which extensions files must have.
// The rest of a pattern counts for nothing: `src/**/*.test.ts` are all `.ts` below `src`.
import { basename, dirname, extname, resolve } from 'node:path'
import type { WatchRoot } from '../../../base/files/file-watch.ts'

/** One pattern. */
export interface Pattern {
  readonly text: string
  /** Absolute. */
  readonly folder: string
  /** What is in folders below it counts as well. */
  readonly isRecursive: boolean
  readonly matches: (fileName: string) => boolean
}

/** @param base what a relative pattern refers to */
export function readPattern(text: string, base: string): Pattern {
  const star = text.indexOf('*')
  if (star === -1) return readPath(text, base)
  // What stands between the last slash and the first star is the beginning of a name, which counts for nothing.
  const folder = text.slice(0, text.lastIndexOf('/', star) + 1)
  return {
    text,
    folder: resolve(base, folder),
    isRecursive: text.includes('**'),
    matches: hasExtension(extensionsIn(text.slice(folder.length))),
  }
}

/** Without a star it names a file, or, where its name has no extension, a folder. */
function readPath(text: string, base: string): Pattern {
  const path = resolve(base, text)
  const name = basename(path)
  const isFolder = text.endsWith('/') || (extname(name) === '' && !name.startsWith('.'))
  if (isFolder) return { text, folder: path, isRecursive: false, matches: hasExtension(undefined) }
  return { text, folder: dirname(path), isRecursive: false, matches: (fileName) => fileName === name }
}

/** All patterns of one folder are one root, recursive as soon as one of them is. */
export function mergeRoots(patterns: readonly Pattern[]): readonly WatchRoot[] {
  const groups = Map.groupBy(patterns, ({ folder }) => folder)
  return [...groups].map(([folder, members]) => ({
    folder,
    isRecursive: members.some(({ isRecursive }) => isRecursive),
    matches: (fileName) => members.some(({ matches }) => matches(fileName)),
  }))
}

/** undefined: any. */
function extensionsIn(names: string): ReadonlySet<string> | undefined {
  const group = /\.?\{([^{}]*)\}[^/]*$/.exec(names)?.[1]
  const written = group === undefined ? [/\.([^./]*)$/.exec(names)?.[1] ?? ''] : group.split(',')
  const extensions = written
    .map((extension) => extension.trim().replace(/^.*\./, ''))
    .filter((extension) => extension !== '')
  return extensions.length === 0 || extensions.includes('*') ? undefined : new Set(extensions)
}

/** A file without an extension has none of them. */
function hasExtension(extensions: ReadonlySet<string> | undefined): (fileName: string) => boolean {
  return (fileName) => {
    const extension = extname(fileName).slice(1)
    return extension !== '' && (extensions?.has(extension) ?? true)
  }
}
