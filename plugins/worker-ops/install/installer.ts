// Installs workers from registries into a project (spec 05 B.1, B.5): resolves, downloads, checks, unpacks, and pins in `iii.lock`. It
// edits no configuration and starts nothing; whoever changes something with it holds the lock of the project.
import { unlink } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { ArchiveThreads } from '../../../base/archives/archive-threads.ts'
import { withDeadline } from '../../../base/time/deadline.ts'
import { WorkerRegistry, type RegistrySettings } from '../../../kit/registry/worker-registry.ts'
import { WorkerOpError } from '../errors.ts'
import type {
  InstalledWorker,
  InstallerDeps,
  InstallPlan,
  OnDownload,
  PlannedWorker,
  WorkerInstaller,
} from '../installing.ts'
import { checkName } from '../worker-name.ts'
import { ArtifactFolders, type Placed } from './artifact-folders.ts'
import { artifactFor, executableName, fetchPackage } from './fetch-package.ts'
import { checkOthersFit, inOrder, lockEntryOf, ofRegistry } from './install-plan.ts'
import { isOfFiles, isSamePackage, type LockEntry } from './lock-entry.ts'
import { LockFile } from './lock-file.ts'
import { checkPackage } from './package-check.ts'
import { targetsOf, thisPlatform, type Platform } from './platform-target.ts'
import { readReceipt, type Receipt } from './receipt.ts'
import { ENGINE_WORKER_TABLE } from '../../engine-workers/table.ts'

/** How long the registry is waited for when what is pinned says all that is needed. */
const DETAILS_MS = 5000
/** What a full or protected disk says. */
const OF_THE_DISK: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EFBIG', 'EMFILE']

export class Installer implements WorkerInstaller {
  readonly #deps: InstallerDeps
  readonly #folders: ArtifactFolders
  readonly #threads = new ArchiveThreads()
  readonly #closing = new AbortController()
  /** Of workers that were fetched and are neither settled nor discarded. */
  readonly #placed = new Map<string, Placed>()
  /** The last fetch of each worker that is under way: the next one waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>()
  #registry: { readonly settings: unknown; readonly registry: WorkerRegistry } | undefined
  #platform: Promise<Platform> | undefined

  constructor(deps: InstallerDeps) {
    this.#deps = deps
    this.#folders = new ArtifactFolders(deps.project.workersDir)
  }

  async plan(name: string, version?: string): Promise<InstallPlan> {
    checkName(name)
    const { registry } = await this.#currentRegistry()
    const releases = await registry.resolve(name, version).catch((error: unknown) => {
      throw ofRegistry(error, name)
    })
    const lock = await this.#lock()
    const workers: PlannedWorker[] = []
    for (const release of inOrder(releases, name)) {
      const pin = lockEntryOf(release)
      const { artifact, config, functions } = release
      const before = lock.get(release.name)
      workers.push({
        name: release.name,
        version: release.version,
        type: artifact.kind === 'image' ? 'bundle' : artifact.kind,
        ...(artifact.kind === 'local' && { folder: artifact.path }),
        pin,
        config,
        functions,
        state: await this.#stateOf(release.name, pin, before),
        from: before?.version,
      })
      // Better before anything was downloaded.
      if (pin?.source?.kind === 'binary') artifactFor(release.name, pin.source, await this.#thisPlatform())
    }
    await checkOthersFit(workers, lock, name)
    return { workers }
  }

  async fetch(worker: PlannedWorker, onDownload?: OnDownload): Promise<InstalledWorker> {
    const { name } = worker
    const before = this.#turns.get(name) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(() => this.#fetch(worker, onDownload))
    this.#turns.set(name, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name)
    }
  }

  async installed(name: string): Promise<InstalledWorker | undefined> {
    const pin = (await this.#lock()).get(name)
    const receipt = pin === undefined ? undefined : await this.#receiptOf(name, pin)
    return receipt === undefined ? undefined : this.#installedAt(name, receipt)
  }

  async pinned(name: string): Promise<PlannedWorker | undefined> {
    const pin = (await this.#lock()).get(name)
    if (pin === undefined || pin.type === 'image') return undefined
    const receipt = await this.#receiptOf(name, pin)
    return {
      name,
      version: pin.version,
      type: pin.type,
      pin,
      config: receipt?.config ?? {},
      functions: receipt?.functions ?? [],
      state: pin.type === 'engine' || receipt !== undefined ? 'current' : 'missing',
      from: pin.version,
    }
  }

  async pinnedNames(): Promise<readonly string[]> {
    return (await this.#lock()).names
  }

  async declaredDependencies(): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.#lock()).declaredDependencies
  }

  async lackingTarget(
    name: string,
  ): Promise<{ readonly target: string; readonly pinned: readonly string[] } | undefined> {
    const source = (await this.#lock()).get(name)?.source
    if (source?.kind !== 'binary') return undefined
    const targets = targetsOf(await this.#thisPlatform())
    const pinned = Object.keys(source.artifacts)
    if (targets.some((target) => pinned.includes(target))) return undefined
    return { target: targets[0] ?? process.arch, pinned }
  }

  async pin(workers: readonly PlannedWorker[]): Promise<() => Promise<void>> {
    const entries = workers.flatMap(({ name, pin }) => (pin === undefined ? [] : [[name, pin] as const]))
    return this.#change((lock) => lock.with(entries))
  }

  async unpin(names: readonly string[]): Promise<() => Promise<void>> {
    return this.#change((lock) => lock.without(names))
  }

  async discard({ name, version }: PlannedWorker): Promise<void> {
    const key = keyOf(name, version)
    const placed = this.#placed.get(key)
    this.#placed.delete(key)
    if (placed === undefined) await this.#folders.remove(name, version)
    else await placed.takeBack()
  }

  async settle(workers: readonly PlannedWorker[]): Promise<void> {
    for (const { name, version, type, from } of workers) {
      const key = keyOf(name, version)
      await this.#placed.get(key)?.keep()
      this.#placed.delete(key)
      // In the folder of the last version a process may still be ending.
      if (type === 'bundle' || type === 'binary') await this.#folders.prune(name, [version, from], 'all')
    }
  }

  async clear(names: readonly string[]): Promise<number> {
    let bytes = 0
    for (const name of names) bytes += await this.#folders.clear(checkName(name))
    return bytes
  }

  async stored(): Promise<readonly string[]> {
    return this.#folders.names()
  }

  async tidy(): Promise<void> {
    await this.#folders.removeLeftovers()
    const lock = await this.#lock()
    for (const name of lock.names) {
      if (!this.#turns.has(name)) await this.#folders.prune(name, [lock.get(name)?.version], 'stale')
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the engine ends, or reloads this plugin'))
    await this.#threads.close()
  }

  // ── one worker ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #fetch(worker: PlannedWorker, onDownload: OnDownload | undefined): Promise<InstalledWorker> {
    const { name, version, type } = worker
    if (type === 'engine') throw new Error(`'${name}' is a part of the engine: nothing of it is fetched`)
    try {
      if (type === 'local') return await this.#localWorker(worker)
      await this.#folders.removeLeftovers()
      const { idleMs } = await this.#currentRegistry()
      const deps = {
        threads: this.#threads,
        platform: await this.#thisPlatform(),
        idleMs,
        onDownload,
        signal: this.#closing.signal,
      }
      const whole = await this.#withDetails(worker)
      return await this.#folders.staged(name, async (staging) => {
        const made = await fetchPackage(whole, staging, deps)
        // Read here: in its place another fetch of the same version may just be putting its own, and for a moment nothing is there.
        const receipt = await readReceipt(made)
        if (receipt === undefined) throw new Error(`the files of '${name}' are gone again`)
        const installed = await this.#installedAt(name, receipt, made)
        const placed = await this.#folders.put(name, version, made)
        const key = keyOf(name, version)
        // Of two fetches what was there before the first one is what counts; of a damaged package nothing does.
        if (worker.state === 'missing' || this.#placed.has(key)) await placed.keep()
        else this.#placed.set(key, placed)
        return installed
      })
    } catch (error) {
      throw this.#readable(error, worker)
    }
  }

  /**
   * `iii.lock` knows neither settings nor functions, and paths of files that another machine had: the registry is asked for all of it,
   * if it has this very package. Without an answer what is pinned has to do.
   */
  async #withDetails(worker: PlannedWorker): Promise<PlannedWorker> {
    const { name, version, pin, state } = worker
    if (state !== 'missing' || pin?.source === undefined) return worker
    try {
      const { registry } = await this.#currentRegistry()
      const late = (): Error => new Error('no answer in time')
      const release = await withDeadline(registry.release(name, version), DETAILS_MS, late)
      const found = lockEntryOf(release)
      if (found?.source === undefined || !isSamePackage(found.source, pin.source)) return worker
      const { config, functions } = release
      return { ...worker, pin: isOfFiles(pin.source) ? { ...pin, source: found.source } : pin, config, functions }
    } catch {
      return worker
    }
  }

  async #localWorker({ name, version, folder = '', config, functions }: PlannedWorker): Promise<InstalledWorker> {
    const { readWorkerFolder } = await import('../manifest/worker-folder.ts')
    const reading = await readWorkerFolder(folder)
    if ('problem' in reading) {
      const message = `The registry names a folder for '${name}', but ${reading.problem}.`
      throw new WorkerOpError('W140', message, { message })
    }
    const { start, env } = reading.worker
    const command = { kind: 'shell', line: start } as const
    return { name, version, type: 'local', folder, command, env, config, functions }
  }

  /** @param made where its files are, before they are in their place. */
  async #installedAt(
    name: string,
    { type, version, config, functions }: Receipt,
    made?: string,
  ): Promise<InstalledWorker> {
    const folder = this.#folders.of(name, version)
    const installed = { name, version, type, folder, config, functions } as const
    if (type === 'bundle') {
      const { start, env } = await checkPackage(made ?? folder, name)
      return { ...installed, command: { kind: 'shell', line: start }, env }
    }
    const file = `${folder}/${executableName(name, await this.#thisPlatform())}`
    return { ...installed, command: { kind: 'executable', file }, env: {} }
  }

  async #stateOf(
    name: string,
    pin: LockEntry | undefined,
    before: LockEntry | undefined,
  ): Promise<PlannedWorker['state']> {
    if (before === undefined) return 'new'
    if (pin === undefined || pin.version !== before.version || !isDeepStrictEqual(pin.source, before.source)) {
      return 'changed'
    }
    return pin.type === 'engine' || (await this.#receiptOf(name, pin)) !== undefined ? 'current' : 'missing'
  }

  /** Of the very package that is pinned; undefined: it is not on the disk, or not all of it. */
  async #receiptOf(name: string, { version, source }: LockEntry): Promise<Receipt | undefined> {
    if (source === undefined || source.kind === 'image') return undefined
    const receipt = await readReceipt(this.#folders.of(name, version))
    if (receipt === undefined || receipt.type !== source.kind || receipt.version !== version) return undefined
    const isSame =
      source.kind === 'bundle'
        ? receipt.sha256 === source.sha256
        : Object.values(source.artifacts).some(({ sha256 }) => sha256 === receipt.sha256)
    return isSame ? receipt : undefined
  }

  // ── what all share ─────────────────────────────────────────────────────────────────────────────────────────────

  async #lock(): Promise<LockFile> {
    return LockFile.read(this.#deps.project.lockFile)
  }

  async #change(edit: (lock: LockFile) => LockFile): Promise<() => Promise<void>> {
    const before = await this.#lock()
    const after = edit(before)
    if (after.says(before)) return async () => {}
    await after.write()
    return () => (before.exists ? before.write() : unlink(before.file))
  }

  async #currentRegistry(): Promise<{ readonly registry: WorkerRegistry; readonly idleMs: number }> {
    const settings = (await this.#deps.registrySettings()) as RegistrySettings
    if (this.#registry === undefined || !isDeepStrictEqual(this.#registry.settings, settings)) {
      this.#registry = {
        settings,
        registry: new WorkerRegistry(settings, { log: this.#deps.log, engineWorkers: ENGINE_WORKER_TABLE }),
      }
    }
    return { registry: this.#registry.registry, idleMs: settings.timeoutMs }
  }

  #thisPlatform(): Promise<Platform> {
    return (this.#platform ??= thisPlatform())
  }

  #readable(error: unknown, { name, version }: PlannedWorker): unknown {
    if (this.#closing.signal.aborted) {
      return new WorkerOpError(
        'W170',
        `The installation of '${name}' was cancelled: the engine ends, or reloads.`,
        {},
        { cause: error },
      )
    }
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof WorkerOpError || !OF_THE_DISK.includes(code)) return error
    const where = this.#folders.of(name, version)
    const text = `The package of '${name}' ${version} could not be written to '${where}': ${message}. Make room or the folder writable, and try again; nothing of it was installed.`
    return new WorkerOpError('W142', text, { url: null, path: where, reason: code }, { cause: error })
  }
}

function keyOf(name: string, version: string): string {
  return `${name}@${version}`
}
