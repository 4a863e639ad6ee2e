// Bundles on disk, found again by the content of all their inputs. With a warm cache the compiler is never loaded.
import { mkdir, readFile, readdir, realpath, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { writeWhole } from '../../../base/files/atomic-file.ts'
import { contentHash, type Bundle, type InputFile, type PluginDeclaration } from './bundle.ts'

export interface BuildCacheOptions {
  readonly dir: string
  /** Whatever besides the inputs decides what a bundle looks like: versions of engine and compiler, place of the engine. */
  readonly salt: string
  /** Builds remembered per plugin. Default 8. */
  readonly maxBundles?: number
}

interface ManifestEntry {
  hash: string
  inputs: InputFile[]
  declaration?: PluginDeclaration
}

/** Files younger than this are never pruned: another engine on the same folder may be about to import them. */
const PRUNE_AFTER_MS = 60 * 60_000

/** `III_CACHE_DIR`, else the user's cache folder. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env['III_CACHE_DIR'] !== undefined && env['III_CACHE_DIR'] !== '') return env['III_CACHE_DIR']
  if (process.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'iii-host', 'cache')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'iii-host')
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'iii-host')
}

export class BuildCache {
  readonly #dir: string
  readonly #salt: string
  readonly #maxBundles: number
  /** Bundles of generations that may have to be started again; never pruned. */
  readonly #inUse = new Map<string, number>()
  readonly #manifests = new Map<string, Promise<readonly ManifestEntry[]>>()
  #writing: Promise<void> = Promise.resolve()
  #made: Promise<unknown> | undefined

  constructor(options: BuildCacheOptions) {
    this.#dir = join(options.dir, 'plugins')
    this.#salt = options.salt
    this.#maxBundles = options.maxBundles ?? 8
  }

  get dir(): string {
    return this.#dir
  }

  /** The bundle of `entryFile` if one was made from files that are byte for byte those on disk now. */
  async find(entryFile: string): Promise<Bundle | undefined> {
    // Builds of one plugin share most inputs: each file is read once.
    const hashes = new Map<string, Promise<string | undefined>>()
    const currentHash = (path: string): Promise<string | undefined> => {
      const hash = hashes.get(path) ?? hashFile(path)
      hashes.set(path, hash)
      return hash
    }
    // The entry file may be a link, or lie behind one, that has been pointed elsewhere since.
    const own = await realpath(entryFile).catch(() => entryFile)
    for (const entry of await this.#readManifest(entryFile)) {
      if (!entry.inputs.some(({ path }) => path === own || path === entryFile)) continue
      const file = this.#bundleFile(entryFile, entry.hash)
      const current = await Promise.all(entry.inputs.map(({ path }) => currentHash(path)))
      if (entry.inputs.every(({ hash }, index) => hash === current[index]) && (await exists(file))) {
        return { file, hash: entry.hash, inputs: entry.inputs, declaration: entry.declaration }
      }
    }
    return undefined
  }

  /** Fulfilled when the bundle can be imported; that it is found again is seen to in the background. */
  async store(entryFile: string, code: Uint8Array, inputs: readonly InputFile[]): Promise<Bundle> {
    const hash = this.#hashOf(inputs)
    const file = this.#bundleFile(entryFile, hash)
    await this.#folder()
    await writeWhole(file, code)
    const declaration = await this.declarationOf(entryFile, hash)
    this.#note(entryFile, { hash, inputs: [...inputs], ...(declaration && { declaration }) })
    return { file, hash, inputs, declaration }
  }

  /** Keeps what the bundle declared, so that the next start knows it before any import. */
  remember(entryFile: string, bundle: Bundle, declaration: PluginDeclaration): void {
    this.#note(entryFile, { hash: bundle.hash, inputs: [...bundle.inputs], declaration })
  }

  /** What the code of that hash declared, if it was ever imported. */
  async declarationOf(entryFile: string, hash: string): Promise<PluginDeclaration | undefined> {
    return (await this.#readManifest(entryFile)).find((entry) => entry.hash === hash)?.declaration
  }

  /** Fulfilled when everything noted so far is on disk, or could not be written: then the next start is a cold one. */
  async flushed(): Promise<void> {
    await this.#writing
  }

  /** Keeps the file on disk until the returned function is called. */
  retain(bundle: Bundle): () => void {
    this.#inUse.set(bundle.file, (this.#inUse.get(bundle.file) ?? 0) + 1)
    let released = false
    return () => {
      if (released) return
      released = true
      const left = (this.#inUse.get(bundle.file) ?? 1) - 1
      if (left > 0) this.#inUse.set(bundle.file, left)
      else this.#inUse.delete(bundle.file)
    }
  }

  /** Deletes bundles that no manifest names any more and that nobody has touched for an hour. */
  async prune(now: number): Promise<void> {
    const files = await readdir(this.#dir).catch(() => [])
    const manifests = files.filter((file) => file.endsWith('.json'))
    const named = new Set<string>()
    for (const manifest of manifests) {
      const key = manifest.slice(0, -'.json'.length)
      for (const { hash } of await readEntries(join(this.#dir, manifest))) named.add(`${key}-${hash}.mjs`)
    }
    for (const file of files) {
      if (file.endsWith('.json') || named.has(file)) continue
      const path = join(this.#dir, file)
      const age = await stat(path).then(
        (found) => now - found.mtimeMs,
        () => 0,
      )
      if (age > PRUNE_AFTER_MS && !this.#inUse.has(path)) await rm(path, { force: true })
    }
  }

  #hashOf(inputs: readonly InputFile[]): string {
    const lines = inputs.map(({ path, hash }) => `${hash} ${path}`).sort()
    return contentHash([this.#salt, ...lines].join('\n')).slice(0, 24)
  }

  /** One manifest per entry file and salt, so that engines of two versions don't undo each other's work. */
  #key(entryFile: string): string {
    const name = basename(entryFile).startsWith('index.')
      ? basename(join(entryFile, '..'))
      : basename(entryFile).replace(/\..*$/, '')
    return `${name}-${contentHash(`${this.#salt}\n${entryFile}`).slice(0, 12)}`
  }

  #bundleFile(entryFile: string, hash: string): string {
    return join(this.#dir, `${this.#key(entryFile)}-${hash}.mjs`)
  }

  #manifestFile(entryFile: string): string {
    return join(this.#dir, `${this.#key(entryFile)}.json`)
  }

  /** Read once; from then on this engine's own notes count. */
  #readManifest(entryFile: string): Promise<readonly ManifestEntry[]> {
    const known = this.#manifests.get(entryFile) ?? readEntries(this.#manifestFile(entryFile))
    this.#manifests.set(entryFile, known)
    return known
  }

  /** One write after the other, so that none undoes another. */
  #note(entryFile: string, latest: ManifestEntry): void {
    const entries = this.#readManifest(entryFile).then((known) =>
      [latest, ...known.filter((entry) => entry.hash !== latest.hash)].slice(0, this.#maxBundles),
    )
    this.#manifests.set(entryFile, entries)
    const write = async (): Promise<void> => {
      await this.#folder()
      await writeWhole(this.#manifestFile(entryFile), JSON.stringify(await entries))
    }
    this.#writing = this.#writing.then(write).catch(() => {})
  }

  async #folder(): Promise<void> {
    this.#made ??= mkdir(this.#dir, { recursive: true })
    try {
      await this.#made
    } catch (cause) {
      this.#made = undefined
      const why = (cause as Error).message
      throw new Error(
        `the cache of compiled plugins, ${this.#dir}, can't be written: ${why}; set III_CACHE_DIR to a folder that can`,
        { cause },
      )
    }
  }
}

/** A manifest that can't be read is a cold cache, not an error. */
async function readEntries(file: string): Promise<ManifestEntry[]> {
  try {
    const entries: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Array.isArray(entries) ? entries.filter(isManifestEntry) : []
  } catch {
    return []
  }
}

function isManifestEntry(value: unknown): value is ManifestEntry {
  if (typeof value !== 'object' || value === null) return false
  const { hash, inputs } = value as Record<string, unknown>
  return typeof hash === 'string' && Array.isArray(inputs) && inputs.length > 0
}

async function hashFile(path: string): Promise<string | undefined> {
  return readFile(path).then(contentHash, () => undefined)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
