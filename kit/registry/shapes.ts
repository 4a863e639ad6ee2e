// What registries answer (spec 05 A.3, A.7.1), as the rest of the code sees it: normalised, whatever was left out upstream.
import { isRecord } from '../../base/values/is-record.ts'
import { RegistryError } from './registry-error.ts'
import { WORKER_NAME } from './worker-name.ts'

export const PAGE_SIZE = 20

export type WorkerType = 'bundle' | 'binary' | 'engine' | 'image' | 'local'
const WORKER_TYPES: readonly string[] = ['bundle', 'binary', 'engine', 'image', 'local'] satisfies WorkerType[]

export interface WorkerDependency {
  readonly name: string
  /** A semver range. */
  readonly version: string
}

/** A worker in a listing. */
export interface WorkerRow {
  readonly name: string
  readonly description: string | null
  readonly type: string | null
  readonly version: string | null
  readonly repo: string | null
  /** Default settings. */
  readonly config: Readonly<Record<string, unknown>>
  readonly supported_targets: readonly string[]
  /** Only of type `image`. */
  readonly image?: string
  readonly total_downloads: number
  readonly dependencies: readonly WorkerDependency[]
  readonly author: { readonly name: string; readonly pfp: string | null; readonly verified: boolean } | null
  readonly deprecated?: unknown
  /** The worker that took its place. */
  readonly replacement?: unknown
}

export interface RegistryPage {
  readonly workers: readonly WorkerRow[]
  readonly pagination: {
    readonly next_cursor: string | null
    readonly has_more: boolean
    readonly page_size: number
  }
}

export interface PublishedFunction {
  readonly name: string
  readonly description: string
  readonly request_schema: unknown
  readonly response_schema: unknown
  readonly metadata: unknown
}

export interface PublishedTrigger {
  readonly name: string
  readonly description: string
  /** What a binding is configured with. */
  readonly invocation_schema: unknown
  /** What a bound function gets. */
  readonly return_schema: unknown
  readonly metadata: unknown
}

export interface RegistryInfo {
  readonly worker: WorkerRow
  readonly readme?: string
  readonly api_reference: {
    readonly functions: readonly PublishedFunction[]
    readonly triggers: readonly PublishedTrigger[]
  }
  readonly skills_tree: {
    readonly skills: readonly { readonly path: string }[]
    readonly prompts: readonly { readonly name: string; readonly description: string }[]
  }
}

export interface WorkerPrompt {
  readonly name: string
  readonly description: string
  /** Without frontmatter. */
  readonly content: string
  readonly args_schema?: unknown
}

/** The skills and prompts that a worker ships. */
export interface WorkerSkills {
  readonly name: string
  readonly version: string
  /** Paths with `/`, relative, without `..`. */
  readonly skills: readonly { readonly path: string; readonly content: string }[]
  readonly prompts: readonly WorkerPrompt[]
}

/** One version of a worker: what installing needs. */
export interface Release {
  readonly name: string
  readonly version: string
  readonly type: WorkerType
  /** Name → semver range. */
  readonly dependencies: Readonly<Record<string, string>>
  /** Defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** Ids that it publishes; may be empty. */
  readonly functions: readonly string[]
  readonly artifact: Artifact
}

export type Artifact =
  | {
      readonly kind: 'bundle'
      /** `http(s):` or `file:`. */ readonly url: string
      /** Small hex letters. */ readonly sha256: string
    }
  | {
      readonly kind: 'binary'
      readonly targets: Readonly<Record<string, { readonly url: string; readonly sha256: string }>>
    }
  | { readonly kind: 'local'; /** Absolute. */ readonly path: string }
  | { readonly kind: 'engine' }
  | { readonly kind: 'image'; readonly image: string }

/** A row from whatever a registry says of a worker; undefined where it has no usable name. */
export function workerRow(value: unknown): WorkerRow | undefined {
  if (!isRecord(value) || typeof value['name'] !== 'string' || !WORKER_NAME.test(value['name'])) return undefined
  const { author, image, deprecated, replacement } = value
  return {
    name: value['name'],
    description: textOr(value['description'], null),
    type: textOr(value['type'], null),
    version: textOr(value['version'], null),
    repo: textOr(value['repo'], null),
    config: isRecord(value['config']) ? value['config'] : {},
    supported_targets: texts(value['supported_targets']),
    ...(typeof image === 'string' && { image }),
    total_downloads: typeof value['total_downloads'] === 'number' ? value['total_downloads'] : 0,
    dependencies: dependencyList(value['dependencies']),
    author:
      isRecord(author) && typeof author['name'] === 'string'
        ? { name: author['name'], pfp: textOr(author['pfp'], null), verified: author['verified'] === true }
        : null,
    ...(deprecated !== undefined && deprecated !== null && { deprecated }),
    ...(replacement !== undefined && replacement !== null && { replacement }),
  }
}

export function publishedFunctions(value: unknown): PublishedFunction[] {
  return named(value).map((each) => ({
    name: each.name,
    description: textOr(each['description'], ''),
    request_schema: each['request_schema'] ?? {},
    response_schema: each['response_schema'] ?? {},
    metadata: each['metadata'] ?? {},
  }))
}

export function publishedTriggers(value: unknown): PublishedTrigger[] {
  return named(value).map((each) => ({
    name: each.name,
    description: textOr(each['description'], ''),
    invocation_schema: each['invocation_schema'] ?? {},
    return_schema: each['return_schema'] ?? {},
    metadata: each['metadata'] ?? {},
  }))
}

/** From a list of `{ name, version }` or a map of name → range. */
export function dependencyList(value: unknown): WorkerDependency[] {
  if (Array.isArray(value))
    return named(value).map((each) => ({ name: each.name, version: textOr(each['version'], '*') }))
  if (!isRecord(value)) return []
  return Object.entries(value).map(([name, range]) => ({ name, version: textOr(range, '*') }))
}

export function dependencyMap(value: unknown): Record<string, string> {
  return Object.fromEntries(dependencyList(value).map(({ name, version }) => [name, version]))
}

/** `bundle` where nothing that is known was said. */
export function workerType(value: unknown): WorkerType {
  return typeof value === 'string' && WORKER_TYPES.includes(value) ? (value as WorkerType) : 'bundle'
}

const SHA256 = /^[0-9a-f]{64}$/i

/** The checksum in small letters. @throws RegistryError `invalid` */
export function checkedSha256(value: unknown, whose: string): string {
  if (typeof value === 'string' && SHA256.test(value)) return value.toLowerCase()
  throw new RegistryError(
    'invalid',
    `The registry gives no SHA-256 of ${whose}: it must be 64 hex digits, got ${JSON.stringify(value)?.slice(0, 80)}.`,
  )
}

function named(value: unknown): ({ readonly name: string } & Readonly<Record<string, unknown>>)[] {
  if (!Array.isArray(value)) return []
  return value.filter((each) => isRecord(each) && typeof each['name'] === 'string' && each['name'] !== '') as never
}

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' ? value : other
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
