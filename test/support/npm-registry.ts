// A registry of npm with the packages that this checkout has installed, so that `npm install` of a test asks nobody else.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly name: string
  readonly version: string
  readonly [member: string]: unknown
}

export class NpmRegistry implements AsyncDisposable {
  readonly #server: Server
  readonly #cache = mkdtempSync(path.join(tmpdir(), 'iii-npm-'))
  /** Folders of the versions of a package. */
  readonly #folders = new Map<string, Map<string, string>>()

  private constructor(server: Server) {
    this.#server = server
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; name?: string }>
    }
    for (const [folder, { version, name = folder.split('node_modules/').at(-1)! }] of Object.entries(lock.packages)) {
      if (folder === '' || version === undefined) continue
      this.#folders.set(name, (this.#folders.get(name) ?? new Map()).set(version, path.join(ROOT, folder)))
    }
    server.on('request', (request, response) => {
      void this.#answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message))
    })
  }

  static async start(): Promise<NpmRegistry> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new NpmRegistry(server)
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Of a process whose npm is to use it. */
  get env(): NodeJS.ProcessEnv {
    return {
      npm_config_registry: this.#url,
      npm_config_cache: this.#cache,
      npm_config_update_notifier: 'false',
    }
  }

  async #answer({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, tarball, name = ''] = /^\/(-\/)?(.*)$/.exec(decodeURIComponent(url)) ?? []
    if (tarball !== undefined) {
      const at = name.lastIndexOf('@')
      const folder = this.#folders.get(name.slice(0, at))?.get(name.slice(at + 1))
      if (folder !== undefined) return void response.end(await archiveOf(folder))
    }
    const versions = this.#folders.get(name)
    if (versions === undefined) return void response.writeHead(404).end('{}')
    const manifests = [...versions].map(([version, folder]) => [version, this.#manifest(folder)] as const)
    const latest = manifests.at(-1)![0]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(manifests) }))
  }

  #manifest(folder: string): object {
    const { scripts: _scripts, ...manifest } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    ) as Manifest
    const tarball = `${this.#url}/-/${encodeURIComponent(`${manifest.name}@${manifest.version}`)}`
    return { ...manifest, dist: { tarball } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#cache, { recursive: true, force: true })
  }
}

async function archiveOf(folder: string): Promise<Buffer> {
  const archive = pack()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.split(path.sep)[0] === 'node_modules' || !statSync(path.join(folder, name)).isFile()) continue
    archive.entry({ name: `package/${name.replaceAll(path.sep, '/')}` }, readFileSync(path.join(folder, name)))
  }
  archive.finalize()
  return gzipSync(await buffer(archive), { level: 1 })
}
