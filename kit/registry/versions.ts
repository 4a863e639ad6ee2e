// Which version of a worker is meant by a version, a tag or a semver range (spec 05 A.7.2). `semver` is loaded when it is first needed.
import type * as Semver from 'semver'
import { NEXT, RegistryError } from './registry-error.ts'
import { shown } from './worker-name.ts'

export type SemverModule = typeof Semver

let loaded: Promise<SemverModule> | undefined
export function loadSemver(): Promise<SemverModule> {
  return (loaded ??= import('semver').then((module) => module.default as unknown as SemverModule))
}

/** Versions that a message names. */
const MAX_NAMED = 20

/** What a worker has to choose from. */
export interface Versions {
  readonly name: string
  readonly versions: readonly string[]
  readonly latest: string
}

/**
 * The version that all of `wanted` take: an exact one, `latest`, a range. The latest one where it fits, else the highest.
 * @throws RegistryError `not-found`, with the versions that there are
 */
export function chooseVersion(semver: SemverModule, of: Versions, wanted: readonly (string | undefined)[]): string {
  const asked = wanted.map((each) => (each ?? '').trim()).filter((each) => each !== '' && each !== 'latest')
  const fitting = asked.reduce<readonly string[]>((left, each) => left.filter(takes(semver, each)), of.versions)
  if (fitting.includes(of.latest)) return of.latest
  const [highest] = semver.rsort([...fitting])
  if (highest !== undefined) return highest
  const there = semver.rsort([...of.versions])
  const named = `${there.slice(0, MAX_NAMED).join(', ')}${there.length > MAX_NAMED ? ', …' : ''}`
  const what = [...new Set(asked)].map((each) => JSON.stringify(shown(each))).join(' and ')
  throw new RegistryError('not-found', `worker "${of.name}" has no version that is ${what}; it has ${named}.`, {
    next: NEXT.info,
  })
}

function takes(semver: SemverModule, wanted: string): (version: string) => boolean {
  const exact = semver.valid(wanted)
  if (exact !== null) return (version) => version === wanted || semver.eq(version, exact)
  const range = semver.validRange(wanted)
  return range === null ? () => false : (version) => semver.satisfies(version, range)
}

/** The highest that is no pre-release, else the highest; undefined of none. */
export function highestVersion(semver: SemverModule, versions: readonly string[]): string | undefined {
  const sorted = semver.rsort([...versions])
  return sorted.find((version) => semver.prerelease(version) === null) ?? sorted[0]
}
