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

/** Resolves when the program has printed something that matches. It is killed when the test is over. */
export async function startProgram(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly ready: RegExp },
): Promise<Program> {
  const env = { ...process.env, NO_COLOR: '1', OTEL_ENABLED: 'false', ...options.env }
  const child = spawn(process.execPath, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const ready = Promise.withResolvers<void>()
  const take = (text: string): void => {
    output += text
    if (options.ready.test(output)) ready.resolve()
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  child.once('exit', (code) => ready.reject(new Error(`${args.join(' ')} ended with ${code}:\n${output}`)))
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  await within(START_MS, `${options.ready} from ${args.join(' ')}`, ready.promise).catch((error: Error) => {
    throw new Error(`${error.message}\n${output}`)
  })
  return { kill, output: () => output }
}
