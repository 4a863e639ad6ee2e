// One worker of `iii.lock` (spec 05 B.7): what is pinned, and where it came from.
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { nameProblem } from '../worker-name.ts'

export interface LockedArtifact {
  /** `http(s):` or `file:`. */
  readonly url: string
  /** 64 small hex digits. */
  readonly sha256: string
}

export type LockSource =
  | { readonly kind: 'binary'; readonly artifacts: Readonly<Record<string, LockedArtifact>> }
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'bundle'; readonly archive_url: string; readonly sha256: string }

export interface LockEntry {
  readonly version: string
  readonly type: 'binary' | 'image' | 'engine' | 'bundle'
  /** Name → semver range. */
  readonly dependencies: Readonly<Record<string, string>>
  /** Of an engine's own worker there is none. */
  readonly source: LockSource | undefined
}

/** What the file says, or why that is none: a clause about the entry, without a capital and a full stop. */
export type ReadEntry = { readonly entry: LockEntry } | { readonly problem: string }

const SHA256 = /^[0-9a-f]{64}$/
/** A version is the name of a folder. */
const VERSION = /^(?!\.)(?!.*\.\.)[A-Za-z0-9.+_-]{1,128}$/
const TARGET = /^[A-Za-z0-9_-]{1,64}$/
const DIGEST = /^\S+@sha256:[0-9a-f]{64}$/
const URL_START = /^(?:https?:\/\/[^\s/]|file:\/\/\/)\S*$/
const TYPES: readonly unknown[] = ['binary', 'image', 'engine', 'bundle'] satisfies LockEntry['type'][]

export function isVersionName(version: string): boolean {
  return VERSION.test(version)
}

export function readLockEntry(value: unknown): ReadEntry {
  if (!isRecord(value)) return { problem: `must be a map, found ${shownValue(value)}` }
  const { version, type } = value
  if (typeof version !== 'string' || !VERSION.test(version)) {
    return { problem: `has the version ${shownValue(version)}; write an exact one as text, such as '1.2.0'` }
  }
  if (!TYPES.includes(type)) {
    return { problem: `has the type ${shownValue(type)}; known are binary, image, engine and bundle` }
  }
  const dependencies = value['dependencies'] ?? {}
  const wrong = dependencyProblem(dependencies)
  if (wrong !== undefined) return { problem: wrong }
  const kind = type as LockEntry['type']
  const source = readSource(kind, value['source'] ?? undefined)
  if (typeof source === 'string') return { problem: source }
  return { entry: { version, type: kind, dependencies: dependencies as Record<string, string>, source } }
}

/** Whether the content is the same, wherever it lies. */
export function isSamePackage(one: LockSource, other: LockSource): boolean {
  return isDeepStrictEqual(checksums(one), checksums(other))
}

/** Whether it lies in files of the machine on which it was pinned. */
export function isOfFiles(source: LockSource): boolean {
  if (source.kind === 'bundle') return source.archive_url.startsWith('file:')
  return source.kind === 'binary' && Object.values(source.artifacts).some(({ url }) => url.startsWith('file:'))
}

function checksums(source: LockSource): unknown {
  if (source.kind !== 'binary') return source.kind === 'bundle' ? source.sha256 : source.image
  return Object.fromEntries(Object.entries(source.artifacts).map(([target, { sha256 }]) => [target, sha256]))
}

/** As it is written: in this order, and without what is empty. */
export function lockEntryForFile({ version, type, dependencies, source }: LockEntry): Record<string, unknown> {
  const names = Object.keys(dependencies).sort()
  return {
    version,
    type,
    ...(names.length > 0 && { dependencies: Object.fromEntries(names.map((name) => [name, dependencies[name]])) }),
    ...(source !== undefined && { source: sourceForFile(source) }),
  }
}

/** undefined: they are as they should be. */
export function dependencyProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `has dependencies that are no map: ${shownValue(value)}`
  for (const [name, range] of Object.entries(value)) {
    if (nameProblem(name) !== undefined) return `has a dependency with the name ${shownValue(name)}, which is none`
    if (typeof range !== 'string') return `has a dependency '${name}' whose range is no text: ${shownValue(range)}`
  }
  return undefined
}

/** A text is what is wrong with it. */
function readSource(type: LockEntry['type'], value: unknown): LockSource | undefined | string {
  if (type === 'engine') return value === undefined ? undefined : 'has a source, which a worker of the engine has not'
  if (!isRecord(value)) return `has ${value === undefined ? 'no source' : 'a source that is no map'}`
  if (value['kind'] !== type)
    return `is of the type '${type}' but has a source of the kind ${shownValue(value['kind'])}`
  switch (type) {
    case 'image': {
      const { image } = value
      const isPinned = typeof image === 'string' && DIGEST.test(image)
      return isPinned ? { kind: 'image', image } : `has the image ${shownValue(image)}, which no digest pins`
    }
    case 'bundle': {
      const artifact = readArtifact(value['archive_url'], value['sha256'])
      if (typeof artifact === 'string') return artifact
      return { kind: 'bundle', archive_url: artifact.url, sha256: artifact.sha256 }
    }
    case 'binary':
      return readBinary(value)
  }
}

function readBinary(value: Readonly<Record<string, unknown>>): LockSource | string {
  // Of old: one target alone, its members beside `kind`.
  const { target, url, sha256 } = value
  const artifacts = value['artifacts'] ?? (target === undefined ? undefined : { [String(target)]: { url, sha256 } })
  if (!isRecord(artifacts) || Object.keys(artifacts).length === 0) return 'has a source without artifacts'
  const read: [string, LockedArtifact][] = []
  for (const [name, each] of Object.entries(artifacts)) {
    if (!TARGET.test(name)) return `has an artifact for ${shownValue(name)}, which is no target`
    const artifact = isRecord(each) ? readArtifact(each['url'], each['sha256']) : 'has an artifact that is no map'
    if (typeof artifact === 'string') return `${artifact} (${name})`
    read.push([name, artifact])
  }
  return { kind: 'binary', artifacts: Object.fromEntries(read) }
}

function readArtifact(url: unknown, sha256: unknown): LockedArtifact | string {
  if (typeof url !== 'string' || !URL_START.test(url)) {
    return `has the address ${shownValue(url)}; it must begin with http://, https:// or file:///`
  }
  if (typeof sha256 !== 'string' || !SHA256.test(sha256)) {
    return `has the checksum ${shownValue(sha256)}; it must be 64 hex digits in small letters`
  }
  return { url, sha256 }
}

function sourceForFile(source: LockSource): Record<string, unknown> {
  if (source.kind !== 'binary') return { ...source }
  const targets = Object.keys(source.artifacts).sort()
  return { kind: 'binary', artifacts: Object.fromEntries(targets.map((target) => [target, source.artifacts[target]])) }
}
