// The help of one command: what citty makes of its definition, with examples below.
import { stripVTControlCharacters } from 'node:util'
import type { CommandDef } from 'citty'
import { EXAMPLES, type Examples } from './examples.ts'

/** @param path as it stands in the table of commands: `iii plugins list`. */
export async function commandHelp(command: CommandDef<any>, path: string, added: Examples = {}): Promise<string> {
  const { renderUsage } = await import('citty')
  const { terminalOf } = await import('./terminal.ts')
  const meta = await resolved(command.meta ?? {})
  const usage = await renderUsage({ ...command, meta: { ...meta, name: path } })
  const { paint } = terminalOf(process.stdout)
  // citty decides about colours without looking at the stream.
  const text = paint.isColorSupported ? usage : stripVTControlCharacters(usage)
  const examples = exampleLines(path, added)
  return [text.trimEnd(), ...(examples.length === 0 ? [] : ['', paint.bold('EXAMPLES'), '', ...examples])].join('\n')
}

/**
 * One line for each example: the command, and what it is for.
 * @param added those of a built-in worker's command.
 */
export function exampleLines(path: string, added: Examples = {}): string[] {
  const examples = EXAMPLES[path] ?? added[path] ?? []
  const width = Math.max(...examples.map(([line]) => line.length))
  return examples.map(([line, purpose]) => `  ${line.padEnd(width)}    ${purpose}`)
}

export function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>)): Promise<T> {
  return Promise.resolve(typeof value === 'function' ? (value as () => T | Promise<T>)() : value)
}
