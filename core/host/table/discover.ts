// Finds plugins on disk: the folders of the table of built-in workers and the user's `plugins_dir`. Reads names only, runs nothing.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { WorkerNames } from '../../config/worker-names.ts'
import { PLUGIN_NAME, type PluginSource } from './plugin-source.ts'

export interface DiscoveryPlaces {
  /** From the table of built-in workers. */
  readonly names: WorkerNames
  /** Absolute path of `plugins_dir`; it need not exist. */
  readonly userDir: string
  readonly projectRoot: string
}

export interface Discovery {
  readonly sources: ReadonlyMap<string, PluginSource>
  /** Names that can't be used, each with the reason in words that name the files (spec 09 §1). */
  readonly problems: ReadonlyMap<string, string>
}

interface Candidate {
  readonly name: string
  readonly entryFile: string
  readonly path: string
}

const ENTRY_FILE = /^index\.(ts|js|mjs)$/
const SINGLE_FILE = /^(.+)\.(ts|js|mjs)$/
/** Beside the folders of built-in workers stand the tables of them, which are no plugins. */
const TABLES = ['built-ins', 'absent-workers', 'known-ids.generated']

/** User plugins win over built-ins of their name; two user plugins of one name are a problem, not a choice. */
export async function discoverPlugins(places: DiscoveryPlaces): Promise<Discovery> {
  const { names, userDir, projectRoot } = places
  const [builtIns, userPlugins] = await Promise.all([
    builtInCandidates(names),
    candidatesIn(userDir, (base) => (isEnginesOwn(join(userDir, base), names) ? undefined : base)),
  ])
  const sources = new Map<string, PluginSource>()
  const problems = new Map<string, string>()
  for (const candidate of builtIns) {
    const aliases = names.aliasesOf(candidate.name)
    sources.set(candidate.name, { ...candidate, aliases, builtIn: true, replaces: false, origin: 'built-in' })
  }
  for (const [name, candidates] of byName(userPlugins)) {
    const [first, second] = candidates
    if (first === undefined) continue
    if (!PLUGIN_NAME.test(name)) {
      problems.set(
        name,
        `'${first.path}' can't be a plugin: a name is a lower-case letter and up to 63 letters, digits or dashes`,
      )
    } else if (second !== undefined) {
      problems.set(
        name,
        `two plugins are named '${name}': ${candidates.map((each) => each.entryFile).join(' and ')}; rename one`,
      )
    } else {
      const replaces = sources.has(name)
      const origin = relative(projectRoot, first.path)
      sources.set(name, { ...first, aliases: names.aliasesOf(name), builtIn: false, replaces, origin })
    }
  }
  return { sources, problems }
}

async function builtInCandidates({ builtIns }: WorkerNames): Promise<Candidate[]> {
  const found = await Promise.all(builtIns.map(({ folder, about }) => candidatesInFolder(folder, about.name)))
  return found.flat()
}

/** In a checkout `plugins_dir` may be the engine's own folder: what ships in there is nobody's own plugin. */
function isEnginesOwn(path: string, { builtIns }: WorkerNames): boolean {
  return builtIns.some(
    ({ folder }) =>
      resolve(folder) === path || (dirname(resolve(folder)) === dirname(path) && TABLES.includes(basename(path))),
  )
}

/** @param nameOf the name of a plugin by its folder or file; undefined = not one of these. */
async function candidatesIn(dir: string, nameOf: (base: string) => string | undefined): Promise<Candidate[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(ignoreMissing)
  const found = await Promise.all(
    entries.map(async (entry): Promise<Candidate[]> => {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
      const path = join(dir, entry.name)
      if (!entry.isDirectory() && !(entry.isSymbolicLink() && !SINGLE_FILE.test(entry.name))) {
        const base = entry.name.endsWith('.d.ts') ? undefined : SINGLE_FILE.exec(entry.name)?.[1]
        const name = base === undefined ? undefined : nameOf(base)
        return name === undefined ? [] : [{ name, entryFile: path, path }]
      }
      const name = nameOf(entry.name)
      return name === undefined ? [] : candidatesInFolder(path, name)
    }),
  )
  return found.flat().sort((a, b) => a.entryFile.localeCompare(b.entryFile))
}

async function candidatesInFolder(path: string, name: string): Promise<Candidate[]> {
  const inside = await readdir(path).catch(ignoreMissing)
  const files = inside.filter((file) => ENTRY_FILE.test(file)).sort()
  return files.map((file) => ({ name, entryFile: join(path, file), path }))
}

/** A folder that does not exist (or vanishes meanwhile, or is a file behind a link) holds no plugins. */
function ignoreMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
  throw error
}

function byName(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  return Map.groupBy(candidates, (candidate) => candidate.name)
}
