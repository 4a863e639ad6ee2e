// A real RabbitMQ server for tests: on free ports of loopback, in a folder of its own, with a port mapper (epmd) of its own.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createInterface } from 'node:readline'
import { within } from './deadline.ts'
import { unusedPort } from './unused-port.ts'

export interface RabbitServer {
  readonly url: string
  readonly port: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: the server no longer answers, its sockets stay open. */
  pause(): void
  resume(): void
  /** Starts it again on the same port with the same data, after `kill`; before it, kills first. */
  restart(): Promise<void>
  /** Runs `rabbitmqctl` with these arguments. */
  control(...args: readonly string[]): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

/** The packages' scripts on the PATH change the user; this is what they call. */
const SCRIPTS = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/opt/homebrew/sbin/rabbitmq-server']
/** A server takes some seconds, and more where the machine is busy. */
const START_MS = 60_000

export function rabbitScript(): string | undefined {
  return SCRIPTS.find((file) => existsSync(file))
}

export async function startRabbit(): Promise<RabbitServer> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-rabbit-'))
  const [port, distPort, mapperPort] = [await unusedPort(), await unusedPort(), await unusedPort()]
  // Nothing is inherited but the PATH: the system's own server must not be meant.
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: folder,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: `${mapperPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `iii${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distPort}`,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none.conf'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(folder, 'server.pid'),
    // No busy waiting of schedulers, and not one per core: tests share the machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    // The script starts the VM in its own place: signals reach it.
    RUNNING_UNDER_SYSTEMD: 'true',
    NOTIFY_SOCKET: '',
  }
  await writeFile(join(folder, 'rabbitmq.conf'), 'disk_free_limit.absolute = 1MB\nlog.console.level = info\n')
  await writeFile(join(folder, 'enabled_plugins'), '[].\n')
  const mapper = spawn('epmd', ['-port', `${mapperPort}`, '-address', '127.0.0.1'], { env, stdio: 'ignore' })
  mapper.on('error', () => {})
  let server = await launch(env)
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    port,
    kill,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async restart() {
      await kill()
      server = await launch(env)
    },
    async control(...args) {
      const script = (rabbitScript() ?? 'rabbitmq-server').replace(/rabbitmq-server$/, 'rabbitmqctl')
      await promisify(execFile)(script, ['-n', env['RABBITMQ_NODENAME']!, ...args], { env })
    },
    async stop() {
      await kill()
      mapper.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function launch(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const server = spawn(rabbitScript() ?? 'rabbitmq-server', { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    const read = (line: string): void => {
      lines.push(line)
      if (line.includes('Server startup complete')) resolve()
    }
    createInterface({ input: server.stdout! }).on('line', read)
    createInterface({ input: server.stderr! }).on('line', read)
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`rabbitmq-server ended with ${code}:\n${lines.join('\n')}`)))
  })
  await within(START_MS, 'rabbitmq-server ready', ready).catch((error: unknown) => {
    server.kill('SIGKILL')
    throw error
  })
  return server
}
