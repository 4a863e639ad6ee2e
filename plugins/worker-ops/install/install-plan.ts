// From the releases that a registry resolved to what is to be done (spec 05 B.1): in which order, what of it is there already.
import { RegistryError } from '../../../kit/registry/registry-error.ts'
import type { Release } from '../../../kit/registry/shapes.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { canonicalName } from '../built-in-workers.ts'
import { WorkerOpError } from '../errors.ts'
import type { PlannedWorker } from '../installing.ts'
import { nameProblem } from '../worker-name.ts'
import type { LockFile } from './lock-file.ts'
import { isVersionName, type LockEntry, type LockSource } from './lock-entry.ts'
import { MAX_GRAPH_DEPTH, MAX_GRAPH_WORKERS } from './package-limits.ts'

/**
 * Every worker after those that it depends on; the one that was asked for last.
 * @throws W183 too many or too deep, W184 it is no graph without circles, of which the root reaches everything
 */
export function inOrder(releases: readonly Release[], root: string): readonly Release[] {
  if (releases.length > MAX_GRAPH_WORKERS) throw exceeded('workers', MAX_GRAPH_WORKERS, releases.length)
  // Workers of the engine have several names.
  const byName = new Map<string, Release>()
  for (const release of releases) {
    const name = canonicalName(release.name)
    if (byName.has(name)) throw invalid(root, `it names '${release.name}' twice`)
    byName.set(name, release)
  }
  const ordered: Release[] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (asked: string): void => {
    const name = canonicalName(asked)
    if (done.has(name)) return
    if (way.includes(name))
      throw invalid(root, `it is a circle: ${[...way.slice(way.indexOf(name)), name].join(' → ')}`)
    const release = byName.get(name)
    if (release === undefined) {
      throw invalid(root, `${way.length === 0 ? '' : `'${way.at(-1)}' depends on `}'${name}', which is not in it`)
    }
    way.push(name)
    if (way.length > MAX_GRAPH_DEPTH) throw exceeded('depth', MAX_GRAPH_DEPTH, way.length)
    for (const dependency of Object.keys(release.dependencies)) visit(dependency)
    way.pop()
    done.add(name)
    ordered.push(release)
  }
  visit(root)
  const stray = releases.find(({ name }) => !done.has(canonicalName(name)))
  if (stray !== undefined) throw invalid(root, `nothing in it depends on '${stray.name}'`)
  return ordered
}

/** What `iii.lock` will say of a release. undefined: of a worker in a folder it says nothing. @throws W140 W141 */
export function lockEntryOf({ name, version, dependencies, artifact }: Release): LockEntry | undefined {
  const problem = nameProblem(name)
  if (problem !== undefined) throw badAnswer(`a worker ${shownValue(name)}, whose name is none: ${problem}`)
  if (artifact.kind === 'local') return undefined
  if (!isVersionName(version)) throw badAnswer(`'${name}' in the version ${shownValue(version)}, which is none`)
  switch (artifact.kind) {
    case 'engine':
      return { version, type: 'engine', dependencies, source: undefined }
    case 'image':
      throw new WorkerOpError(
        'W141',
        `OCI pull failed for ${artifact.image}: container workers are not supported. Take a worker that is published as a bundle or as a binary.`,
        { reference: artifact.image, message: 'container workers are not supported' },
      )
    case 'bundle':
    case 'binary':
      return { version, type: artifact.kind, dependencies, source: sourceOf(artifact) }
  }
}

function sourceOf(artifact: Extract<Release['artifact'], { readonly kind: 'bundle' | 'binary' }>): LockSource {
  return artifact.kind === 'bundle'
    ? { kind: 'bundle', archive_url: artifact.url, sha256: artifact.sha256 }
    : { kind: 'binary', artifacts: artifact.targets }
}

/** Workers that are installed and stay as they are must get along with what is planned. @throws W184 */
export async function checkOthersFit(
  workers: readonly Pick<PlannedWorker, 'name' | 'version' | 'type'>[],
  lock: LockFile,
  root: string,
): Promise<void> {
  const planned = new Map(workers.map(({ name, version, type }) => [name, type === 'engine' ? undefined : version]))
  for (const other of lock.names) {
    if (planned.has(other)) continue
    for (const [name, range] of Object.entries(lock.get(other)?.dependencies ?? {})) {
      const version = planned.get(name)
      if (version === undefined) continue
      const { satisfies, validRange } = (await import('semver')).default
      if (validRange(range) === null || satisfies(version, range)) continue
      throw invalid(root, `it brings ${name} ${version}, but '${other}', which is installed, needs ${name} ${range}`)
    }
  }
}

/** What the registry says, as an error of the operation. */
export function ofRegistry(error: unknown, name: string): unknown {
  if (!(error instanceof RegistryError)) return error
  const { message, kind } = error
  switch (kind) {
    case 'not-found':
      return new WorkerOpError('W110', message, { name }, { cause: error })
    case 'graph':
      return new WorkerOpError('W184', message, { reason: message }, { cause: error })
    case 'too-large':
      return new WorkerOpError(
        'W183',
        message,
        { dimension: 'workers', limit: MAX_GRAPH_WORKERS, actual: null },
        { cause: error },
      )
    default:
      return new WorkerOpError('W140', message, { message }, { cause: error })
  }
}

function invalid(root: string, reason: string): WorkerOpError {
  const text = `'${root}' can not be installed with what it depends on: ${reason}. Ask for another version, or those who publish it.`
  return new WorkerOpError('W184', text, { reason })
}

function exceeded(dimension: string, limit: number, actual: number): WorkerOpError {
  const text = `The graph of dependencies exceeds its limit: ${dimension}, at most ${limit}, found ${actual}. Add the workers that it needs one by one.`
  return new WorkerOpError('W183', text, { dimension, limit, actual })
}

function badAnswer(what: string): WorkerOpError {
  const message = `The registry answered with ${what}. Ask those who run it.`
  return new WorkerOpError('W140', message, { message })
}
