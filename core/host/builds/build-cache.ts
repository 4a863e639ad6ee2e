// Bundles on disk, found again by the content of all their inputs. With a warm cache the compiler is never loaded, and files that look
// as they did when they were read last are not read.
import { mkdir, readFile, readdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeWhole } from '../../../base/files/atomic-file.ts'
import { FileHashes } from './file-hashes.ts'
import { TemporaryBundles } from './temporary-bundles.ts'
import { contentHash, type Bundle, type InputFile, type PluginDeclaration } from './bundle.ts'

export interface BuildCacheOptions {
  /** Where it can't be written, or is undefined, what is compiled is kept in a temporary folder until `close`. */
  readonly dir: string | undefined
  /** Told once when it can't be written. */
  readonly warn?: (problem: string) => void
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

export class BuildCache {
  readonly #dir: string | undefined
  readonly #temporary: TemporaryBundles
  readonly #salt: string
  readonly #maxBundles: number
  /** Bundles of generations that may have to be started again; never pruned. */
  readonly #inUse = new Map<string, number>()
  readonly #manifests = new Map<string, Promise<readonly ManifestEntry[]>>()
  #writing: Promise<void> = Promise.resolve()

  constructor(options: BuildCacheOptions) {
    this.#dir = options.dir === undefined ? undefined : join(options.dir, 'plugins')
    this.#temporary = new TemporaryBundles({
      cacheDir: this.#dir,
      warn: options.warn ?? (() => {}),
      isInUse: (file) => this.#inUse.has(file),
    })
    this.#salt = options.salt
    this.#maxBundles = options.maxBundles ?? 8
  }

  /** The bundle of `entryFile` if one was made from files that are byte for byte those on disk now. */
  async find(entryFile: string): Promise<Bundle | undefined> {
    // Builds of one plugin share most inputs: each file is looked at once.
    const hashes = new FileHashes()
    // The entry file may be a link, or lie behind one, that has been pointed elsewhere since.
    const own = await realpath(entryFile).catch(() => entryFile)
    for (const entry of await this.#readManifest(entryFile)) {
      if (!entry.inputs.some(({ path }) => path === own || path === entryFile)) continue
      const name = this.#bundleName(entryFile, entry.hash)
      const file = this.#temporary.find(name) ?? (this.#dir === undefined ? undefined : join(this.#dir, name))
      if (file === undefined) continue
      const current = await Promise.all(entry.inputs.map((input) => hashes.of(input)))
      if (entry.inputs.every(({ hash }, index) => hash === current[index]) && (await exists(file))) {
        this.#noteSignatures(entryFile, entry, hashes)
        return { file, hash: entry.hash, inputs: entry.inputs, declaration: entry.declaration }
      }
    }
    return undefined
  }

  /** Fulfilled when the bundle can be imported; that it is found again is seen to in the background. */
  async store(entryFile: string, code: Uint8Array, inputs: readonly InputFile[]): Promise<Bundle> {
    const hash = this.#hashOf(inputs)
    const file = await this.#write(this.#bundleName(entryFile, hash), code)
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

  /** Nothing that it gave out is imported any more. */
  async close(): Promise<void> {
    await this.flushed()
    await this.#temporary.remove()
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
    const dir = this.#dir
    if (dir === undefined) return
    const files = await readdir(dir).catch(() => [])
    const manifests = files.filter((file) => file.endsWith('.json'))
    const named = new Set<string>()
    for (const manifest of manifests) {
      const key = manifest.slice(0, -'.json'.length)
      for (const { hash } of await readEntries(join(dir, manifest))) named.add(`${key}-${hash}.mjs`)
    }
    for (const file of files) {
      if (file.endsWith('.json') || named.has(file)) continue
      const path = join(dir, file)
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

  #bundleName(entryFile: string, hash: string): string {
    return `${this.#key(entryFile)}-${hash}.mjs`
  }

  async #write(name: string, code: Uint8Array): Promise<string> {
    if (this.#dir === undefined) return this.#temporary.write(name, code)
    const file = join(this.#dir, name)
    try {
      await mkdir(this.#dir, { recursive: true })
      await writeWhole(file, code)
      return file
    } catch (error) {
      return this.#temporary.write(name, code, error as Error)
    }
  }

  /** Read once; from then on this engine's own notes count. */
  #readManifest(entryFile: string): Promise<readonly ManifestEntry[]> {
    const onDisk = this.#dir === undefined ? undefined : join(this.#dir, `${this.#key(entryFile)}.json`)
    const known = this.#manifests.get(entryFile) ?? (onDisk === undefined ? Promise.resolve([]) : readEntries(onDisk))
    this.#manifests.set(entryFile, known)
    return known
  }

  /** So that the next start need not read what this one has read. */
  #noteSignatures(entryFile: string, entry: ManifestEntry, hashes: FileHashes): void {
    const inputs = entry.inputs.map(({ path, hash }) => ({ path, hash, ...hashes.signatureOf(path) }))
    if (inputs.every(({ signature }, index) => signature === entry.inputs[index]?.signature)) return
    this.#note(entryFile, { ...entry, inputs })
  }

  /** One write after the other, so that none undoes another. */
  #note(entryFile: string, latest: ManifestEntry): void {
    const entries = this.#readManifest(entryFile).then((known) =>
      [latest, ...known.filter((entry) => entry.hash !== latest.hash)].slice(0, this.#maxBundles),
    )
    this.#manifests.set(entryFile, entries)
    const dir = this.#dir
    if (dir === undefined) return
    const write = async (): Promise<void> => {
      await mkdir(dir, { recursive: true })
      await writeWhole(join(dir, `${this.#key(entryFile)}.json`), JSON.stringify(await entries))
    }
    this.#writing = this.#writing.then(write).catch(() => {})
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
