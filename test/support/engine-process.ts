// The engine as a user runs it: its own process, started by the launcher, in a folder of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../bin/iii.mjs', import.meta.url))
const START_MS = 20_000

/** Ports in a configuration file: any free one at the first start in a folder, and the same at those after it. */
export const LISTENER_PORT = '${III_TEST_PORT:0}'
export const STREAM_PORT = '${III_TEST_STREAM_PORT:0}'
export const HTTP_PORT = '${III_TEST_HTTP_PORT:0}'

export interface EngineFolder {
  readonly dir: string
  /** Of the listener. Known from the first start on, as are the addresses. */
  readonly port: number
  readonly url: string
  /** Where `iii-stream` listens. */
  readonly streamUrl: string
  /** Where `iii-http` listens. */
  readonly httpUrl: string
  /** Writes a file of the project; parent folders are made. */
  write(path: string, text: string): Promise<void>
  /** Starts the engine; several may be started one after another in the same folder. */
  start(options?: { env?: NodeJS.ProcessEnv; args?: readonly string[] }): Promise<EngineProcess>
  remove(): Promise<void>
}

export interface EngineProcess {
  readonly pid: number
  /** stdout and stderr so far. */
  output(): string
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Resolves when the output matches. */
  waitForOutput(pattern: RegExp, ms?: number): Promise<void>
  readonly exited: Promise<number | null>
}

/** @param workers YAML of further entries of `workers:`, each line indented by two spaces */
export async function engineFolder(workers = '  - name: iii-state\n'): Promise<EngineFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'iii-engine-'))
  const running = new Set<ChildProcess>()
  let addresses: Addresses | undefined
  const known = (): Addresses => {
    if (addresses === undefined) throw new Error('the engine was not started')
    return addresses
  }
  const folder: EngineFolder = {
    dir,
    get port() {
      return known().port
    },
    get url() {
      return `ws://127.0.0.1:${known().port}`
    },
    get streamUrl() {
      const { streamPort } = known()
      if (streamPort === undefined) throw new Error('the engine did not start a stream worker')
      return `ws://127.0.0.1:${streamPort}`
    },
    get httpUrl() {
      const { httpPort } = known()
      if (httpPort === undefined) throw new Error('the engine did not start an HTTP worker')
      return `http://127.0.0.1:${httpPort}`
    },
    async write(path, text) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      await writeFile(join(dir, path), text)
    },
    async start({ env, ...options } = {}) {
      const ports = addresses === undefined ? {} : portsOf(addresses)
      const engine = await startProcess(dir, running, { ...options, env: { ...ports, ...env } })
      addresses = addressesIn(engine.output())
      return engine
    },
    async remove() {
      await Promise.all([...running].map((child) => killed(child)))
      await rm(dir, { recursive: true, force: true })
    },
  }
  await folder.write(
    'iii-config.yaml',
    `workers:\n  - name: iii-worker-manager\n    config: { port: ${LISTENER_PORT} }\n${workers}`,
  )
  return folder
}

interface Addresses {
  readonly port: number
  readonly streamPort: number | undefined
  readonly httpPort: number | undefined
}

/** Of the start screen. */
function addressesIn(output: string): Addresses {
  const portOf = (line: RegExp): number | undefined => {
    const port = line.exec(output)?.[1]
    return port === undefined ? undefined : Number(port)
  }
  const port = portOf(/Listening:\n +ws:\/\/[^\s]+:(\d+)/)
  if (port === undefined) throw new Error(`the engine does not say where it listens:\n${output}`)
  return {
    port,
    streamPort: portOf(/^ +ws:\/\/[^\s]+:(\d+) +iii-stream$/m),
    httpPort: portOf(/^ +http:\/\/[^\s]+:(\d+) +iii-http$/m),
  }
}

function portsOf({ port, streamPort, httpPort }: Addresses): NodeJS.ProcessEnv {
  return {
    III_TEST_PORT: String(port),
    ...(streamPort !== undefined && { III_TEST_STREAM_PORT: String(streamPort) }),
    ...(httpPort !== undefined && { III_TEST_HTTP_PORT: String(httpPort) }),
  }
}

async function startProcess(
  dir: string,
  running: Set<ChildProcess>,
  { env = {}, args = [] }: { env?: NodeJS.ProcessEnv; args?: readonly string[] },
): Promise<EngineProcess> {
  const child = spawn(process.execPath, [LAUNCHER, 'start', ...args], {
    cwd: dir,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const listeners = new Set<() => void>()
  const append = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout?.on('data', append)
  child.stderr?.on('data', append)
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
      for (const listener of listeners) listener()
    })
  })
  const engine: EngineProcess = {
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
    kill: () => killed(child),
    waitForOutput(pattern, ms = START_MS) {
      return new Promise((resolve, reject) => {
        const finish = (error?: Error): void => {
          clearTimeout(timer)
          listeners.delete(check)
          if (error === undefined) resolve()
          else reject(error)
        }
        const check = (): void => {
          if (pattern.test(output)) finish()
          else if (child.exitCode !== null || child.signalCode !== null)
            finish(new Error(`the engine has ended:\n${output}`))
        }
        const timer = setTimeout(() => finish(new Error(`no ${pattern} within ${ms} ms in:\n${output}`)), ms)
        listeners.add(check)
        check()
      })
    },
  }
  await engine.waitForOutput(/Try next:/)
  return engine
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
