// Tells what happens at paths, not at what they led to once: a folder that is deleted and made again, moved away, replaced by another
// or not there yet is followed all the same, and so is a link that is pointed elsewhere. For that each folder on the way is watched
// as well. Reads nothing, and keeps no process alive; which events matter, and when to act, is its users' matter (`base/time/burst.ts`).
import { watch, type FSWatcher } from 'node:fs'
import { join, sep } from 'node:path'
import { walkTrail, type Trail, type Walker } from './path-trail.ts'

/** Who is told by `PathWatch`. */
export interface PathWatchDeps {
  /**
   * Something happened to what a path leads to. With a name: in that folder, to what has this name. Without one: to the file itself,
   * or to the folder as a whole, so that everything in it may be other than before.
   */
  readonly onEvent: (path: string, name: string | undefined) => void
  /** Something can't be watched; told once until everything can again. */
  readonly onError?: (error: Error) => void
}

/** One folder that is watched, for all the paths that lead through it or end in it. */
interface WatchedFolder {
  /** undefined: it is gone, or can't be watched. */
  watcher: FSWatcher | undefined
  problem: Error | undefined
  /** Paths by the name that they look up in here. */
  readonly through: Map<string, Set<string>>
  /** Paths that are this folder. */
  readonly ends: Set<string>
}

/** Tells what happens at paths, also when folders on the way are deleted, made again or moved. */
export class PathWatch {
  readonly #deps: PathWatchDeps
  readonly #trails = new Map<string, Trail>()
  /** By real path. */
  readonly #folders = new Map<string, WatchedFolder>()
  readonly #unwatched = new Set<string>()
  readonly #walker: Walker = {
    enter: (folder) => void this.#enter(folder),
    // Should it be replaced in this moment, its parent's watcher is going to say so.
    knows: (path) => this.#folders.get(path)?.watcher !== undefined,
  }
  #closed = false

  constructor(deps: PathWatchDeps) {
    this.#deps = deps
  }

  /** Watches these absolute paths of files or folders, and no others. They need not exist. */
  follow(paths: ReadonlySet<string>): void {
    if (this.#closed) return
    for (const path of [...this.#trails.keys()]) if (!paths.has(path)) this.#leave(path)
    for (const path of paths) if (!this.#trails.has(path)) this.#walk(path)
    this.#dropUnused()
  }

  close(): void {
    this.#closed = true
    for (const { watcher } of this.#folders.values()) watcher?.close()
    this.#folders.clear()
  }

  // ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `name` is null where the platform doesn't say which one: then everything in the folder counts. */
  #happened(folder: string, type: string, name: string | null): void {
    const watched = this.#folders.get(folder)
    if (watched === undefined) return
    const passing = [...watched.through].filter(([step]) => name === null || step === name)
    const ending = [...watched.ends]
    const anew = new Set<string>()
    for (const [step, paths] of passing) {
      const at = join(folder, step)
      // Of a folder on the way only the attributes have changed.
      if (type === 'change' && this.#folders.get(at)?.watcher !== undefined) continue
      for (const path of paths) anew.add(path)
      this.#unwatchFrom(at)
    }
    this.#walkAgain(anew)
    for (const path of ending) if (!anew.has(path)) this.#deps.onEvent(path, name ?? undefined)
  }

  /** Where a watched folder that is deleted ends its watcher with an error. */
  #failed(folder: string): void {
    const watched = this.#folders.get(folder)
    if (watched === undefined) return
    this.#unwatchFrom(folder)
    this.#walkAgain(new Set([...watched.ends, ...[...watched.through.values()].flatMap((paths) => [...paths])]))
  }

  /** What was watched at this real path and below it is gone, or lies elsewhere now. */
  #unwatchFrom(at: string): void {
    for (const [folder, watched] of this.#folders) {
      if (folder !== at && !folder.startsWith(at + sep)) continue
      watched.watcher?.close()
      watched.watcher = undefined
    }
  }

  #walkAgain(paths: ReadonlySet<string>): void {
    for (const path of paths) {
      this.#leave(path)
      this.#walk(path)
    }
    if (paths.size > 0) this.#dropUnused()
    for (const path of paths) this.#deps.onEvent(path, undefined)
  }

  // ── folders ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #walk(path: string): void {
    const trail = walkTrail(path, this.#walker)
    this.#trails.set(path, trail)
    for (const { folder, name } of trail.steps) {
      const { through } = this.#enter(folder)
      through.set(name, (through.get(name) ?? new Set()).add(path))
    }
    const nearest = this.#enter(trail.folder ?? trail.steps.at(-1)?.folder ?? path)
    if (trail.folder !== undefined) nearest.ends.add(path)
    const isFirst = this.#unwatched.size === 0
    if (nearest.problem === undefined) this.#unwatched.delete(path)
    else this.#unwatched.add(path)
    if (isFirst && nearest.problem !== undefined) this.#deps.onError?.(nearest.problem)
  }

  #leave(path: string): void {
    const { steps = [], folder } = this.#trails.get(path) ?? {}
    for (const step of steps) {
      const through = this.#folders.get(step.folder)?.through
      const paths = through?.get(step.name)
      paths?.delete(path)
      if (paths?.size === 0) through?.delete(step.name)
    }
    if (folder !== undefined) this.#folders.get(folder)?.ends.delete(path)
    this.#trails.delete(path)
  }

  #enter(folder: string): WatchedFolder {
    let watched = this.#folders.get(folder)
    if (watched === undefined) {
      watched = { watcher: undefined, problem: undefined, through: new Map(), ends: new Set() }
      this.#folders.set(folder, watched)
    }
    if (watched.watcher === undefined) this.#open(folder, watched)
    return watched
  }

  #open(folder: string, watched: WatchedFolder): void {
    try {
      const watcher = watch(folder, { persistent: false })
      watcher.on('change', (type, name) => this.#happened(folder, type, name === null ? null : String(name)))
      watcher.on('error', () => this.#failed(folder))
      watched.watcher = watcher
      watched.problem = undefined
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      watched.problem = code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (error as Error)
    }
  }

  #dropUnused(): void {
    for (const [folder, { watcher, through, ends }] of this.#folders) {
      if (through.size > 0 || ends.size > 0) continue
      watcher?.close()
      this.#folders.delete(folder)
    }
  }
}
