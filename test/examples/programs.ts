// Programs of an example, each as its reader starts it: a process of its own in the folder of the example.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { within } from '../support/deadline.ts'

const START_MS = 20_000

export interface Program {
  /** SIGKILL. */
  kill(): Promise<void>
  output(): string
}

export interface ProgramOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly ready: RegExp
  /** What runs the arguments. Default: this Node. */
  readonly command?: string
  /** Until it is ready. Default: 20 s. */
  readonly startMs?: number
}

/** Resolves when the program has printed something that matches. It is killed when the test is over. */
export async function startProgram(args: readonly string[], options: ProgramOptions): Promise<Program> {
  const program = launch(args, options)
  onTestFinished(program.kill)
  await program.isReady
  return program
}

/** As `startProgram`, for whoever sees to the end of the program. `isReady` rejects when it ends before. */
export function launch(
  args: readonly string[],
  { command = process.execPath, startMs = START_MS, ...options }: ProgramOptions,
): Program & { readonly isReady: Promise<void> } {
  // The tests' own mode is not that of what they start.
  const env = { ...process.env, NODE_ENV: undefined, NO_COLOR: '1', OTEL_ENABLED: 'false', ...options.env }
  const { cwd } = options
  // A group of its own: what `npm` has started is killed with it.
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  const ready = Promise.withResolvers<void>()
  const take = (text: string): void => {
    output += text
    if (options.ready.test(output)) ready.resolve()
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  child.once('exit', (code) => ready.reject(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)))
  child.once('error', ready.reject)
  // With its pipes: whoever else had them is gone as well.
  const closed = once(child, 'close')
  const kill = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL')
    }
    await closed
  }
  const isReady = within(startMs, `${options.ready} from ${args.join(' ')}`, ready.promise).catch((error: Error) => {
    throw new Error(`${error.message}\n${output}`)
  })
  return { kill, output: () => output, isReady }
}
