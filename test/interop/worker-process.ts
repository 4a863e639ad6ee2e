// A worker in another language, as a process of its own that ends when its standard input does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../support/deadline.ts'

const END_MS = 10_000

export interface WorkerProcess {
  /** What it wrote to its standard error, the last of it. */
  errors(): string
  /** Lets it shut down by itself, and waits for that. */
  end(): Promise<void>
  /** SIGKILL, if it still runs. */
  kill(): Promise<void>
}

/** @param env beside that of the tests */
export function startWorker(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): WorkerProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...env } })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)))
  child.on('error', (error) => (errors += error.message))
  const ended = async (stop: () => void): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    stop()
    await within(END_MS, `the end of ${command}`, exit)
  }
  return {
    errors: () => errors,
    end: () => ended(() => void child.stdin.end()),
    kill: () => ended(() => void child.kill('SIGKILL')),
  }
}
