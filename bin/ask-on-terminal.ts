// The question of `provideConfigFile` on a real terminal.
import type { Ask } from './provide-config-file.ts'

/** Undefined unless somebody can answer: both standard input and standard error are terminals (spec 04 A.1). */
export function askOnTerminal(
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stderr,
): Ask | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined
  return async (question) => {
    // Few starts ask.
    const { createInterface } = await import('node:readline/promises')
    const lines = createInterface({ input, output })
    // Ctrl+D closes the input without an answer: that is a no, not a yes by silence.
    const closed = new Promise<string>((settle) => lines.once('close', () => settle('n')))
    try {
      return await Promise.race([lines.question(question), closed])
    } finally {
      lines.close()
    }
  }
}
