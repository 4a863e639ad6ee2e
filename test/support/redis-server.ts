// A real redis-server for tests: on a free port, in a folder of its own, with every acknowledged write on the disk.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { within } from './deadline.ts'
import { unusedPort } from './unused-port.ts'

export interface RedisServerOptions {
  /** Default: a new one, removed by `stop`. */
  readonly folder?: string
  /** Default: a free one. */
  readonly port?: number
  /** Further arguments, such as `--requirepass`, `x`. */
  readonly args?: readonly string[]
}

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** A client for looking into the server; the caller ends it with `disconnect()`, `stop` ends those that are left. */
  client(): Redis
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: the server no longer answers, its sockets stay open. */
  pause(): void
  resume(): void
  /** Starts it again on the same port with the same data, after `kill`; before it, kills first. */
  restart(): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'iii-redis-')))
  const port = options.port ?? (await unusedPort())
  const clients = new Set<Redis>()
  let server = await launch(folder, port, options.args)
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    client() {
      const client = new Redis({ host: '127.0.0.1', port })
      client.on('error', () => {})
      clients.add(client)
      return client
    },
    kill,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async restart() {
      await kill()
      server = await launch(folder, port, options.args)
    },
    async stop() {
      for (const client of clients) client.disconnect()
      await kill()
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function launch(folder: string, port: number, args: readonly string[] = []): Promise<ChildProcess> {
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  const server = spawn('redis-server', [...settings, ...durable, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: server.stdout! }).on('line', (line) => {
      lines.push(line)
      if (line.includes('Ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${lines.join('\n')}`)))
  })
  await within(10_000, 'redis-server ready', ready)
  return server
}
