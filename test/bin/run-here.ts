// Runs a command line of the CLI in this process, for what needs no process of its own.
import { onTestFinished, vi } from 'vitest'
import { run } from '../../bin/main.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function runHere(argv: readonly string[]): Promise<Outcome> {
  const lines = { stdout: '', stderr: '' }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: unknown) => void (lines.stdout += `${String(text)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text: unknown) => void (lines.stderr += `${String(text)}\n`)),
  ]
  const restore = (): void => spies.forEach((spy) => spy.mockRestore())
  onTestFinished(restore)
  try {
    return { code: await run(argv), ...lines }
  } finally {
    restore()
  }
}

/** Sets a variable of the environment for one test. */
export function withVariable(name: string, value: string): void {
  const before = process.env[name]
  process.env[name] = value
  onTestFinished(() => {
    if (before === undefined) delete process.env[name]
    else process.env[name] = before
  })
}
