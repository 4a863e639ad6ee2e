// Where bundles are kept when the cache can't be: a folder of this process alone, in the temporary folder or in memory, and gone with it.
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The second is memory: Linux has it where a container may write nothing else. */
const PLACES = process.platform === 'linux' ? [tmpdir(), '/dev/shm'] : [tmpdir()]

/** Bundles that nothing runs with and that are kept all the same, for files that are changed back. */
export const MAX_UNUSED_BUNDLES = 32

export interface TemporaryBundlesOptions {
  /** The folder in whose place they are kept; undefined: there is none. */
  readonly cacheDir: string | undefined
  readonly warn: (problem: string) => void
  /** Whether something may be started again with this file. */
  readonly isInUse: (file: string) => boolean
  /** Folders to try, absolute, in this order. */
  readonly places?: readonly string[]
}

export class TemporaryBundles {
  readonly #options: TemporaryBundlesOptions
  readonly #places: readonly string[]
  #folder: Promise<string> | undefined
  /** Paths by name, the oldest first. */
  readonly #files = new Map<string, string>()

  constructor(options: TemporaryBundlesOptions) {
    this.#options = options
    this.#places = options.places ?? PLACES
  }

  find(name: string): string | undefined {
    return this.#files.get(name)
  }

  /**
   * @param failure why it could not be written to the cache
   * @returns the absolute path of the file
   */
  async write(name: string, code: Uint8Array, failure?: Error): Promise<string> {
    this.#folder ??= this.#make(failure)
    const folder = await this.#folder.catch((error: unknown) => {
      this.#folder = undefined
      throw error
    })
    const file = join(folder, name)
    await writeFile(file, code)
    this.#files.delete(name)
    this.#files.set(name, file)
    await this.#removeUnused()
    return file
  }

  async #removeUnused(): Promise<void> {
    const unused = [...this.#files].filter(([, file]) => !this.#options.isInUse(file))
    for (const [name, file] of unused.slice(0, -MAX_UNUSED_BUNDLES)) {
      this.#files.delete(name)
      await rm(file, { force: true })
    }
  }

  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined)
    this.#folder = undefined
    this.#files.clear()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }

  async #make(failure: Error | undefined): Promise<string> {
    const { cacheDir, warn } = this.#options
    const problem =
      cacheDir === undefined
        ? 'there is no folder for the cache of compiled plugins: this user has no home'
        : `the cache of compiled plugins, ${cacheDir}, can't be written${failure === undefined ? '' : `: ${failure.message}`}`
    const remedy = 'set III_CACHE_DIR to a folder that can be written'
    for (const place of this.#places) {
      if (!existsSync(place)) continue
      // With a name that nobody can know before, and for this user alone: it is code that is going to run.
      const folder = await mkdtemp(join(place, 'iii-host-plugins-')).catch(() => undefined)
      if (folder === undefined) continue
      warn(
        `${problem}. They are kept in ${folder} until the engine ends, and compiled anew at its next start; ${remedy}`,
      )
      return folder
    }
    throw new Error(`${problem}, nor can ${this.#places.join(' or ')}; ${remedy}`, { cause: failure })
  }
}
