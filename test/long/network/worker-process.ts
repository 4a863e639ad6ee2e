// A worker in a process of its own: one of ./programs, or any command, that says `ready` on a line when it is.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Collector, within } from '../../support/deadline.ts'

const START_MS = 15_000

export interface WorkerProcess {
  readonly pid: number
  /** Lines on stdout so far. */
  readonly lines: readonly string[]
  /** Sends it a line on stdin. */
  tell(line: string): void
  /** Waits until a line matches, and returns it. */
  line(pattern: RegExp, ms?: number): Promise<string>
  /** Ends it and waits for the end; SIGKILL unless told otherwise. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Runs one of ./programs with the engine's address and further arguments, and waits until it is ready. */
export function startProgram(program: string, url: string, ...args: string[]): Promise<WorkerProcess> {
  return startCommand(process.execPath, [fileURLToPath(new URL(`programs/${program}`, import.meta.url)), url, ...args])
}

export async function startCommand(command: string, args: readonly string[]): Promise<WorkerProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(() => ended(child, 'SIGKILL'))
  const lines = new Collector<string>()
  const errors: string[] = []
  createInterface({ input: child.stdout }).on('line', lines.add)
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
  child.stdin.on('error', () => {})
  const worker: WorkerProcess = {
    pid: child.pid ?? 0,
    lines: lines.items,
    tell: (line) => void child.stdin.write(`${line}\n`),
    async line(pattern, ms = START_MS) {
      const matching = async (): Promise<string> => {
        for (let seen = 0; ; seen++) {
          const line = (await lines.take(seen + 1, ms))[seen] ?? ''
          if (pattern.test(line)) return line
        }
      }
      const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error))
      return within(ms, `a line like ${pattern} from ${args.join(' ')}`, Promise.race([matching(), failed])).catch(
        (error: Error) => {
          throw new Error(`${error.message}\n${lines.items.slice(-20).join('\n')}\n${errors.slice(-20).join('\n')}`)
        },
      )
    },
    end: (signal = 'SIGKILL') => ended(child, signal),
  }
  await worker.line(/^ready$/)
  return worker
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
