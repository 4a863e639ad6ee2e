// Where workers come from (spec 05 A.7): the engine itself, folders of this machine, and one remote registry where one is set. What is
// asked of the first two never waits for the third; a name that they have is theirs.
import { fileURLToPath } from 'node:url'
import { shownAddress } from '../net/shown-address.ts'
import { closestName } from '../../base/values/closest-name.ts'
import { readCursor } from './cursor.ts'
import { MAX_GRAPH_WORKERS, resolveGraph } from './dependency-graph.ts'
import { EngineRegistry, type EngineWorkerTable } from './engine-registry.ts'
import { FolderRegistry } from './folder-registry.ts'
import { listPage } from './listing.ts'
import type { LocalSource, LocalVersion, LocalWorker } from './local-source.ts'
import { byRank, scoreOf, type Ranked } from './ranking.ts'
import { NEXT, RegistryError } from './registry-error.ts'
import type { RemotePage, RemoteRegistry } from './remote-registry.ts'
import type { RegistrySettings } from './settings.ts'
import type { RegistryInfo, RegistryPage, Release, WorkerSkills } from './shapes.ts'
import { chooseVersion, loadSemver } from './versions.ts'
import { checkedName, shown } from './worker-name.ts'

export { registrySettings, type RegistryConfig, type RegistrySettings } from './settings.ts'
export { RegistryError, type RegistryFailure } from './registry-error.ts'
export type { Artifact, RegistryInfo, RegistryPage, Release, WorkerRow, WorkerSkills, WorkerType } from './shapes.ts'

/** Of a search. */
export const MAX_SEARCH_CHARACTERS = 1_000
/** Entries that are read at once for a listing. */
const AT_ONCE = 16
/** Names that a message suggests. */
const MAX_SUGGESTIONS = 3

export interface WorkerRegistryDeps {
  readonly log: { debug(message: string): void; warn(message: string): void }
  /** The workers that the engine has itself; null leaves them out. */
  readonly engineWorkers: EngineWorkerTable | null
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch
  /** Milliseconds of a clock that is never set back. Default: that of the process. */
  readonly now?: () => number
}

/** Which version of a worker: one of both, or none for the latest. */
export interface VersionQuestion {
  readonly name: string
  readonly version?: string | undefined
  readonly tag?: string | undefined
}

export class WorkerRegistry {
  readonly #settings: RegistrySettings
  readonly #deps: WorkerRegistryDeps
  readonly #local: readonly LocalSource[]
  #remote: Promise<RemoteRegistry | undefined> | undefined

  constructor(settings: RegistrySettings, deps: WorkerRegistryDeps) {
    this.#settings = settings
    this.#deps = deps
    // What the engine has itself nobody else provides under its name.
    const folders = settings.folders.map((folder) => new FolderRegistry(folder, deps))
    const shared = sharedFolder(settings.remote)
    this.#local = [
      ...(deps.engineWorkers === null ? [] : [new EngineRegistry(deps.engineWorkers)]),
      ...folders,
      ...(shared === undefined ? [] : [new FolderRegistry(shared, { ...deps, mustExist: true })]),
    ]
  }

  /** @throws RegistryError */
  async list({ search, cursor }: { search?: string | undefined; cursor?: string | undefined }): Promise<RegistryPage> {
    const wanted = said(search)
    if ((wanted ?? '').length > MAX_SEARCH_CHARACTERS)
      throw new RegistryError('invalid', `search is longer than ${MAX_SEARCH_CHARACTERS} characters. Use fewer words.`)
    const remote = await this.#remoteRegistry()
    const place = readCursor(said(cursor), remote !== undefined)
    const found = await this.#localRows(wanted)
    // What the engine has is no reason to hide that the remote registry does not answer.
    const hasHits = found.ranked.some(({ row }) => !found.engine.has(row.name))
    return listPage(place, {
      local: found.ranked,
      search: wanted,
      localNames: found.names,
      remotePage: remote && ((at) => this.#pageOr(remote, wanted, at, hasHits)),
    })
  }

  /** @throws RegistryError */
  async info(question: VersionQuestion): Promise<RegistryInfo> {
    const { name, wanted } = readQuestion(question)
    const local = await this.#find(name)
    if (local === undefined) return (await this.#remoteFor(name)).info(name, wanted ?? 'latest')
    const version = await readChosen(local, [wanted])
    const { row, functions, triggers } = version
    const [readme, skills] = await Promise.all([version.readme(), version.skills()])
    return {
      worker: row,
      ...(readme !== undefined && readme !== '' && { readme }),
      api_reference: { functions, triggers },
      skills_tree: {
        skills: skills.skills.map(({ path }) => ({ path })),
        prompts: skills.prompts.map((prompt) => ({ name: prompt.name, description: prompt.description })),
      },
    }
  }

  /** @throws RegistryError */
  async skills(question: VersionQuestion): Promise<WorkerSkills> {
    const { name, wanted } = readQuestion(question)
    const local = await this.#find(name)
    if (local === undefined) return (await this.#remoteFor(name)).skills(name, wanted ?? 'latest')
    return (await readChosen(local, [wanted])).skills()
  }

  /** @param range an exact version, a tag, a semver range; undefined = the latest one @throws RegistryError */
  release(name: string, range?: string): Promise<Release> {
    return this.#pick(checkedName(name), range === undefined ? [] : [range])
  }

  /** The worker and all that it needs: dependencies before those who need them, the worker itself last. @throws RegistryError */
  async resolve(name: string, version?: string): Promise<readonly Release[]> {
    const root = checkedName(name)
    if ((await this.#find(root)) === undefined) {
      const remote = await this.#remoteFor(root)
      const graph = await remote.resolve(root, said(version) ?? 'latest')
      if (graph !== undefined) return this.#ownFirst(root, graph.releases)
    }
    return resolveGraph(root, said(version), (each, ranges) => this.#pick(each, ranges))
  }

  /** A graph of the remote registry, in which names that there are here are those from here, with all that these need in turn. */
  async #ownFirst(root: string, releases: readonly Release[]): Promise<readonly Release[]> {
    if (releases.length > MAX_GRAPH_WORKERS)
      throw new RegistryError('too-large', `"${root}" needs more than ${MAX_GRAPH_WORKERS} workers.`)
    const given = new Map<string, Release>()
    for (const release of releases) {
      if (given.has(release.name))
        throw new RegistryError('graph', `the registry gives "${release.name}" twice among what "${root}" needs.`)
      given.set(release.name, release)
    }
    return resolveGraph(root, undefined, async (name, ranges) => {
      const release = given.get(name)
      const isHere = (await this.#find(name)) !== undefined
      return release === undefined || isHere ? this.#pick(name, ranges) : release
    })
  }

  async #pick(name: string, ranges: readonly string[]): Promise<Release> {
    const local = await this.#find(checkedName(name))
    if (local !== undefined) {
      // Others count the versions of what the engine has in their own way.
      return (await readChosen(local, local.isEngine ? [] : ranges)).release()
    }
    const [first = 'latest', ...others] = ranges
    const release = await (await this.#remoteFor(name)).release(name, first)
    const { satisfies, validRange } = await loadSemver()
    const clash = others.find((range) => validRange(range) !== null && !satisfies(release.version, range))
    if (clash === undefined || release.type === 'engine') return release
    throw new RegistryError(
      'graph',
      `"${name}" is needed as ${first} and as ${clash}, and the registry gives ${release.version}.`,
    )
  }

  async #find(name: string): Promise<LocalWorker | undefined> {
    for (const source of this.#local) {
      const worker = await source.find(name)
      if (worker !== undefined) return worker
    }
    return undefined
  }

  /** Of each name the first one, in the order of a listing; and all names that there are, found or not. */
  async #localRows(search: string | undefined): Promise<LocalRows> {
    const names = new Set<string>()
    const engine = new Set<string>()
    const workers: LocalWorker[] = []
    for (const source of this.#local) {
      for (const worker of await source.all()) {
        if (names.has(worker.name)) continue
        for (const name of [worker.name, ...worker.aliases]) names.add(name)
        if (worker.isEngine) engine.add(worker.name)
        workers.push(worker)
      }
    }
    const ranked: Ranked[] = []
    for (let at = 0; at < workers.length; at += AT_ONCE) {
      const read = await Promise.all(workers.slice(at, at + AT_ONCE).map((worker) => this.#rank(worker, search)))
      ranked.push(...read.filter((each) => each !== undefined))
    }
    return { ranked: ranked.sort(byRank), names, engine }
  }

  async #rank(worker: LocalWorker, search: string | undefined): Promise<Ranked | undefined> {
    try {
      const { row, functions } = await worker.read(worker.latest)
      if (search === undefined) return { row, score: 0 }
      const functionNames = functions.map((each) => each.name)
      const score = scoreOf({ row, aliases: worker.aliases, tags: worker.tags, functionNames }, search)
      return score === 0 ? undefined : { row, score }
    } catch (error) {
      this.#deps.log.warn(`the worker '${worker.name}' is left out of a listing: ${(error as Error).message}`)
      return undefined
    }
  }

  async #pageOr(
    remote: RemoteRegistry,
    search: string | undefined,
    cursor: string | undefined,
    hasHits: boolean,
  ): Promise<RemotePage> {
    try {
      return await remote.page(search, cursor)
    } catch (error) {
      if (!hasHits) throw error
      this.#deps.log.warn(`the remote registry is left out of a listing: ${(error as Error).message}`)
      return { rows: [], next: null }
    }
  }

  /** @throws RegistryError `not-found` where there is no remote registry to ask */
  async #remoteFor(name: string): Promise<RemoteRegistry> {
    const remote = await this.#remoteRegistry()
    if (remote !== undefined) return remote
    const known = new Set<string>()
    for (const source of this.#local) for (const worker of await source.all()) known.add(worker.name)
    throw new RegistryError('not-found', `worker "${shown(name)}" does not exist.`, {
      suggestions: closeTo(name, known),
      next: NEXT.list,
    })
  }

  #remoteRegistry(): Promise<RemoteRegistry | undefined> {
    return (this.#remote ??= this.#openRemote())
  }

  async #openRemote(): Promise<RemoteRegistry | undefined> {
    const { remote: base, timeoutMs, cacheTtlMs } = this.#settings
    if (base === undefined || sharedFolder(base) !== undefined) return undefined
    if (!/^https?:\/\//i.test(base) || !URL.canParse(base))
      throw new RegistryError(
        'invalid',
        `the address of the registry, ${JSON.stringify(shown(shownAddress(base)))}, must begin with http://, https:// or file:///FOLDER. Correct \`registry_url\` or III_API_URL.`,
      )
    const { RemoteRegistry } = await import('./remote-registry.ts')
    const { fetch = globalThis.fetch, now = () => performance.now() } = this.#deps
    return new RemoteRegistry({ base, timeoutMs, cacheTtlMs, fetch, now })
  }
}

/** The folder behind `file:///…`; undefined also where the address names another host, or no path. */
function sharedFolder(remote: string | undefined): string | undefined {
  if (remote === undefined || !/^file:/i.test(remote)) return undefined
  try {
    return fileURLToPath(remote)
  } catch {
    return undefined
  }
}

interface LocalRows {
  readonly ranked: Ranked[]
  readonly names: ReadonlySet<string>
  /** Those of the engine itself. */
  readonly engine: ReadonlySet<string>
}

async function readChosen(worker: LocalWorker, wanted: readonly (string | undefined)[]): Promise<LocalVersion> {
  return worker.read(chooseVersion(await loadSemver(), worker, wanted))
}

function readQuestion({ name, version, tag }: VersionQuestion): { name: string; wanted: string | undefined } {
  const checked = checkedName(name)
  const wanted = said(version)
  const label = said(tag)
  if (wanted !== undefined && label !== undefined)
    throw new RegistryError('invalid', 'specify either version OR tag, not both.')
  return { name: checked, wanted: wanted ?? label }
}

function closeTo(name: string, known: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  const names = [...known]
  const closest = closestName(name, names)
  const containing = names.filter((each) => each.toLowerCase().includes(wanted) || wanted.includes(each.toLowerCase()))
  return [...new Set(closest === undefined ? containing : [closest, ...containing])].slice(0, MAX_SUGGESTIONS)
}

/** Blank = not said. */
function said(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === undefined || trimmed === '' ? undefined : trimmed
}
