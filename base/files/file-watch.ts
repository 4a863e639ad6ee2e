// Tells that files changed which patterns name. Events only say where to look: what counts is whether a folder holds something else than
// when it was looked at last, so that no change is lost, and none is told that was none.
import { join } from 'node:path'
import { PathWatch } from './path-watch.ts'
import { Burst } from '../time/burst.ts'
import type { Clock } from '../time/clock.ts'
import { differences, type FolderState, NOTHING, readFolder } from './folder-state.ts'

/** Silence that ends a burst of changes. */
const QUIET_MS = 200
/** A burst is told after that even if it never pauses. */
export const LONGEST_BURST_MS = 2_000
/** Folders that one watch watches. */
export const MAX_FOLDERS = 10_000

/** A folder whose files are watched, with those of folders below it where it is recursive. */
export interface WatchRoot {
  readonly folder: string
  readonly isRecursive: boolean
  readonly matches: (fileName: string) => boolean
}

export interface FileWatchDeps {
  readonly clock: Clock
  /** Absolute paths of files that were written, came or went. */
  readonly onChange: (files: readonly string[]) => void
  readonly onError: (error: Error) => void
  /** Folders beyond the limit are not watched; told once. */
  readonly onTooMany: (limit: number) => void
  /** A folder that was found below a root is left out. */
  readonly isLeftOut: (folder: string) => boolean
  readonly maxFolders?: number
  /** Silence that ends a burst of changes. Default 200. */
  readonly quietMs?: number
}

interface Place {
  readonly folder: string
  readonly root: WatchRoot
}

interface Watched {
  readonly root: WatchRoot
  state: FolderState
}

export class FileWatch {
  readonly #deps: FileWatchDeps
  readonly #paths: PathWatch
  readonly #burst: Burst
  readonly #maxFolders: number
  /** By absolute path, then by root: one folder may lie below several roots. */
  readonly #folders = new Map<string, Map<WatchRoot, Watched>>()
  /** Folders to be looked at again, with the names that events had; undefined: one had none. */
  #dirty = new Map<string, Set<string> | undefined>()
  /** Of which it was told already that they can't be read. */
  readonly #unreadable = new Set<string>()
  #looks: Promise<void> = Promise.resolve()
  #hasTooMany = false
  #isClosed = false

  constructor(deps: FileWatchDeps) {
    this.#deps = deps
    this.#maxFolders = deps.maxFolders ?? MAX_FOLDERS
    this.#burst = new Burst(deps.quietMs ?? QUIET_MS, {
      clock: deps.clock,
      longestMs: LONGEST_BURST_MS,
      onEnd: () => this.#lookAgain(),
    })
    this.#paths = new PathWatch({
      onEvent: (folder, name) => {
        this.#touched(folder, name)
        this.#burst.add()
      },
      onError: deps.onError,
    })
  }

  /** Resolves when everything has been looked at: what changes from now on is told. */
  begin(roots: readonly WatchRoot[]): Promise<void> {
    return this.#inTurn(() =>
      this.#take(
        roots.map((root) => ({ folder: root.folder, root })),
        new Set(),
      ),
    )
  }

  /** Files that match now, as absolute paths. */
  *files(): Generator<string> {
    for (const [folder, watched] of this.#folders) {
      const names = new Set([...watched.values()].flatMap(({ state }) => [...state.files.keys()]))
      for (const name of names) yield join(folder, name)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#burst.close()
    this.#paths.close()
  }

  #touched(folder: string, name: string | undefined): void {
    if (name === undefined) this.#dirty.set(folder, undefined)
    else if (!this.#dirty.has(folder)) this.#dirty.set(folder, new Set([name]))
    else this.#dirty.get(folder)?.add(name)
  }

  /** One look after the other. */
  #inTurn(look: () => Promise<void>): Promise<void> {
    this.#looks = this.#looks.then(look).catch((error: Error) => this.#deps.onError(error))
    return this.#looks
  }

  #lookAgain(): void {
    const dirty = this.#dirty
    this.#dirty = new Map()
    void this.#inTurn(async () => {
      const changed = new Set<string>()
      for (const [folder, names] of dirty) await this.#examine(folder, (name) => names?.has(name) ?? true, changed)
      if (this.#isClosed) return
      // Without what has gone.
      this.#paths.follow(new Set(this.#folders.keys()))
      if (changed.size > 0) this.#deps.onChange([...changed])
    })
  }

  /** Adds files that are other than before, in this folder and in those below it that have come or gone. */
  async #examine(folder: string, isTouched: (name: string) => boolean, changed: Set<string>): Promise<void> {
    const come: Place[] = []
    for (const watched of this.#folders.get(folder)?.values() ?? []) {
      const { root, state: before } = watched
      watched.state = await this.#read(folder, root, before)
      for (const name of differences(before, watched.state, isTouched)) changed.add(join(folder, name))
      const { folders } = watched.state
      for (const name of before.folders.difference(folders)) this.#drop({ folder: join(folder, name), root }, changed)
      for (const name of folders.difference(before.folders)) come.push({ folder: join(folder, name), root })
    }
    await this.#take(come, changed)
  }

  /** Watches these folders and those below, each before it is read. Adds the files in them. */
  async #take(places: readonly Place[], found: Set<string>): Promise<void> {
    for (let level = places; level.length > 0 && !this.#isClosed;) {
      const taken = level.filter((place) => this.#enter(place))
      this.#paths.follow(new Set(this.#folders.keys()))
      const below: Place[] = []
      for (const { folder, root } of taken) {
        const watched = this.#folders.get(folder)?.get(root)
        if (watched === undefined) continue
        watched.state = await this.#read(folder, root, NOTHING)
        for (const name of watched.state.files.keys()) found.add(join(folder, name))
        for (const name of watched.state.folders) below.push({ folder: join(folder, name), root })
      }
      level = below
    }
  }

  #enter({ folder, root }: Place): boolean {
    const known = this.#folders.get(folder)
    if (known === undefined && this.#folders.size >= this.#maxFolders) {
      if (!this.#hasTooMany) this.#deps.onTooMany(this.#maxFolders)
      this.#hasTooMany = true
      return false
    }
    const roots = known ?? new Map<WatchRoot, Watched>()
    roots.set(root, { root, state: NOTHING })
    this.#folders.set(folder, roots)
    return true
  }

  /** A folder below a root has gone, with all that is in it. Adds the files that were. */
  #drop({ folder, root }: Place, gone: Set<string>): void {
    const roots = this.#folders.get(folder)
    const watched = roots?.get(root)
    if (watched === undefined) return
    roots?.delete(root)
    if (roots?.size === 0) this.#folders.delete(folder)
    for (const name of watched.state.files.keys()) gone.add(join(folder, name))
    for (const name of watched.state.folders) this.#drop({ folder: join(folder, name), root }, gone)
  }

  /** Of a folder that can't be read for now, what it held before. */
  async #read(folder: string, root: WatchRoot, before: FolderState): Promise<FolderState> {
    try {
      const { files, folders } = await readFolder(folder, root.matches, () => this.#deps.clock.now())
      this.#unreadable.delete(folder)
      if (!root.isRecursive) return { files, folders: NOTHING.folders }
      return { files, folders: new Set([...folders].filter((name) => !this.#deps.isLeftOut(join(folder, name)))) }
    } catch (error) {
      if (!this.#unreadable.has(folder)) this.#deps.onError(error as Error)
      this.#unreadable.add(folder)
      return before
    }
  }
}
