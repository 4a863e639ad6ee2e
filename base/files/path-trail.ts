// The way to a path: every folder that finding it goes through, links included. What it leads to changes only when one of these does.
import { lstatSync, readlinkSync, type Stats } from 'node:fs'
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

/** @param enter called for each folder before anything is looked up in it: what happens afterwards can be watched from then on. */
export function walkTrail(path: string, enter: (folder: string) => void): Trail {
  const steps: Step[] = []
  let { folder, names } = partsOf(resolve(path))
  for (let links = 0; ;) {
    const name = names.shift()
    if (name === '..') folder = dirname(folder)
    if (name === '.' || name === '..') continue
    enter(folder)
    if (name === undefined) return { steps, folder }
    steps.push({ folder, name })
    const at = join(folder, name)
    const found = look(at)
    if (found?.isDirectory() === true) {
      folder = at
      continue
    }
    const target = found?.isSymbolicLink() === true ? readLink(at) : undefined
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
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
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
