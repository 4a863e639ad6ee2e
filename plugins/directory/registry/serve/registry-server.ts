// Serves a folder as a registry over HTTP (spec 05 A.7.1): what `iii registry serve` runs. It only reads; whoever can reach its address may
// read too.
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { WebListener } from '../../../../base/net/web-listener.ts'
import { RegistryError, WorkerRegistry, type RegistryFailure } from '../../../../kit/registry/worker-registry.ts'
import { readBody } from './request-body.ts'
import { downloadAnswer, resolveAnswer, type ArchiveAddress } from './release-answers.ts'
import { ENGINE_WORKER_TABLE } from '../../../engine-workers/table.ts'

/** Of a whole request, its body included. */
export const REQUEST_MS = 10_000
export const MAX_CONNECTIONS = 1_000
/** Of a client that reads nothing more of an answer: others want its connection. */
export const STALL_MS = 30_000

export interface RegistryServerOptions {
  /** Absolute. */
  readonly folder: string
  readonly host: string
  /** 0 = any that is free. */
  readonly port: number
  /** Where others reach it, behind a proxy. Default: as the request says. */
  readonly publicUrl?: string
  /** How long a client may read nothing of its answer. Default `STALL_MS`. */
  readonly stallMs?: number
  readonly log: { debug(message: string): void; warn(message: string): void }
}

/** What is answered: JSON, or a file. */
type Answer =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly file: string }

const STATUS: Readonly<Record<RegistryFailure, number>> = {
  'not-found': 404,
  invalid: 400,
  graph: 409,
  'too-large': 500,
  unreachable: 500,
}
const ROUTES: readonly { readonly path: RegExp; readonly methods: readonly string[]; readonly route: Route }[] = [
  { path: /^\/w\/?$/, methods: ['GET', 'HEAD'], route: 'list' },
  { path: /^\/w\/([^/]+)\/?$/, methods: ['GET', 'HEAD'], route: 'info' },
  { path: /^\/w\/([^/]+)\/skills\/?$/, methods: ['GET', 'HEAD'], route: 'skills' },
  { path: /^\/download\/([^/]+)\/?$/, methods: ['GET', 'HEAD'], route: 'download' },
  { path: /^\/archives\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/, methods: ['GET', 'HEAD'], route: 'archive' },
  { path: /^\/resolve\/?$/, methods: ['POST'], route: 'resolve' },
]
type Route = 'list' | 'info' | 'skills' | 'download' | 'archive' | 'resolve'

export class RegistryServer {
  readonly #options: RegistryServerOptions
  readonly #listener: WebListener
  /** What it lists: the folder alone. Everybody has the workers of his own engine. */
  readonly #listed: WorkerRegistry
  /** What dependencies are met from. */
  readonly #known: WorkerRegistry

  private constructor(options: RegistryServerOptions) {
    this.#options = options
    const { folder, log } = options
    const settings = { projectRoot: folder, folders: [folder], remote: undefined, timeoutMs: 0, cacheTtlMs: 0 }
    this.#listed = new WorkerRegistry(settings, { log, engineWorkers: null })
    this.#known = new WorkerRegistry(settings, { log, engineWorkers: ENGINE_WORKER_TABLE })
    this.#listener = new WebListener({
      worker: 'iii registry serve',
      handshakeTimeoutMs: REQUEST_MS,
      maxConnections: MAX_CONNECTIONS,
      onFailure: (error) => log.warn(`the registry server failed: ${error.message}`),
    })
  }

  /** @throws an error that names the address, where that can't be had */
  static async open(options: RegistryServerOptions): Promise<RegistryServer> {
    const server = new RegistryServer(options)
    server.#listener.serve({
      handshakeTimeoutMs: REQUEST_MS,
      maxConnections: MAX_CONNECTIONS,
      onRequest: (request, response) => void server.#serve(request, response),
    })
    await server.#listener.open(options.host, options.port)
    return server
  }

  get url(): string {
    const { host, port } = this.#listener.address
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  close(): Promise<void> {
    return this.#listener.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answer(request)
    } catch (error) {
      answer = this.#failure(request, error)
    }
    response.setTimeout(this.#options.stallMs ?? STALL_MS, () => response.destroy())
    try {
      await send(request, response, answer)
    } catch (error) {
      // Whoever asked has gone, or the archive can't be read any more.
      this.#options.log.debug(`an answer of the registry was not sent: ${(error as Error).message}`)
      response.destroy()
    }
  }

  #failure(request: IncomingMessage, error: unknown): Answer {
    if (error instanceof RegistryError) return errorAnswer(STATUS[error.kind], error.code, error.message)
    this.#options.log.warn(`${request.method} ${request.url} failed: ${(error as Error).stack}`)
    return errorAnswer(500, 'internal', 'The registry failed. Its log says why.')
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const method = request.method ?? ''
    const url = readUrl(request.url)
    if (url === undefined) return errorAnswer(400, 'bad_request', 'The address of the request can not be read.')
    const found = ROUTES.find(({ path }) => path.test(url.pathname))
    if (found === undefined)
      return errorAnswer(404, 'not_found', `There is nothing at ${url.pathname}. GET /w lists the workers.`)
    if (!found.methods.includes(method)) {
      const allow = found.methods.join(', ')
      const { status, json } = errorAnswer(405, 'method_not_allowed', `${method} is not possible here: use ${allow}.`)
      return { status, json, headers: { allow } }
    }
    const parts = (found.path.exec(url.pathname) ?? []).slice(1).map(decoded)
    const { searchParams } = url
    switch (found.route) {
      case 'list':
        return { status: 200, json: await this.#listed.list(pageOf(searchParams)) }
      case 'info':
        return { status: 200, json: await this.#info(parts[0] ?? '', searchParams) }
      case 'skills':
        return { status: 200, json: await this.#listed.skills(questionOf(parts[0] ?? '', searchParams)) }
      case 'download':
        return this.#download(parts[0] ?? '', searchParams, request)
      case 'archive':
        return this.#archive(parts[0] ?? '', parts[1] ?? '', parts[2])
      case 'resolve':
        return this.#resolve(request)
    }
  }

  async #info(name: string, search: URLSearchParams): Promise<unknown> {
    const { worker, readme, api_reference } = await this.#listed.info(questionOf(name, search))
    return { worker: { ...worker, ...(readme !== undefined && { readme }), ...api_reference } }
  }

  async #download(name: string, search: URLSearchParams, request: IncomingMessage): Promise<Answer> {
    const { version, tag } = questionOf(name, search)
    const release = await this.#known.release(name, version ?? tag)
    // Nothing is downloaded of what the engine has.
    if (release.artifact.kind === 'engine') return { status: 204 }
    return { status: 200, json: downloadAnswer(release, this.#addresses(request)) }
  }

  async #resolve(request: IncomingMessage): Promise<Answer> {
    const body = await readBody(request)
    if (body.kind === 'refused') return errorAnswer(body.status, 'bad_request', body.why)
    const { worker, version } = body.value
    if (typeof worker !== 'string' || (version !== undefined && typeof version !== 'string'))
      return errorAnswer(400, 'bad_request', 'The body must be `{ "worker": "name", "version": "latest" }`.')
    const releases = await this.#known.resolve(worker, version)
    return { status: 200, json: resolveAnswer(worker, releases, this.#addresses(request)) }
  }

  async #archive(name: string, version: string, target: string | undefined): Promise<Answer> {
    const { artifact } = await this.#listed.release(name, version)
    const url =
      artifact.kind === 'bundle' && target === undefined
        ? artifact.url
        : artifact.kind === 'binary' && target !== undefined
          ? artifact.targets[target]?.url
          : undefined
    const file = url === undefined || !url.startsWith('file:') ? undefined : await this.#ownFile(fileURLToPath(url))
    if (file !== undefined) return { file }
    return errorAnswer(404, 'not_found', `There is no archive of "${name}" ${version} here.`)
  }

  /** The file, if it is one of the registry: no link leads out of it. */
  async #ownFile(path: string): Promise<string | undefined> {
    try {
      const [file, folder] = await Promise.all([realpath(path), realpath(this.#options.folder)])
      const stats = await stat(file)
      return stats.isFile() && file.startsWith(folder + sep) ? file : undefined
    } catch {
      return undefined
    }
  }

  #addresses(request: IncomingMessage): ArchiveAddress {
    const { host } = request.headers
    const asAsked = host !== undefined && /^[\w.\-:[\]]{1,255}$/.test(host) ? `http://${host}` : this.url
    const base = this.#options.publicUrl ?? asAsked
    return (name, version, target) =>
      [base, 'archives', ...[name, version, ...(target === undefined ? [] : [target])].map(encodeURIComponent)].join(
        '/',
      )
  }
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  // What is left of a body is not read: the connection can't be used again.
  if (!request.complete) response.setHeader('connection', 'close')
  const isHead = request.method === 'HEAD'
  if ('file' in answer) {
    const { size } = await stat(answer.file)
    response.writeHead(200, { 'content-type': 'application/gzip', 'content-length': size })
    if (isHead) response.end()
    else await pipeline(createReadStream(answer.file), response)
    return
  }
  const { status, json, headers = {} } = answer
  if (json === undefined) return void response.writeHead(status, headers).end()
  const body = Buffer.from(JSON.stringify(json))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
  response.end(isHead ? undefined : body)
}

function errorAnswer(
  status: number,
  code: string,
  message: string,
): { readonly status: number; readonly json: unknown } {
  return { status, json: { error: { code, message } } }
}

/** A path alone: neither `//host/w` nor `http://host/w` names a host. */
function readUrl(text: string | undefined): URL | undefined {
  const path = (text ?? '/').replace(/^\/+/, '/')
  return path.startsWith('/') && URL.canParse(path, 'http://registry') ? new URL(path, 'http://registry') : undefined
}

/** What can't be decoded stays as it is, and is no name of anything. */
function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part)
  } catch {
    return part
  }
}

function pageOf(search: URLSearchParams): { search: string | undefined; cursor: string | undefined } {
  return { search: search.get('search') ?? undefined, cursor: search.get('cursor') ?? undefined }
}

/** Versions and tags are asked for by either name. */
function questionOf(
  name: string,
  search: URLSearchParams,
): { name: string; version: string | undefined; tag: string | undefined } {
  return { name, version: search.get('version') ?? undefined, tag: search.get('tag') ?? undefined }
}
