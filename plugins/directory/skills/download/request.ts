// What a download is asked for (spec 05 A.4): a worker of the registry, or a folder of a git repository.
import { directoryError, shownName } from '../../files/directory-error.ts'
import { kindOf } from '../skill-id.ts'

/** As it was given; blank members are left out. */
export interface DownloadRequest {
  readonly worker: string | undefined
  readonly version: string | undefined
  readonly tag: string | undefined
  readonly repo: string | undefined
  readonly skill: string | undefined
  readonly branch: string | undefined
}

export type DownloadSource = RegistrySource | RepoSource

export interface RegistrySource {
  readonly kind: 'registry'
  readonly worker: string
  readonly version?: string
  readonly tag?: string
}

export interface RepoSource {
  readonly kind: 'repo'
  readonly repo: string
  readonly skill: string
  readonly branch: string
}

const WORKER = /^[a-z0-9][a-z0-9_-]{0,63}$/
const FOLDER = /^[a-z0-9_-]{1,64}$/
/** Nothing that git would take for an option or another thing than a branch. */
const BRANCH = /^[A-Za-z0-9_](?:[A-Za-z0-9._/+-]{0,253}[A-Za-z0-9_+-])?$/
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ssh:', 'file:'])

const EITHER = 'specify either `worker` OR `repo` and `skill`'

/** @throws CodedError `D311` */
export function readRequest({ worker, version, tag, repo, skill, branch }: DownloadRequest): DownloadSource {
  const isRegistry = (worker ?? version ?? tag) !== undefined
  const isRepo = (repo ?? skill ?? branch) !== undefined
  if (isRegistry && isRepo) throw directoryError('D311', `${EITHER}, not both`)
  if (!isRegistry && !isRepo) throw directoryError('D311', `${EITHER}: neither was given`)
  return isRegistry ? registrySource(worker, version, tag) : repoSource(repo, skill, branch)
}

function registrySource(
  worker: string | undefined,
  version: string | undefined,
  tag: string | undefined,
): RegistrySource {
  if (worker === undefined) throw directoryError('D311', '`worker` is missing: the name of a worker in the registry')
  checkNamespace('worker', worker, WORKER)
  if (version !== undefined && tag !== undefined) {
    throw directoryError('D311', 'specify either version OR tag, not both')
  }
  return { kind: 'registry', worker, ...(version === undefined ? { tag: tag ?? 'latest' } : { version }) }
}

function repoSource(repo: string | undefined, skill: string | undefined, branch = 'main'): RepoSource {
  if (repo === undefined) throw directoryError('D311', '`repo` is missing: the URL of a git repository')
  if (skill === undefined)
    throw directoryError('D311', '`skill` is missing: a folder in the folder `skills` of the repository')
  checkNamespace('skill', skill, FOLDER)
  if (!BRANCH.test(branch) || /\.\.|\/\/|\.lock$/.test(branch)) {
    throw directoryError('D311', `\`branch\` ${shownName(branch)} is no name of a branch`)
  }
  checkUrl(repo)
  return { kind: 'repo', repo, skill, branch }
}

/** It is going to be a folder of skills. */
function checkNamespace(member: string, name: string, pattern: RegExp): void {
  if (!pattern.test(name)) {
    throw directoryError(
      'D311',
      `\`${member}\` ${shownName(name)} is no such name: names are 1 to 64 of a-z, 0-9, _ and -`,
    )
  }
  if (kindOf(`${name}/x.md`) === 'skills') return
  throw directoryError(
    'D311',
    `\`${member}\` can't be ${shownName(name)}: skills are not found in a folder of that name`,
  )
}

function checkUrl(repo: string): void {
  const url = URL.canParse(repo) ? new URL(repo) : undefined
  // eslint-disable-next-line no-control-regex
  const isClean = !/[\u0000-\u0020\u007F]/.test(repo)
  if (url !== undefined && SCHEMES.has(url.protocol) && isClean && !url.hostname.startsWith('-')) return
  throw directoryError(
    'D311',
    `\`repo\` ${shownName(withoutSecret(repo))} is no URL that begins with https://, http://, ssh:// or file://`,
    {
      next: ['write it out, such as https://host/owner/name.git or ssh://git@host/owner/name.git'],
    },
  )
}

/** The URL without a password, and without a user that may be a token. */
export function withoutSecret(repo: string): string {
  return repo.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1')
}
