// A worker with all that it needs, dependencies first (spec 05 B.1): each name once, in a version that all who need it take.
import { RegistryError } from './registry-error.ts'
import type { Release } from './shapes.ts'

/** Workers of a graph. */
export const MAX_GRAPH_WORKERS = 256
/** Times that choosing begins anew because a version did not fit what was found later. */
const MAX_ROUNDS = 64

/** The release of a name that all of these ranges take. */
export type Pick = (name: string, ranges: readonly string[]) => Promise<Release>

/** @throws RegistryError `graph` of a circle, of a dependency that is not there or that no version fits */
export async function resolveGraph(root: string, version: string | undefined, pick: Pick): Promise<Release[]> {
  const ranges = new Map<string, Set<string>>([[root, new Set(version === undefined ? [] : [version])]])
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const releases = await chosen(root, ranges, pick)
    if (releases !== undefined) return dependenciesFirst(root, releases)
  }
  throw new RegistryError('graph', `the dependencies of "${root}" could not be brought together.`)
}

/** undefined: a range was added for a name that had been chosen already. */
async function chosen(
  root: string,
  ranges: Map<string, Set<string>>,
  pick: Pick,
): Promise<Map<string, Release> | undefined> {
  const releases = new Map<string, Release>()
  const open: { readonly name: string; readonly by: string }[] = [{ name: root, by: '' }]
  let isNew = false
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, by } = next
    if (releases.has(name)) continue
    if (releases.size === MAX_GRAPH_WORKERS)
      throw new RegistryError('too-large', `"${root}" needs more than ${MAX_GRAPH_WORKERS} workers.`)
    const release = await pick(name, [...(ranges.get(name) ?? [])]).catch(asDependency(by, name))
    // Under the name that was asked for: the engine's own have several.
    releases.set(name, release)
    for (const [dependency, range] of Object.entries(release.dependencies)) {
      if (dependency === name) throw circle([name, name])
      const known = ranges.get(dependency) ?? new Set()
      if (!known.has(range) && releases.has(dependency)) isNew = true
      ranges.set(dependency, known.add(range))
      open.push({ name: dependency, by: name })
    }
  }
  return isNew ? undefined : releases
}

function asDependency(by: string, name: string): (error: unknown) => never {
  return (error) => {
    if (by === '' || !(error instanceof RegistryError) || (error.kind !== 'not-found' && error.kind !== 'invalid'))
      throw error
    const why = error.message.replace(/^D\d+ \w+: /, '')
    throw new RegistryError('graph', `"${by}" depends on "${name}", which can't be had: ${why}`, { cause: error })
  }
}

/** Those on which a worker depends stand before it. @throws RegistryError `graph` of a circle */
function dependenciesFirst(root: string, releases: ReadonlyMap<string, Release>): Release[] {
  const sorted = new Set<Release>()
  const visit = (name: string, path: readonly string[]): void => {
    const release = releases.get(name) as Release
    if (sorted.has(release)) return
    if (path.includes(name)) {
      throw circle([...path.slice(path.indexOf(name)), name])
    }
    for (const dependency of Object.keys(release.dependencies)) visit(dependency, [...path, name])
    sorted.add(release)
  }
  visit(root, [])
  return [...sorted]
}

function circle(names: readonly string[]): RegistryError {
  return new RegistryError('graph', `workers depend on each other in a circle: ${names.join(' → ')}.`)
}
