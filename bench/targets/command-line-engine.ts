// An engine as its users start it: the real command line, with every worker that runs by default, in a folder of its own. Its ports
// were free at its first start, and stay what they are: what a start keeps of its configuration serves the next one.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readlinkSync, realpathSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { freePort } from '../free-port.ts'
import { CallClient } from '../load/call-client.ts'
import { withinDeadline } from '../load/deadline.ts'

const HOST = '127.0.0.1'
const START_MS = 20_000
const STOP_MS = 20_000
/** Each attempt costs the engine that starts a little, and this process more. */
const RETRY_MS = 5
/** Each question costs the engine that starts a little. */
const ASK_MS = 5

export interface CommandLine {
  /** Its data stays there from one start to the next. */
  readonly folder: string
  /** The Node that runs the launcher, or that its name finds first on PATH; the engine is run by that of this process. */
  readonly node: string
  /** The launcher is run by its name, as people do. Default: it is handed to `node`. */
  readonly isByName?: boolean
  /** CPU list for `taskset -c`; undefined = not pinned. */
  readonly cpus: string | undefined
}

export class CommandLineEngine {
  readonly #child: ChildProcess
  /** From the spawn until a WebSocket is open. */
  readonly listeningMs: number
  /** From the spawn until all workers run. */
  readonly readyMs: number

  static async start({ folder, node, isByName = false, cpus }: CommandLine): Promise<CommandLineEngine> {
    const { config, port } = await configurationIn(folder)
    const command = [...(isByName ? [] : [node]), launcher(), 'start', '--config', config]
    const path = isByName ? { PATH: [dirname(node), process.env['PATH']].join(delimiter) } : {}
    if (cpus !== undefined) command.unshift('taskset', '-c', cpus)
    const startedAt = performance.now()
    const child = spawn(command[0]!, command.slice(1), {
      cwd: folder,
      env: { ...process.env, ...path, III_LOG: 'error', III_NODE: process.execPath },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    try {
      const client = await untilListening(child, port)
      const listeningMs = performance.now() - startedAt
      await untilReady(client)
      const readyMs = performance.now() - startedAt
      client.close()
      return new CommandLineEngine(child, listeningMs, readyMs)
    } catch (error) {
      await end(child)
      throw error
    }
  }

  private constructor(child: ChildProcess, listeningMs: number, readyMs: number) {
    this.#child = child
    this.listeningMs = listeningMs
    this.readyMs = readyMs
  }

  /** Of the first process, which may be what is left of the launcher. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Undefined where the system does not tell. */
  get isLauncherLeft(): boolean | undefined {
    try {
      return readlinkSync(`/proc/${this.pid}/exe`) !== realpathSync(process.execPath)
    } catch {
      return undefined
    }
  }

  stop(): Promise<void> {
    return end(this.#child)
  }
}

/** As it was written at the first start in the folder. */
async function configurationIn(folder: string): Promise<{ readonly config: string; readonly port: number }> {
  const config = join(folder, 'iii-config.yaml')
  const portFile = join(folder, 'port')
  if (existsSync(config)) return { config, port: Number(await readFile(portFile, 'utf8')) }
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  await writeFile(portFile, String(port))
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ workers: await defaultWorkers(port) }))
  return { config, port }
}

async function defaultWorkers(port: number): Promise<object[]> {
  const workers: object[] = [{ name: 'iii-worker-manager', config: { host: HOST, port } }]
  for (const { about } of defaultBuiltIns()) {
    const { name, listens } = about
    if (listens === undefined) workers.push({ name })
    else workers.push({ name, config: { [listens.host]: HOST, [listens.port]: await freePort() } })
  }
  return workers
}

function defaultBuiltIns() {
  return BUILT_INS.filter(({ about }) => about.isDefault)
}

async function untilListening(engine: ChildProcess, port: number): Promise<CallClient> {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (engine.exitCode !== null) throw new Error(`The engine ended with code ${engine.exitCode} at its start.`)
    if (await isOpen(port)) return CallClient.open(`ws://${HOST}:${port}`)
    if (performance.now() > deadline) throw new Error(`The engine did not listen within ${START_MS / 1000} s.`)
    await elapse(RETRY_MS)
  }
}

/** A plain connection is the cheapest question. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    const answer = (isThere: boolean) => (): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', answer(true)).once('error', answer(false))
  })
}

async function untilReady(client: CallClient): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const { plugins } = (await client.call('engine::plugins::list', {})) as {
      plugins: { name: string; state: string }[]
    }
    const running = new Set(plugins.filter(({ state }) => state === 'running').map(({ name }) => name))
    const missing = defaultBuiltIns().filter(({ about }) => !running.has(about.name))
    if (missing.length === 0) return
    if (performance.now() > deadline) {
      const names = missing.map(({ about }) => about.name).join(', ')
      throw new Error(`After ${START_MS / 1000} s these workers do not run: ${names}.`)
    }
    await elapse(ASK_MS)
  }
}

async function end(engine: ChildProcess): Promise<void> {
  if (engine.exitCode !== null || engine.signalCode !== null) return
  const exited = once(engine, 'exit')
  engine.kill('SIGTERM')
  if (await withinDeadline(exited, STOP_MS)) return
  engine.kill('SIGKILL')
  await exited
}

/** Two levels up from the sources, three from `dist`. */
function launcher(): string {
  const candidates = ['../../bin/iii.mjs', '../../../bin/iii.mjs'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  return candidates.find((path) => existsSync(path)) ?? candidates[0]!
}
