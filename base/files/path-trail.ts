// The way to a path: every folder that finding it goes through, links included. What it leads to changes only when one of these does.
import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path'

/** A name that was looked up, and the folder (its real path) that it was looked up in. */
export interface Step {
  readonly folder: string
  readonly name: string
}

export interface Trail {
  /** The last one may have found nothing; then the path does not exist. */
  readonly steps: readonly Step[]
  /** Real path of the folder that the path is; undefined when it is a file or not there. */
  readonly folder: string | undefined
}

/** As many as Linux follows. */
const MAX_LINKS = 40

export interface Walker {
  /** Called for each folder before anything is looked up in it: what happens afterwards can be watched from then on. */
  enter(folder: string): void
  /** That this is a folder, and no link, is known already and need not be looked up. */
  knows(path: string): boolean
}

export function walkTrail(path: string, walker: Walker): Trail {
  const steps: Step[] = []
  let { folder, names } = partsOf(resolve(path))
  for (let links = 0; ;) {
    const name = names.shift()
    if (name === '..') folder = dirname(folder)
    if (name === '.' || name === '..') continue
    walker.enter(folder)
    if (name === undefined) return { steps, folder }
    steps.push({ folder, name })
    const at = join(folder, name)
    const found = walker.knows(at) ? 'folder' : look(at)
    if (found === 'folder') {
      folder = at
      continue
    }
    const target = found === 'link' ? readLink(at) : undefined
    if (target === undefined || ++links > MAX_LINKS) return { steps, folder: undefined }
    const jump = isAbsolute(target) ? partsOf(target) : { folder, names: namesIn(target) }
    folder = jump.folder
    names = [...jump.names, ...names]
  }
}

function partsOf(absolute: string): { folder: string; names: string[] } {
  const { root } = parse(absolute)
  return { folder: root, names: namesIn(absolute.slice(root.length)) }
}

function namesIn(path: string): string[] {
  return path.split(sep === '\\' ? /[\\/]/ : '/').filter((name) => name !== '')
}

/** undefined where nothing is, or nothing that may be looked at. */
function look(path: string): 'folder' | 'link' | 'file' | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    return stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file'
  } catch {
    return undefined
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
