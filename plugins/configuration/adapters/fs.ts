// The adapter `fs` (spec 04 A.9.3): one YAML file per entry in a folder that people edit by hand as well.
// All that touches the folder runs one after the other, so that a scan never meets a write of our own half-way.
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { readdir, rename, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { PathWatch } from '../../../base/files/path-watch.ts'
import { Burst } from '../../../base/time/burst.ts'
import { systemClock } from '../../../base/time/clock.ts'
import { removeLeftovers, syncFolder, writeWhole } from '../../../base/files/atomic-file.ts'
import { formatEntry, readEntryFile, type EntryFile } from './entry-file.ts'
import { moveLegacyFiles } from './legacy-folder.ts'
import type { ConfigurationStore, ConfigurationStoreContext, StoredEntry, StoreListener } from './store.ts'

const DEFAULT_DIRECTORY = './config'
/** Named by the id of the entry; of a plugin with several instances it is the name of the instance: `bridge#1`. */
const ENTRY_FILE = /^([a-z0-9_-]{1,64}(?:#[0-9]+)?)\.yaml$/

const LIKE_AN_ENTRY = /^[^.].*\.ya?ml$/i

/** Default of `debounceMs` (spec 04 A.9.3). */
const DEBOUNCE_MS = 500
/** Values may hold secrets. */
const OWNER_ONLY = 0o600
/** Files read per scan; further ones are left out with a warning. Default 10,000. */
const MAX_FILES = 10_000

export interface FolderStoreOptions {
  readonly folder: string
  readonly log: PluginLog
  /** Silence that ends a burst of changes by others. Default 500. */
  readonly debounceMs?: number
  /** Default 10,000. */
  readonly maxFiles?: number
}

export async function openFolderStore({
  config,
  projectRoot,
  log,
}: ConfigurationStoreContext): Promise<ConfigurationStore> {
  const configured = config['directory'] as string | null | undefined
  const folder = resolve(projectRoot, configured ?? DEFAULT_DIRECTORY)
  try {
    requireWritableFolder(folder)
  } catch (cause) {
    const problem = `The folder ${folder} of configuration entries can't be written (${reasonOf(cause)}).`
    if (typeof configured === 'string') {
      const advice = 'Make it writable, or choose another one (adapter.config.directory of configuration).'
      throw new Error(`${problem} ${advice}`, { cause })
    }
    log.warn(`${problem} Entries can be read; configuration::set and configuration::register will fail.`)
  }
  if (typeof configured !== 'string') await moveLegacyFiles(resolve(projectRoot, './data/configuration'), folder, log)
  return new FolderStore({ folder, log })
}

interface KnownFile {
  readonly text: string
  /** What counts: of a file that is broken now, what it said before. */
  readonly entry: StoredEntry | undefined
  readonly broken?: true
}

export class FolderStore implements ConfigurationStore {
  readonly keepsSeeds = true
  readonly #options: FolderStoreOptions
  /** What each file held when it was last read or written; with the entry where it could be read as one. */
  readonly #known = new Map<string, KnownFile>()
  #listener: StoreListener | undefined
  readonly #watch: PathWatch
  readonly #burst: Burst
  #last: Promise<unknown> = Promise.resolve()
  #folderIsGone = false
  /** Files that look like entries and are none, which have been warned about. */
  readonly #odd = new Set<string>()

  constructor(options: FolderStoreOptions) {
    this.#options = options
    const { folder, log, debounceMs = DEBOUNCE_MS } = options
    this.#burst = new Burst(debounceMs, { clock: systemClock, onEnd: () => this.#touched() })
    this.#watch = new PathWatch({
      onEvent: () => this.#burst.add(),
      onError: (error) =>
        log.warn(
          `The folder ${folder} can't be watched (${error.message}): files edited by hand take effect at the next start.`,
        ),
    })
  }

  load(listener: StoreListener): Promise<StoredEntry[]> {
    this.#listener = listener
    // Before reading, so that nothing falls between the two.
    this.#watch.follow(new Set([this.#options.folder]))
    return this.#inTurn(async () => {
      await removeLeftovers(this.#options.folder, ENTRY_FILE)
      await this.#scan(undefined)
      return [...this.#known.values()].flatMap(({ entry }) => entry ?? [])
    })
  }

  save(entry: StoredEntry): Promise<void> {
    return this.#inTurn(async () => {
      const text = await formatEntry(entry)
      if (this.#known.get(entry.id)?.text === text) return
      const { folder } = this.#options
      mkdirSync(folder, { recursive: true })
      const path = join(folder, fileName(entry.id))
      if (this.#known.get(entry.id)?.broken) await this.#setAside(path)
      await writeWhole(path, text, { durable: true, mode: OWNER_ONLY })
      this.#known.set(entry.id, { text, entry })
    })
  }

  delete(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      try {
        await unlink(join(this.#options.folder, fileName(id)))
      } catch (error) {
        if (!isMissing(error)) throw error
        return this.#known.delete(id)
      }
      this.#known.delete(id)
      await syncFolder(this.#options.folder)
      return true
    })
  }

  async close(): Promise<void> {
    this.#watch.close()
    this.#burst.close()
    await this.#last
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const outcome = this.#last.then(run)
    this.#last = outcome.catch(() => {})
    return outcome
  }

  #touched(): void {
    void this.#inTurn(() => this.#scan(this.#listener)).catch((error: unknown) => {
      this.#options.log.warn(reasonOf(error))
    })
  }

  /** Somebody's edit with a slip in it is not lost because the value is set by other means. */
  async #setAside(path: string): Promise<void> {
    const aside = `${path}.broken`
    await rename(path, aside).then(
      () => this.#options.log.warn(`${path} was not valid; it is kept as ${aside}`),
      (error: unknown) => {
        if (!isMissing(error)) throw error
      },
    )
  }

  /** Reads what has changed; the listener hears of it. */
  async #scan(listener: StoreListener | undefined): Promise<void> {
    const files = await this.#list()
    if (files === undefined) return
    const ids = new Set<string>()
    for (const name of files) {
      const id = ENTRY_FILE.exec(name)?.[1]
      if (id === undefined) continue
      ids.add(id)
      await this.#look(id, name, listener)
    }
    for (const [id, { entry }] of [...this.#known]) {
      if (ids.has(id)) continue
      this.#known.delete(id)
      if (entry !== undefined) listener?.removed(id)
    }
  }

  /** undefined while the folder itself is gone: that is an unmounted disk rather than the wish to delete everything. */
  async #list(): Promise<string[] | undefined> {
    const { folder, log, maxFiles = MAX_FILES } = this.#options
    try {
      const all = await readdir(folder)
      for (const name of all) if (LIKE_AN_ENTRY.test(name) && !ENTRY_FILE.test(name)) this.#warnOfName(name)
      const names = all.filter((name) => name.endsWith('.yaml')).sort()
      this.#folderIsGone = false
      if (names.length <= maxFiles) return names
      log.warn(`${folder} holds ${names.length} configuration files; only the first ${maxFiles} are used`)
      return names.slice(0, maxFiles)
    } catch (error) {
      if (!isMissing(error) && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') {
        throw new Error(`The folder ${folder} of configuration entries can't be read (${reasonOf(error)}).`, {
          cause: error,
        })
      }
      if (this.#known.size > 0 && !this.#folderIsGone) {
        log.warn(`The folder ${folder} of configuration entries is gone: what was read from it stays in force.`)
      }
      this.#folderIsGone = true
      return undefined
    }
  }

  #warnOfName(name: string): void {
    const { folder, log, maxFiles = MAX_FILES } = this.#options
    if (this.#odd.has(name) || this.#odd.size >= maxFiles) return
    this.#odd.add(name)
    log.warn(`${join(folder, name)} is not read: the file of an entry is named ID.yaml, with an id of [a-z0-9_-]{1,64}`)
  }

  async #look(id: string, name: string, listener: StoreListener | undefined): Promise<void> {
    const path = join(this.#options.folder, name)
    const before = this.#known.get(id)
    let file: EntryFile
    try {
      file = await readEntryFile(path, id, before?.text)
    } catch (error) {
      // Gone between listing and reading: the next scan sees it.
      if (isMissing(error)) return
      this.#options.log.warn(`${path} is skipped: ${reasonOf(error)}`)
      return
    }
    if (file === 'unchanged') return
    if ('problem' in file) {
      this.#options.log.warn(`${path} is skipped: ${file.problem}`)
      // What it said before stays in force, and the same text is complained about once.
      this.#known.set(id, { text: file.text, entry: before?.entry, broken: true })
      return
    }
    this.#known.set(id, file)
    if (before?.entry === undefined || differs(before.entry, file.entry)) listener?.changed(file.entry)
  }
}

function differs(one: StoredEntry, other: StoredEntry): boolean {
  return (
    one.name !== other.name ||
    one.description !== other.description ||
    !isDeepStrictEqual(one.value, other.value) ||
    !isDeepStrictEqual(one.metadata, other.metadata)
  )
}

/** @throws with the system's reason. Making a folder in it is the only sure test: the rights alone don't show a read-only disk. */
function requireWritableFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  rmdirSync(mkdtempSync(join(folder, '.probe-')))
}

function fileName(id: string): string {
  return `${id}.yaml`
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT'
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
