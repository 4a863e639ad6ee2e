// Where installed packages lie: `<workers>/<name>/<version>/`. A package is made in a folder beside that and comes to its place by a
// rename, so that a version is there whole or not at all; what an earlier process left half-made is removed.
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '../../../base/files/atomic-file.ts'

/** The process that made it, so that another one knows whether it is still at work. */
const STAGING = /^\.staging-(\d+)-[0-9a-f]+$/
/** What was in the place of a version before: `.replaced-<process>-<random>-<version>`. */
const REPLACED = /^\.replaced-(\d+)-[0-9a-f]+-(.+)$/
const CLEARED = /^\.cleared-(\d+)-[0-9a-f]+$/
/** So many other fetches of a version may come to its place while one is on its way there. */
const MOST_OTHERS = 10
/** No installation takes as long. */
const STALE_MS = 15 * 60_000

export class ArtifactFolders {
  readonly #workersDir: string
  /** Of this object, at work: names of folders that are no leftovers. */
  readonly #own = new Set<string>()

  constructor(workersDir: string) {
    this.#workersDir = workersDir
  }

  of(name: string, version: string): string {
    return join(this.#workersDir, name, version)
  }

  /** Runs something with a new folder, which is gone afterwards. */
  async staged<Result>(name: string, run: (folder: string) => Promise<Result>): Promise<Result> {
    const own = `.staging-${mark()}`
    const folder = join(this.#workersDir, name, own)
    this.#own.add(own)
    try {
      await mkdir(folder, { recursive: true })
      return await run(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
      this.#own.delete(own)
    }
  }

  /**
   * Puts a finished folder in the place of a version. What it resolves with are the two ends of that: `keep` deletes what was there
   * before, `takeBack` puts it there again.
   */
  async put(name: string, version: string, made: string): Promise<Placed> {
    const parent = join(this.#workersDir, name)
    const target = join(parent, version)
    const own = `.replaced-${mark()}-${version}`
    const aside = join(parent, own)
    this.#own.add(own)
    const wasThere = await moved(target, aside)
    try {
      await this.#place(made, parent, version)
    } catch (error) {
      if (wasThere) await moved(aside, target)
      this.#own.delete(own)
      throw error
    }
    await syncFolder(parent)
    const settle = async (): Promise<void> => {
      await rm(aside, { recursive: true, force: true })
      this.#own.delete(own)
    }
    return {
      keep: settle,
      takeBack: async () => {
        await this.remove(name, version)
        if (wasThere) await moved(aside, target)
        await settle()
      },
    }
  }

  /** Another fetch of the same version may have come to its place meanwhile: it makes room, as what was there before has. */
  async #place(made: string, parent: string, version: string): Promise<void> {
    for (let left = MOST_OTHERS; ; left--) {
      try {
        return await rename(made, join(parent, version))
      } catch (error) {
        if (left === 0 || !isTaken(error)) throw error
      }
      await this.#removeAt(parent, version)
    }
  }

  /** A version is gone at once, its files soon after. */
  async remove(name: string, version: string): Promise<void> {
    await this.#removeAt(join(this.#workersDir, name), version)
  }

  /** All other versions. `stale`: only those that nobody can be about to pin. */
  async prune(name: string, kept: readonly (string | undefined)[], which: 'all' | 'stale'): Promise<void> {
    const parent = join(this.#workersDir, name)
    for (const version of await namesIn(parent)) {
      if (kept.includes(version) || version.startsWith('.')) continue
      if (which === 'all' || (await isStale(join(parent, version)))) await this.remove(name, version)
    }
  }

  /** All versions. @returns the bytes that they had */
  async clear(name: string): Promise<number> {
    const bytes = await bytesBelow(join(this.#workersDir, name))
    await this.#removeAt(this.#workersDir, name)
    return bytes
  }

  /** Names of workers that have something here. */
  async names(): Promise<string[]> {
    return (await namesIn(this.#workersDir)).filter((name) => !name.startsWith('.'))
  }

  /** Ends what processes that are gone have begun: what was moved aside comes back where nothing has taken its place. */
  async removeLeftovers(): Promise<void> {
    await this.#removeCleared(this.#workersDir)
    for (const name of await this.names()) {
      const parent = join(this.#workersDir, name)
      await this.#removeCleared(parent)
      for (const entry of await namesIn(parent)) {
        const replaced = REPLACED.exec(entry)
        const pid = replaced?.[1] ?? STAGING.exec(entry)?.[1]
        if (pid === undefined || !(await this.#isLeftover(parent, entry, Number(pid)))) continue
        const version = replaced?.[2]
        if (version !== undefined && !(await isThere(join(parent, version)))) {
          await moved(join(parent, entry), join(parent, version))
        } else {
          await rm(join(parent, entry), { recursive: true, force: true })
        }
      }
    }
  }

  async #removeAt(parent: string, entry: string): Promise<void> {
    const own = `.cleared-${mark()}`
    const aside = join(parent, own)
    this.#own.add(own)
    try {
      if (await moved(join(parent, entry), aside)) await rm(aside, { recursive: true, force: true, maxRetries: 2 })
    } finally {
      this.#own.delete(own)
    }
  }

  async #removeCleared(parent: string): Promise<void> {
    for (const entry of await namesIn(parent)) {
      const pid = CLEARED.exec(entry)?.[1]
      if (pid === undefined || !(await this.#isLeftover(parent, entry, Number(pid)))) continue
      await rm(join(parent, entry), { recursive: true, force: true })
    }
  }

  /** Numbers of processes come back, in a container with every start. */
  async #isLeftover(parent: string, entry: string, pid: number): Promise<boolean> {
    if (this.#own.has(entry)) return false
    if (pid !== process.pid && !isAlive(pid)) return true
    const changedAt = await lastChange(join(parent, entry))
    if (changedAt === undefined) return false
    const startedAt = Date.now() - process.uptime() * 1000
    return isLongAgo(changedAt) || (pid === process.pid && changedAt < startedAt)
  }
}

/** What became of a folder that was put into its place. */
export interface Placed {
  keep(): Promise<void>
  takeBack(): Promise<void>
}

async function isStale(folder: string): Promise<boolean> {
  const changedAt = await lastChange(folder)
  return changedAt !== undefined && isLongAgo(changedAt)
}

function isLongAgo(at: number): boolean {
  return at < Date.now() - STALE_MS
}

/** Also of a rename. undefined: it is not there. */
async function lastChange(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined)
  return stats === undefined ? undefined : Math.max(stats.mtimeMs, stats.ctimeMs)
}

function mark(): string {
  return `${process.pid}-${randomBytes(6).toString('hex')}`
}

/** False: it was not there. */
async function moved(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Links are counted, not followed. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const stats = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += stats?.size ?? 0
  }
  return bytes
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
