// A real nginx for tests, before servers that they start: one process on a free port, with everything it writes in a folder of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../docs/snippets.ts'
import { within } from './deadline.ts'
import { unusedPort } from './unused-port.ts'

export interface RunningNginx {
  /** Lines of requests so far, unless the site keeps them out. */
  accessLog(): Promise<string>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

export interface NginxServer extends RunningNginx {
  /** `127.0.0.1:PORT` */
  readonly host: string
}

/** @param site what stands in the `server` block: locations, mostly. */
export async function startNginx(site: string): Promise<NginxServer> {
  const host = `127.0.0.1:${await unusedPort()}`
  return { host, ...(await startNginxSites(`server {\n  listen ${host};\n${site}}`)) }
}

/** @param sites what stands in the `http` block: `server` blocks and what they share. */
export async function startNginxSites(sites: string): Promise<RunningNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-nginx-'))
  const access = join(folder, 'access.log')
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configOf(folder, access, sites))
  const server = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  const lines: string[] = []
  const listens = new Promise<void>((resolve, reject) => {
    createInterface({ input: server.stderr }).on('line', (line) => {
      lines.push(line)
      // It has bound the address before it chooses how to wait.
      if (/using the "\w+" event method/.test(line)) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`nginx ended with ${code}:\n${lines.join('\n')}`)))
  })
  try {
    await within(10_000, 'nginx ready', listens)
  } catch (error) {
    await stop()
    throw error
  }
  return { accessLog: () => readFile(access, 'utf8'), stop }
}

/** The blocks of a page that are nginx's. */
export async function nginxBlocks(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
}

/** One process that does all: nothing is left when it is killed, and no other user has to reach the folder. */
function configOf(folder: string, access: string, sites: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  )
  return `
daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log stderr notice;
events {}
http {
  access_log ${access};
  ${temporary.join('\n  ')}
  ${sites}
}
`
}
