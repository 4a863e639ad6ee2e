// A registry that answers over HTTP (spec 05 A.7.1). What it answers is normalised, and taken for nothing that it does not say.
import { isRecord } from '../../base/values/is-record.ts'
import { shownAddress } from '../net/shown-address.ts'
import { AnswerCache } from './answer-cache.ts'
import {
  HttpStatusError,
  MAX_INSTALL_BYTES,
  MAX_PAGE_BYTES,
  MAX_SKILLS_ANSWER_BYTES,
  requestJson,
  type JsonRequest,
} from './json-request.ts'
import { NEXT, RegistryError } from './registry-error.ts'
import { readReleaseAnswer, readResolveAnswer, type ResolvedGraph } from './release-answers.ts'
import {
  publishedFunctions,
  publishedTriggers,
  workerRow,
  type RegistryInfo,
  type Release,
  type WorkerPrompt,
  type WorkerRow,
  type WorkerSkills,
} from './shapes.ts'

export interface RemoteRegistryDeps {
  readonly base: string
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  readonly fetch: typeof fetch
  readonly now: () => number
}

export interface RemotePage {
  readonly rows: readonly WorkerRow[]
  /** null = this was the last one. */
  readonly next: string | null
}

export class RemoteRegistry {
  readonly #deps: RemoteRegistryDeps
  readonly #cache: AnswerCache

  constructor(deps: RemoteRegistryDeps) {
    this.#deps = deps
    this.#cache = new AnswerCache({ ttlMs: deps.cacheTtlMs, now: deps.now })
  }

  async page(search: string | undefined, cursor: string | undefined): Promise<RemotePage> {
    const answer = await this.#cached('/w', { search, cursor }, MAX_PAGE_BYTES)
    const { workers, pagination } = isRecord(answer) ? answer : {}
    if (!Array.isArray(workers)) throw this.#unusable('/w', 'no list `workers`')
    const rows = workers.map(workerRow).filter((row) => row !== undefined)
    const next = isRecord(pagination) && pagination['has_more'] !== false ? pagination['next_cursor'] : null
    return { rows, next: typeof next === 'string' && next !== '' ? next : null }
  }

  /** Details and skills are asked for together, and both are needed. */
  async info(name: string, version: string): Promise<RegistryInfo> {
    const [detail, skills] = await Promise.all([this.#detail(name, version), this.#skills(name, version)])
    const readme = detail.fields['readme']
    return {
      worker: detail.row,
      ...(typeof readme === 'string' && readme !== '' && { readme }),
      api_reference: {
        functions: publishedFunctions(detail.fields['functions']),
        triggers: publishedTriggers(detail.fields['triggers']),
      },
      skills_tree: {
        skills: skills.skills.map(({ path }) => ({ path })),
        prompts: skills.prompts.map((prompt) => ({ name: prompt.name, description: prompt.description })),
      },
    }
  }

  skills(name: string, version: string): Promise<WorkerSkills> {
    return this.#skills(name, version)
  }

  /** How a version is installed, and what it publishes as far as that is told. */
  async release(name: string, version: string): Promise<Release> {
    const path = `/download/${encodeURIComponent(name)}`
    const [answer, about] = await Promise.all([
      this.#ask({ method: 'GET', url: this.#url(path, { version }), maxBytes: MAX_INSTALL_BYTES }).catch(
        notFound(name, version),
      ),
      this.#about(name, version),
    ])
    return readReleaseAnswer(answer.value, { name, version, about, where: this.#where('GET', path) })
  }

  /** undefined: this registry does not resolve. */
  async resolve(name: string, version: string): Promise<ResolvedGraph | undefined> {
    const url = this.#url('/resolve', {})
    let value: unknown
    try {
      const body = { worker: name, version }
      value = (await this.#ask({ method: 'POST', url, body, maxBytes: MAX_INSTALL_BYTES })).value
    } catch (error) {
      if (error instanceof HttpStatusError && [404, 405, 501].includes(error.status)) return undefined
      throw error
    }
    const graph = readResolveAnswer(value, this.#where('POST', '/resolve'))
    if (graph.root !== name) throw this.#unusable('/resolve', `${JSON.stringify(graph.root)} in place of "${name}"`)
    const releases = graph.releases.map(async (release) => {
      const about = await this.#about(release.name, release.version)
      return { ...release, functions: publishedFunctions(about?.fields['functions']).map((each) => each.name) }
    })
    return { root: name, releases: await Promise.all(releases) }
  }

  /** What it publishes is good to know, and no reason to fail. */
  #about(name: string, version: string): Promise<Detail | undefined> {
    return this.#detail(name, version).catch(() => undefined)
  }

  async #detail(name: string, version: string): Promise<Detail> {
    const path = `/w/${encodeURIComponent(name)}`
    const answer = await this.#cached(path, { version }, MAX_PAGE_BYTES).catch(notFound(name, version))
    const inner = isRecord(answer) && isRecord(answer['worker']) ? answer['worker'] : answer
    const row = workerRow(inner)
    if (!isRecord(inner) || row === undefined) throw this.#unusable(path, 'no worker')
    if (row.name !== name) throw this.#unusable(path, `"${row.name}" in place of "${name}"`)
    return { row, fields: inner }
  }

  async #skills(name: string, version: string): Promise<WorkerSkills> {
    const path = `/w/${encodeURIComponent(name)}/skills`
    const answer = await this.#cached(path, { version }, MAX_SKILLS_ANSWER_BYTES).catch(notFound(name, version))
    if (!isRecord(answer)) throw this.#unusable(path, 'no skills')
    if (answer['name'] !== name)
      throw this.#unusable(path, `skills of ${JSON.stringify(answer['name'])} in place of "${name}"`)
    const { skills, prompts } = answer
    return {
      name,
      version: typeof answer['version'] === 'string' ? answer['version'] : version,
      skills: records(skills).map((each) => this.#skill(each, path)),
      prompts: records(prompts).map((each) => this.#prompt(each, path)),
    }
  }

  #skill({ path, content }: Readonly<Record<string, unknown>>, from: string): { path: string; content: string } {
    if (typeof path === 'string' && isInside(path) && typeof content === 'string') return { path, content }
    throw this.#unusable(from, `a skill at ${JSON.stringify(path)?.slice(0, 80)}, which is no path below a folder`)
  }

  #prompt(fields: Readonly<Record<string, unknown>>, from: string): WorkerPrompt {
    const { name, description, content, args_schema } = fields
    if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name) || typeof content !== 'string')
      throw this.#unusable(from, `a prompt of the name ${JSON.stringify(name)?.slice(0, 80)}, or without a content`)
    return {
      name,
      description: typeof description === 'string' ? description : '',
      content,
      ...(args_schema !== undefined && args_schema !== null && { args_schema }),
    }
  }

  #cached(path: string, query: Readonly<Record<string, string | undefined>>, maxBytes: number): Promise<unknown> {
    const url = this.#url(path, query)
    return this.#cache.get(url, () => this.#ask({ method: 'GET', url, maxBytes }))
  }

  #ask(
    request: Pick<JsonRequest, 'method' | 'url' | 'body' | 'maxBytes'>,
  ): Promise<{ readonly value: unknown; readonly size: number }> {
    return requestJson({ ...request, timeoutMs: this.#deps.timeoutMs, fetch: this.#deps.fetch })
  }

  /** Blank members are not sent. */
  #url(path: string, query: Readonly<Record<string, string | undefined>>): string {
    const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
    const text = new URLSearchParams(said as [string, string][]).toString()
    return `${this.#deps.base}${path}${text === '' ? '' : `?${text}`}`
  }

  #where(method: string, path: string): string {
    return `${method} ${shownAddress(this.#deps.base)}${path}`
  }

  #unusable(path: string, what: string): RegistryError {
    return new RegistryError('unreachable', `${shownAddress(this.#deps.base)}${path} answered ${what}.`)
  }
}

export interface Detail {
  readonly row: WorkerRow
  readonly fields: Readonly<Record<string, unknown>>
}

/** A path of names below a folder: no way out of it, on any platform. */
function isInside(path: string): boolean {
  return (
    path.length <= 1024 &&
    !/[\\\0:]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  )
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function notFound(name: string, version: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof HttpStatusError) || error.status !== 404) throw error
    const what = version === 'latest' ? `worker "${name}"` : `worker "${name}" in version ${JSON.stringify(version)}`
    const asked = error.message.replace(/^.*?: /, '').replace(/\.$/, '')
    throw new RegistryError('not-found', `${what} does not exist (${asked}).`, { next: NEXT.list, cause: error })
  }
}
