// Tells which Markdown files others have changed in some folders. Events only say that it is time to look: what counts is what the files
// are then, against what they were. What the engine has written itself is taken over beforehand, in turn, and so is never told.
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { PathWatch } from '../../../base/files/path-watch.ts'
import { Burst } from '../../../base/time/burst.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { LONGEST_BURST_MS, MAX_DEPTH, MAX_FILES, MAX_FOLDERS, QUIET_MS, READS_AT_ONCE } from './bounds.ts'
import type { ChangesInTurn } from './changes-in-turn.ts'
import { inBatches } from './in-batches.ts'

export interface ChangeWatchDeps {
  /** Absolute paths. They need not exist, and may lie in one another. */
  readonly folders: readonly string[]
  readonly clock: Clock
  readonly changes: ChangesInTurn
  /** Absolute paths of files that were written, came or went; never none. */
  readonly onChange: (files: readonly string[]) => void
  readonly onError: (error: Error) => void
}

export class ChangeWatch {
  readonly #deps: ChangeWatchDeps
  readonly #paths: PathWatch
  readonly #burst: Burst
  /** By absolute path, what tells one state of a file from another. */
  #prints = new Map<string, string>()
  #folders = new Set<string>()
  #hasTooMany = false
  #isClosed = false

  constructor(deps: ChangeWatchDeps) {
    this.#deps = deps
    const { clock, onError } = deps
    this.#burst = new Burst(QUIET_MS, { clock, longestMs: LONGEST_BURST_MS, onEnd: () => void this.#lookAgain() })
    this.#paths = new PathWatch({ onEvent: () => this.#burst.add(), onError })
  }

  /** Resolves when what changes from now on is told. */
  begin(): Promise<void> {
    return this.#deps.changes.run(async () => {
      if (this.#isClosed) return
      this.#prints = await this.#look()
    })
  }

  /** These files are what the engine has made of them. In turn with other changes. */
  async wrote(files: readonly string[]): Promise<void> {
    await inBatches(files, READS_AT_ONCE, async (file) => {
      const print = await printOf(file)
      if (print === undefined) this.#prints.delete(file)
      else this.#prints.set(file, print)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#burst.close()
    this.#paths.close()
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.#deps.changes.run(async () => {
        if (this.#isClosed) return
        const prints = await this.#look()
        const before = this.#prints
        this.#prints = prints
        const files = new Set([...before.keys(), ...prints.keys()])
        const changed = [...files].filter((file) => before.get(file) !== prints.get(file)).sort()
        if (changed.length > 0 && !this.#isClosed) this.#deps.onChange(changed)
      })
    } catch (error) {
      this.#deps.onError(error as Error)
    }
  }

  /** Each folder is watched before it is looked at, so that nothing comes in between. */
  async #look(): Promise<Map<string, string>> {
    const prints = new Map<string, string>()
    const folders = new Set<string>()
    let level: readonly string[] = this.#deps.folders
    for (let depth = 0; level.length > 0 && depth < MAX_DEPTH && prints.size < MAX_FILES; depth++) {
      for (const folder of level.slice(0, MAX_FOLDERS - folders.size)) folders.add(folder)
      if (!this.#isClosed) this.#paths.follow(this.#folders.union(folders))
      const taken = level.filter((folder) => folders.has(folder))
      if (taken.length < level.length) this.#toldTooMany()
      const below = await inBatches(taken, READS_AT_ONCE, (folder) => this.#lookInto(folder, prints))
      level = below.flat().filter((folder) => !folders.has(folder))
    }
    this.#folders = folders
    if (!this.#isClosed) this.#paths.follow(folders)
    return prints
  }

  #toldTooMany(): void {
    if (!this.#hasTooMany) this.#deps.onError(new Error(`only ${MAX_FOLDERS} folders are watched, and there are more`))
    this.#hasTooMany = true
  }

  /** Adds the files, and returns the folders in it. */
  async #lookInto(folder: string, prints: Map<string, string>): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const shown = entries.filter(({ name }) => !name.startsWith('.'))
    const files = shown.filter((entry) => !entry.isDirectory() && entry.name.endsWith('.md'))
    for (const { name } of files) {
      const file = path.join(folder, name)
      const print = await printOf(file)
      if (print !== undefined) prints.set(file, print)
    }
    return shown.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name))
  }
}

/** Another one whenever the file is written or replaced, and not with its rights; undefined where there is none. */
async function printOf(file: string): Promise<string | undefined> {
  const stats = await lstat(file, { bigint: true }).catch(() => undefined)
  if (stats === undefined || stats.isDirectory()) return undefined
  return `${stats.ino} ${stats.size} ${stats.mtimeNs}`
}
