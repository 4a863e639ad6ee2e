// A process that writes to a store and reports what was acknowledged, killed in the middle of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'vitest'
import { within } from './deadline.ts'

/** Runs the program and hands over each line of its output; kills it with SIGKILL after so many lines, and reads on to the end. */
export async function writeUntilKilled(
  program: URL,
  args: readonly string[],
  lines: number,
  onLine: (line: string) => void,
): Promise<void> {
  const writer = spawn(process.execPath, [program.pathname, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let count = 0
  let rest = ''
  let errors = ''
  writer.stderr.on('data', (chunk) => (errors += chunk))
  writer.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    for (const line of parts) {
      onLine(line)
      if (++count === lines) writer.kill('SIGKILL')
    }
  })
  // `close` comes after the output has been read to its end.
  const [code, signal] = await within(30_000, 'the end of the writer', once(writer, 'close'))
  expect({ code, signal, errors }).toEqual({ code: null, signal: 'SIGKILL', errors: '' })
}
